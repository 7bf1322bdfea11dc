"""`stagework batch reprocess`, `stop`, `suspend` and `resume`: what is asked, what comes of it."""

from collections.abc import Mapping
from typing import Any

import pytest

from stagework.api import names
from tests.unit.cli.batches import ENDED, ONE_ENDED, RUNNING, ended, photos
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, PROXY, FakeCluster, Request, ok, status

ASKED = f"{GROUP}/namespaces/default/interventions"
HERE = f"{GROUP}/namespaces/default/batches/photos"
PREVIEW = f"{PROXY}/v1/batches/default/photos/reprocess"


def answer(cli: Cli, cluster: FakeCluster, given: Mapping[str, Any]) -> None:
    """The operator answers while the command sleeps."""

    def written() -> None:
        for path, body in cluster.objects.items():
            if path.startswith(ASKED):
                body["status"] = {"answered": "2026-11-03T09:02:00Z", **given}

    cli.on_sleep = written


def would_run(cluster: FakeCluster, affected: int, *unknown: str) -> list[dict[str, Any]]:
    """The API service's preview; what it was asked."""
    asked: list[dict[str, Any]] = []

    def previewed(request: Request) -> Any:
        assert request.query == {"dry_run": "true"}
        asked.append(request.json["select"])
        requested = affected + len(unknown)
        return ok({"requested": requested, "affected": affected, "unknown": unknown})

    cluster.routes["POST", PREVIEW] = previewed
    return asked


def test_a_reprocess_is_an_intervention_that_belongs_to_the_batch(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(ONE_ENDED)
    answer(cli, cluster, {"requested": 2, "affected": 2})
    outcome = cli("batch", "reprocess", "photos", "--reason", "fonts are there now")
    assert (outcome.code, outcome.lines) == (
        0,
        [
            "intervention.stagework.dev/photos-reprocess-00001 created",
            "requested 2, affected 2, refused 0",
        ],
    )
    (made,) = cluster.sent("POST", "/interventions")
    assert made.json["metadata"]["ownerReferences"] == [
        {"apiVersion": names.API_VERSION, "kind": "Batch", "name": "photos", "uid": "uid-photos"}
    ]
    assert made.json["spec"] == {
        "target": {"kind": "Batch", "name": "photos", "uid": "uid-photos"},
        "verb": "Reprocess",
        "select": {"states": ["Failed"]},
        "reason": "fonts are there now",
        "requestedBy": "jane",
    }


@pytest.mark.parametrize(
    ("words", "select"),
    [
        (["--failed"], {"states": ["Failed"]}),
        (["--all-but-done"], {"allBut": "Done"}),
        (["--ids", "a.png, b.png,,a.png", "--ids", "c\\,d"], {"ids": ["a.png", "b.png", "c,d"]}),
    ],
)
def test_items_are_named_by_state_or_by_id(
    cli: Cli, cluster: FakeCluster, words: list[str], select: Any
) -> None:
    cluster.add_batches(ONE_ENDED)
    answer(cli, cluster, {"affected": 1})
    cli("batch", "reprocess", "photos", *words)
    assert cluster.sent("POST", "/interventions")[0].json["spec"]["select"] == select


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--failed", "--all-but-done"], "give one of --failed, --ids and --all-but-done"),
        (["--ids", " , "], "--ids takes ids of 1 to 200 letters"),
        (["--ids", "x" * 201], "--ids takes ids of 1 to 200 letters"),
        (["--ids", ",".join(map(str, range(1001)))], "--ids takes 1000 ids at most"),
    ],
)
def test_what_names_no_items_is_refused_and_nothing_is_written(
    cli: Cli, cluster: FakeCluster, words: list[str], sentence: str
) -> None:
    cluster.add_batches(ONE_ENDED)
    outcome = cli("batch", "reprocess", "photos", *words)
    assert (outcome.code, sentence in outcome.err) == (1, True)
    assert {asked.method for asked in cluster.requests} <= {"GET"}


