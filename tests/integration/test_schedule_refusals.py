"""A bad schedule is refused at `kubectl apply`, with a sentence that says what to change."""

from typing import Any

import pytest

from stagework.policies.schedules.cron import fault_in
from tests.integration.kubectl import Kubectl
from tests.integration.objects import schedule, stage

ONE = "give exactly one of cron, intervalSeconds and at"
CRON = "cron has five fields, as in `0 2 * * 1-5`"
DATE = "write a date as 2026-12-01T09:00:00+09:00"
BATCH = {"pipelineRef": {"name": "a"}, "items": {"inline": [{"id": "x", "params": {"n": "1"}}]}}


def at(text: str) -> dict[str, Any]:
    return {"schedule": {"at": text}}


def cron(text: str) -> dict[str, Any]:
    return {"schedule": {"cron": text}}


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "two kinds at once": ({"schedule": {"cron": "0 2 * * *", "intervalSeconds": 5}}, ONE),
    "none": ({"schedule": {}}, ONE),
    "minute 60": (cron("60 0 * * *"), CRON),
    "four fields": (cron("0 0 0 * *"), CRON),
    "six fields": (cron("0 0 2 * * *"), CRON),
    "a macro": (cron("@midnight"), CRON),
    "day 8 of the week": (cron("0 0 * * 8"), CRON),
    "step 0": (cron("*/0 * * * *"), CRON),
    "10,000 characters": (cron("0 " * 5000), "Too long: may not be more than 100"),
    "a negative interval": ({"schedule": {"intervalSeconds": -5}}, "greater than or equal to 1"),
    "an interval of nothing": ({"schedule": {"intervalSeconds": 0}}, "greater than or equal to 1"),
    "1 ms": ({"schedule": {"intervalSeconds": 0.001}}, "must be of type integer"),
    "the year 9999": (at("9999-12-31T00:00:00Z"), DATE),
    "no date": (at("tomorrow morning"), DATE),
    "month 13": (at("2026-13-01T00:00:00Z"), DATE),
    "a start that is none": ({"startTime": "2026-12-01 9 o'clock"}, DATE),
    "a zone with blanks": ({"timeZone": "Europe/ Berlin"}, "spec.timeZone"),
    "no template": ({"template": {}}, "give exactly one of pipelineJob, batch and task"),
    "two templates": (
        {"template": {"pipelineJob": {"pipelineRef": {"name": "a"}}, "task": {"name": "backup"}}},
        "give exactly one of pipelineJob, batch and task",
    ),
    "a task that is none": (
        {"template": {"task": {"name": "defrag"}}},
        'supported values: "health_',
    ),
    "a restore by the clock": ({"template": {"task": {"name": "restore"}}}, "supported values"),
    "a param of a task": (
        {"template": {"task": {"name": "backup"}, "slotTimeParam": "night"}},
        "leave slotTimeParam out",
    ),
    "a batch with a slot of its own": (
        {"template": {"batch": {**BATCH, "slotTime": "2026-12-01T00:00:00Z"}}},
        "leave batch.slotTime out",
    ),
    "a batch of nothing": (
        {"template": {"batch": {"pipelineRef": {"name": "a"}}}},
        "items: Required",
    ),
    "a template with nothing to run": (
        {"template": {"pipelineJob": {}}},
        "give exactly one of pipelineRef and stages",
    ),
    "a slot of its own": (
        {
            "template": {
                "pipelineJob": {
                    "pipelineRef": {"name": "a"},
                    "slotTime": "2026-12-01T00:00:00Z",
                }
            }
        },
        "leave pipelineJob.slotTime out",
    ),
    "a param given twice": (
        {
            "template": {
                "pipelineJob": {"pipelineRef": {"name": "a"}, "params": {"night": "x"}},
                "slotTimeParam": "night",
            }
        },
        "the param that slotTimeParam names is given the slot's time",
    ),
    "no instance": ({"maxInstances": 0}, "greater than or equal to 1"),
    "an unknown overlap": ({"onOverlap": "Forbid"}, 'supported values: "Skip", "Queue", "Replace"'),
    "too many kept": ({"successfulJobsHistoryLimit": 51}, "less than or equal to 50"),
}


@pytest.mark.parametrize("row", REFUSALS)
def test_it_is_refused(kubectl: Kubectl, namespace: str, row: str) -> None:
    fields, sentence = REFUSALS[row]
    answer = kubectl.create(schedule(namespace, **fields), dry_run=True)
    assert not answer.ok
    assert sentence in answer.err


ACCEPTED = (
    *("0 2 * * *", "*/5 0-6,22 * JAN,jul mon-FRI", "0 0 L * *", "0 0 LW */2 *", "0 9 * * 5L"),
    *("0 9 * * 1#2,MON#1", "5-59/6 1-23/2 1,15 * 7", "  0 2  * * * ", "00 02 01 01 0"),
)


@pytest.mark.parametrize("expression", ACCEPTED)
def test_what_is_a_cron_expression_is_not(
    kubectl: Kubectl, namespace: str, expression: str
) -> None:
    assert not fault_in(expression)
    answer = kubectl.create(schedule(namespace, **cron(expression)), dry_run=True)
    assert answer.ok, answer.err


def test_in_a_template_all_may_change(kubectl: Kubectl, namespace: str) -> None:
    made = kubectl.create(schedule(namespace)).document()
    made["spec"]["template"] = {"pipelineJob": {"stages": [stage()], "title": "other"}}
    made["spec"]["schedule"] = {"intervalSeconds": 60}
    assert kubectl.replace(made).ok


def test_columns_and_names(kubectl: Kubectl, namespace: str) -> None:
    kubectl.must("apply", "-f", "-", stdin=schedule(namespace, "nightly", timeZone="Asia/Seoul"))
    titles, row = kubectl.must("get", "schj", "-n", namespace).out.splitlines()
    assert titles.split() == ["NAME", "STATUS", "SCHEDULE", "TZ", "ACTIVE", "LAST", "NEXT", "AGE"]
    assert "Asia/Seoul" in row
