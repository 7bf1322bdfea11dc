"""`stagework batch status`, `list` and `failed`: what there is to see of batches."""

import csv
import io
import json
import os
import signal
from typing import Any

import pytest
from rich.console import Console

from stagework.api.base import Metadata
from stagework.cli.cluster import Answer
from stagework.cli.commands.batch.watching import watch
from stagework.cli.commands.session import Session
from stagework.cli.errors import TimeRanOut
from stagework.cli.text.batch_screens import PaintedBatch
from stagework.overview.batch_row import batch_detail
from tests.support.builders.written_runs import at
from tests.support.history.facts import batch_fact, judged_batches
from tests.unit.cli.batches import ENDED, ONE_ENDED, ONE_FAILED, RUNNING, ended, photos
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, PROXY, FakeCluster, Request, ok, status

ITEMS = f"{PROXY}/v1/batches/default/photos/items"
MEANING = "half of such batches take no longer than the first, nine of ten than the second"
HERE = f"{GROUP}/namespaces/default/batches/photos"


def failed_item(number: int, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "id": f"{number}.png",
        "uri": "artifact://x",
        "state": "Failed",
        "reason": "BadPicture",
        "message": "cut off",
        "attempts": 2,
        "chunk": "r0-0-10",
        "machine": "gpu",
        "seconds": 1.5,
        "ended": "",
        "outputs": [],
        **more,
    }