def test_ids_that_no_item_has_are_refused_one_by_one(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(ONE_ENDED)
    refused = [{"stage": "none.png", "reason": "UnknownItem"}]
    answer(cli, cluster, {"requested": 2, "affected": 1, "refused": refused})
    outcome = cli("batch", "reprocess", "photos", "--ids", "7.png,none.png")
    assert outcome.code == 1
    assert outcome.lines[1] == "requested 2, affected 1, refused 1"
    assert outcome.lines[2] == (
        "  refused none.png: UnknownItem (the batch has no item of that id, or it has not ended "
        "yet)"
    )
    assert "next: stagework batch status photos" in outcome.err


def test_a_dry_run_says_how_many_by_the_services_own_books_and_writes_nothing(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(ONE_ENDED)
    asked = would_run(cluster, 2)
    outcome = cli("batch", "reprocess", "photos", "--dry-run")
    assert (outcome.code, outcome.lines) == (
        0,
        [
            "requested 2, affected 2, refused 0 (dry run: nothing was written)",
            "  would be run again: 2 items",
        ],
    )
    assert asked == [{"states": ["Failed"]}]
    assert not cluster.sent("POST", "/interventions")


def test_a_dry_run_with_nothing_to_do_is_exit_1_and_says_why(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(ONE_ENDED)
    would_run(cluster, 0)
    outcome = cli("batch", "reprocess", "photos", "--dry-run")
    assert outcome.code == 1
    assert outcome.lines[1] == (
        "  refused the request: NothingToReprocess (no item is as the request wants it, or it is "
        "to be run again already)"
    )


def test_a_dry_run_is_judged_as_the_operator_judges(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos({**RUNNING, "manifest": None}))
    assert "NotFrozen (its list of items is not known yet" in (
        cli("batch", "reprocess", "photos", "--dry-run").out
    )
    waiting = [f"{number}:5" for number in range(1, 21)]
    cluster.add_batches(photos({**RUNNING, "waitingRounds": waiting}))
    would_run(cluster, 3)
    outcome = cli("batch", "reprocess", "photos", "--dry-run")
    assert (outcome.code, "TooManyRounds" in outcome.out) == (1, True)


def test_who_may_not_reprocess_learns_which_right_it_takes(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(ONE_ENDED)
    cluster.routes["POST", PREVIEW] = lambda _: ok({"error": "you may not reprocess"}, 403)
    outcome = cli("batch", "reprocess", "photos", "--dry-run")
    assert outcome.code == 1
    assert "jane needs the right to create interventions and reprocess batches" in outcome.err
    assert "--clusterrole=stagework-edit --user=jane" in outcome.err


def test_no_answer_in_15_seconds_is_exit_2(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(ONE_ENDED)
    outcome = cli("batch", "reprocess", "photos")
    assert (outcome.code, "within 15s" in outcome.err) == (2, True)


def test_stop_asks_for_the_end_of_the_whole_batch(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos(RUNNING))
    answer(cli, cluster, {"requested": 1, "affected": 1})
    outcome = cli("batch", "stop", "photos", "--reason", "wrong prompt")
    assert outcome.code == 0, outcome.err
    spec = cluster.sent("POST", "/interventions")[0].json["spec"]
    assert (spec["verb"], spec["reason"], "select" in spec) == ("Stop", "wrong prompt", False)


def test_a_dry_run_of_stop_says_what_would_be_stopped(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos(RUNNING))
    assert cli("batch", "stop", "photos", "--dry-run").lines == [
        "requested 1, affected 1, refused 0 (dry run: nothing was written)",
        "  would be stopped: the batch",
    ]
    cluster.add_batches(ONE_ENDED)
    outcome = cli("batch", "stop", "photos", "--dry-run")
    assert outcome.code == 1
    assert "AlreadyEnded (nothing of it runs or waits)" in outcome.out


def test_suspend_and_resume_are_edits_of_that_very_batch(cli: Cli, cluster: FakeCluster) -> None:
    cluster.routes["PATCH", HERE] = lambda _: ok({"metadata": {"name": "photos"}})
    cluster.add_batches(photos(RUNNING))
    assert cli("batch", "suspend", "photos").lines == [
        "photos: suspended, no new chunk begins; in flight, and going on: 2 chunks"
    ]
    cluster.add_batches(photos(RUNNING, suspend=True))
    assert cli("batch", "suspend", "photos").lines == ["photos is suspended already"]
    assert cli("batch", "resume", "photos", "--dry-run").lines == [
        "photos: resumed (dry run: nothing was written)"
    ]
    sent = [(asked.json, asked.query) for asked in cluster.sent("PATCH", "/photos")]
    uid = {"uid": "uid-photos"}
    assert sent[0] == ({"metadata": uid, "spec": {"suspend": True}}, {})
    assert sent[2] == ({"metadata": uid, "spec": {"suspend": False}}, {"dryRun": "All"})


def test_a_batch_that_has_ended_cannot_be_suspended(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos({**ENDED, "summary": "Completed"}, end=ended("True", "Completed")))
    outcome = cli("batch", "suspend", "photos")
    assert outcome.code == 1
    assert "cannot suspend photos: it has ended (Completed)" in outcome.err


def test_a_denied_change_names_the_right(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos(RUNNING))
    text = (
        'batches.stagework.dev "photos" is forbidden: User "jane" cannot patch resource "batches" '
        'in API group "stagework.dev" in the namespace "default"'
    )
    cluster.routes["PATCH", HERE] = lambda _: status(403, text)
    assert "jane may not patch batches" in cli("batch", "suspend", "photos").err


def test_help_names_every_command_and_its_codes(cli: Cli) -> None:
    shown = cli("batch", "--help").out
    commands = ("submit", "status", "list", "failed", "reprocess", "stop", "suspend", "resume")
    assert all(command in shown for command in commands)
    assert "Exit codes" in shown
    assert cli("batch", "submit").code == 2
