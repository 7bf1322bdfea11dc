"""What runs have done counts for its hour, also once they are gone: a batch removes its own."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client import CollectorRegistry

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.controllers.pipelinejobs.queue_numbers import QueueNumbers
from tests.support.builders import T0, make_run, make_status
from tests.support.builders.queue import old_places


class Desk:
    """Numbers at a time that the test sets."""

    def __init__(self) -> None:
        self.now: datetime = T0
        self.registry = CollectorRegistry()
        self.numbers = QueueNumbers(self.registry, old_places(), lambda: self.now)

    def done(self, uid: str) -> None:
        """A run with one stage has just succeeded."""
        stage = make_status(
            "ocr", "Succeeded", machine="gpu", startTime=T0, completionTime=self.now
        )
        status = PipelineJobStatus(summary="Completed", stages=[stage])
        seen = SimpleNamespace(run=make_run(uid=uid, status=status), resolved=None)
        self.numbers.note(cast("Any", seen), status)

    @property
    def done_1h(self) -> float:
        """Over all classes and stages."""
        families = (f for f in self.registry.collect() if f.name == "stagework_queue_done_1h")
        return sum(sample.value for family in families for sample in family.samples)


def test_what_a_run_that_is_gone_has_done_counts_once_for_an_hour() -> None:
    desk = Desk()
    desk.done("a")
    desk.done("b")
    desk.numbers.forget("a")
    desk.numbers.forget("a")
    assert desk.done_1h == 2
    desk.done("a")  # it was only out of memory
    assert desk.done_1h == 2
    desk.now += timedelta(minutes=61)
    desk.numbers.forget("b")
    assert desk.done_1h == 0


def test_a_leader_no_more_has_none() -> None:
    desk = Desk()
    desk.done("a")
    desk.numbers.forget("a")
    desk.numbers.clear()
    assert desk.done_1h == 0
