"""A real S3-compatible server, and an empty bucket for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.s3server import Bucket, S3Server, s3_server


@pytest.fixture(scope="session")
def running_server() -> Iterator[S3Server]:
    """Made when it is first asked for."""
    with s3_server() as started:
        yield started


@pytest.fixture
def server(running_server: S3Server) -> Iterator[S3Server]:
    """It runs when the test begins, whatever another has done to it."""
    running_server.start()
    yield running_server
    running_server.start()


@pytest.fixture
def bucket(server: S3Server) -> Bucket:
    """Empty."""
    return server.bucket()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Folder for the files with the server's keys."""
    return tmp_path / "keys"
