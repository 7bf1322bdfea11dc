"""Reads the ``image.toml`` of each image: its tag, and what its Dockerfile may see."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import ROOT

KEYS = {"tag", "include", "dockerfile", "packages", "requirements", "module", "board"}


@dataclass(frozen=True)
class ImageSpec:
    """One image of ours, all paths absolute."""

    name: str
    tag: str
    include: tuple[Path, ...]
    dockerfile: Path
    packages: Path
    requirements: Path | None
    module: Path | None
    """A Go module; its one tool is built for the image."""
    board: bool = False
    """Whether the board's page is in it."""

    @property
    def repository(self) -> str:
        """The tag without its last part."""
        return self.tag.rpartition(":")[0]


def parse(name: str, text: str, root: Path = ROOT) -> ImageSpec:
    """Read one spec; what it names must exist."""
    content = tomllib.loads(text)
    home = f"images/{name}"
    if unknown := sorted(set(content) - KEYS):
        raise DevClusterError(
            f"{home}/image.toml: unknown: {', '.join(unknown)}", f"use {sorted(KEYS)}"
        )
    tag = content.get("tag")
    if not isinstance(tag, str) or ":" not in tag:
        raise DevClusterError(f"{home}/image.toml: no tag", 'tag = "stagework/NAME:dev"')

    def path(key: str, default: str) -> Path:
        return root / str(content.get(key, f"{home}/{default}"))

    requirements = path("requirements", "requirements.txt")
    spec = ImageSpec(
        name=name,
        tag=tag,
        include=tuple(root / item for item in cast("list[str]", content.get("include", []))),
        dockerfile=path("dockerfile", "Dockerfile"),
        packages=path("packages", "packages.txt"),
        requirements=requirements if "requirements" in content or requirements.exists() else None,
        module=root / str(content["module"]) if "module" in content else None,
        board=content.get("board") is True,
    )
    needed = [spec.dockerfile, spec.packages, *spec.include]
    if spec.requirements is not None:
        needed.append(spec.requirements)
    if spec.module is not None:
        needed.append(spec.module / "go.mod")
    for item in needed:
        if not item.exists():
            raise DevClusterError(
                f"{home}/image.toml names {item.relative_to(root)}, which is not there"
            )
    return spec


def declared(root: Path = ROOT) -> dict[str, Path]:
    """Find the declarations of all images, by the images' names."""
    files = sorted((root / "images").glob("*/image.toml"))
    return {file.parent.name: file for file in files}


def named(names: list[str], root: Path = ROOT) -> list[ImageSpec]:
    """Read the declarations of these images, or of all where none is named."""
    files = declared(root)
    if unknown := [name for name in names if name not in files]:
        raise DevClusterError(
            f"no image.toml for: {', '.join(unknown)}", f"known: {', '.join(files)}"
        )
    return [parse(name, files[name].read_text(), root) for name in names or files]
