"""A cluster in memory behind the CLI's Protocol: objects by path, a watch, an API service."""

# Arguments that the Protocol has and the fake does not need.

import json
import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stagework.api.batch import Batch
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.cluster import Answer, Streamed, Upgraded
from stagework.cli.errors import ClusterUnreachable, CommandError
from stagework.cli.replies import explain

GROUP = "/apis/stagework.dev/v1alpha1"
REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
TICKETS = "/api/v1/namespaces/stagework-system/services/http:stagework-api:8080/proxy/v1/tickets"
PROXY = "/api/v1/namespaces/stagework-system/services/http:stagework-api:8080/proxy"


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def status(code: int, message: str, *, name: str = "") -> Answer:
    """An answer of the API server that is no success."""
    body = {"kind": "Status", "message": message, "details": {"name": name} if name else {}}
    return Answer(code, json.dumps(body).encode())


def void(_: object) -> None:
    """Makes a statement of an expression."""


def ok(body: object, code: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(code, json.dumps(body).encode())


def batch_path(batch: Batch) -> str:
    """Where it is."""
    return f"{GROUP}/namespaces/{batch.metadata.namespace}/batches/{batch.metadata.name}"


def as_stored(batch: Batch) -> dict[str, Any]:
    """As the API server has it: what nobody gave is not there."""
    return {
        "metadata": batch.metadata.model_dump(mode="json"),
        "spec": batch.spec.model_dump(mode="json", exclude_unset=True, by_alias=True),
        "status": batch.status.model_dump(mode="json"),
    }


class OneProtocol(ABC):
    """What every fake cluster does alike: an answer comes whole, and in no other protocol."""

    @abstractmethod
    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> Answer:
        """See Cluster."""

    @contextmanager
    def streamed(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> Generator[Streamed]:
        """See Cluster."""
        answer = self.request(method, path, body=body, headers=headers)
        yield Streamed(answer.status, answer.headers, iter((answer.body,)))

    def upgrade(self, path: str, headers: Mapping[str, str]) -> Upgraded:
        """See Cluster."""
        return Upgraded(Answer(403))


@dataclass
class FakeCluster(OneProtocol):
    """Fulfils `Cluster`."""

    server: str = "https://fake:6443"
    namespace: str = "default"
    bearer_token: str | None = None
    objects: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    routes: dict[tuple[str, str], Callable[[Request], Answer]] = field(
        default_factory=dict[tuple[str, str], Callable[[Request], Answer]]
    )
    requests: list[Request] = field(default_factory=list[Request])
    events: queue.Queue[Mapping[str, Any] | CommandError | Callable[[], None]] = field(
        default_factory=queue.Queue[Mapping[str, Any] | CommandError | Callable[[], None]]
    )
    user: dict[str, Any] = field(
        default_factory=lambda: {"username": "jane", "groups": ["makers", "system:authenticated"]}
    )
    """Who the API server says that the person is."""
    made: int = 0
    unreachable: bool = False

    def add(self, *runs: PipelineJob) -> None:
        """Put runs in place."""
        for run in runs:
            self.objects[self._run_path(run)] = run.model_dump(mode="json")

    def add_batches(self, *batches: Batch) -> None:
        """Put batches in place."""
        self.objects |= {batch_path(batch): as_stored(batch) for batch in batches}

    def change(self, run: PipelineJob) -> None:
        """Put a run in place, and tell the watch, once the watch has come to it."""
        self.events.put(lambda: self.add(run))
        self.events.put({"type": "MODIFIED", "object": run.model_dump(mode="json")})

    def remove(self, run: PipelineJob) -> None:
        """Delete a run, and tell the watch, once the watch has come to it."""
        self.events.put(lambda: void(self.objects.pop(self._run_path(run), None)))
        self.events.put({"type": "DELETED", "object": run.model_dump(mode="json")})

    def sent(self, method: str, ending: str) -> list[Request]:
        """The requests of that method whose path ends so."""
        return [
            request
            for request in self.requests
            if request.method == method and request.path.endswith(ending)
        ]

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> Answer:
        """See Cluster."""
        if self.unreachable:
            raise ClusterUnreachable("no answer from the API server", command="kubectl version")
        raw = body.read_bytes() if isinstance(body, Path) else body or b""
        request = Request(method, path, query or {}, headers or {}, raw)
        self.requests.append(request)
        route = self.routes.get((method, path))
        return route(request) if route else self._stored(request)

    def lines(
        self, path: str, query: Mapping[str, str], *, timeout_seconds: float
    ) -> Iterator[bytes]:
        """See Cluster; a CommandError in the queue breaks the watch, a callable is called."""
        while True:
            try:
                event = self.events.get(timeout=0.05)
            except queue.Empty:
                return
            if isinstance(event, CommandError):
                raise event
            if callable(event):
                event()
            else:
                yield json.dumps(event).encode()

    def pieces(
        self, path: str, query: Mapping[str, str], *, timeout_seconds: float
    ) -> Iterator[bytes]:
        """See Cluster; the answer of a route, in two pieces."""
        answer = self.request("GET", path, query=query)
        if answer.status != 200:
            raise explain(answer, f"get {path}")
        middle = len(answer.body) // 2
        yield from (answer.body[:middle], answer.body[middle:])

    def download(self, path: str, into: Path, *, headers: Mapping[str, str]) -> Answer:
        """See Cluster."""
        answer = self.request("GET", path, headers=headers)
        if answer.status != 200:
            return answer
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_bytes(answer.body)
        return Answer(200)

    def _run_path(self, run: PipelineJob) -> str:
        return f"{GROUP}/namespaces/{run.metadata.namespace}/pipelinejobs/{run.metadata.name}"

    def _stored(self, request: Request) -> Answer:
        if request.method == "POST" and request.path == REVIEW:
            return ok({"status": {"userInfo": self.user}}, 201)
        if request.method == "POST" and request.path == TICKETS:
            return ok({"ticket": f"ticket-{len(self.sent('POST', TICKETS))}"}, 201)
        if request.method == "POST":
            return self._create(request)
        if request.method == "PATCH":
            self.objects[request.path] = request.json
            return ok(request.json)
        if request.method == "GET" and request.path in self.objects:
            return ok(self.objects[request.path])
        plural = request.path.rsplit("/", 1)[-1]
        if request.method == "GET" and plural in {"pipelinejobs", "batches"}:
            return self._list(request, plural)
        if request.method == "DELETE" and request.path in self.objects:
            return ok(self.objects.pop(request.path))
        name = request.path.rsplit("/", 1)[-1]
        return status(404, f'"{name}" not found', name=name)

    def _create(self, request: Request) -> Answer:
        body = request.json
        self.made += 1
        about = body["metadata"]
        about.setdefault("name", f"{about.get('generateName', 'x')}{self.made:05}")
        about.setdefault("namespace", request.path.split("/namespaces/")[1].split("/")[0])
        about.setdefault("uid", f"uid-{self.made}")
        about.setdefault("creationTimestamp", "2026-11-03T09:01:40Z")
        if request.query.get("dryRun"):
            return ok(body, 201)
        self.objects[f"{request.path}/{about['name']}"] = body
        return ok(body, 201)

    def _list(self, request: Request, plural: str) -> Answer:
        everywhere = request.path == f"{GROUP}/{plural}"
        start = f"{GROUP}/namespaces/" if everywhere else f"{request.path}/"
        wanted = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        listed = [
            body
            for path, body in self.objects.items()
            if path.startswith(start)
            and f"/{plural}/" in path
            and (not wanted or body["metadata"]["name"] == wanted)
        ]
        return ok({"metadata": {"resourceVersion": "9"}, "items": listed})
