"""The command line's way to the API server: raw requests, answered one by one.

Where the server is and who we are is found as in every process of ours
(`cluster/client/connection.py`). The `kubernetes` package's generated clients know none of our
kinds.
"""

import contextlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import urllib3

from stagework.cli.cluster import Answer, Streamed, Upgraded
from stagework.cli.errors import ClusterUnreachable
from stagework.cli.replies import explain
from stagework.cli.tunnel import upgraded
from stagework.cluster.client.connection import (
    ConnectionSettingsError,
    Target,
    find,
    ssl_context,
)

CONNECT_SECONDS: Final = 10.0
"""Longest wait for the API server to accept a connection."""
TRANSFER_SECONDS: Final = 600.0
"""Longest pause within a download."""
_CHUNK: Final = 256 * 1024
_CONNECTIONS: Final = 4
"""Kept at once: so many files are uploaded at the same time."""


class KubeConnection:
    """Fulfils `Cluster` by a kubeconfig, or by the ServiceAccount of our own Pod."""

    def __init__(self, kubeconfig: str | None = None, context: str | None = None) -> None:
        """Read the kubeconfig; raises ClusterUnreachable with what is missing."""
        try:
            self._login = find(kubeconfig, context=context)
        except ConnectionSettingsError as error:
            raise ClusterUnreachable(str(error), command="kubectl config get-contexts") from error
        self._server = self._login.server
        self._pool = _pool(self._login)

    @property
    def server(self) -> str:
        """The API server's address."""
        return self._server

    @property
    def namespace(self) -> str:
        """Namespace of the context."""
        return self._login.namespace

    @property
    def bearer_token(self) -> str | None:
        """The kubeconfig user's token, as it is now."""
        read = self._login.read_token
        return read() if read is not None else self._login.token

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
        """One request to the API server; see Cluster."""
        request = _Request(method, _target(path, query), timeout_seconds, headers or {}, body)
        with self._open(request) as response:
            return Answer(response.status, response.read(), dict(response.headers))

    @contextlib.contextmanager
    def streamed(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> Generator[Streamed]:
        """An answer as it comes; see Cluster."""
        with self._open(_Request(method, path, timeout_seconds, headers or {}, body)) as response:
            try:
                pieces = _chunks(response, self._server)
                yield Streamed(response.status, dict(response.headers), pieces)
            finally:
                # What was read to its end is back in the pool; what was not is of no use there.
                response.close()

    def lines(
        self, path: str, query: Mapping[str, str], *, timeout_seconds: float
    ) -> Iterator[bytes]:
        """Lines of a watch; see Cluster."""
        rest = b""
        with self._open(_Request("GET", _target(path, query), timeout_seconds, {})) as response:
            if response.status != HTTPStatus.OK:
                raise explain(Answer(response.status, response.read()), f"watch {path}")
            for chunk in _chunks(response, self._server):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line for line in whole if line)

    def pieces(
        self, path: str, query: Mapping[str, str], *, timeout_seconds: float
    ) -> Iterator[bytes]:
        """A body as it comes; see Cluster."""
        request = _Request("GET", _target(path, query), timeout_seconds, {"Accept": "*/*"})
        with self._open(request) as response:
            if response.status != HTTPStatus.OK:
                raise explain(Answer(response.status, response.read()), f"get {path}")
            yield from _chunks(response, self._server)

    def upgrade(self, path: str, headers: Mapping[str, str]) -> Upgraded:
        """A request for another protocol; see Cluster."""
        if self._login.proxy is not None:
            raise ClusterUnreachable(f"live news cannot pass the proxy {self._login.proxy}")
        proved = {**headers, **self._proof()}
        trust, name = ssl_context(self._login), self._login.server_name
        try:
            return upgraded(self._server, path, proved, trust, name)
        except OSError as error:
            raise _unreachable(self._server, error) from error

    def download(self, path: str, into: Path, *, headers: Mapping[str, str]) -> Answer:
        """GET into a file; see Cluster."""
        with self._open(_Request("GET", path, TRANSFER_SECONDS, headers)) as response:
            if response.status != HTTPStatus.OK:
                return Answer(response.status, response.read(), dict(response.headers))
            into.parent.mkdir(parents=True, exist_ok=True)
            partial = into.with_name(into.name + ".part")
            with partial.open("wb") as target:
                for chunk in response.stream(_CHUNK):
                    target.write(chunk)
            partial.replace(into)
            return Answer(response.status, b"", dict(response.headers))

    @contextlib.contextmanager
    def _open(self, request: "_Request") -> Generator[urllib3.BaseHTTPResponse]:
        headers = {"Accept": "application/json", **request.headers, **self._proof()}
        with contextlib.ExitStack() as stack:
            try:
                url = self._server + request.target
                response = _send(self._pool, stack, url, request, headers)
                where = response.headers.get("Location", "")
                moved = response.status == HTTPStatus.TEMPORARY_REDIRECT
                if moved and where.startswith(("http://", "https://")):
                    # A presigned address of the object store: it must not see who we are.
                    sizes = {k: v for k, v in headers.items() if k.lower() == "content-length"}
                    outside = stack.enter_context(urllib3.PoolManager())
                    response = _send(outside, stack, where, request, sizes)
                yield response
            except urllib3.exceptions.HTTPError as error:
                raise _unreachable(self._server, error) from error

    def _proof(self) -> dict[str, str]:
        token = self.bearer_token
        return {"authorization": f"Bearer {token}"} if token else {}


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    """Path and query."""
    timeout_seconds: float
    """Longest pause between two bytes of the answer."""
    headers: Mapping[str, str]
    body: bytes | Path | None = None


def _send(
    pool: urllib3.PoolManager,
    stack: contextlib.ExitStack,
    url: str,
    request: _Request,
    headers: Mapping[str, str],
) -> urllib3.BaseHTTPResponse:
    body = request.body
    response = pool.request(
        request.method,
        url,
        body=stack.enter_context(body.open("rb")) if isinstance(body, Path) else body,
        headers=dict(headers),
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=request.timeout_seconds),
        retries=False,
        redirect=False,
        preload_content=False,
    )
    stack.callback(response.release_conn)
    return response


def _chunks(response: urllib3.BaseHTTPResponse, server: str) -> Iterator[bytes]:
    # read1 hands on what is there; stream() would wait until its buffer is full.
    while True:
        try:
            chunk = response.read1()
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(server, error) from error
        if not chunk:
            return
        yield chunk


def _target(path: str, query: Mapping[str, str] | None) -> str:
    return path + (f"?{urlencode(query)}" if query else "")


def _pool(login: Target) -> urllib3.PoolManager:
    trust = ssl_context(login)
    if login.proxy is not None:
        return urllib3.ProxyManager(
            login.proxy, ssl_context=trust, server_hostname=login.server_name
        )
    return urllib3.PoolManager(
        maxsize=_CONNECTIONS, ssl_context=trust, server_hostname=login.server_name
    )


def _unreachable(server: str, error: Exception) -> ClusterUnreachable:
    return ClusterUnreachable(
        f"no answer from the API server {server}: {_cause(error)}", command="kubectl cluster-info"
    )


def _cause(error: BaseException) -> str:
    # The outer errors repeat the inner one with Python's own names around it.
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__)
