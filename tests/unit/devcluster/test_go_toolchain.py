"""Which Go is good enough."""

import pytest

from hack.devcluster import go_toolchain


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8\n", (1, 26)), ("go1.25rc1", (1, 25)), ("devel", None), ("", None)],
)
def test_the_version_of_a_go_is_read(text: str, version: tuple[int, int] | None) -> None:
    assert go_toolchain.parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "fits"),
    [(None, False), ((1, 19), False), ((1, 24), False), ((1, 25), True), ((2, 0), True)],
)
def test_an_old_go_is_left_alone(version: tuple[int, int] | None, *, fits: bool) -> None:
    assert go_toolchain.is_new_enough(version) == fits
