"""Inputs from outside: from allowed hosts only, and never from this machine."""

import http.server
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagework.web.errors import ProblemError
from stagework.web.https_input import HttpsSource, check_url, is_forbidden_address

HOSTS = ("pictures.example.org", "other.example.org:8443")


@pytest.mark.parametrize(
    "url",
    [
        "https://pictures.example.org/a/b.png?size=1",
        "https://PICTURES.example.org./a",
        "https://pictures.example.org:443/a",
        "https://other.example.org:8443/a",
    ],
)
def test_allowed_hosts(url: str) -> None:
    assert check_url(url, HOSTS).host in {"pictures.example.org", "other.example.org"}


def test_the_files_name_is_the_last_segment() -> None:
    assert check_url("https://pictures.example.org/a/%ED%95%9C.png?x", HOSTS).name == "한.png"
    assert check_url("https://pictures.example.org", HOSTS).name == "input"


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example.org/a",
        "file:///etc/passwd",
        "https://evil.org/a",
        "https://pictures.example.org.evil.org/a",
        "https://evil.org/pictures.example.org",
        "https://evil.org#pictures.example.org",
        "https://pictures.example.org@evil.org/a",
        "https://user:pw@pictures.example.org/a",
        "https://pictures.example.org:8443/a",
        "https://other.example.org/a",
        "https://pictures.example.org:99999/a",
        "https:///a",
        "https://pictures.example.org/a b",
        "https://pictures.example.org/a\r\nHost: evil",
        "https://pictures.example.org/한",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(ProblemError) as caught:
        check_url(url, HOSTS)
    assert caught.value.status in (400, 403)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "0.0.0.0",  # noqa: S104
        "::",
        "224.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "255.255.255.255",
    ],
)
def test_addresses_of_this_machine_and_link_are_forbidden(address: str) -> None:
    assert is_forbidden_address(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "10.1.2.3", "2606:2800:220:1::1"])
def test_other_addresses_may_be_reached(address: str) -> None:
    assert not is_forbidden_address(address)


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        moves = {
            "/moved": "/a.png",
            "/away": "https://evil.example.org/a.png",
            "/inside": "http://169.254.169.254/",
            "/loop": "/loop",
        }
        if self.path in moves:
            self.send_response(302)
            self.send_header("Location", moves[self.path])
            self.end_headers()
            return
        if self.path in ("/503", "/404"):
            self.send_error(int(self.path[1:]))
            return
        assert self.headers.get("Authorization") is None
        self.send_response(200)
        if self.path == "/big":
            self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * (1000 if self.path in ("/big", "/endless") else 10))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, ssl.SSLContext]]:
    """An https server on loopback with a certificate of its own."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 "
        f"-keyout {folder}/key -out {folder}/crt -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "crt", folder / "key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.socket = serving.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port, ssl.create_default_context(cafile=str(Path(folder) / "crt"))
    server.shutdown()
    thread.join()
    server.server_close()


def source(site: tuple[int, ssl.SSLContext], *, guarded: bool = False) -> HttpsSource:
    port, context = site
    hosts = (f"localhost:{port}",)
    if guarded:
        return HttpsSource(hosts, 100, context=context)
    return HttpsSource(hosts, 100, context=context, forbidden_address=lambda _: False)


async def test_a_file_comes_with_its_name_also_over_a_redirect(
    site: tuple[int, ssl.SSLContext],
) -> None:
    for path in ("/a.png", "/moved"):
        fetched = await source(site).fetch(f"https://localhost:{site[0]}{path}")
        assert b"".join([chunk async for chunk in fetched.chunks]) == b"x" * 10
        assert fetched.name == path[1:]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/away", 403), ("/inside", 400), ("/loop", 424), ("/404", 424), ("/503", 503), ("/big", 413)],
)
async def test_what_a_server_may_not_do(
    site: tuple[int, ssl.SSLContext], path: str, status: int
) -> None:
    with pytest.raises(ProblemError) as caught:
        await source(site).fetch(f"https://localhost:{site[0]}{path}")
    assert caught.value.status == status


async def test_a_file_without_a_length_is_cut_at_the_limit(
    site: tuple[int, ssl.SSLContext],
) -> None:
    fetched = await source(site).fetch(f"https://localhost:{site[0]}/endless")
    with pytest.raises(OSError, match="larger"):
        _ = [chunk async for chunk in fetched.chunks]


async def test_a_name_that_points_to_this_machine_is_refused(
    site: tuple[int, ssl.SSLContext],
) -> None:
    with pytest.raises(ProblemError) as caught:
        await source(site, guarded=True).fetch(f"https://localhost:{site[0]}/a.png")
    assert caught.value.status == 403


async def test_an_address_is_judged_by_what_the_name_resolves_to_once(
    site: tuple[int, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    real = socket.getaddrinfo

    def counted(*arguments: object, **more: object) -> object:
        asked.append(arguments[0])
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("stagework.web.https_input.socket.getaddrinfo", counted)
    fetched = await source(site).fetch(f"https://localhost:{site[0]}/a.png")
    _ = [chunk async for chunk in fetched.chunks]
    assert asked.count("localhost") == 1
