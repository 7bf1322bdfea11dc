"""Loads images into the nodes that run Pods, and of each image only the layers they lack.

``kind load`` sends every byte to one node after the other, each time. Here an image is
saved once, repacked as an OCI layout (a node takes one whose layers it has already, from
an earlier version of the image), and sent to all nodes at once.

A node has an image under two names: its tag, and one made of its content. While both stand
for the same manifest, the node has what the tag means here.
"""

import contextlib
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from hack.devcluster import cache, cluster
from hack.devcluster.commands import output
from hack.devcluster.engine import Engine
from hack.devcluster.errors import DevClusterError
from hack.devcluster.steps import say, step

CONTENT_NAME_LENGTH = 12
DIGEST_PREFIX = "sha256:"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
NAME_ANNOTATION = "io.containerd.image.name"
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Blob:
    """A piece of an image: which file of the saved archive, and its name by content."""

    member: str
    digest: str
    size: int
    media_type: str

    @property
    def descriptor(self) -> dict[str, object]:
        """As the OCI specification refers to it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Image:
    """An image as it is sent: its tag and its content's name, and what it consists of."""

    names: tuple[str, str]
    config: Blob
    layers: tuple[Blob, ...]


def load(docker: Engine, tags: Sequence[str]) -> None:
    """Load images into all workers that do not have them as they are now."""
    nodes = [name for role, name in cluster.node_names().items() if role != "control-plane"]
    lists = {node: images_in(_ctr(node, "images", "list")) for node in nodes}
    for tag in tags:
        names = (tag, by_content(tag, docker.tagged(tag)))
        lacking = [node for node in nodes if not has(lists[node], names)]
        if not lacking:
            say(f"     {tag}: all nodes have it")
            continue
        with step(f"load {tag} into {len(lacking)} nodes"):
            _load(names, lacking)


def by_content(tag: str, identity: str | None) -> str:
    """Name an image by what is in it."""
    if identity is None:
        raise DevClusterError(f"{tag} is not built", "python3 -m hack.devcluster images")
    content = identity.removeprefix("sha256:")[:CONTENT_NAME_LENGTH]
    return f"{tag.rpartition(':')[0]}:{content}"


def images_in(listing: str) -> dict[str, str]:
    """Read ``ctr images list``: what each name stands for."""
    rows = [line.split() for line in listing.splitlines()[1:]]
    return {row[0].removeprefix("docker.io/"): row[2] for row in rows if len(row) > 2}


def has(present: dict[str, str], names: tuple[str, str]) -> bool:
    """Tell whether a node has an image under its tag and its content's name."""
    tag, content = names
    return tag in present and present[tag] == present.get(content)


def replaced(present: dict[str, str], content: str) -> list[str]:
    """List the names on a node that hold on to earlier versions of an image.

    The kubelet's side keeps a name of its own for each image, its digest. It stays when the
    others go, and with it gigabytes of layers.
    """
    repository, _, wanted = content.rpartition(":")
    versions = {
        name
        for name in present
        if re.fullmatch(rf"{re.escape(repository)}:[0-9a-f]{{{len(wanted)}}}", name)
        and name != content
    }
    named = {
        digest
        for name, digest in present.items()
        if name not in versions and not name.startswith(DIGEST_PREFIX)
    }
    orphans = {
        name
        for name, digest in present.items()
        if name.startswith(DIGEST_PREFIX) and digest not in named
    }
    return sorted(versions | orphans)


def _ctr(node: str, *arguments: str) -> str:
    return output(["docker", "exec", node, "ctr", "--namespace", "k8s.io", *arguments])


def _load(names: tuple[str, str], nodes: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="load-", dir=cache.folder("tmp")) as folder:
        saved = Path(folder) / "saved.tar"
        output(["docker", "save", "--output", str(saved), names[0]], seconds=600)
        with tarfile.open(saved) as archive:
            image = image_in(archive, names)
        with ThreadPoolExecutor() as pool:
            list(pool.map(partial(_send, saved, image), nodes))


