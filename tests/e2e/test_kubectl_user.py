"""Somebody who has only kubectl: applies the samples, watches, waits, asks, and understands."""

import json

from tests.e2e.conftest import Samples
from tests.support.cluster.space import WAIT_SECONDS
from tests.support.cluster.waiting import eventually

RUN = "ad-from-prompt"
COLUMNS = ["NAME", "STATUS", "STAGE", "PROGRESS", "MACHINE", "AGE"]
WIDE = [*COLUMNS, "RETRIES", "NODE", "TITLE", "DURATION", "MESSAGE"]
CLASSES = {"gpu", "macmini", "macbook"}


def test_apply_names_everything_that_was_made(samples: Samples) -> None:
    assert set(samples.applied.splitlines()) == {
        "pipeline.stagework.dev/ad-evaluate created",
        "pipeline.stagework.dev/ad-image created",
        "pipelinejob.stagework.dev/ad-from-prompt created",
        "pipelinejob.stagework.dev/ad-from-picture created",
        "pipelinejob.stagework.dev/ad-korean created",
    }


def test_wait_ends_when_the_run_has_succeeded(samples: Samples) -> None:
    # kubectl's own waits are kept short: how long all of it takes is another story's business.
    samples.space.wait_for_end(RUN, "Completed", 280)
    answer = samples.space.kubectl(
        "wait", "--for=condition=Succeeded", f"pipelinejob/{RUN}", "--timeout=30s"
    )
    assert answer.out.strip() == f"pipelinejob.stagework.dev/{RUN} condition met"


def test_the_columns_are_those_of_the_design(samples: Samples) -> None:
    header, *rows = samples.space.kubectl("get", "pipelinejobs").rows()
    assert header == COLUMNS
    row = next(cells for cells in rows if cells[0] == RUN)
    assert row[:5] == [RUN, "Completed", "iou_eval", "9/9", "macmini"]
    header, *rows = samples.space.kubectl("get", "pipelinejobs", "-o", "wide").rows()
    assert header == WIDE
    row = next(cells for cells in rows if cells[0] == RUN)
    assert row[6] == "0"
    assert row[7].startswith("stagework-worker")
    assert " ".join(row[-4:]) == "all 9 stages succeeded"


def test_a_pipeline_shows_its_size_and_who_uses_it(samples: Samples) -> None:
    for name in ("ad-from-prompt", "ad-from-picture", "ad-korean"):
        samples.space.wait_for_end(name, "Completed", 280)

    def rows() -> list[list[str]]:
        return samples.space.kubectl("get", "pipelines", "ad-image").rows()

    seen = eventually(
        rows,
        lambda rows: rows[1][3] == "0",
        seconds=WAIT_SECONDS,
        otherwise=lambda: f"{rows()}: its runs have ended",
    )
    assert seen[0] == ["NAME", "STAGES", "PARAMS", "RUNS", "AGE"]
    spec = json.loads(samples.space.kubectl("get", "pl", "ad-image", "-o", "json").out)["spec"]
    assert seen[1][:3] == ["ad-image", str(len(spec["stages"])), str(len(spec["params"]))]
    wide = samples.space.kubectl("get", "pl", "ad-image", "-o", "wide").rows()
    assert wide[0][5:] == ["READY", "MESSAGE"]
    assert wide[1][5:] == ["True"]
    waited = samples.space.kubectl("wait", "--for=condition=Ready", "pl/ad-image", "--timeout=30s")
    assert waited.out.strip() == "pipeline.stagework.dev/ad-image condition met"


def test_short_names_category_and_field_selector(samples: Samples) -> None:
    space = samples.space
    assert space.kubectl("get", "pj", RUN, "-o", "name").out == f"pipelinejob.stagework.dev/{RUN}\n"
    assert "pipeline.stagework.dev/ad-image" in space.kubectl("get", "pl", "-o", "name").out
    everything = space.kubectl("get", "stagework", "-o", "name").out
    assert f"pipelinejob.stagework.dev/{RUN}" in everything
    assert "pipeline.stagework.dev/ad-image" in everything
    selected = space.kubectl("get", "pj", "-o", "name", "--field-selector=status.summary=Completed")
    assert f"pipelinejob.stagework.dev/{RUN}" in selected.out
    none = space.kubectl("get", "pj", "-o", "name", "--field-selector=status.summary=Suspended")
    assert none.out == ""


def test_describe_tells_the_story(samples: Samples) -> None:
    described = samples.space.kubectl("describe", "pj", RUN).out
    assert "summer shoes, 1080x1080" in described
    events = described.split("Events:")[1]
    assert "StageStarted" in events
    assert "stage img_gen, attempt 1, on gpu (stagework-worker)" in events
    assert "all 9 stages succeeded" in events


def test_explain_reads_well(samples: Samples) -> None:
    explained = samples.space.kubectl("explain", "pipelinejob.spec.stages").out
    for words in (
        "timeoutSeconds",
        "Longest run, counted from the container's start.",
        "dependsOn",
    ):
        assert words in explained, words
    deep = samples.space.kubectl("explain", "pipelinejob.status.stages", "--recursive").out
    assert "record" in deep
    root = samples.space.kubectl("explain", "pl.spec.params").out
    assert "a run without it is refused" in root


def test_the_watch_reads_like_a_progress_report(samples: Samples) -> None:
    def lines() -> list[list[str]]:
        rows = [line.split() for line in samples.followed.read_text().splitlines()]
        return [row for row in rows if row[0] == RUN]

    seen = eventually(
        lines,
        lambda rows: any(row[1:2] == ["Completed"] for row in rows),
        seconds=WAIT_SECONDS,
        otherwise=samples.followed.read_text,
    )
    shown = [row for row in seen if len(row) >= 5]
    progress = [int(row[3].split("/")[0]) for row in shown if "/" in row[3]]
    assert progress == sorted(progress), progress
    assert progress[-1] == 9
    assert len(set(progress)) >= 7, progress
    running = [row for row in shown if row[1] == "Running"]
    # Where others have a class for long, its stages go on with the next one.
    assert len({row[4] for row in running} & CLASSES) > 1, running
    # While it waits, a line is its place in the queue: how many there are is up to the others.
    at_work = [row for row in shown if row[1] not in {"Queued", "Waiting"}]
    assert len(at_work) <= 40, "no line without news"


def test_the_conditions_are_what_other_tools_expect(samples: Samples) -> None:
    run = json.loads(samples.space.kubectl("get", "pj", RUN, "-o", "json").out)
    status = run["status"]
    conditions = {condition["type"]: condition["status"] for condition in status["conditions"]}
    assert conditions == {"Succeeded": "True", "Reconciling": "False", "Stalled": "False"}
    assert status["observedGeneration"] == run["metadata"]["generation"]
    assert status["startTime"] <= status["completionTime"]
    revision = samples.space.kubectl("get", "controllerrevision", status["pipelineRevision"])
    assert status["pipelineRevision"] in revision.out
