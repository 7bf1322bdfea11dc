"""Short exchanges: connections are used again, and answers come whole.

Each test runs on asyncio's own loop and on uvloop, which is the operator's.
"""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from stagework.cluster.client.exchange import KEPT_SECONDS, Answer
from tests.unit.cluster.loopback import Client, Loopback, Then, answer, loopback


async def test_a_connection_is_used_again(server: Loopback, client: Client) -> None:
    for target in ("/a", "/b", "/c"):
        assert await client.get(target) == Answer(200, None, target.encode())
    assert [request.connection for request in server.asked] == [0, 0, 0]


async def test_several_at_once_get_one_each(server: Loopback, client: Client) -> None:
    free = asyncio.Event()
    targets = [f"/{number}" for number in range(5)]
    for _ in targets:
        server.say(free, answer(b"here"))
    tasks = [client.begin(target) for target in targets]
    await server.asked_for(*targets)
    assert {request.connection for request in server.asked} == set(range(5))
    free.set()
    assert [(await task).body for task in tasks] == [b"here"] * 5
    assert (await client.get("/again")).body == b"/again"
    assert server.connections == 5


async def test_answers_are_those_of_the_requests_however_many_there_are(
    server: Loopback, client: Client
) -> None:
    async def worker(number: int) -> None:
        for count in range(20):
            target = f"/{number}/{count}"
            assert (await client.get(target)).body == target.encode()

    await asyncio.gather(*(worker(number) for number in range(8)))
    assert server.connections <= 8
    assert len(server.asked) == 8 * 20


async def test_the_request_is_sent_whole(server: Loopback) -> None:
    client = Client(f"{server.url}/below/")
    body = b"{}" * 1_000_000
    await client.patch("/a?b=c", body, "Authorization: Bearer t\r\n")
    await client.get("/a")
    client.exchanges.close()
    patch, get = server.asked
    assert patch.body == body
    assert patch.head.startswith("PATCH /below/a?b=c HTTP/1.1\r\n")
    lines = patch.head.splitlines()
    assert f"Host: {server.url.removeprefix('http://')}" in lines
    assert "Authorization: Bearer t" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert "Content-Length" not in get.head


async def test_an_idle_connection_that_the_server_closed_is_not_used(
    server: Loopback, client: Client
) -> None:
    server.say(answer(b"one"), Then.HANG_UP)
    assert (await client.get("/a")).body == b"one"
    await server.given_up(0)
    assert (await client.get("/b")).body == b"/b"
    assert [request.connection for request in server.asked] == [0, 1]


async def test_an_old_idle_connection_is_closed(server: Loopback, client: Client) -> None:
    await asyncio.gather(client.get("/a"), client.get("/b"))
    client.clock.now += KEPT_SECONDS + 1
    await client.get("/c")
    assert server.asked[2].connection == 2
    await server.given_up(0)
    await server.given_up(1)


async def test_connections_that_are_not_needed_grow_old(server: Loopback, client: Client) -> None:
    await asyncio.gather(client.get("/a"), client.get("/b"))
    used: list[int] = []
    for _ in range(5):
        client.clock.now += KEPT_SECONDS * 0.3
        await client.get("/c")
        used.append(server.asked[-1].connection)
    assert len(set(used)) == 1
    await server.given_up(1 - used[0])
    assert server.gone == {1 - used[0]}


@pytest.mark.parametrize("line", ["Connection: close", "connection: Close"])
async def test_a_server_that_says_close_is_believed(
    server: Loopback, client: Client, line: str
) -> None:
    server.say(answer(b"last", 200, line))
    assert (await client.get("/a")).body == b"last"
    await server.given_up(0)
    assert (await client.get("/b")).body == b"/b"
    assert server.asked[1].connection == 1


async def test_http_1_0_keeps_no_connection(server: Loopback, client: Client) -> None:
    server.say(answer(b"old").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert (await client.get("/a")).body == b"old"
    await server.given_up(0)


CHUNKS = b"6\r\nin chu\r\n3;x=y\r\nnks\r\n0\r\nTrailer: x\r\n\r\n"


async def test_an_answer_in_chunks_comes_whole(server: Loopback, client: Client) -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS
    server.say(whole)
    server.say(*(whole[at : at + 1] for at in range(len(whole))))
    for target in ("/a", "/b"):
        assert (await client.get(target)).body == b"in chunks"
    assert server.connections == 1


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_may_have_no_body(server: Loopback, client: Client, status: int) -> None:
    server.say(f"HTTP/1.1 {status} Nothing\r\n\r\n".encode())
    assert await client.get("/a") == Answer(status, None, b"")
    assert (await client.get("/b")).body == b"/b"
    assert server.connections == 1


async def test_megabytes_come_whole(server: Loopback, client: Client) -> None:
    body = bytes(range(256)) * 20_000
    server.say(answer(body))
    assert (await client.get("/a")).body == body


async def test_what_comes_before_the_answer_is_passed_over(
    server: Loopback, client: Client
) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n"
    server.say(b"HTTP/1.1 100 Continue\r\n\r\n", hints, answer(b"now"))
    assert await client.get("/a") == Answer(200, None, b"now")
    assert (await client.get("/b")).body == b"/b"
    assert server.connections == 1


async def test_retry_after_is_read(server: Loopback, client: Client) -> None:
    server.say(answer(b"later", 429, "retry-AFTER:  7 "))
    assert await client.get("/a") == Answer(429, "7", b"later")
    assert await client.get("/b") == Answer(200, None, b"/b"), "it belongs to one answer"


NAME = "stagework.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the key and the certificate of `NAME`, which signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 "
        f"-keyout {folder}/key -out {folder}/crt -subj /CN={NAME} "
        f"-addext subjectAltName=DNS:{NAME}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return folder


@pytest_asyncio.fixture
async def secured(certificate: Path) -> AsyncGenerator[Loopback]:
    """A server that speaks TLS."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate / "crt", certificate / "key")
    async with loopback(tls) as made:
        yield made


async def test_tls_goes_by_the_name_in_the_certificate(
    secured: Loopback, certificate: Path
) -> None:
    trust = ssl.create_default_context(cafile=str(certificate / "crt"))
    client = Client(secured.url, trust, NAME)
    for target in ("/a", "/b"):
        assert (await client.get(target)).body == target.encode()
    assert secured.connections == 1
    client.exchanges.close()
    with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.1"):
        await Client(secured.url, trust).get("/c")
    with pytest.raises(ssl.SSLCertVerificationError):
        await Client(secured.url, None, NAME).get("/d")
    assert [request.target for request in secured.asked] == ["/a", "/b"]
