"""The fence of a stage that knows nothing of us: its liveness probe asks this port.

Containers share no processes, so what is to end the stage is its kubelet: it asks here every few
seconds, and ends the stage where the answer stays bad. A fence that has fallen stays down. The
kubelet asks only while the stage's container runs, so its silence tells that it has ended.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from stagekit import contract
from stagekit.fence import boot_seconds

_CONNECTION_SECONDS: Final = 5.0
_OK: Final = 200
_LOST: Final = 503


class FencePort:
    """Answers the kubelet from `start` to `stop`."""

    def __init__(
        self,
        port: int = contract.FENCE_PORT,
        clock: Callable[[], float] = boot_seconds,
    ) -> None:
        self._clock = clock
        self._asked = clock() + contract.FENCE_START_SECONDS
        self.was_asked = False
        """The stage's container was seen running, by its kubelet's questions."""
        self.is_down = False
        """The fence has fallen: the stage is being ended."""
        self._server = _server(port, self._answer)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="stagekit-fence", daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, soon; returns at once."""
        threading.Thread(target=self._close, name="stagekit-fence-end", daemon=True).start()

    def lost(self, _silence: float) -> None:
        """From now on every answer is bad."""
        self.is_down = True

    def silence(self) -> float:
        """Seconds since the kubelet asked, or was to ask for the first time."""
        return self._clock() - self._asked

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self) -> int:
        self.was_asked = True
        self._asked = self._clock()
        return _LOST if self.is_down else _OK


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        if socket.has_dualstack_ipv6():
            self.address_family = socket.AF_INET6
        super().__init__(("::" if socket.has_dualstack_ipv6() else "", port), handler)

    def server_bind(self) -> None:
        """Hear both kinds of addresses: a Pod may have either."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that goes away is no news."""


def _server(port: int, answer: Callable[[], int]) -> _Server:
    class Handler(BaseHTTPRequestHandler):
        timeout = _CONNECTION_SECONDS

        def do_GET(self) -> None:
            known = self.path == contract.FENCE_PATH
            self.send_response(answer() if known else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Every five seconds the same line would help nobody."""

    return _Server(port, Handler)
