"""What the commands need of a cluster: requests to the API server, lines of a watch, files.

Commands know only this Protocol; `connection.py` fulfils it with the `kubernetes` package.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whatever its status."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def good(self) -> bool:
        """Whether what was asked has been done."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def missing(self) -> bool:
        """Whether there is no such thing."""
        return self.status == HTTPStatus.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What came of a request for another protocol."""

    answer: Answer
    """Of status 101 where that protocol begins; else a refusal."""
    connection: socket.socket | None = None
    """None after a refusal."""
    first: bytes = b""
    """What has come already behind the answer's head."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """An HTTP answer, whatever its status, whose body is still to come."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]
    """As they come; raises ClusterUnreachable where they break off."""


class Cluster(Protocol):
    """One API server, as one person. Every method raises ClusterUnreachable without an answer."""

    @property
    def server(self) -> str:
        """Its address, for people."""
        ...

    @property
    def namespace(self) -> str:
        """Namespace of the kubeconfig's context."""
        ...

    @property
    def bearer_token(self) -> str | None:
        """The person's token; None where a client certificate proves who it is."""
        ...

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> Answer:
        """One request; a Path as body is streamed from that file."""
        ...

    def streamed(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> AbstractContextManager[Streamed]:
        """One request whose answer is read as it comes, within the block."""
        ...

    def lines(
        self, path: str, query: Mapping[str, str], *, timeout_seconds: float
    ) -> Iterator[bytes]:
        """Lines of a watch until it ends; raises CommandError where it cannot begin or breaks."""
        ...

    def pieces(
        self, path: str, query: Mapping[str, str], *, timeout_seconds: float
    ) -> Iterator[bytes]:
        """A body in pieces as they come; raises CommandError where it cannot begin or breaks."""
        ...

    def upgrade(self, path: str, headers: Mapping[str, str]) -> Upgraded:
        """A GET that asks for another protocol, whatever comes of it."""
        ...

    def download(self, path: str, into: Path, *, headers: Mapping[str, str]) -> Answer:
        """GET into a file; on another status than 200 no file is made and the body is kept."""
        ...
