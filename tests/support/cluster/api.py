"""The API server through `kubectl proxy`: looks are cheap, so that conditions can be polled."""

import http.client
import json
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from tests.support.cluster.commands import Document, environment

OURS = "/apis/stagework.dev/v1alpha1"
"""Path of our kinds."""


class Missing(Exception):  # noqa: N818 - an answer
    """The object is not there."""


@dataclass(frozen=True)
class Reply:
    """An answer of the API server."""

    status: int
    body: bytes

    def document(self) -> Document:
        """The body as JSON."""
        return cast("Document", json.loads(self.body))


@dataclass(frozen=True)
class Api:
    """Requests to the API server with the rights of the kubeconfig."""

    port: int

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request; every answer is given back."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return Reply(response.status, response.read())
        finally:
            connection.close()

    def get(self, path: str, **query: str) -> Document:
        """An object or a list; raises Missing where there is none."""
        reply = self.request("GET", path + (f"?{urlencode(query)}" if query else ""))
        if reply.status == http.client.NOT_FOUND:
            raise Missing(path)
        assert reply.status == http.client.OK, f"GET {path}: {reply.status} {reply.body[:500]!r}"
        return reply.document()

    def items(self, path: str, **query: str) -> list[Document]:
        """The items of a list."""
        return cast("list[Document]", self.get(path, **query)["items"])


@contextmanager
def proxied(kubectl: str, *flags: str) -> Generator[Api]:
    """A `kubectl proxy` on a free port, ended with the block."""
    command = [kubectl, *flags, "proxy", "--port=0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        try:
            greeting = process.stdout.readline()  # Starting to serve on 127.0.0.1:41234
            assert "Starting to serve" in greeting, (
                f"no cluster answers ({greeting}); mend: make deploy"
            )
            yield Api(int(greeting.rsplit(":", 1)[1]))
        finally:
            process.terminate()
