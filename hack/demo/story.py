"""The whole story with the samples: apply, upload, follow, fetch, show.

It makes a ServiceAccount of its own for the uploads, so that the namespace's `default` one, which
every Pod there may have, gains no right.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from hack.demo.batch import BatchDemo, show_batch
from hack.demo.document import show_document
from hack.demo.preparing import ACCOUNT, admit, apply_pipeline, clear
from hack.demo.samples import load, name_of, placed
from hack.demo.scores import composed, scores_table
from stagework.api import names
from stagework.cli import replies
from stagework.cli.commands.follower import Follower, Rhythm, signals
from stagework.cli.commands.session import Session
from stagework.cli.commands.upload import store
from stagework.cli.errors import CommandError, NotAllowed, TimeRanOut
from stagework.cli.feed import Feed
from stagework.cli.objects import RUNS
from stagework.cli.outputs import Fetched, fetch, file_count
from stagework.cli.service import ApiService
from stagework.cli.text.monitor_lines import MonitorLines
from stagework.cli.text.next_steps import next_command
from stagework.cli.text.screens import screen_for
from stagework.cli.text.tables import one_line
from stagework.cli.watchlist import Wanted, Watchlist

DEFAULT_RUNS: Final = ("ad-from-prompt", "ad-from-picture", "document-report")
"""One picture that is drawn, one that is given, and a document."""
ADMITTED_SECONDS: Final = 10.0
"""Longest wait until the API server acts on the new RoleBinding."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What to run and how."""

    samples: Path
    """Folder with Pipelines and PipelineJobs."""
    runs: tuple[str, ...]
    """Names of the PipelineJobs to run."""
    to: Path
    """Folder for the results."""
    timeout_seconds: float
    """For all runs together."""
    plain: bool
    """Lines only, also in a terminal."""
    pictures: int
    """Items of the batch at the end; 0: there is none."""


def show_samples(session: Session, demo: Demo, namespace: str, release_namespace: str) -> None:
    """Run the samples and show what came out; raises CommandError where one fails."""
    samples = load(demo.samples, demo.runs)
    service = ApiService(session.cluster, release_namespace, namespace, ACCOUNT)
    admit(session, namespace)
    runs = [name_of(body) for body in samples.runs]
    clear(session, namespace, runs)
    for body in samples.pipelines:
        apply_pipeline(session, namespace, body)
    for body in samples.runs:
        run = _with_input(session, service, demo.samples, body)
        made = session.objects.create(RUNS, namespace, run)
        session.terminal.say(f"pipelinejob.stagework.dev/{name_of(made)} created")
    _judge(session, demo, namespace, _follow(session, demo, namespace, runs))
    fetched = {
        name: fetch(service, session.objects.run(namespace, name), demo.to / name) for name in runs
    }
    _show(session, fetched, demo.to)
    if demo.pictures:
        batch = BatchDemo(demo.samples, demo.pictures, demo.timeout_seconds)
        show_batch(session, service, batch)


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
    run = {**body, "apiVersion": names.API_VERSION, "spec": spec}
    return placed(run, service.namespace)


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


def _follow(session: Session, demo: Demo, namespace: str, runs: list[str]) -> Watchlist:
    watchlist = Watchlist(Wanted(names=frozenset(runs)), timeout_seconds=demo.timeout_seconds)
    lines = MonitorLines(session.home, by_name=True)
    feed = Feed(session.cluster, namespace, interval_seconds=1)
    with signals() as wishes, screen_for(session.terminal, plain=demo.plain) as screen:
        rhythm = Rhythm(poll=1)
        follower = Follower(feed, watchlist, lines, screen, now=session.now, rhythm=rhythm)
        follower.run(wishes, until_done=True)
    if wishes.stop.is_set():
        raise CommandError("stopped; the runs go on", command="stagework status")
    return watchlist


def _judge(session: Session, demo: Demo, namespace: str, watchlist: Watchlist) -> None:
    for where, end in watchlist.ends.items():
        if end.kind == "Failed":
            at = f" at {end.stage}" if end.stage else ""
            run = session.objects.run(namespace, where.rsplit("/", 1)[-1])
            raise CommandError(
                f"{where} failed{at} ({end.reason}): {one_line(end.message)}",
                command=next_command(run, session.home),
            )
    if watchlist.late:
        raise TimeRanOut(
            f"not done within {demo.timeout_seconds:.0f}s: {', '.join(watchlist.late)}",
            command=f"stagework status {watchlist.late[0].rsplit('/', 1)[-1]}",
        )
