"""`stagework demo`: the whole story with the samples, as `make demo` runs it.

Apply, upload, follow, fetch, show. It makes a ServiceAccount of its own for the uploads, so that
the namespace's `default` one, which every Pod there may have, gains no right.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import unquote

import typer

from stagework.api import names
from stagework.cli import replies
from stagework.cli.commands.upload import store
from stagework.cli.demo_document import show_document
from stagework.cli.demo_scores import composed, scores_table
from stagework.cli.errors import CommandError, NotAllowed, TimeRanOut
from stagework.cli.feed import Feed
from stagework.cli.follower import Follower, Rhythm, signals
from stagework.cli.objects import PIPELINES, RUNS, path
from stagework.cli.options import DEFAULT_RELEASE_NAMESPACE, Namespace, ReleaseNamespace
from stagework.cli.outputs import Fetched, fetch, file_count
from stagework.cli.service import ApiService
from stagework.cli.session import Session, session_of
from stagework.cli.templates import documents
from stagework.cli.text.monitor_lines import MonitorLines
from stagework.cli.text.next_steps import after_failure
from stagework.cli.text.screens import screen_for
from stagework.cli.text.tables import one_line
from stagework.cli.watchlist import Wanted, Watchlist

ACCOUNT: Final = "stagework-demo"
"""ServiceAccount and RoleBinding that the demo makes."""
DEFAULT_RUNS: Final = ("ad-from-prompt", "ad-from-picture", "document-report")
"""One picture that is drawn, one that is given, and a document."""
ADMITTED_SECONDS: Final = 10.0
"""Longest wait until the API server acts on the new RoleBinding."""
GONE_SECONDS: Final = 120.0
"""Longest wait for an earlier run of the same name to be gone."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What the folder holds."""

    pipelines: tuple[dict[str, Any], ...]
    runs: tuple[dict[str, Any], ...]


def demo(
    context: typer.Context,
    *,
    samples: Annotated[Path, typer.Option(help="Folder with a Pipeline and PipelineJobs.")],
    run: Annotated[list[str] | None, typer.Option(help="Sample to run; may be repeated.")] = None,
    to: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for all runs together.")] = 900,
    plain: Annotated[bool, typer.Option("--plain", help="Lines only, also in a terminal.")] = False,
    namespace: Namespace = None,
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Run the samples and show what came out."""
    session = session_of(context)
    where = session.namespace(namespace)
    bodies = load(samples, tuple(run or DEFAULT_RUNS))
    service = ApiService(session.cluster, release_namespace, where, ACCOUNT)
    _admit(session, where)
    runs = [name_of(body) for body in bodies.runs]
    _clear(session, where, runs)
    for body in bodies.pipelines:
        _apply_pipeline(session, where, body)
    for body in bodies.runs:
        made = session.objects.create(RUNS, where, _with_input(session, service, samples, body))
        session.terminal.say(f"pipelinejob.stagework.dev/{made['metadata']['name']} created")
    _follow(session, where, runs, timeout, plain=plain)
    fetched = {name: fetch(service, session.objects.run(where, name), to / name) for name in runs}
    _show(session, fetched, to)


def load(folder: Path, runs: tuple[str, ...]) -> Samples:
    """The folder's Pipelines and the named PipelineJobs, in the order of the names."""
    files = [file for file in sorted(folder.glob("*.y*ml")) if file.is_file()]
    bodies = [body for file in files for body in documents(file)]
    known = {name_of(body): body for body in bodies if body.get("kind") == "PipelineJob"}
    missing = [name for name in runs if name not in known]
    if missing:
        raise CommandError(
            f"there is no PipelineJob {', '.join(missing)} in {folder}/*.yaml",
            command=f"ls {folder}",
        )
    pipelines = tuple(body for body in bodies if body.get("kind") == "Pipeline")
    return Samples(pipelines, tuple(known[name] for name in runs))


def name_of(body: Mapping[str, Any]) -> str:
    """`metadata.name`."""
    return str(replies.mapping(body.get("metadata")).get("name"))


def _show(session: Session, fetched: dict[str, list[Fetched]], folder: Path) -> None:
    session.terminal.say()
    session.terminal.table(scores_table(fetched))
    session.terminal.say()
    count = sum(file_count(stages) for stages in fetched.values())
    session.terminal.say(f"{count} files of {len(fetched)} runs in {folder}/. The pictures:")
    for name, stages in fetched.items():
        for picture in composed(stages):
            session.terminal.say(f"  {name}: {picture}", "good")
    for name, stages in fetched.items():
        show_document(session, name, stages)


def _admit(session: Session, namespace: str) -> None:
    metadata = {"name": ACCOUNT, "namespace": namespace}
    rbac = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{rbac}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "stagework-edit"},
        "subjects": [{"kind": "ServiceAccount", **metadata}],
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    core = f"/api/v1/namespaces/{namespace}"
    _apply(session, f"{core}/serviceaccounts/{ACCOUNT}", account, "serviceaccount")
    bindings = f"/apis/{rbac}/v1/namespaces/{namespace}/rolebindings"
    _apply(session, f"{bindings}/{ACCOUNT}", binding, "rolebinding")


