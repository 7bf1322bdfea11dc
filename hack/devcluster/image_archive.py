"""Writes the images that run inside the nodes, without an engine.

A docker archive is a tar with layers (tars), a configuration for each image, and a
``manifest.json`` that names them. All Kubernetes programs are one multi-call binary, so
their images are one image under several names; layers are stored once.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Layer:
    """One tar of files, and the hash that names it."""

    archive: Path
    digest: str

    @classmethod
    def of(cls, archive: Path) -> "Layer":
        """Hash an archive."""
        with archive.open("rb") as file:
            return cls(archive, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True)
class InnerImage:
    """An image by all the names that it goes by."""

    tags: tuple[str, ...]
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()


def write_layer(target: Path, files: Mapping[str, Path], links: Mapping[str, str]) -> Layer:
    """Pack programs and links to them into a layer that is the same each time."""
    with tarfile.open(target, "w") as archive:
        for name, source in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, source.stat().st_size
            with source.open("rb") as file:
                archive.addfile(entry, file)
        for name, aim in sorted(links.items()):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, aim, 0o777
            archive.addfile(entry)
    return Layer.of(target)


def configuration(image: InnerImage, architecture: str) -> bytes:
    """Describe an image as the OCI image specification asks."""
    return json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Env": [f"PATH={PATH}"], "Entrypoint": list(image.entrypoint) or None},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{layer.digest}" for layer in image.layers],
            },
            "history": [{"created_by": "stagework dev cluster"} for _ in image.layers],
        },
        sort_keys=True,
    ).encode()


def write_archive(target: Path, images: Sequence[InnerImage], architecture: str) -> None:
    """Write images into one docker archive."""
    manifest: list[dict[str, object]] = []
    with tarfile.open(target, "w") as archive:
        written: set[str] = set()
        for image in images:
            config = configuration(image, architecture)
            config_name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(archive, config_name, config)
            for layer in image.layers:
                if layer.digest not in written:
                    written.add(layer.digest)
                    archive.add(layer.archive, f"{layer.digest}.tar")
            manifest.append(
                {
                    "Config": config_name,
                    "RepoTags": list(image.tags),
                    "Layers": [f"{layer.digest}.tar" for layer in image.layers],
                }
            )
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
