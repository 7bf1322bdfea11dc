"""Connections within one event loop, with no socket: what is written is there at the next turn.

In the order in which it was written, and at once as time goes: so a world of virtual time never
waits for the kernel, and is the same each time that it is played. Servers listen on addresses that
exist in their loop only; every other address is a real one.
"""

import asyncio
import itertools
import selectors
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

Address = tuple[str, int]
MakeProtocol = Callable[[], asyncio.BaseProtocol]
FIRST_PORT: Final = 40_000
_CLIENT: Final = ("127.0.0.1", 30_000)


class _End(asyncio.Transport):
    """One end of a connection."""

    peer: "_End"

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.BaseProtocol, own: Address
    ) -> None:
        super().__init__()
        self.own = own
        self._loop = loop
        self._protocol = protocol
        self._arrived: deque[bytes | None] = deque()
        """None: the other end writes no more."""
        self._paused = False
        self._closing = False
        self._lost = False
        self._woken = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": self.own, "peername": self.peer.own}.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return not (self._paused or self._closing)

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._wake()

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        if data and not self._closing:
            self.peer.arrive(bytes(data))

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits to be written, ever."""

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(ConnectionResetError("the other end has cut the connection"))

    def arrive(self, data: bytes | None) -> None:
        """The other end has written something, or will write no more."""
        self._arrived.append(data)
        self._wake()

    def lose(self, error: Exception | None) -> None:
        """The connection is gone."""
        if not self._lost:
            self._lost = self._closing = True
            self._arrived.clear()
            self._protocol.connection_lost(error)

    def _end(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        if error is None:
            self.peer.arrive(None)
        else:
            self._loop.call_soon(self.peer.lose, error)
        self._loop.call_soon(self.lose, None)

    def _wake(self) -> None:
        if self._arrived and not (self._woken or self._paused or self._closing):
            self._woken = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._woken = False
        protocol = self._protocol
        assert isinstance(protocol, asyncio.Protocol)
        while self._arrived and not (self._paused or self._closing):
            data = self._arrived.popleft()
            if data is not None:
                protocol.data_received(data)
            elif not protocol.eof_received():
                self.close()


class _Listening:
    """What stands for the socket of a server."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def getsockname(self) -> Address:
        return self._address


class MemoryServer:
    """A server of one network."""

    def __init__(self, network: "MemoryNetwork", address: Address, make: MakeProtocol) -> None:
        self.make = make
        self.sockets = (_Listening(address),)
        self._network = network
        self._address = address

    def close(self) -> None:
        self._network.servers.pop(self._address, None)

    def is_serving(self) -> bool:
        return self._network.servers.get(self._address) is self

    async def wait_closed(self) -> None:
        """Its connections are the business of whoever has made its protocols."""


class MemoryNetwork:
    """The servers of one loop, and the way to them."""

    def __init__(self) -> None:
        self.servers: dict[Address, MemoryServer] = {}
        self._known: set[Address] = set()
        self._ports = itertools.count(FIRST_PORT)
        self._dialled: WeakKeyDictionary[socket.socket, Address] = WeakKeyDictionary()

    def listen(self, make: MakeProtocol, host: str, port: int) -> MemoryServer:
        """A server at the address; port 0: at one that is free."""
        address = (host, port or next(self._ports))
        if address in self.servers:
            raise OSError(f"{address} is in use")
        self._known.add(address)
        server = self.servers[address] = MemoryServer(self, address, make)
        return server

    def knows(self, address: object) -> bool:
        """Whether somebody listens there, or has."""
        return address in self._known

    def dial(self, sock: socket.socket, address: Address) -> None:
        """From now on the socket stands for a way to that address of ours."""
        self._dialled[sock] = address

    def dialled(self, sock: socket.socket | None) -> Address | None:
        """Which of our addresses the socket stands for."""
        return self._dialled.pop(sock, None) if sock is not None else None

    def connect(
        self, loop: asyncio.AbstractEventLoop, address: Address, make: MakeProtocol
    ) -> tuple[asyncio.Transport, Any]:
        """A connection to a server; raises ConnectionRefusedError where there is none."""
        server = self.servers.get(address)
        if server is None:
            raise ConnectionRefusedError(f"nobody listens at {address}")
        protocol, answering = make(), server.make()
        near, far = _End(loop, protocol, _CLIENT), _End(loop, answering, address)
        near.peer, far.peer = far, near
        answering.connection_made(far)
        protocol.connection_made(near)
        return near, protocol


class MemoryNetworkLoop(asyncio.SelectorEventLoop):
    """A loop whose plain servers are in memory; every other address gets a real socket."""

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        super().__init__(selector)
        self.network = MemoryNetwork()

    async def create_server(self, *args: Any, **how: Any) -> Any:
        """As asyncio's: of a factory of protocols, a host and a port."""
        make, host, port = _endpoint(args, how)
        if isinstance(host, str) and how.get("ssl") is None:
            return self.network.listen(make, host, port or 0)
        return await super().create_server(*args, **how)

    async def create_connection(self, *args: Any, **how: Any) -> Any:
        """As asyncio's: of a factory of protocols, and a host and a port, or a socket."""
        make, host, port = _endpoint(args, how)
        sock: socket.socket | None = how.get("sock")
        address = self.network.dialled(sock)
        if address is not None and sock is not None:
            sock.close()
        elif self.network.knows((host, port)):
            address = (host, port)
        if address is None:
            return await super().create_connection(*args, **how)
        return self.network.connect(self, address, make)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """As asyncio's."""
        if self.network.knows(address):
            self.network.dial(sock, address)
        else:
            await super().sock_connect(sock, address)


def _endpoint(args: tuple[Any, ...], how: dict[str, Any]) -> tuple[MakeProtocol, Any, Any]:
    given: list[Any] = [*args, how.get("host"), how.get("port")]
    return given[0], given[1], given[2]
