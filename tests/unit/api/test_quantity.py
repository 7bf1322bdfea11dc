"""How many bytes an amount of memory is."""

import pytest

from stagework.api.quantity import bytes_of


@pytest.mark.parametrize(
    ("quantity", "size"),
    [
        ("0", 0),
        ("1048576", 1048576),
        ("64Mi", 64 * 1024**2),
        ("1Gi", 1024**3),
        ("1G", 10**9),
        ("1k", 1000),
        ("1.5Ki", 1536),
        (".5Gi", 512 * 1024**2),
        ("2.", 2),
        ("1e3", 1000),
        ("1E3", 1000),
        ("2E", 2 * 10**18),
        ("1Ei", 1024**6),
        ("1500m", 2),
        ("1u", 1),
        ("1n", 1),
    ],
)
def test_every_way_in_which_kubernetes_writes_it(quantity: str, size: int) -> None:
    assert bytes_of(quantity) == size
