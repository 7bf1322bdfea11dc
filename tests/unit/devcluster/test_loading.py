"""What is sent to a node that has some of it."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from hack.devcluster import image_archive, loading

LISTING = """REF TYPE DIGEST SIZE PLATFORMS LABELS
docker.io/stagework/x:dev application/vnd sha256:aa 1 MiB linux/amd64 -
docker.io/stagework/x:0123456789ab application/vnd sha256:aa 1 MiB linux/amd64 -
docker.io/stagework/x:ba9876543210 application/vnd sha256:bb 1 MiB linux/amd64 -
docker.io/stagework/y:ba9876543210 application/vnd sha256:cc 1 MiB linux/amd64 -
"""


@pytest.mark.parametrize(
    ("content", "has"), [("0123456789ab", True), ("ba9876543210", False), ("000000000000", False)]
)
def test_a_node_has_an_image_while_both_names_mean_the_same(content: str, *, has: bool) -> None:
    present = loading.images_in(LISTING)
    assert loading.has(present, ("stagework/x:dev", f"stagework/x:{content}")) == has


def test_earlier_versions_go_with_the_names_that_the_kubelet_gave_them() -> None:
    present = {
        **loading.images_in(LISTING),
        "sha256:1": "sha256:aa",  # of the image as it is now
        "sha256:2": "sha256:bb",  # of the version before, which goes too
        "sha256:3": "sha256:dd",  # of one whose other names went long ago
        "sha256:4": "sha256:cc",  # of another image
    }
    replaced = loading.replaced(present, "stagework/x:0123456789ab")
    assert replaced == ["sha256:2", "sha256:3", "stagework/x:ba9876543210"]


def saved(folder: Path) -> Path:
    """An archive like that of ``docker save``, with two layers."""
    layers: list[image_archive.Layer] = []
    for name in ("base", "code"):
        (folder / name).write_text(name)
        layers.append(image_archive.write_layer(folder / f"{name}.tar", {name: folder / name}, {}))
    archive = folder / "saved.tar"
    image = image_archive.InnerImage(("stagework/x:dev",), tuple(layers))
    image_archive.write_archive(archive, [image], "amd64")
    return archive


@pytest.mark.parametrize("already", [0, 1, 2])
def test_only_missing_layers_are_sent_and_all_are_named(tmp_path: Path, already: int) -> None:
    written = io.BytesIO()
    names = ("stagework/x:dev", "stagework/x:0123456789ab")
    with tarfile.open(saved(tmp_path)) as archive:
        image = loading.image_in(archive, names)
        there = {layer.digest for layer in image.layers[:already]}
        loading.write_layout(written, archive, image, there)

    with tarfile.open(fileobj=io.BytesIO(written.getvalue())) as layout:
        content = {
            member.name: file.read()
            for member in layout
            if (file := layout.extractfile(member)) is not None
        }
    index = json.loads(content["index.json"])
    named = [entry["annotations"]["io.containerd.image.name"] for entry in index["manifests"]]
    assert named == [f"docker.io/{name}" for name in names]
    digest = index["manifests"][0]["digest"].replace("sha256:", "blobs/sha256/")
    manifest = json.loads(content[digest])
    assert [layer["digest"] for layer in manifest["layers"]] == [
        layer.digest for layer in image.layers
    ]
    blobs = {name.rpartition("/")[2] for name in content if name.startswith("blobs/")}
    sent = {layer.digest.removeprefix("sha256:") for layer in image.layers} & blobs
    assert len(sent) == 2 - already
