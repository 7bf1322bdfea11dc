from collections.abc import Mapping
from typing import Any

import pytest

from stagework.api import names
from tests.support.builders.written_runs import UID, run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, FakeCluster, ok

WHERE = f"{GROUP}/namespaces/default/interventions"
FAILED = run_of(
    stage("img_gen", "Succeeded"),
    stage("ocr_eval", "Failed", attempt=3),
    stage("iou_eval", "NotRun"),
    summary=names.STAGE_FAILED,
)


@pytest.fixture(autouse=True)
def people(cluster: FakeCluster) -> None:
    """A failed run, its Pipeline, and a name for the caller."""
    cluster.add(FAILED)
    who = {"status": {"userInfo": {"username": "ops@example.org"}}}
    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    cluster.routes["POST", review] = lambda _: ok(who, 201)
    stages = [{"name": stage.name, "image": "x"} for stage in FAILED.status.stages]
    cluster.objects[f"{GROUP}/namespaces/default/pipelines/ad-image"] = {"spec": {"stages": stages}}


def answer(cli: Cli, cluster: FakeCluster, status: Mapping[str, Any]) -> None:
    """The operator answers while the command sleeps."""

    def written() -> None:
        for path, body in cluster.objects.items():
            if path.startswith(WHERE):
                body["status"] = {"answered": "2026-11-03T09:02:00Z", **status}

    cli.on_sleep = written


def test_a_retry_is_an_intervention_that_belongs_to_the_run(cli: Cli, cluster: FakeCluster) -> None:
    answer(cli, cluster, {"requested": 1, "affected": 1})
    outcome = cli("retry", "ad-1", "--stage", "ocr_eval", "--reason", "font was missing")
    assert (outcome.code, outcome.lines) == (
        0,
        [
            "intervention.stagework.dev/ad-1-retry-00001 created",
            "requested 1, affected 1, refused 0",
        ],
    )
    (made,) = cluster.sent("POST", "/interventions")
    assert made.json["metadata"]["generateName"] == "ad-1-retry-"
    assert made.json["metadata"]["ownerReferences"] == [
        {"apiVersion": names.API_VERSION, "kind": "PipelineJob", "name": "ad-1", "uid": UID}
    ]
    assert made.json["spec"] == {
        "target": {"kind": "PipelineJob", "name": "ad-1", "uid": UID},
        "verb": "Retry",
        "stages": ["ocr_eval"],
        "attempt": 3,
        "reason": "font was missing",
        "requestedBy": "ops@example.org",
    }


def test_without_a_stage_every_failed_one_is_meant_and_no_attempt_is_named(
    cli: Cli, cluster: FakeCluster
) -> None:
    answer(cli, cluster, {"requested": 1, "affected": 1})
    cli("retry", "ad-1")
    spec = cluster.sent("POST", "/interventions")[0].json["spec"]
    assert "attempt" not in spec
    assert "stages" not in spec


def test_a_refusal_is_exit_1_with_its_reason(cli: Cli, cluster: FakeCluster) -> None:
    refused = [{"stage": "img_gen", "reason": "AlreadyDone"}]
    answer(cli, cluster, {"requested": 1, "refused": refused})
    outcome = cli("skip", "ad-1", "--stage", "img_gen")
    assert outcome.code == 1
    assert outcome.lines[1:3] == [
        "requested 1, affected 0, refused 1",
        "  refused img_gen: AlreadyDone (it has succeeded, was skipped before, or is not needed)",
    ]
    assert "next: stagework status ad-1" in outcome.err


def test_no_answer_in_15_seconds_is_exit_2(cli: Cli) -> None:
    outcome = cli("retry", "ad-1")
    assert outcome.code == 2
    assert "has not answered ad-1-retry-00001 within 15s" in outcome.err
    assert sum(cli.slept) == pytest.approx(15, abs=0.5)


def test_skip_can_let_the_descendants_run(cli: Cli, cluster: FakeCluster) -> None:
    answer(cli, cluster, {"requested": 1, "affected": 1})
    cli("skip", "ad-1", "--stage", "ocr_eval", "--run-descendants")
    assert cluster.sent("POST", "/interventions")[0].json["spec"]["descendants"] == "Run"


def test_skip_needs_a_stage(cli: Cli) -> None:
    assert cli("skip", "ad-1").code == 2


def test_a_dry_run_answers_by_the_operators_own_judgement_and_writes_nothing(
    cli: Cli, cluster: FakeCluster
) -> None:
    outcome = cli("retry", "ad-1", "--stage", "ocr_eval", "--dry-run")
    assert (outcome.code, outcome.lines) == (
        0,
        [
            "requested 1, affected 1, refused 0 (dry run: nothing was written)",
            "  would be tried again: ocr_eval",
            "  would wait again: iou_eval",
            "  the run would end: Completed, if all that is still to run succeeds",
        ],
    )
    assert {request.method for request in cluster.requests} == {"GET"}


def test_a_dry_run_knows_the_stages_from_the_runs_own_revision(
    cli: Cli, cluster: FakeCluster
) -> None:
    kept = FAILED.status.model_copy(update={"pipelineRevision": "ad-image-abc"})
    cluster.add(FAILED.model_copy(update={"status": kept}))
    stages = [
        {"name": "img_gen", "image": "x"},
        {"name": "ocr_eval", "image": "x"},
        {"name": "iou_eval", "image": "x", "dependsOn": ["img_gen"]},
    ]
    where = "/apis/apps/v1/namespaces/default/controllerrevisions/ad-image-abc"
    cluster.objects[where] = {"data": {"stages": stages}}
    outcome = cli("retry", "ad-1", "--stage", "ocr_eval", "--dry-run")
    assert "  would wait again: iou_eval" not in outcome.lines


def test_a_dry_run_is_not_confused_by_a_pipeline_that_has_grown_since(
    cli: Cli, cluster: FakeCluster
) -> None:
    names_now = ["img_gen", "ocr_eval", "iou_eval", "new_since"]
    stages = [{"name": name, "image": "x"} for name in names_now]
    cluster.objects[f"{GROUP}/namespaces/default/pipelines/ad-image"] = {"spec": {"stages": stages}}
    outcome = cli("retry", "ad-1", "--stage", "ocr_eval", "--dry-run")
    assert outcome.lines[1:3] == [
        "  would be tried again: ocr_eval",
        "  would wait again: iou_eval",
    ]


def test_a_dry_run_that_would_be_refused_is_exit_1(cli: Cli) -> None:
    outcome = cli("retry", "ad-1", "--stage", "iou_eval", "--dry-run")
    assert outcome.code == 1
    assert "refused iou_eval: WaitsForOthers" in outcome.out


def test_an_unknown_stage_is_refused_with_a_reason_not_a_traceback(cli: Cli) -> None:
    outcome = cli("retry", "ad-1", "--stage", "nope", "--dry-run")
    assert "refused nope: UnknownStage (the run has no stage of that name)" in outcome.out


def test_a_denial_of_the_admission_policy_is_shown(cli: Cli, cluster: FakeCluster) -> None:
    text = "ValidatingAdmissionPolicy denied request: set spec.requestedBy to 'ops'"
    body = ok({"kind": "Status", "message": text}, 403)
    cluster.routes["POST", WHERE] = lambda _: body
    outcome = cli("retry", "ad-1")
    assert outcome.code == 1
    assert "set spec.requestedBy to 'ops'" in outcome.err
