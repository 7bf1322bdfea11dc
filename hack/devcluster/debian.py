"""Makes Debian root file systems with the packages of a list, by mmdebstrap."""

import os
from collections.abc import Sequence
from pathlib import Path

from hack.devcluster import cache, engine, versions
from hack.devcluster.commands import logged
from hack.devcluster.errors import DevClusterError
from hack.devcluster.steps import step

STRIPPED = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/lintian/*",
)
"""What no container reads. C.UTF-8 comes with libc and stays."""

MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"
"""Lays / out as Debian does today, so that no package comes in (with all of Perl) to do it."""


def packages_of(path: Path) -> tuple[str, ...]:
    """Read a list of packages: one a line, ``#`` begins a comment."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return tuple(sorted({word for line in lines for word in line.split()}))


def fingerprint(packages: Sequence[str], variant: str) -> str:
    """Name a root file system by what it is made from."""
    return cache.fingerprint(
        [versions.DEBIAN_SUITE, variant, MERGED_USR, *STRIPPED, *sorted(packages)]
    )


def root_archive(name: str, packages: Sequence[str], variant: str = "minbase") -> Path:
    """Return a tar archive of a Debian with these packages and little else."""

    def build(target: Path) -> None:
        _require_root()
        engine.install("mmdebstrap")
        with step(f"make a Debian root for {name} ({len(packages)} packages)", "1 to 2 min"):
            logged(
                f"mmdebstrap-{name}",
                _command(packages, variant, target / "root.tar"),
                environment={"SOURCE_DATE_EPOCH": "1700000000"},
                mend="is the Debian mirror in reach? STAGEWORK_DEBIAN_MIRROR names another",
            )

    return cache.built("debian", name, fingerprint(packages, variant), build) / "root.tar"


def _require_root() -> None:
    if os.geteuid() != 0:
        raise DevClusterError("only root can make a Debian root file system", "run it with sudo -E")


def _command(packages: Sequence[str], variant: str, target: Path) -> list[str]:
    # Without a mirror mmdebstrap takes Debian's own, with its updates and security archives.
    mirror = os.environ.get("STAGEWORK_DEBIAN_MIRROR", "")
    return [
        "mmdebstrap",
        f"--variant={variant}",
        f"--include={','.join(packages)}",
        f"--hook-dir={MERGED_USR}",
        *(f"--dpkgopt={line}" for line in STRIPPED),
        '--aptopt=Acquire::Languages "none"',
        "--aptopt=APT::Install-Recommends false",
        '--customize-hook=rm -rf "$1"/var/cache/* "$1"/var/log/* "$1"/etc/apt/apt.conf.d/99*',
        versions.DEBIAN_SUITE,
        str(target),
        *((mirror,) if mirror else ()),
    ]
