"""What is well and what is not: one table a part."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stagework.api.health import PartHealth, ServiceHealth
from stagework.api.machines import Fleet, MachineClass
from stagework.api.tasks import HealthCheckData
from stagework.overview.queue.machines import MachineState
from stagework.tasks.health_check.judge import Check, Seen, SeenLease, judge
from tests.support.tasks import NOW

GPU = MachineClass(key="gpu", nodeSelector={"machine": "gpu"})
MACBOOK = MachineClass(key="macbook", nodeSelector={"machine": "macbook"}, mayBeAway=True)
FLEET = Fleet(machineClasses=(GPU, MACBOOK))
LEASE = SeenLease("operator-1", NOW - timedelta(seconds=5))
WELL = Seen(
    lease=LEASE,
    parts=ServiceHealth(history=PartHealth(), artifacts=PartHealth()),
    machines={"gpu": MachineState(2, 1, 1, None), "macbook": MachineState(0, 1, 0, None)},
    failed=0,
    done=10,
)


def judged(seen: Seen, **data: Any) -> dict[str, Check]:
    return {check.name: check for check in judge(seen, FLEET, HealthCheckData(**data), NOW)}


def states(seen: Seen, **data: Any) -> dict[str, str]:
    """Of all parts that are not well."""
    found = judged(seen, **data)
    return {name: check.state for name, check in found.items() if check.state != "ok"}


def test_where_all_is_well_every_part_says_so() -> None:
    assert states(WELL) == {}
    assert list(judged(WELL)) == [
        *("api-server", "operator", "api-service", "store", "artifact-store"),
        *("machines-gpu", "machines-macbook", "failed-ratio", "orphans"),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"api_server": "timeout", "lease": None, "machines": None},
            {
                "api-server": "failing",
                "operator": "unknown",
                "machines-gpu": "unknown",
                "machines-macbook": "unknown",
            },
        ),
        ({"lease": None}, {"operator": "unknown"}),
        ({"lease": SeenLease("", NOW)}, {"operator": "failing"}),
        ({"lease": SeenLease("o", None)}, {"operator": "failing"}),
        ({"lease": SeenLease("o", NOW - timedelta(seconds=61))}, {"operator": "failing"}),
        ({"lease": SeenLease("o", NOW - timedelta(seconds=60))}, {}),
        ({"operator": "HTTP 500: a watch has been silent"}, {"operator": "failing"}),
        (
            {"service": "does not answer", "parts": "x", "failed": None, "done": None},
            {
                "api-service": "failing",
                "store": "unknown",
                "artifact-store": "unknown",
                "failed-ratio": "unknown",
                "orphans": "unknown",
            },
        ),
        ({"parts": "HTTP 403"}, {"store": "unknown", "artifact-store": "unknown"}),
        (
            {"parts": ServiceHealth(history=PartHealth(fault="away"), artifacts=PartHealth())},
            {"store": "failing"},
        ),
        (
            {"parts": ServiceHealth(history=PartHealth(), artifacts=PartHealth(fault="full"))},
            {"artifact-store": "failing"},
        ),
    ],
)
def test_one_cause_is_one_failing_part(change: dict[str, Any], expected: dict[str, str]) -> None:
    assert states(replace(WELL, **change)) == expected


@pytest.mark.parametrize(
    ("gpu", "macbook", "classes", "expected"),
    [
        ((2, 0), (1, 1), [], {"machines-gpu": "failing"}),
        ((2, 1), (1, 1), [], {}),
        ((0, 0), (0, 0), [], {}),
        ((2, 2), (1, 0), [], {}),
        ((2, 2), (1, 0), ["macbook"], {"machines-macbook": "failing"}),
        ((2, 0), (1, 1), ["macbook"], {}),
        ((0, 0), (0, 0), ["gpu"], {"machines-gpu": "failing"}),
    ],
)
def test_a_class_needs_a_ready_node_unless_it_may_be_away(
    gpu: tuple[int, int], macbook: tuple[int, int], classes: list[str], expected: dict[str, str]
) -> None:
    machines = {
        key: MachineState(ready, nodes, ready, None)
        for key, (nodes, ready) in {"gpu": gpu, "macbook": macbook}.items()
    }
    assert states(replace(WELL, machines=machines), machineClasses=classes) == expected


@pytest.mark.parametrize(
    ("failed", "done", "state"),
    [(0, 0, "ok"), (4, 0, "ok"), (5, 0, "failing"), (5, 5, "ok"), (6, 5, "failing")],
)
def test_the_ratio_counts_once_enough_has_ended(failed: int, done: int, state: str) -> None:
    seen = replace(WELL, failed=failed, done=done)
    assert judged(seen)["failed-ratio"].state == state


def test_a_stage_that_was_given_up_is_told_of_with_what_to_do() -> None:
    check = judged(replace(WELL, failed=1, orphans=1))["orphans"]
    assert check.state == "failing"
    assert check.message.startswith("stages given up (Orphaned) in the last hour: 1; ")
    assert "stagework retry" in check.message


def test_sentences_say_what_to_do_and_since_when() -> None:
    away = {**(WELL.machines or {}), "gpu": MachineState(0, 2, 0, NOW)}
    checks = judged(replace(WELL, machines=away, lease=SeenLease("", None)))
    assert "since 2026-11-30 12:00 UTC" in checks["machines-gpu"].message
    assert "kubectl get pods" in checks["operator"].message