def test_a_batch_that_goes_on_says_how_far_how_fast_until_when_and_what_failed(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(photos(RUNNING))
    outcome = cli("batch", "status", "photos")
    assert outcome.code == 0, outcome.err
    assert outcome.lines == [
        "default/photos   Running   47/100   pipeline measure   92s",
        "47 of 100 items handled, 2 failed",
        "",
        "Items:   45 done, 2 failed, 0 skipped, 16 running, 37 waiting",
        "Chunks:  4 completed, 1 failed, 2 in flight, the last one of 10 (Target)",
        "Speed:   12.5 items a minute",
        f"Ends in: 4m..5m ({MEANING})",
        "",
        "Failed, for example:",
        "  7.png: BadPicture: cut off",
    ]


def test_beside_its_end_stands_what_such_estimates_were_worth(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(photos(RUNNING))
    asked: list[str] = []

    def history(request: Request) -> Answer:
        asked.append(request.path)
        facts = judged_batches(20, mark=25, true_seconds=300)
        return ok({"batches": [json.loads(fact.model_dump_json()) for fact in facts], "next": ""})

    cluster.routes["GET", f"{PROXY}/v1/history/batches"] = history

    lines = cli("batch", "status", "photos").lines
    at_end = next(place for place, line in enumerate(lines) if line.startswith("Ends in"))
    assert lines[at_end + 1] == (
        "Worth:   of 20 batches at 25 %: off by 33 %; 0 % had ended by the first number, 100 % by "
        "the second"
    )
    (error,) = json.loads(cli("batch", "status", "photos", "-o", "json").out)["pastEstimates"]
    assert (error["percent"], error["batches"]) == (25, 20)

    asked.clear()
    cluster.add_batches(ONE_ENDED)
    cli("batch", "status", "photos")
    assert not asked


def test_one_that_has_ended_says_what_to_type_about_its_failed_items(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(ONE_ENDED)
    outcome = cli("batch", "status", "photos")
    assert outcome.lines[0].endswith("CompletedWithFailures   100/100   pipeline measure   90s")
    assert "Items:   98 done, 2 failed, 0 skipped" in outcome.lines
    assert outcome.lines[-2:] == [
        "Next: stagework batch failed photos",
        "      see which items failed, and why; `stagework batch reprocess` runs those again",
    ]


@pytest.mark.parametrize(
    ("summary", "command"),
    [
        ("Suspended", "stagework batch resume photos -n ads"),
        ("Stopped", "stagework batch reprocess photos -n ads --all-but-done"),
        ("TooManyFailedItems", "stagework batch failed photos -n ads"),
        ("InvalidItems", "kubectl describe batches.stagework.dev photos -n ads"),
        ("ArtifactsUnavailable", "stagework doctor"),
    ],
)
def test_each_cause_has_its_next_step(
    cli: Cli, cluster: FakeCluster, summary: str, command: str
) -> None:
    cluster.add_batches(photos({**RUNNING, "summary": summary}, namespace="ads"))
    assert f"Next: {command}" in cli("batch", "status", "photos", "-n", "ads").lines


def test_one_that_the_operator_has_not_seen_asks_for_the_operator(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(photos())
    outcome = cli("batch", "status", "photos")
    assert outcome.lines[0] == "default/photos   Queued   pipeline measure   100s"
    assert "Next: stagework doctor" in outcome.lines


def test_lines_of_the_list_that_were_left_out_are_told(cli: Cli, cluster: FakeCluster) -> None:
    manifest = {
        "total": 100,
        "unreadable": [{"line": 7, "reason": "it is no JSON"}],
        "unreadableCount": 3,
        "duplicates": [9, 12],
        "duplicateCount": 2,
    }
    cluster.add_batches(photos({**RUNNING, "manifest": manifest}))
    lines = cli("batch", "status", "photos").lines
    begin = lines.index("Of the list was left out:")
    assert lines[begin + 1 :] == [
        "  line 7: it is no JSON",
        "  and 2 more lines that hold no item",
        "  items that were there before: lines 9, 12",
    ]


def test_as_json_it_is_the_api_services_own_answer(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos(RUNNING))
    shown = json.loads(cli("batch", "status", "photos", "-o", "json").out)
    assert shown == json.loads(batch_detail(photos(RUNNING)).model_dump_json(by_alias=True))
    assert (shown["batch"]["done"], shown["batch"]["percent"]) == (45, 47.0)


def test_a_batch_that_is_not_there_is_exit_1_with_the_command_that_lists_them(cli: Cli) -> None:
    outcome = cli("batch", "status", "none")
    assert outcome.code == 1
    assert "there is no batch 'none' in namespace 'default'" in outcome.err
    assert "next: stagework batch list -A" in outcome.err


def test_one_of_a_newer_version_says_to_upgrade(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos(RUNNING))
    cluster.objects[HERE]["spec"]["warp"] = 9
    assert "pip install --upgrade stagework" in cli("batch", "status", "photos").err
    assert "warning: batch photos has fields" in cli("batch", "list").err


def test_without_a_terminal_a_watch_prints_a_line_a_change_until_the_end(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(photos(RUNNING))
    cli.on_sleep = lambda: cluster.add_batches(photos(RUNNING) if len(cli.slept) < 3 else ONE_ENDED)
    outcome = cli("batch", "status", "photos", "-w")
    assert (outcome.code, outcome.lines) == (
        0,
        [
            "[Batch photos] [92s] 47/100 47.0% - Running: 2 failed, 12.5 a minute, ends in 4m..5m",
            "[Batch photos] [90s] 100/100 100.0% - CompletedWithFailures: 2 failed, 12.5 a minute",
        ],
    )
    assert len(cli.slept) == 3


def test_a_watch_of_one_that_fails_is_exit_1(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(ONE_FAILED)
    outcome = cli("batch", "status", "photos", "-w")
    assert outcome.code == 1
    assert "next: stagework batch status photos" in outcome.err


def test_a_watch_as_json_prints_an_object_a_change(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(ONE_ENDED)
    (line,) = cli("batch", "status", "photos", "-w", "-o", "json").lines
    assert json.loads(line)["batch"]["state"] == "CompletedWithFailures"


def test_a_watch_outlives_an_api_server_that_is_away_and_says_so_once(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(ONE_ENDED)
    cluster.unreachable = True

    def back() -> None:
        cluster.unreachable = len(cli.slept) < 5

    cli.on_sleep = back
    outcome = cli("batch", "status", "photos", "-w")
    assert outcome.code == 0
    assert outcome.err.count("no answer from the API server; trying again") == 1


def test_a_watch_ends_where_its_batch_is_deleted_or_made_anew(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(photos(RUNNING))
    cli.on_sleep = lambda: void(cluster.objects.pop(HERE))
    outcome = cli("batch", "status", "photos", "-w")
    assert (outcome.code, "error: batch photos was deleted" in outcome.err) == (1, True)
    cluster.add_batches(photos(RUNNING))
    other = Metadata(name="photos", namespace="default", uid="another", creationTimestamp=at(0))
    anew = photos(RUNNING).model_copy(update={"metadata": other})
    cli.on_sleep = lambda: cluster.add_batches(anew)
    assert "was deleted and made anew" in cli("batch", "status", "photos", "-w").err


def void(_: object) -> None:
    """Makes a statement of an expression."""


def test_in_a_terminal_a_bar_shows_how_far_it_is() -> None:
    painted = io.StringIO()
    console = Console(file=painted, force_terminal=True, width=100)
    with PaintedBatch(console) as screen:
        screen.show(batch_detail(photos(RUNNING)), at(100))
    assert "━" * 20 in painted.getvalue()
    assert "45 done, 2 failed" in painted.getvalue()


def test_the_list_has_the_columns_of_kubectl_and_the_newest_first(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(ONE_ENDED, photos(RUNNING, name="scans", made=40))
    assert cli("batch", "list").lines == [
        "NAME     STATUS                  DONE   FAILED   TOTAL   PERCENT   ETA      AGE",
        "scans    Running                 45     2        100     47.0      4m..5m   60s",
        "photos   CompletedWithFailures   98     2        100     100.0              100s",
    ]


def test_the_list_as_wide_everywhere_and_as_json(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos(RUNNING), photos(RUNNING, namespace="ads", title="Spring"))
    wide = cli("batch", "list", "-A", "-o", "wide").lines
    assert wide[0].split()[0] == "NAMESPACE"
    assert "Spring" in " ".join(wide)
    rows = json.loads(cli("batch", "list", "-o", "json").out)
    assert [(row["namespace"], row["done"], row["chunkSizeReason"]) for row in rows] == [
        ("default", 45, "Target")
    ]


def test_an_empty_list_says_how_to_make_one(cli: Cli) -> None:
    assert cli("batch", "list").lines == [
        "No batches in namespace default.",
        "  next: stagework batch submit FOLDER --pipeline PIPELINE",
    ]


def serve(cluster: FakeCluster, *items: dict[str, Any], page: int = 2) -> None:
    """The API service's list of failed items, in pages."""

    def answer(asked: Request) -> Any:
        assert asked.query["state"] == "Failed"
        rest = [item for item in items if item["number"] > int(asked.query["after"])]
        following = rest[page - 1]["number"] if len(rest) > page else None
        return ok({"items": rest[:page], "next": following})

    cluster.add_batches(ONE_ENDED)
    cluster.routes["GET", ITEMS] = answer


def test_failed_items_are_listed_with_their_reasons(cli: Cli, cluster: FakeCluster) -> None:
    serve(cluster, *(failed_item(number) for number in (3, 5, 8)))
    assert cli("batch", "failed", "photos").lines == [
        "ID      REASON       ATTEMPTS   CHUNK     MACHINE   MESSAGE",
        "3.png   BadPicture   2          r0-0-10   gpu       cut off",
        "5.png   BadPicture   2          r0-0-10   gpu       cut off",
        "8.png   BadPicture   2          r0-0-10   gpu       cut off",
    ]


def test_as_csv_all_pages_come_and_no_cell_is_a_formula(cli: Cli, cluster: FakeCluster) -> None:
    serve(cluster, *(failed_item(n, id=f"={n}", outputs=["a", "b"]) for n in range(5)))
    rows = list(csv.DictReader(io.StringIO(cli("batch", "failed", "photos", "-o", "csv").out)))
    assert [row["id"] for row in rows] == ["'=0", "'=1", "'=2", "'=3", "'=4"]
    assert rows[0]["outputs"] == "a b"


def test_as_json_they_have_every_field(cli: Cli, cluster: FakeCluster) -> None:
    serve(cluster, failed_item(3))
    assert json.loads(cli("batch", "failed", "photos", "-o", "json").out) == [failed_item(3)]


def test_a_table_has_an_end_and_says_where_the_rest_is(cli: Cli, cluster: FakeCluster) -> None:
    serve(cluster, *(failed_item(number) for number in range(302)), page=100)
    outcome = cli("batch", "failed", "photos")
    assert len(outcome.lines) == 301
    assert "and 2 more: stagework batch failed photos -o csv" in outcome.err


def test_without_failed_items_it_says_so(cli: Cli, cluster: FakeCluster) -> None:
    serve(cluster)
    assert cli("batch", "failed", "photos").lines == ["No item of photos has failed."]


def test_who_may_not_see_the_items_learns_which_right_it_takes(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(ONE_ENDED)
    denied = ok({"error": "you may not get batches in namespace 'default'"}, 403)
    cluster.routes["GET", ITEMS] = lambda _: denied
    outcome = cli("batch", "failed", "photos", "-o", "csv")
    assert (outcome.code, outcome.out) == (1, "")
    assert "jane needs the right to get batches in default" in outcome.err


def test_a_batch_whose_kind_the_cluster_lacks_says_what_to_install(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.routes["GET", HERE] = lambda _: status(404, "the server could not find it")
    assert "kubectl apply --server-side -f crds/" in cli("batch", "status", "photos").err


def test_a_batch_that_is_being_deleted_says_so(cli: Cli, cluster: FakeCluster) -> None:
    going = photos(ENDED, end=ended("True", "Completed"))
    meta = going.metadata.model_copy(update={"deletionTimestamp": at(99)})
    cluster.add_batches(going.model_copy(update={"metadata": meta}))
    assert cli("batch", "list").lines[1].split()[:2] == ["photos", "Deleting"]


def test_a_watch_may_have_an_end_in_time(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add_batches(photos(RUNNING))
    session = Session(lambda: cluster, now=cli.now, sleep=cli.sleep)
    with pytest.raises(TimeRanOut, match="time ran out; batch photos goes on"):
        watch(session, "default", "photos", timeout_seconds=5)
    assert sum(cli.slept) == 5


def test_a_watch_that_is_left_is_exit_0_and_says_that_the_batch_goes_on(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add_batches(photos(RUNNING))
    cli.on_sleep = lambda: os.kill(os.getpid(), signal.SIGINT)
    outcome = cli("batch", "status", "photos", "-w")
    assert outcome.code == 0
    assert "no longer watched; batch photos goes on" in outcome.err


def test_batches_that_are_remembered_are_listed_also_where_they_are_deleted(
    cli: Cli, cluster: FakeCluster
) -> None:
    gone = batch_fact(failed=3, done=97, chunks=9, failedChunks=1, state="CompletedWithFailures")
    body = {"batches": [gone.model_dump(mode="json")], "next": ""}
    cluster.routes["GET", f"{PROXY}/v1/history/batches"] = lambda _: ok(body)

    head, line = cli("batch", "list", "--remembered").lines
    (known,) = json.loads(cli("batch", "list", "--remembered", "-o", "json").out)

    assert head.split()[:4] == ["NAME", "STATUS", "DONE", "FAILED"]
    words = ["name-of-batch-1", "CompletedWithFailures", "97", "3", "100", "9+1", "10m"]
    assert line.split()[:7] == words
    assert known["failedChunks"] == 1
