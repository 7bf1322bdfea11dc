import json

from stagework.api import names
from tests.support.builders.written_runs import run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, FakeCluster, status


def test_the_list_is_plain_text_with_a_word_for_every_state(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(
        run_of(stage("a", "Running")), run_of(name="ad-2", uid="2", summary=names.COMPLETED)
    )
    outcome = cli("status")
    assert outcome.code == 0
    assert outcome.lines[0].split() == ["NAME", "STATUS", "STAGE", "PROGRESS", "MACHINE", "AGE"]
    assert [line.split()[:2] for line in outcome.lines[1:]] == [
        ["ad-1", "Running"],
        ["ad-2", "Completed"],
    ]
    assert "\x1b" not in outcome.out


def test_an_empty_namespace_says_so_and_what_to_type(cli: Cli) -> None:
    outcome = cli("status", "-n", "ads")
    assert outcome.lines == [
        "No pipelinejobs in namespace ads.",
        "  next: kubectl explain pipelinejobs.spec.stages (what a run says)",
    ]


def test_one_run_is_shown_in_sections(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(run_of(stage("ocr_eval", "Failed", message="no font"), summary=names.STAGE_FAILED))
    outcome = cli("status", "ad-1")
    assert outcome.lines[0].startswith("default/ad-1   StageFailed   0/1")
    assert outcome.lines[-2] == "Next: stagework logs ad-1 ocr_eval"


def test_json_has_the_same_facts(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(run_of(stage("a", "Running")))
    assert json.loads(cli("status", "-o", "json").out)[0]["status"] == "Running"
    assert json.loads(cli("status", "ad-1", "-o", "json").out)["stages"][0]["state"] == "Running"


def test_a_run_that_is_not_there_is_an_error_with_the_next_command(cli: Cli) -> None:
    outcome = cli("status", "nope")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines() == [
        "error: there is no pipelinejob 'nope' in namespace 'default'",
        "  next: stagework status -A",
    ]


def test_a_cluster_without_our_kinds_is_an_error_with_the_next_command(
    cli: Cli, cluster: FakeCluster
) -> None:
    missing = status(404, "404 page not outcome")
    cluster.routes["GET", f"{GROUP}/namespaces/default/pipelinejobs"] = lambda _: missing
    outcome = cli("status")
    assert outcome.code == 1
    assert "does not know the kinds of stagework.dev" in outcome.err
    assert "next: kubectl apply --server-side -f crds/" in outcome.err


def test_a_missing_right_names_it_and_the_command_that_grants_it(
    cli: Cli, cluster: FakeCluster
) -> None:
    text = (
        'pipelinejobs.stagework.dev is forbidden: User "jane" cannot list resource "pipelinejobs" '
        'in API group "stagework.dev" in the namespace "default"'
    )
    cluster.routes["GET", f"{GROUP}/namespaces/default/pipelinejobs"] = lambda _: status(403, text)
    outcome = cli("status")
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        "error: list pipelinejobs: jane may not list pipelinejobs.stagework.dev -n default",
        (
            "  next: kubectl create rolebinding stagework-view -n default "
            "--clusterrole=stagework-view --user=jane"
        ),
    ]


def test_an_unreachable_cluster_is_no_traceback(cli: Cli, cluster: FakeCluster) -> None:
    cluster.unreachable = True
    outcome = cli("status")
    assert outcome.code == 1
    assert outcome.err.startswith("error: no answer from the API server")


def test_a_run_of_a_newer_version_does_not_hide_the_others(cli: Cli, cluster: FakeCluster) -> None:
    cluster.add(run_of(), run_of(name="newer", uid="2"))
    cluster.objects[f"{GROUP}/namespaces/default/pipelinejobs/newer"]["spec"]["tomorrow"] = 1
    outcome = cli("status")
    assert "ad-1" in outcome.out
    assert "warning: pipelinejob newer has fields that this version does not know" in outcome.err


def test_help_documents_the_exit_codes(cli: Cli) -> None:
    for command in ("status", "monitor", "wait", "retry", "skip", "upload", "results", "doctor"):
        shown = " ".join(cli(command, "--help").out.split())
        assert "Exit codes: 0 done" in shown


WAITS = stage("a", reason=names.WAIT_SLOT, message="waits for a gpu slot: 1st of 1; 2 of 2 taken")


def test_who_holds_the_slots_is_named_as_far_as_the_reader_may_see(
    cli: Cli, cluster: FakeCluster
) -> None:
    cluster.add(
        run_of(WAITS, name="waits", summary=names.QUEUED),
        run_of(stage("overlay", "Running", start=0), name="ad-7", uid="7"),
        run_of(stage("x", "Running", start=0), name="far", namespace="other", uid="8"),
    )
    held = [line.split(" (")[0] for line in cli("status", "waits").lines if "  gpu: " in line]
    assert sorted(held) == ["  gpu: default/ad-7", "  gpu: other/far"]

    refused = status(403, "forbidden")
    cluster.routes["GET", f"{GROUP}/pipelinejobs"] = lambda _: refused
    lines = cli("status", "waits").lines
    assert [line.split(" (")[0] for line in lines if "  gpu: " in line] == ["  gpu: default/ad-7"]
