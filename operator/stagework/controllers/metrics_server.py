"""The port of the metrics, which anybody may reach: few connections, none for long.

`prometheus_client` would start a thread for everybody who connects, and wait without end for what
they ask.
"""

import contextlib
import socket
import threading
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import prometheus_client
from prometheus_client import CollectorRegistry

from stagework.policies.shares import Shares

AT_ONCE: Final = 8
"""Connections at once, each with a thread; the next one is ended unanswered."""
PER_PEER: Final = 2
"""Of these so many of one address."""
SECONDS: Final = 10.0
"""One is ended after so long, whatever has been asked and answered by then."""

# What it makes has no types.
_untyped: Any = prometheus_client


class BoundedServer(WSGIServer):
    """Serves a few at once, each in a thread of its own."""

    seconds = SECONDS

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._lock = threading.Lock()
        self._shares = Shares(AT_ONCE, PER_PEER)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve one, or end it at once."""
        peer = str(client_address[0])
        with self._lock:
            is_taken = self._shares.take(peer)
        if not is_taken:
            self.shutdown_request(request)
            return
        threading.Thread(target=self._serve, args=(request, client_address), daemon=True).start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        peer = str(client_address[0])
        timer = threading.Timer(self.seconds, _end, [request])
        timer.daemon = True
        timer.start()
        try:
            # Whoever has gone by now hears nothing: that is no fault of ours.
            with contextlib.suppress(OSError):
                self.finish_request(request, client_address)
        finally:
            timer.cancel()
            self.shutdown_request(request)
            with self._lock:
                self._shares.give_back(peer)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nobody reads it."""


def start(port: int, registry: CollectorRegistry, host: str = "0.0.0.0") -> BoundedServer:  # noqa: S104
    """Serve `/metrics` from now on, in threads that end with the process."""
    app = _untyped.make_wsgi_app(registry)
    server = make_server(host, port, app, server_class=BoundedServer, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _end(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
