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
    base_images,
    board,
    cache,
    debian,
    engine,
    go_programs,
    image_spec,
    loading,
    node_image,
    versions,
    wheels,
)
from hack.devcluster.commands import logged, output, succeeds
from hack.devcluster.engine import Engine
from hack.devcluster.errors import DevClusterError
from hack.devcluster.image_spec import ImageSpec
from hack.devcluster.paths import IMAGES, ROOT
from hack.devcluster.steps import say, step

INPUTS_LABEL = "stagework.dev/inputs"
"""On each image: the hash of what it was built from."""

BASE_FILES = ("install-packages", "install-python")


def build_and_load(names: Sequence[str]) -> None:
    """Build images and load them into the nodes that run Pods; one's failure stops no other."""
    docker = engine.ready()
    wanted = image_spec.named(list(names))
    failures: list[DevClusterError] = []
    with cache.locked("images"):
        public = _public_base(docker)
        for spec in wanted:
            try:
                build(docker, spec, public=public)
                loading.load(docker, [spec.tag])
            except DevClusterError as failure:
                failures.append(failure)
    if failures:
        raise DevClusterError("\n".join(str(failure) for failure in failures))


def _public_base(docker: Engine) -> bool:
    """Tell whether to start from the public base; nodes made here mean that there is none."""
    if docker.tagged(versions.DEBIAN_IMAGE):
        return True
    made_here = output(["docker", "image", "ls", "--quiet", node_image.REPOSITORY]).strip()
    return not made_here and base_images.registry_in_reach()


def build(docker: Engine, spec: ImageSpec, *, public: bool) -> None:
    """Build one image where its inputs have changed."""
    base = versions.DEBIAN_IMAGE if public else _made_base(spec)
    inputs = _fingerprint(docker, spec, base)
    if _inputs_of(spec.tag) == inputs:
        say(f"     {spec.tag}: unchanged")
        return
    with tempfile.TemporaryDirectory(prefix="image-", dir=cache.folder("tmp")) as name:
        context = Path(name)
        _prepare_context(context, spec, docker.architecture)
        with step(f"build {spec.tag}"):
            logged(
                f"build-image-{spec.name}",
                [
                    *("docker", "build", "--tag", spec.tag),
                    *("--build-arg", f"BASE_IMAGE={base}"),
                    *("--label", f"{INPUTS_LABEL}={inputs}"),
                    *("--file", str(context / "build" / "Dockerfile")),
                    str(context),
                ],
                environment={"DOCKER_BUILDKIT": "1" if docker.buildx else "0"},
                mend=f"read the log, and {spec.dockerfile.relative_to(ROOT)}",
            )
    # The image that had the tag before has no name now. In an engine of our own, old steps of
    # builds go too; in a user's they may be somebody else's.
    prune = ["docker", "image", "prune", "--force", "--filter"]
    succeeds([*prune, f"label={INPUTS_LABEL}"])
    if engine.is_ours():
        succeeds([*prune, "until=12h"])
    say(f"     {spec.tag}: {_megabytes(spec.tag)} MB")


def _made_base(spec: ImageSpec) -> str:
    packages = debian.packages_of(spec.packages)
    archive = debian.root_archive(f"image-{spec.name}", packages, "essential")
    return base_images.import_root(archive, f"stagework/base-{spec.name}")


def _fingerprint(docker: Engine, spec: ImageSpec, base: str) -> str:
    names = [str(path.relative_to(ROOT)) for path in spec.include]
    parts = [spec.dockerfile, spec.packages, IMAGES / "base", *spec.include]
    if spec.requirements is not None:
        parts.append(spec.requirements)
    if spec.module is not None:
        parts.append(spec.module)
    if spec.board:
        parts.append(board.bundle())
    return cache.fingerprint([base, docker.architecture, *names, *parts])


def _inputs_of(tag: str) -> str:
    form = f'{{{{index .Config.Labels "{INPUTS_LABEL}"}}}}'
    command = ["docker", "image", "inspect", "--format", form, tag]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _megabytes(tag: str) -> int:
    size = output(["docker", "image", "inspect", "--format", "{{.Size}}", tag])
    return round(int(size) / 1_000_000)


def _prepare_context(context: Path, spec: ImageSpec, architecture: str) -> None:
    """Gather what the Dockerfile may see: the included paths, and ``build/``."""
    for path in spec.include:
        target = context / path.relative_to(ROOT)
        for file in cache.files_below(path):
            place = target / file.relative_to(path) if path.is_dir() else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)
    build_folder = context / "build"
    build_folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(spec.dockerfile, build_folder / "Dockerfile")
    shutil.copy(spec.packages, build_folder / "packages.txt")
    for name in BASE_FILES:
        shutil.copy(IMAGES / "base" / name, build_folder / name)
    if spec.board:
        shutil.copytree(board.bundle(), build_folder / "board")
    if spec.requirements is None:
        (build_folder / "requirements.txt").touch()
        (build_folder / "wheels").mkdir()
    else:
        shutil.copy(spec.requirements, build_folder / "requirements.txt")
        shutil.copytree(wheels.of(spec.requirements, architecture), build_folder / "wheels")
        shutil.copytree(wheels.of_pip(architecture), build_folder / "pip")
    if spec.module is not None:
        shutil.copy(go_programs.tool_of(spec.module, architecture), build_folder / "tool")
