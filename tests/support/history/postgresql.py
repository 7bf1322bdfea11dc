"""A PostgreSQL server of the tests' own, on loopback, its data in a folder; ends with its block.

It refuses to run as root: then it runs as the user that Debian's package has made. What the tests
get is a role with the rights that docs/history.md tells people to give, and a database for each.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg2

from stagework.settings import HistorySettings, PostgresSettings

ROLE: Final = "stagework"
ADMIN: Final = "postgres"
START_SECONDS: Final = 60
_RIGHTS: Final = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
_PROGRAMS: Final = Path("/usr/lib/postgresql")


def _program(name: str) -> str:
    """Of the newest version that is there."""
    found = sorted(_PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if found:
        return str(found[-1])
    on_path = shutil.which(name)
    assert on_path is not None, f"{name} is missing: make venv installs Debian's postgresql"
    return on_path


def _user() -> int | None:
    """As whom it runs; None: as ourselves."""
    return pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None


def _group() -> int | None:
    return pwd.getpwnam("postgres").pw_gid if os.geteuid() == 0 else None


def certify(certificate: Path, key: Path) -> None:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", *kind, *names, *files]
    subprocess.run(command, capture_output=True, check=True)
    key.chmod(0o600)


@dataclass
class Server:
    """A server, running or stopped; its databases outlive both."""

    folder: Path
    port: int
    durable: bool = False
    """Every commit is on the disk before it is answered, as people run it."""
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    _databases: int = 0
    _logins: set[str] = field(default_factory=set[str])
    _process: subprocess.Popen[bytes] | None = None

    @property
    def certificate(self) -> Path:
        """Its own, signed by itself, for 127.0.0.1."""
        return self.folder / "server.crt"

    def start(self) -> None:
        """Until it takes connections."""
        flags = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "fsync": "on" if self.durable else "off",
            "log_min_messages": "fatal",
            "ssl": "on",
            "ssl_cert_file": str(self.certificate),
            "ssl_key_file": str(self.folder / "server.key"),
        }
        options = [part for name, value in flags.items() for part in ("-c", f"{name}={value}")]
        command = [_program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [*command, *options],
            cwd=self.folder,
            stdout=log,
            stderr=log,
            user=_user(),
            group=_group(),
        )
        log.close()
        ready = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait = f'for _ in $(seq {START_SECONDS * 20}); do "$@" && exit; sleep 0.05; done; exit 1'
        done = subprocess.run(["sh", "-c", wait, "-", *ready], check=False)
        assert done.returncode == 0, (self.folder / "log").read_text()

    def stop(self) -> None:
        """At once: whoever is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_SECONDS)
            self._process = None

    def freeze(self) -> None:
        """It hangs: connections stay, and nothing is answered."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal_all(signal.SIGCONT)

    def database(self) -> HistorySettings:
        """Settings of a new, empty one."""
        self._databases += 1
        name = f"history_{self._databases}"
        self._admin(f"CREATE DATABASE {name} OWNER {ROLE}")
        secret = self.folder / "password"
        secret.write_text(f"{self.password}\n")
        postgresql = PostgresSettings(
            host="127.0.0.1",
            port=self.port,
            database=name,
            user=ROLE,
            passwordFile=str(secret),
            connectTimeoutSeconds=2,
        )
        return HistorySettings(postgresql=postgresql)

    def login(self, role: str) -> None:
        """Make a role that may log in with the same password, and nothing else; once."""
        if role not in self._logins:
            self._logins.add(role)
            self._admin(f"CREATE ROLE {role} {_RIGHTS} PASSWORD '{self.password}'")

    def make(self) -> None:
        """An empty server with a role that may log in, and nothing else."""
        user, group = _user(), _group()
        if user is not None and group is not None:
            os.chown(self.folder, user, group)
        secret = self.folder / "admin"
        secret.write_text(self.password)
        secret.chmod(0o644)
        command = [_program("initdb"), "-D", str(self.folder / "data"), "-U", ADMIN]
        command += ["-A", "scram-sha-256", "--pwfile", str(secret), "--no-sync"]
        command += ["-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8"]
        quiet = subprocess.DEVNULL
        subprocess.run(command, cwd=self.folder, stdout=quiet, check=True, user=user, group=group)
        certify(self.certificate, self.folder / "server.key")
        if user is not None:
            shutil.chown(self.folder / "server.key", user)
        self.start()
        self.login(ROLE)

    def _admin(self, statement: str) -> None:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=ADMIN, password=self.password, dbname="postgres"
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        parent = self._process.pid
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for pid in (parent, *map(int, listed)):
            os.kill(pid, number)


@contextmanager
def postgresql(*, durable: bool = False) -> Generator[Server]:
    """A running server; everything of it goes with the block."""
    folder = Path(tempfile.mkdtemp(prefix="stagework-postgresql-"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    server = Server(folder, port, durable)
    try:
        server.make()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
