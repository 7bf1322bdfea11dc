"""Schedules on the cluster: each slot one run, never two at work, nothing of a paused time."""

import pytest

from tests.support.cluster.api import OURS
from tests.support.cluster.commands import ROOT, Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import API_VERSION, object_of, pipeline, shell
from tests.support.cluster.waiting import Condition, condition_of, eventually

SECONDS = 180.0


@pytest.fixture(scope="module", autouse=True)
def schedules(space: Space) -> None:
    """An interval of 5 s whose runs take longer than that, a date that is soon, one that waits."""
    soon = space.api.get("/api/v1/namespaces/" + space.namespace)["metadata"]["creationTimestamp"]
    space.apply(
        _schedule("slow", {"intervalSeconds": 5}, script='echo "$STAGEWORK_SLOT_TIME"; sleep 8'),
        _schedule("once", {"at": f"{soon[:4]}-12-31T23:59:59Z"}),
        _schedule("minute", {"cron": "* * * * *"}),
        _schedule("asked", {"cron": "0 2 1 1 *"}, timeZone="Asia/Seoul"),
    )


def test_an_interval_makes_one_run_at_a_time_and_counts_what_it_leaves_out(space: Space) -> None:
    most = 0

    def looked() -> Document:
        nonlocal most
        seen = _seen(space, "slow")
        most = max(most, len(_unfinished(space, "slow")))
        return seen

    seen = eventually(
        looked,
        lambda seen: _stats(seen, "successfulExecutions") >= 2 and _stats(seen, "skipped") >= 1,
        seconds=SECONDS,
        otherwise=lambda: str(_seen(space, "slow").get("status")),
    )
    assert most == 1
    assert condition_of(seen, "Ready") == "True"
    made = _stats(seen, "totalExecutions")
    known = [_stats(seen, "successfulExecutions"), _stats(seen, "failedExecutions")]
    assert made == sum(known) + seen["status"]["active"]
    assert seen["status"]["stats"]["averageExecutionSeconds"] >= 8


def test_a_run_knows_its_slot(space: Space) -> None:
    run = eventually(
        lambda: _runs(space, "slow"),
        bool,
        seconds=SECONDS,
        otherwise=lambda: "no run",
    )[-1]
    slot = run["spec"]["slotTime"]
    stamp = slot[:19].replace("-", "").replace(":", "").lower()
    assert run["metadata"]["name"] == f"slow-{stamp}"
    space.wait_for_end(run["metadata"]["name"], "Completed")
    assert slot in space.log_of(run["metadata"]["name"], "one")