def _apply_pipeline(session: Session, namespace: str, body: dict[str, Any]) -> None:
    placed = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
    where = path(PIPELINES, namespace, name_of(body))
    _apply(session, where, placed, "pipeline", ".stagework.dev")


def _apply(session: Session, where: str, body: dict[str, Any], word: str, group: str = "") -> None:
    """Server-side apply, as the field manager `stagework-cli`."""
    answer = session.cluster.request(
        "PATCH",
        where,
        query={"fieldManager": "stagework-cli", "force": "true"},
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/apply-patch+yaml"},
    )
    if not answer.good:
        raise replies.explain(answer, f"apply {word} {name_of(body)}")
    session.terminal.say(f"{word}{group}/{name_of(body)} applied")


def _clear(session: Session, namespace: str, runs: list[str]) -> None:
    for name in runs:
        answer = session.cluster.request("DELETE", path(RUNS, namespace, name))
        if answer.good:
            session.terminal.say(f"pipelinejob.stagework.dev/{name} of an earlier time deleted")
        elif not answer.missing:
            raise replies.explain(answer, f"delete pipelinejob {name}")
    until = session.now() + timedelta(seconds=GONE_SECONDS)
    for name in runs:
        while not session.cluster.request("GET", path(RUNS, namespace, name)).missing:
            if session.now() >= until:
                raise TimeRanOut(
                    f"the earlier run {name} is still being deleted",
                    command=f"kubectl get pipelinejobs.stagework.dev {name} -n {namespace} -o yaml",
                )
            session.sleep(0.5)


def _with_input(
    session: Session, service: ApiService, samples: Path, body: dict[str, Any]
) -> dict[str, Any]:
    """The run in the demo's namespace; its input is the sample file of that name, uploaded."""
    spec = dict(replies.mapping(body.get("spec")))
    uri = str(replies.mapping(spec.get("input")).get("uri", ""))
    if uri.startswith("artifact://"):
        name = unquote(uri.rsplit("/", 1)[-1])
        file = next((path for path in sorted(samples.rglob(name)) if path.is_file()), None)
        if file is None:
            raise CommandError(
                f"the sample's input {name} is not in {samples}", command=f"ls -R {samples}"
            )
        spec["input"] = {"uri": _uploaded(session, service, file)}
        session.terminal.say(f"uploaded {file} as {spec['input']['uri']}")
    return {
        "apiVersion": names.API_VERSION,
        "kind": "PipelineJob",
        "metadata": {**body["metadata"], "namespace": service.namespace},
        "spec": spec,
    }


def _uploaded(session: Session, service: ApiService, file: Path) -> str:
    until = session.now() + timedelta(seconds=ADMITTED_SECONDS)
    while True:
        try:
            return store(service, file)
        except NotAllowed:
            # A RoleBinding counts a moment after it was made.
            if session.now() >= until:
                raise
            session.sleep(1)


def _follow(
    session: Session, namespace: str, runs: list[str], timeout: float, *, plain: bool
) -> None:
    watchlist = Watchlist(Wanted(names=frozenset(runs)), timeout_seconds=timeout)
    lines = MonitorLines(session.home, by_name=True)
    feed = Feed(session.cluster, namespace, interval_seconds=1)
    with signals() as wishes, screen_for(session.terminal, plain=plain) as screen:
        rhythm = Rhythm(poll=1)
        follower = Follower(feed, watchlist, lines, screen, now=session.now, rhythm=rhythm)
        follower.run(wishes, until_done=True)
    if wishes.stop.is_set():
        raise CommandError("stopped; the runs go on", command="stagework status")
    for where, end in watchlist.ends.items():
        if end.kind == "Failed":
            at = f" at {end.stage}" if end.stage else ""
            failed = session.objects.run(namespace, where.rsplit("/", 1)[-1])
            raise CommandError(
                f"{where} failed{at} ({end.reason}): {one_line(end.message)}",
                command=after_failure(failed, session.home),
            )
    if watchlist.late:
        raise TimeRanOut(
            f"not done within {timeout:.0f}s: {', '.join(watchlist.late)}",
            command=f"stagework status {watchlist.late[0].rsplit('/', 1)[-1]}",
        )
