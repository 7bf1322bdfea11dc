"""The Python environment of the tests and tools: hash-locked, cached by its lock outside the tree.

It is made beside its place, marked as ready, and moved there whole; two at once make one.
``python3 -m hack.devcluster.venv FOLDER REQUIREMENTS PACKAGES...`` also installs the Debian
packages that the stages' own unit tests need on the host (fonts, Tesseract data), where they are
missing.
"""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from hack.devcluster import cache, debian, engine
from hack.devcluster.commands import logged, succeeds
from hack.devcluster.errors import DevClusterError
from hack.devcluster.steps import say, step

READY = ".ready"
"""The mark in a whole environment; make compares its age with that of the requirements."""


def prepare(folder: Path, requirements: Path, packages: Sequence[Path]) -> None:
    """Make the environment where there is no whole one; install missing Debian packages."""
    with cache.locked("venv"):
        engine.install(*sorted({name for path in packages for name in debian.packages_of(path)}))
        if not succeeds([sys.executable, "-c", "import ensurepip, venv"]):
            engine.install("python3-venv")  # any Python that brings venv will do
        if not ((folder / READY).exists() and (folder / "bin" / "python").exists()):
            _make(folder, requirements)
        (folder / READY).touch()


def _make(folder: Path, requirements: Path) -> None:
    if sys.version_info[:2] != (3, 11):  # the lock is for this version
        raise DevClusterError(
            f"Python 3.11 is needed, this is {sysconfig.get_python_version()}",
            "apt-get install python3.11-venv, then PYTHON=python3.11 make venv",
        )
    new = folder.with_name(folder.name + ".new")
    for left in (folder, new):  # not whole, whatever mark it has
        shutil.rmtree(left, ignore_errors=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    with step("make the Python environment", "1 to 2 min"):
        subprocess.run([sys.executable, "-m", "venv", str(new)], check=True)
        logged(
            "venv",
            [
                *(str(new / "bin" / "python"), "-m", "pip", "install", "--quiet"),
                # The lock is complete; what the images leave out must not be asked for here.
                *("--disable-pip-version-check", "--require-hashes", "--no-deps"),
                *("--only-binary", ":all:"),
                *("--requirement", str(requirements)),
            ],
            mend="is the package index in reach? pip config list",
        )
    _move(new, folder)


def _move(new: Path, folder: Path) -> None:
    """Scripts name their interpreter by its full path: rewrite it for the final place."""
    for script in (new / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            text = script.read_bytes()
            if text.startswith(b"#!") or script.name.startswith("activate"):
                script.write_bytes(text.replace(str(new).encode(), str(folder).encode()))
    (new / READY).touch()
    new.rename(folder)


def main() -> int:
    """Run it from the Makefile."""
    folder, requirements, *packages = (Path(word) for word in sys.argv[1:])
    try:
        prepare(folder, requirements, packages)
    except DevClusterError as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
