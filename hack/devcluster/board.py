"""The board's page, bundled on the host and kept by what it is made of.

Inside an image build there is no network, so npm's packages are fetched here, each by the digest
that `package-lock.json` has of it, and none of their install scripts is run.
"""

import shutil
from pathlib import Path

from hack.devcluster import cache, engine
from hack.devcluster.commands import find_program, logged, output
from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import ROOT
from hack.devcluster.steps import step

SOURCE = ROOT / "operator" / "board"
LOCK = ("package.json", "package-lock.json")
SOURCES = (*LOCK, "build.mjs", "src")
OLDEST_NODE = 18


def modules() -> Path:
    """Return the folder with npm's packages, and let the sources see it as `node_modules`."""

    def build(target: Path) -> None:
        for name in LOCK:
            shutil.copy(SOURCE / name, target / name)
        with step("fetch the board's npm packages", "half a minute"):
            logged(
                "board-npm",
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                folder=target,
                mend="is the npm registry in reach? npm config get registry",
            )

    version = _node()
    key = cache.fingerprint([version, *(SOURCE / name for name in LOCK)])
    folder = cache.built("board-npm", "board", key, build) / "node_modules"
    link(folder)
    return folder


def bundle() -> Path:
    """Return the folder with the page: HTML, script, style sheet and icon."""

    def build(target: Path) -> None:
        modules()
        logged("board-bundle", ["node", "build.mjs", str(target)], folder=SOURCE)

    key = cache.fingerprint([*SOURCES, *(SOURCE / name for name in SOURCES)])
    return cache.built("board", "board", key, build)


def types(description: Path) -> str:
    """Return the page's types of what the API answers, from its description."""
    modules()
    program = str(SOURCE / "node_modules" / ".bin" / "openapi-typescript")
    return output([program, str(description), "--root-types=false"], folder=SOURCE)


def _node() -> str:
    """Return the version of node, Debian's where there is none."""
    if find_program("node") is None or find_program("npm") is None:
        engine.install("nodejs", "npm")
    version = output(["node", "--version"]).strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise DevClusterError(f"node {version} is too old", f"install node {OLDEST_NODE} or newer")
    return version


def link(folder: Path) -> None:
    """Let the sources see a folder of npm's packages as `node_modules`."""
    place = SOURCE / "node_modules"
    if place.is_symlink() and place.readlink() == folder:
        return
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)  # somebody's own `npm install`
    place.unlink(missing_ok=True)
    place.symlink_to(folder)
