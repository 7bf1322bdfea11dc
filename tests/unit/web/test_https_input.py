"""Inputs from outside: from allowed hosts only, and never from this machine."""

import asyncio
import http.client
import http.server
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from stagework.web.errors import ProblemError
from stagework.web.https_addresses import check_url, is_forbidden_address
from stagework.web.https_input import FetchLimits, HttpsSource
from tests.unit.web.service import running

Site = tuple[int, ssl.SSLContext]
"""Port of a server, and what trusts it."""

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


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:220:1::1"])
def test_global_addresses_may_be_reached(address: str) -> None:
    assert not is_forbidden_address(address)


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "64:ff9b::a01:203"],
)
def test_those_of_the_own_network_are_for_hosts_that_are_listed_as_internal(address: str) -> None:
    assert is_forbidden_address(address)
    assert not is_forbidden_address(address, internal=True)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1", "2002:7f00:1::1"]
)
def test_no_list_opens_this_machine_or_its_link(address: str) -> None:
    assert is_forbidden_address(address, internal=True)


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
        assert not {"authorization", "cookie", "user-agent"} & {n.lower() for n in self.headers}
        self.send_response(200)
        self.send_header("Set-Cookie", "a=b")
        announced = {"/big": "1000", "/short": "20"}.get(self.path)
        if announced is not None:
            self.send_header("Content-Length", announced)
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if self.path.startswith("/echo"):
            self.wfile.write(self.path.encode())
            return
        self.wfile.write(b"x" * (1000 if self.path in ("/big", "/endless") else 10))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
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


def opened_source(
    site: Site, host: str, forbidden: Callable[[str], bool], limits: FetchLimits | None = None
) -> HttpsSource:
    port, context = site

    def judged(text: str, *, internal: bool) -> bool:
        assert not internal
        return forbidden(text)

    hosts = (f"{host}:{port}",)
    return HttpsSource(hosts, 100, context=context, forbidden_address=judged, limits=limits)


@asynccontextmanager
async def source(
    site: Site,
    host: str = "localhost",
    forbidden: Callable[[str], bool] = lambda _: False,
    limits: FetchLimits | None = None,
) -> AsyncGenerator[HttpsSource]:
    """A source that may fetch from that host, and 100 bytes at most."""
    opened = opened_source(site, host, forbidden, limits)
    yield opened
    await opened.close()


async def fetched(opened: HttpsSource, url: str) -> bytes:
    """The whole file."""
    return b"".join([chunk async for chunk in (await opened.fetch(url)).chunks])


