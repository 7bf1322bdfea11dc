"""An S3-compatible server of the tests' own, on loopback, its buckets in a folder; ends with its
block.

It is a real one (versitygw), not ours: what we take S3 to be is held against it. Each folder right
below `buckets` is a bucket, each file in it an object, so that thousands of them are made at once.
"""

import hashlib
import http.client
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hack.devcluster import go_programs
from hack.devcluster.commands import find_program

START_SECONDS: Final = 30
STOP_SECONDS: Final = 10
POLL_SECONDS: Final = 0.02
HEALTH: Final = "/health-of-the-server"
REGION: Final = "us-east-1"


@dataclass
class S3Server:
    """A server, running or stopped; its objects outlive both."""

    program: Path
    folder: Path
    port: int
    key_id: str = "tests"
    secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def buckets(self) -> Path:
        """What it serves."""
        return self.folder / "buckets"

    def start(self) -> None:
        """Until it answers; one that runs goes on."""
        if self._process is not None:
            return
        self.buckets.mkdir(exist_ok=True)
        (self.folder / "attributes").mkdir(exist_ok=True)
        # Attributes beside the objects: not every file system of a temporary folder has them.
        flags = ["--port", f"127.0.0.1:{self.port}", "--health", HEALTH, "--region", REGION]
        backend = ["posix", "--sidecar", str(self.folder / "attributes"), str(self.buckets)]
        # With its parent dead, and no chance to clean up, it shall not stay.
        setpriv = find_program("setpriv")
        prefix = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*prefix, str(self.program), *flags, "--quiet", *backend],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"ROOT_ACCESS_KEY_ID": self.key_id, "ROOT_SECRET_ACCESS_KEY": self.secret},
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            over = self._process.poll() is not None or time.monotonic() > until
            assert not over, (self.folder / "log").read_text()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """At once: whoever is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(STOP_SECONDS)
            self._process = None

    def bucket(self, name: str = "") -> "Bucket":
        """A new, empty one."""
        made = Bucket(self, name or f"bucket-{secrets.token_hex(4)}")
        made.folder.mkdir()
        return made

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", HEALTH)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True)
class Bucket:
    """A bucket of a server, which may be stopped."""

    server: S3Server
    name: str

    @property
    def folder(self) -> Path:
        """Where its objects are."""
        return self.server.buckets / self.name

    def lay(self, key: str, content: bytes) -> None:
        """An object, laid down behind the server's back."""
        file = self.folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def lay_numbered(self, form: str, count: int) -> list[str]:
        """So many small ones, quickly; `form` makes a key of a number."""
        keys = [form.format(number) for number in range(count)]
        for parent in {(self.folder / key).parent for key in keys}:
            parent.mkdir(parents=True, exist_ok=True)
        for key in keys:
            (self.folder / key).write_bytes(key.encode())
        return keys

    def lay_folder_mark(self, key: str) -> None:
        """What consoles leave for a folder: an empty object whose key ends with a slash."""
        (self.folder / key).mkdir(parents=True)
        attributes = self.server.folder / "attributes" / self.name / key / "meta"
        attributes.mkdir(parents=True)
        (attributes / "etag").write_text(hashlib.md5(b"").hexdigest())  # noqa: S324

    def laid(self) -> list[str]:
        """Of all its objects, as they lie there; what the server keeps for itself is none."""
        files = (path.relative_to(self.folder).as_posix() for path in _files(self.folder))
        return sorted(key for key in files if not key.startswith(".sgwtmp/"))

    def unfinished(self) -> list[str]:
        """Parts of uploads that were neither completed nor given up."""
        folder = self.folder / ".sgwtmp" / "multipart"
        return sorted(path.relative_to(folder).as_posix() for path in _files(folder))

    def settings(self, keys: Path, **change: Any) -> dict[str, Any]:
        """As the product's settings name it; `keys`: a folder for the files with the keys."""
        keys.mkdir(parents=True, exist_ok=True)
        (keys / "accessKeyId").write_text(f"{self.server.key_id}\n")
        (keys / "secretAccessKey").write_text(f"{self.server.secret}\n")
        return {
            "endpoint": self.server.endpoint,
            "bucket": self.name,
            "region": REGION,
            "accessKeyIdFile": str(keys / "accessKeyId"),
            "secretAccessKeyFile": str(keys / "secretAccessKey"),
            **change,
        }


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@contextmanager
def s3_server() -> Generator[S3Server]:
    """A running server; everything of it goes with the block."""
    program = go_programs.tool_of(go_programs.S3_SERVER)
    folder = Path(tempfile.mkdtemp(prefix="stagework-s3-"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    server = S3Server(program, folder, port)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
