"""The libraries that compute a pipeline's own networks cannot reach a network, told what they may.

onnxruntime 1.29 began to send what it runs to its makers, in C where no guard of Python sees it.
The versions before import no function that connects; an upgrade that brings it back is seen here.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

CONNECTING = (b"getaddrinfo", b"gethostbyname", b"connect")


def libraries(package: str) -> list[Path]:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return sorted(Path(spec.origin).parent.rglob("*.so*"))


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_no_library_imports_a_function_that_connects(package: str) -> None:
    paths = libraries(package)
    assert paths
    asking = [
        (path.name, name)
        for path in paths
        for name in CONNECTING
        if b"\0" + name + b"\0" in path.read_bytes()
    ]
    assert asking == []


def test_one_that_connects_would_be_seen() -> None:
    names = [path.read_bytes() for path in Path("/").glob("lib/*-linux-*/libc.so.6")]
    if not names:
        pytest.skip("another C library")
    assert b"\0getaddrinfo\0" in names[0]