def test_what_is_paused_runs_no_more_and_goes_on_without_what_it_missed(space: Space) -> None:
    space.kubectl("patch", "schj", "slow", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    _until(space, "slow", "Suspended")
    eventually(
        lambda: _unfinished(space, "slow"),
        lambda runs: not runs,
        seconds=SECONDS,
        otherwise=lambda: "a run goes on",
    )
    before = _stats(_seen(space, "slow"), "totalExecutions")
    space.kubectl("patch", "schj", "slow", "--type=merge", "-p", '{"spec": {"suspend": false}}')
    seen = eventually(
        lambda: _seen(space, "slow"),
        lambda seen: _stats(seen, "totalExecutions") > before,
        seconds=SECONDS,
        otherwise=lambda: str(_seen(space, "slow").get("status")),
    )
    assert _stats(seen, "totalExecutions") == before + 1
    space.kubectl("delete", "schj", "slow")


def test_run_now_runs_now(space: Space) -> None:
    answer = space.stagework("schedule", "run-now", "asked", "--reason", "a look")
    assert answer.ok, answer.printed
    seen = eventually(
        lambda: _seen(space, "asked"),
        lambda seen: _stats(seen, "successfulExecutions") == 1,
        seconds=SECONDS,
        otherwise=lambda: str(_seen(space, "asked").get("status")),
    )
    assert seen["status"].get("lastScheduleTime") is None


def test_a_cron_of_each_minute_has_run_at_a_full_minute(space: Space) -> None:
    seen = eventually(
        lambda: _seen(space, "minute"),
        lambda seen: _stats(seen, "totalExecutions") >= 1,
        seconds=SECONDS,
        otherwise=lambda: str(_seen(space, "minute").get("status")),
    )
    assert seen["status"]["lastScheduleTime"].endswith(":00Z")
    space.kubectl("delete", "schj", "minute")


def test_kubectl_shows_when_the_next_one_comes(space: Space) -> None:
    rows = {row[0]: row for row in space.kubectl("get", "schj").rows()}
    head = ["NAME", "STATUS", "SCHEDULE", "TZ", "ACTIVE", "LAST", "NEXT", "AGE"]
    assert rows["NAME"] == head
    _until(space, "once", "Scheduled")
    asked = space.kubectl("get", "schj", "asked").out
    assert "Asia/Seoul" in asked
    assert "0 2 1 1 *" in asked


def test_a_batch_is_made_and_counted_like_a_run(space: Space) -> None:
    space.apply(
        pipeline("each", shell("one"), params=[{"name": "n"}]),
        object_of(
            "ScheduledJob",
            "many",
            {
                "schedule": {"cron": "0 2 1 1 *"},
                "template": {
                    "batch": {
                        "pipelineRef": {"name": "each"},
                        "chunkSize": 1,
                        "items": {"inline": [{"id": n, "params": {"n": n}} for n in "ab"]},
                    }
                },
            },
        ),
    )
    assert space.stagework("schedule", "run-now", "many").ok
    seen = eventually(
        lambda: _seen(space, "many"),
        lambda seen: _stats(seen, "successfulExecutions") == 1,
        seconds=SECONDS,
        otherwise=lambda: str(_seen(space, "many").get("status")),
    )
    (ended,) = seen["status"]["endedRuns"]
    batch = space.kubectl("get", "batch", ended["name"], "-o", "json").document()
    assert batch["status"]["done"] == 2
    assert batch["spec"]["slotTime"]


def test_the_samples_of_schedules_are_taken_and_a_task_only_in_the_releases_namespace(
    space: Space,
) -> None:
    samples = ROOT / "manifests" / "samples"
    for kind in ("run", "batch"):
        space.kubectl("apply", "-f", str(samples / f"schedule-{kind}.yaml"))
    _until(space, "nightly-ad", "Scheduled")
    _until(space, "hourly-ads", "Scheduled")
    task = str(samples / "schedule-task.yaml")
    taken = space.commands.must("apply", "--dry-run=server", "-f", task)
    assert "health-each-hour created" in taken.out
    text = (samples / "schedule-task.yaml").read_text()
    there = text.replace("stagework-system", space.namespace)
    refused = space.commands.kubectl("apply", "-f", "-", stdin=there)
    assert "make it in namespace stagework-system" in refused.err


def _schedule(name: str, when: Document, script: str = "true", **fields: object) -> Document:
    return {
        "apiVersion": API_VERSION,
        "kind": "ScheduledJob",
        "metadata": {"name": name},
        "spec": {
            "schedule": when,
            **fields,
            "template": {"pipelineJob": {"stages": [shell("one", script)]}},
        },
    }


def _seen(space: Space, name: str) -> Document:
    return space.api.get(f"{OURS}/namespaces/{space.namespace}/scheduledjobs/{name}")


def _stats(seen: Document, field: str) -> int:
    return int(seen.get("status", {}).get("stats", {}).get(field, 0))


def _runs(space: Space, name: str) -> list[Document]:
    runs = space.api.items(f"{OURS}/namespaces/{space.namespace}/pipelinejobs")
    return [
        run
        for run in runs
        if any(owner["name"] == name for owner in run["metadata"].get("ownerReferences", []))
    ]


def _unfinished(space: Space, name: str) -> list[Document]:
    return [run for run in _runs(space, name) if condition_of(run, "Succeeded") in {"", "Unknown"}]


def _until(space: Space, name: str, word: str) -> None:
    wanted = Condition(word, lambda seen: seen.get("status", {}).get("summary") == word)
    eventually(
        lambda: _seen(space, name),
        wanted.holds,
        seconds=SECONDS,
        otherwise=lambda: f"{name} is not {word}: {_seen(space, name).get('status')}",
    )
