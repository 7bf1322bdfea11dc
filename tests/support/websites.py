"""An https server on loopback with a certificate of its own, and what fetches from it alone."""

import http.server
import ssl
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stagework.web.https_input import HttpsSource


@dataclass
class Website:
    """What it answers, path by path, each with an ETag."""

    port: int = 0
    trust: ssl.SSLContext | None = None
    pages: dict[str, bytes] = field(default_factory=dict[str, bytes])
    answered: list[int] = field(default_factory=list[int])
    """Status of each answer."""

    def url(self, path: str) -> str:
        return f"https://localhost:{self.port}{path}"

    def source(self, limit: int) -> HttpsSource:
        """Fetches from it, though it is on this machine."""
        hosts = (f"localhost:{self.port}",)
        return HttpsSource(hosts, limit, context=self.trust, forbidden_address=_none)


@contextmanager
def website(folder: Path) -> Generator[Website]:
    """Serve until the end of the block."""
    certify(folder)
    site = Website(trust=ssl.create_default_context(cafile=str(folder / "crt")))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = site.pages.get(self.path)
            etag = f'"{hash(page)}"'
            same = page is not None and self.headers.get("If-None-Match") == etag
            status = 404 if page is None else 304 if same else 200
            site.answered.append(status)
            self.send_response(status)
            if status == 200 and page is not None:
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            if status == 200 and page is not None:
                self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody reads it."""

    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "crt", folder / "key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = serving.wrap_socket(server.socket, server_side=True)
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certify(folder: Path, host: str = "localhost") -> None:
    """A certificate of its own, for this machine or another host."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 "
        f"-keyout {folder}/key -out {folder}/crt -subj /CN=site "
        f"-addext subjectAltName=DNS:{host}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)


def _none(text: str, *, internal: bool) -> bool:
    """No address is forbidden: these sites are on loopback."""
    return False
