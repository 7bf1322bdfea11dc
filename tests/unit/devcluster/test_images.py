"""What an image of ours is made from."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from hack.devcluster import debian, image_archive, image_spec, wheels
from hack.devcluster.errors import DevClusterError

MINIMAL = 'tag = "stagework/x:dev"\ninclude = ["operator/kit"]\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one image ``x``."""
    home = tmp_path / "images" / "x"
    home.mkdir(parents=True)
    (tmp_path / "operator" / "kit").mkdir(parents=True)
    (home / "Dockerfile").touch()
    (home / "packages.txt").write_text("python3  # and its library\n\n# a comment\ntzdata\n")
    return tmp_path


def test_what_lies_beside_the_declaration_is_the_default(root: Path) -> None:
    image = image_spec.parse("x", MINIMAL, root)
    assert image.dockerfile == root / "images" / "x" / "Dockerfile"
    assert image.requirements is None
    assert image.repository == "stagework/x"


def test_requirements_beside_it_are_found(root: Path) -> None:
    path = root / "images" / "x" / "requirements.txt"
    path.touch()
    assert image_spec.parse("x", MINIMAL, root).requirements == path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f'{MINIMAL}tga = "y"\n', "unknown: tga"),
        ('include = ["operator"]\n', "no tag"),
        (f'{MINIMAL}requirements = "locked.txt"\n', "locked.txt, which is not there"),
        ('tag = "stagework/x:dev"\ninclude = ["missing"]\n', "missing, which is not there"),
        (f'{MINIMAL}module = "images/x"\n', "images/x/go.mod, which is not there"),
    ],
)
def test_a_wrong_declaration_is_refused_with_the_reason(root: Path, text: str, reason: str) -> None:
    with pytest.raises(DevClusterError, match=reason):
        image_spec.parse("x", text, root)


def test_a_list_of_packages_has_comments_and_an_order_of_its_own(root: Path) -> None:
    path = root / "images" / "x" / "packages.txt"
    assert debian.packages_of(path) == ("python3", "tzdata")


def test_wheels_are_looked_for_by_the_architecture_of_the_engine() -> None:
    assert wheels.platforms("arm64")[0] == "manylinux_2_36_aarch64"
    assert "manylinux_2_17_x86_64" in wheels.platforms("amd64")
    with pytest.raises(DevClusterError, match="riscv64"):
        wheels.platforms("riscv64")


def test_inner_images_share_their_layers(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    layer = image_archive.write_layer(
        tmp_path / "layer.tar", {"bin/all": program}, {"bin/one": "all"}
    )
    archive = tmp_path / "images.tar"
    images = [
        image_archive.InnerImage(("example/one:1", "example/two:1"), (layer,)),
        image_archive.InnerImage(("example/three:1",), (layer,), ("/bin/all",)),
    ]
    image_archive.write_archive(archive, images, "amd64")

    with tarfile.open(archive) as tar:
        names = tar.getnames()
        manifest_file = tar.extractfile("manifest.json")
        assert manifest_file is not None
        manifest = json.load(manifest_file)
    assert [name for name in names if name.endswith(".tar")] == [f"{layer.digest}.tar"]
    assert [entry["RepoTags"] for entry in manifest] == [
        ["example/one:1", "example/two:1"],
        ["example/three:1"],
    ]
    assert layer.digest == hashlib.sha256((tmp_path / "layer.tar").read_bytes()).hexdigest()


def test_a_layer_of_the_same_files_is_the_same_layer(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    layers = [image_archive.write_layer(tmp_path / name, {"a": program}, {}) for name in ("1", "2")]
    assert layers[0].digest == layers[1].digest
