"""Builds our own images.

The same Dockerfile is built from the public Debian base where a registry is in reach, and
elsewhere from one made by mmdebstrap with the image's packages in it. See images/README.md
for the contract. What has not changed is neither built nor loaded again.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hack.devcluster import (
    bases,
    cache,
    debian,
    declarations,
    engine,
    loading,
    nodeimage,
    versions,
    wheels,
)
from hack.devcluster.commands import logged, output, succeeds
from hack.devcluster.declarations import Declaration
from hack.devcluster.engine import Engine
from hack.devcluster.failures import BedError
from hack.devcluster.steps import say, step
from hack.devcluster.tree import IMAGES, ROOT

INPUTS_LABEL = "stagework.dev/inputs"
"""On each image: the hash of what it was built from."""

BASE_FILES = ("install-packages", "install-python")


def build_and_load(names: Sequence[str]) -> None:
    """Build images and load them into the nodes that run Pods; one's failure stops no other."""
    docker = engine.ready()
    wanted = declarations.named(list(names))
    failures: list[BedError] = []
    with cache.locked("images"):
        public = _public_base(docker)
        for declaration in wanted:
            try:
                build(docker, declaration, public=public)
                loading.load(docker, [declaration.tag])
            except BedError as failure:
                failures.append(failure)
    if failures:
        raise BedError("\n".join(str(failure) for failure in failures))


def _public_base(docker: Engine) -> bool:
    """Tell whether to start from the public base; nodes made here mean that there is none."""
    if docker.tagged(versions.DEBIAN_IMAGE):
        return True
    made_here = output(["docker", "image", "ls", "--quiet", nodeimage.REPOSITORY]).strip()
    return not made_here and bases.registry_in_reach()


def build(docker: Engine, declaration: Declaration, *, public: bool) -> None:
    """Build one image where its inputs have changed."""
    base = versions.DEBIAN_IMAGE if public else _made_base(declaration)
    inputs = _fingerprint(docker, declaration, base)
    if _inputs_of(declaration.tag) == inputs:
        say(f"     {declaration.tag}: unchanged")
        return
    with tempfile.TemporaryDirectory(prefix="image-", dir=cache.folder("tmp")) as name:
        context = Path(name)
        _prepare_context(context, declaration, docker.architecture)
        with step(f"build {declaration.tag}"):
            logged(
                f"build-image-{declaration.name}",
                [
                    *("docker", "build", "--tag", declaration.tag),
                    *("--build-arg", f"BASE_IMAGE={base}"),
                    *("--label", f"{INPUTS_LABEL}={inputs}"),
                    *("--file", str(context / "build" / "Dockerfile")),
                    str(context),
                ],
                environment={"DOCKER_BUILDKIT": "1" if docker.buildx else "0"},
                mend=f"look at the log, and at {declaration.dockerfile.relative_to(ROOT)}",
            )
    # The image that had the tag before has no name now. In an engine of our own, old steps of
    # builds go too; in a user's they may be somebody else's.
    prune = ["docker", "image", "prune", "--force", "--filter"]
    succeeds([*prune, f"label={INPUTS_LABEL}"])
    if engine.is_ours():
        succeeds([*prune, "until=12h"])
    say(f"     {declaration.tag}: {_megabytes(declaration.tag)} MB")


def _made_base(declaration: Declaration) -> str:
    packages = debian.packages_of(declaration.packages)
    archive = debian.root_archive(f"image-{declaration.name}", packages, "essential")
    return bases.import_root(archive, f"stagework/base-{declaration.name}")


def _fingerprint(docker: Engine, declaration: Declaration, base: str) -> str:
    names = [str(path.relative_to(ROOT)) for path in declaration.include]
    parts = [declaration.dockerfile, declaration.packages, IMAGES / "base", *declaration.include]
    if declaration.requirements is not None:
        parts.append(declaration.requirements)
    return cache.fingerprint([base, docker.architecture, *names, *parts])


def _inputs_of(tag: str) -> str:
    form = f'{{{{index .Config.Labels "{INPUTS_LABEL}"}}}}'
    command = ["docker", "image", "inspect", "--format", form, tag]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _megabytes(tag: str) -> int:
    size = output(["docker", "image", "inspect", "--format", "{{.Size}}", tag])
    return round(int(size) / 1_000_000)


def _prepare_context(context: Path, declaration: Declaration, architecture: str) -> None:
    """Gather what the Dockerfile may see: the included paths, and ``build/``."""
    for path in declaration.include:
        target = context / path.relative_to(ROOT)
        for file in cache.files_below(path):
            place = target / file.relative_to(path) if path.is_dir() else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)
    build_folder = context / "build"
    build_folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(declaration.dockerfile, build_folder / "Dockerfile")
    shutil.copy(declaration.packages, build_folder / "packages.txt")
    for name in BASE_FILES:
        shutil.copy(IMAGES / "base" / name, build_folder / name)
    if declaration.requirements is None:
        (build_folder / "requirements.txt").touch()
        (build_folder / "wheels").mkdir()
    else:
        shutil.copy(declaration.requirements, build_folder / "requirements.txt")
        shutil.copytree(wheels.of(declaration.requirements, architecture), build_folder / "wheels")
        shutil.copytree(wheels.of_pip(architecture), build_folder / "pip")