def _send(saved: Path, image: Image, node: str) -> None:
    there = set(_ctr(node, "content", "list", "--quiet").split())
    refusal = _import(saved, image, node, there)
    if refusal and there:  # a containerd that insists on seeing every layer
        refusal = _import(saved, image, node, ())
    if refusal:
        missing = f"{node} does not take {image.names[0]}: {refusal}"
        raise DevClusterError(missing, "make cluster-down cluster")
    if old := replaced(images_in(_ctr(node, "images", "list")), image.names[1]):
        names = [name if name.startswith(DIGEST_PREFIX) else f"docker.io/{name}" for name in old]
        _ctr(node, "images", "remove", *names)


def _import(saved: Path, image: Image, node: str, there: Container[str]) -> str:
    """Send an image to a node; return why the node did not take it, or nothing."""
    command = ["docker", "exec", "--interactive", node, "ctr", "--namespace", "k8s.io", "images"]
    # Newer ones ask a service of containerd to do it, which knows nothing of left-out layers.
    local = ["--local"] if "--local" in _ctr(node, "images", "import", "--help") else []
    with subprocess.Popen(
        [*command, "import", *local, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as importer:
        if importer.stdin is not None:
            # Where the importer has gone, what it said tells why.
            with contextlib.suppress(BrokenPipeError), tarfile.open(saved) as archive:
                write_layout(importer.stdin, archive, image, there)
        printed = importer.communicate()[0].decode(errors="replace").strip()
    return (printed or "no reason given") if importer.returncode else ""


def image_in(archive: tarfile.TarFile, names: tuple[str, str]) -> Image:
    """Find the one image in what ``docker save`` wrote."""
    manifest: list[dict[str, Any]] = json.loads(_read(archive, "manifest.json"))
    layers = tuple(_blob(archive, name, LAYER_TYPE) for name in manifest[0]["Layers"])
    return Image(names, _blob(archive, manifest[0]["Config"], CONFIG_TYPE), layers)


def _blob(archive: tarfile.TarFile, member: str, media_type: str) -> Blob:
    digest = hashlib.sha256()
    size = 0
    for chunk in _chunks(archive, member):
        if size == 0 and media_type == LAYER_TYPE and chunk.startswith(GZIP_MAGIC):
            media_type = f"{LAYER_TYPE}+gzip"
        digest.update(chunk)
        size += len(chunk)
    return Blob(member, f"sha256:{digest.hexdigest()}", size, media_type)


def _chunks(archive: tarfile.TarFile, member: str) -> Iterator[bytes]:
    file = archive.extractfile(member)  # follows the links that docker writes for equal layers
    if file is None:
        raise DevClusterError(f"docker save wrote no {member}")
    while chunk := file.read(1 << 20):
        yield chunk


def _read(archive: tarfile.TarFile, member: str) -> bytes:
    return b"".join(_chunks(archive, member))


def write_layout(
    target: IO[bytes], archive: tarfile.TarFile, image: Image, there: Container[str]
) -> None:
    """Write an image as an OCI layout, without the layers that are there already."""
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": image.config.descriptor,
            "layers": [layer.descriptor for layer in image.layers],
        }
    ).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    entries = [
        {
            "mediaType": MANIFEST_TYPE,
            "digest": f"sha256:{digest}",
            "size": len(manifest),
            "annotations": {NAME_ANNOTATION: f"docker.io/{name}"},
        }
        for name in image.names
    ]
    sent = {layer.digest: layer for layer in image.layers if layer.digest not in there}
    with tarfile.open(fileobj=target, mode="w|") as layout:
        _add(layout, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        for blob in (image.config, *sent.values()):
            entry = tarfile.TarInfo(f"blobs/sha256/{blob.digest.removeprefix('sha256:')}")
            entry.size = blob.size
            layout.addfile(entry, archive.extractfile(blob.member))
        _add(layout, f"blobs/sha256/{digest}", manifest)
        _add(layout, "index.json", json.dumps({"schemaVersion": 2, "manifests": entries}).encode())


def _add(layout: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    layout.addfile(entry, io.BytesIO(content))