class Names:
    """Stands in for the system's resolver: each question gets the next list of addresses."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self._system = socket.getaddrinfo
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host != "localhost":
            return self._system(host, port, *rest, **more)
        self.asked.append(host)
        stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*stream, (address, port)) for address in self._answers.pop(0)]


METADATA = "169.254.169.254"


async def test_a_file_comes_with_its_name_also_over_a_redirect(site: Site) -> None:
    async with source(site) as opened:
        for path in ("/a.png", "/moved"):
            download = await opened.fetch(f"https://localhost:{site[0]}{path}")
            assert b"".join([chunk async for chunk in download.chunks]) == b"x" * 10
            assert download.name == path[1:]


async def test_an_address_reaches_the_server_as_it_is_written(site: Site) -> None:
    path = "/echo/%ED%95%9C%2Fb+c?q=%20a&b=%3D#part"
    async with source(site) as opened:
        echoed = await fetched(opened, f"https://localhost:{site[0]}{path}")
    assert echoed.decode() == path.partition("#")[0]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/away", 403), ("/inside", 400), ("/loop", 424), ("/404", 424), ("/503", 503), ("/big", 413)],
)
async def test_what_a_server_may_not_do(site: Site, path: str, status: int) -> None:
    async with source(site) as opened:
        with pytest.raises(ProblemError) as caught:
            await opened.fetch(f"https://localhost:{site[0]}{path}")
    assert caught.value.status == status


async def test_a_file_without_a_length_is_cut_at_the_limit(site: Site) -> None:
    async with source(site) as opened:
        with pytest.raises(OSError, match="larger"):
            await fetched(opened, f"https://localhost:{site[0]}/endless")


async def test_a_file_that_is_shorter_than_announced_is_no_file(site: Site) -> None:
    async with source(site) as opened:
        with pytest.raises(aiohttp.ClientPayloadError):
            await fetched(opened, f"https://localhost:{site[0]}/short")


async def test_a_packed_file_stays_as_it_is(site: Site) -> None:
    async with source(site) as opened:
        assert await fetched(opened, f"https://localhost:{site[0]}/packed") == b"x" * 10


async def test_a_server_that_nobody_can_trust_or_reach_is_tried_later(site: Site) -> None:
    untrusting = (site[0], ssl.create_default_context())
    with socket.create_server(("127.0.0.1", 0)) as unused:
        closed_port = unused.getsockname()[1]
    for one in (untrusting, (closed_port, site[1])):
        async with source(one) as opened:
            with pytest.raises(ProblemError, match="cannot be reached") as caught:
                await opened.fetch(f"https://localhost:{one[0]}/a.png")
        assert caught.value.status == 503


async def test_a_name_that_nobody_knows_is_tried_later(site: Site) -> None:
    async with source(site, "nowhere.invalid") as opened:
        with pytest.raises(ProblemError, match="has no address") as caught:
            await opened.fetch(f"https://nowhere.invalid:{site[0]}/a.png")
    assert caught.value.status == 503


async def test_no_proxy_of_the_environment_comes_between(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with source(site) as opened:
        assert await fetched(opened, f"https://localhost:{site[0]}/a.png") == b"x" * 10


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_host_that_is_this_machine_is_refused_by_name_and_by_address(
    site: Site, host: str
) -> None:
    async with source(site, host.strip("[]"), is_forbidden_address) as opened:
        with pytest.raises(ProblemError) as caught:
            await opened.fetch(f"https://{host}:{site[0]}/a.png")
    assert caught.value.status == 403


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1"])
async def test_another_spelling_of_this_machine_gets_nowhere(site: Site, host: str) -> None:
    async with source(site, host, is_forbidden_address) as opened:
        with pytest.raises(ProblemError) as caught:
            await opened.fetch(f"https://{host}:{site[0]}/a.png")
    assert caught.value.status in (403, 503)


async def test_one_forbidden_address_among_several_is_enough(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", Names(["127.0.0.1", METADATA]))
    async with source(site, forbidden=METADATA.__eq__) as opened:
        with pytest.raises(ProblemError) as caught:
            await opened.fetch(f"https://localhost:{site[0]}/a.png")
    assert caught.value.status == 403


async def test_a_name_that_changes_its_mind_after_it_was_judged_changes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(["127.0.0.1"], [METADATA])
    monkeypatch.setattr("socket.getaddrinfo", names)
    async with source(site, forbidden=METADATA.__eq__) as opened:
        assert await fetched(opened, f"https://localhost:{site[0]}/a.png") == b"x" * 10
    assert names.asked == ["localhost"]


async def test_a_redirect_is_judged_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", Names(["127.0.0.1"], [METADATA]))
    async with source(site, forbidden=METADATA.__eq__) as opened:
        with pytest.raises(ProblemError) as caught:
            await opened.fetch(f"https://localhost:{site[0]}/moved")
    assert caught.value.status == 403


async def test_an_internal_host_has_what_no_other_has(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def judged(text: str, *, internal: bool) -> bool:
        assert text in ("127.0.0.1", "::1")
        asked.append(internal)
        return not internal

    host = f"localhost:{site[0]}"
    for listed, status in ((), 403), ((host,), 200):
        opened = HttpsSource(
            (host,), 100, internal_hosts=listed, context=site[1], forbidden_address=judged
        )
        if status == 200:
            assert await fetched(opened, f"https://{host}/a.png") == b"x" * 10
        else:
            with pytest.raises(ProblemError) as caught:
                await opened.fetch(f"https://{host}/a.png")
            assert (caught.value.status, "artifacts.internalHosts" in caught.value.hint) == (
                403,
                True,
            )
        await opened.close()
    assert {True, False} == set(asked)


async def test_a_namespace_fetches_so_many_at_once_and_others_have_theirs(site: Site) -> None:
    url = f"https://localhost:{site[0]}/a.png"
    async with source(site, limits=FetchLimits(at_once=3, of_namespace=2)) as opened:
        first, second = await opened.fetch(url, "noisy"), await opened.fetch(url, "noisy")
        with pytest.raises(ProblemError) as caught:
            await opened.fetch(url, "noisy")
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (429, "5")
        third = await opened.fetch(url, "quiet")
        with pytest.raises(ProblemError):
            await opened.fetch(url, "another")
        for download in (first, second, third):
            assert b"".join([chunk async for chunk in download.chunks]) == b"x" * 10
        assert await fetched(opened, url) == b"x" * 10


async def is_taken(opened: HttpsSource, url: str) -> bool:
    """Whether there is a turn for one more."""
    try:
        await opened.fetch(url)
    except ProblemError as problem:
        return problem.status != 429
    return True


async def test_what_nobody_reads_ends_with_its_time(site: Site) -> None:
    url = f"https://localhost:{site[0]}/a.png"
    async with source(site, limits=FetchLimits(at_once=1, of_namespace=1, seconds=0.1)) as opened:
        await opened.fetch(url)
        for _ in range(1000):
            if await is_taken(opened, url):
                return
            await asyncio.sleep(0.01)
        pytest.fail("its turn never ends")


async def test_a_refused_file_frees_its_turn(site: Site) -> None:
    async with source(site, limits=FetchLimits(at_once=1, of_namespace=1)) as opened:
        for path in ("/404", "/503", "/big", "/away", "/404"):
            with pytest.raises(ProblemError) as caught:
                await opened.fetch(f"https://localhost:{site[0]}{path}")
            assert caught.value.status != 429


def test_a_source_that_ends_early_is_a_cut_answer_and_no_traceback(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = opened_source(site, "localhost", lambda _: False)
    with running(tmp_path / "volume", https=opened) as service:
        run = service.cluster.run(uri=f"https://localhost:{site[0]}/short")
        token = service.cluster.stage_pod(run, "ocr", "pod-1")
        with pytest.raises(http.client.IncompleteRead):
            service.ask("GET", "/v1/input", token)
        assert service.ask("GET", "/livez").status == 200
    assert "an answer was cut off" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]
