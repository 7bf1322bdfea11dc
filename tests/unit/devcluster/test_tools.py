"""Which versions of a user's own tools are good enough."""

import pytest

from hack.devcluster import tools, versions
from hack.devcluster.paths import KIND_NODE


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("kind v0.33.0 go1.26.8 linux/amd64", (0, 33, 0)),
        ("v3.19.0+g3d8990f", (3, 19, 0)),
        ("v1.32.4-dispatcher", (1, 32, 4)),
        ("command not found", None),
    ],
)
def test_a_version_is_found_in_what_a_program_prints(
    text: str, version: tools.Version | None
) -> None:
    assert tools.parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "fits"),
    [((1, 32, 9), False), ((1, 33, 0), True), ((1, 35, 1), True), ((1, 36, 0), False)],
)
def test_kubectl_may_be_one_minor_version_away(version: tools.Version, *, fits: bool) -> None:
    assert tools.fits_kubectl(version) == fits


@pytest.mark.parametrize(
    ("version", "fits"),
    [((3, 18, 9), False), ((3, 19, 0), True), ((3, 20, 0), True), ((4, 0, 0), False)],
)
def test_helm_is_3_19_or_a_newer_3(version: tools.Version, *, fits: bool) -> None:
    assert tools.fits_helm(version) == fits


@pytest.mark.parametrize(("version", "fits"), [((0, 33, 1), True), ((0, 32, 0), False)])
def test_kind_is_of_the_release_that_its_node_image_was_built_for(
    version: tools.Version, *, fits: bool
) -> None:
    assert tools.fits_kind(version) == fits


def test_the_constants_and_the_go_module_name_the_same_kubernetes() -> None:
    module = (KIND_NODE / "go.mod").read_text()
    assert f"k8s.io/kubernetes v{versions.KUBERNETES}" in module
    _, minor_and_patch = versions.KUBERNETES.split(".", 1)
    assert f"k8s.io/api => k8s.io/api v0.{minor_and_patch}" in module
