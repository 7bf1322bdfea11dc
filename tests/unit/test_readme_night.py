"""The night of a MacBook in the README reads as the plans have it: its states and its events."""

import re
from typing import Any

from stagework.api import names
from stagework.api.observed import NodeView, PodView
from stagework.api.stage_status import StageStatus
from tests.support.builders import (
    T0,
    World,
    after,
    make_job,
    make_node,
    make_pod,
    make_stage,
    make_status,
    running,
    terminated,
)
from tests.support.pages import README

NODE = "stagework-worker3"
AWAKE, ASLEEP = make_node(NODE, "macbook"), make_node(NODE, "macbook", ready=False)
STAGE = make_stage("summarize", runsOn=["macbook"], contract="ExitCode", timeoutSeconds=3600)
JOB = make_job("summarize", machine="macbook")
POD = running(make_pod(JOB), since=T0, node=NODE)
PAGE = README.read_text().split("## A MacBook's night\n")[1].split("\n## ")[0]


def at_work(state: str, **fields: Any) -> StageStatus:
    """The stage behind its turn."""
    meta = JOB.metadata
    own: dict[str, Any] = {"pod": POD.metadata.uid, "job": meta.name, "jobUid": meta.uid}
    where = {"machine": "macbook", "node": NODE, "turnTime": T0}
    return make_status("summarize", state, **own, **where, **fields)


def events(state: StageStatus, node: NodeView, pod: PodView | None = None) -> list[tuple[str, str]]:
    """What a decision tells of."""
    objects: dict[str, Any] = {} if pod is None else {"jobs": [JOB], "pods": [pod]}
    world = World(stages=[STAGE], states=[state], nodes=[node], **objects)
    return [(event.reason, event.message) for event in world.plan(after(60)).events]


def printed() -> list[list[tuple[str, str]]]:
    """The events of each run that the page shows."""
    tables = PAGE.split("Events:\n")[1:]
    rows = ([re.split(r"\s{2,}", line.strip()) for line in table.splitlines()] for table in tables)
    return [[(row[1], row[4]) for row in table if row[0] == "Normal"] for table in rows]


def test_the_events_are_those_of_the_plans() -> None:
    started = events(at_work("Starting"), AWAKE, POD)
    away = events(at_work("Running", startTime=T0), ASLEEP, POD)
    asleep = at_work("Away", startTime=T0, awaySince=T0, reason="MachineAway")
    back = events(asleep, AWAKE, POD)
    done = events(at_work("Running", startTime=T0), AWAKE, terminated(POD, 0))
    deferred = events(make_status("summarize", reason="NoFreeSlot"), ASLEEP)

    assert printed() == [[*started, *away, *back, *done], [*deferred, *started, *done]]


def test_the_states_are_those_of_runs() -> None:
    lines = [line.split() for line in PAGE.splitlines() if line.startswith("letter-")]
    said = {words[1] for words in lines if len(words) > 2}

    assert said == {
        names.QUEUED,
        names.STARTING,
        names.RUNNING,
        names.AWAY,
        names.DEFERRED,
        names.COMPLETED,
    }
