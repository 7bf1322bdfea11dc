"""A witness that neither the operator nor the API server can write to: it hears the programs of
stages themselves, once a second, and remembers when, by its own clock, and from where.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from tests.support.cluster.commands import Document
from tests.support.cluster.injection import container
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import shell
from tests.support.cluster.waiting import eventually

NAME = "witness"
_PORT = 8080
_HEARS: Final = """
import http.server, sys, time
beats = []
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        beats.append(f"{time.monotonic():.1f} {self.client_address[0]} {text}")
        self.send_response(204)
        self.end_headers()
    def do_GET(self):
        body = "\\n".join(beats).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
_SPEAKS: Final = """
import os, signal, sys, time, urllib.request
def end(*_):
    sys.exit(0 if GRACEFUL else 143)
signal.signal(signal.SIGTERM, end)
names = ("STAGEWORK_RUN", "STAGEWORK_STAGE", "STAGEWORK_ATTEMPT", "STAGEWORK_POD_UID")
who = " ".join(os.environ[name] for name in names)
for beat in range(BEATS):
    try:
        urllib.request.urlopen(URL, data=f"{who} {beat}".encode(), timeout=1).close()
    except OSError:
        pass
    time.sleep(1)
sys.exit(EXIT_CODE)
"""


@dataclass(frozen=True)
class Beat:
    """One word of a stage's program."""

    seconds: float
    """When it was heard, by the witness's clock."""
    run: str
    stage: str
    pod: str
    """Its uid."""


def beats_in(text: str) -> list[Beat]:
    """What the witness has written down; address and attempt are for who reads that."""
    words = (line.split() for line in text.splitlines())
    return [Beat(float(w[0]), run=w[2], stage=w[3], pod=w[5]) for w in words]


def copies_at_once(beats: Iterable[Beat], run: str, stage: str) -> int:
    """How many processes of one stage were at work at the same moment, at most.

    Each from its first word to its last: one that is frozen meanwhile is at work all the same.
    """
    heard: dict[str, list[float]] = defaultdict(list)
    for beat in beats:
        if (beat.run, beat.stage) == (run, stage):
            heard[beat.pod].append(beat.seconds)
    spans = [(min(moments), max(moments)) for moments in heard.values()]
    return max((sum(a <= begin <= b for a, b in spans) for begin, _ in spans), default=0)


class Witness:
    """In the story's own namespace, on a node to which nothing is done."""

    def __init__(self, space: Space, node: str) -> None:
        self._space = space
        self._node = node
        self._address = ""

    def install(self) -> None:
        """Until it hears."""
        program = container(NAME, 'exec python3 -c "$HEARS"')
        program["env"] = [{"name": "HEARS", "value": _HEARS}]
        program["readinessProbe"] = {"tcpSocket": {"port": _PORT}, "periodSeconds": 1}
        self._space.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": NAME},
                "spec": {
                    "containers": [program],
                    "nodeSelector": {"kubernetes.io/hostname": self._node},
                    "automountServiceAccountToken": False,
                },
            }
        )
        self._space.kubectl("wait", "--for=condition=Ready", f"pod/{NAME}", "--timeout=110s")
        self._address = self._space.kubectl(
            "get", "pod", NAME, "-o", "jsonpath={.status.podIP}"
        ).out

    def stage(
        self, name: str, beats: int, *, exit_code: int = 0, graceful: bool = False, **fields: Any
    ) -> Document:
        """A stage that speaks so often, a second apart. `graceful`: it ends with 0 when asked to.

        With `contract="Mark"` in `stagekit run`, so it sends heartbeats and fences itself.
        """
        said = {
            "URL": f"http://{self._address}:{_PORT}/",
            "BEATS": beats,
            "EXIT_CODE": exit_code,
            "GRACEFUL": graceful,
        }
        script = "".join(f"{key} = {value!r}\n" for key, value in said.items()) + _SPEAKS
        wrapped = ["python3", "-m", "stagekit", "run", "--"] if "contract" in fields else []
        return {**shell(name, **fields), "command": [*wrapped, "python3", "-c", script]}

    def beats(self) -> list[Beat]:
        """All that it has heard."""
        path = f"/api/v1/namespaces/{self._space.namespace}/pods/{NAME}:{_PORT}/proxy/"
        return beats_in(self._space.api.request("GET", path).body.decode())

    def copies(self, run: str, stage: str = "one") -> int:
        """See `copies_at_once`; of a stage that has spoken."""
        copies = copies_at_once(self.beats(), run, stage)
        assert copies, f"nothing was heard of {run}"
        return copies

    def pods_of(self, run: str, stage: str = "one") -> list[str]:
        """The uids of those that have spoken, in the order in which they began."""
        heard = (beat.pod for beat in self.beats() if (beat.run, beat.stage) == (run, stage))
        return list(dict.fromkeys(heard))

    def wait_for_beats(self, count: int) -> None:
        """So many words of any stage have been heard."""
        eventually(
            self.beats,
            lambda beats: len(beats) >= count,
            seconds=count + WAIT_SECONDS,
            otherwise=lambda: f"fewer than {count} words are heard",
        )

    def wait_until_heard(self, run: str, stage: str = "one") -> None:
        """Its program works."""
        eventually(
            lambda: self.pods_of(run, stage),
            bool,
            seconds=WAIT_SECONDS,
            otherwise=lambda: f"nothing is heard of {run}:\n{self._space.story_of(run)}",
        )
