from pathlib import Path

import pytest

from stagework.api import names
from stagework.cli.cluster import Answer
from tests.support.builders.written_runs import run_of, stage
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, PROXY, FakeCluster, Request, ok

JOBS = f"{GROUP}/namespaces/default/pipelinejobs"
RUNS = ("ad-from-prompt", "ad-from-picture")
BOTH = ["--pictures", "0", *(word for name in RUNS for word in ("--run", name))]


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder as the repository has it."""
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(
        "kind: Pipeline\napiVersion: stagework.dev/v1alpha1\nmetadata: {name: ad-image}\n"
        "spec: {stages: [{name: a, image: x}]}\n"
    )
    for name, extra in zip(
        RUNS, ("", ", input: {uri: artifact://default/uploads/x/s.png}"), strict=False
    ):
        (folder / f"{name}.yaml").write_text(
            f"kind: PipelineJob\nmetadata: {{name: {name}}}\n"
            f"spec: {{pipelineRef: {{name: ad-image}}{extra}}}\n"
        )
    (folder / "s.png").write_bytes(b"png")
    return folder


@pytest.fixture(autouse=True)
def service(cluster: FakeCluster) -> None:
    token = "/api/v1/namespaces/default/serviceaccounts/stagework-demo/token"
    cluster.routes["POST", token] = lambda _: ok({"status": {"token": "made"}}, 201)
    done = ok({"uri": "artifact://default/uploads/real/s.png"}, 201)
    cluster.routes["PUT", f"{PROXY}/v1/uploads/default/s.png"] = lambda _: done
    for name in RUNS:
        base = f"{PROXY}/v1/artifacts/{prefix_of(name)}/"
        cluster.routes["GET", base] = lambda _: ok({"files": [{"path": "composed.png"}]})
        cluster.routes["GET", f"{base}composed.png"] = lambda _: Answer(200, b"png")


def prefix_of(run: str) -> str:
    """Where the outputs of a run's one stage are."""
    return f"default/uid-{run}/overlay/1-pod"


def ends(cluster: FakeCluster, summary: str) -> None:
    """Both runs end this way as soon as they are watched."""
    state = "Succeeded" if summary == names.COMPLETED else "Failed"
    for name in RUNS:
        done = stage("overlay", state, message="no font", prefix=prefix_of(name), end=5)
        cluster.change(run_of(done, name=name, uid=f"uid-{name}", summary=summary, end=6))


def made_by_the_api_server(cluster: FakeCluster) -> None:
    """Creation answers with the run as the operator will find it."""

    def create(asked: Request) -> Answer:
        name = asked.json["metadata"]["name"]
        cluster.add(run_of(stage("overlay"), name=name, uid=f"uid-{name}"))
        return ok(asked.json, 201)

    cluster.routes["POST", JOBS] = create


def test_the_demo_tells_the_whole_story(
    demo: Cli, cluster: FakeCluster, samples: Path, tmp_path: Path
) -> None:
    cluster.add(run_of(name=RUNS[0], uid="of-an-earlier-time"))
    made_by_the_api_server(cluster)
    ends(cluster, names.COMPLETED)
    outcome = demo("--samples", samples, *BOTH, "--to", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert f"pipelinejob.stagework.dev/{RUNS[0]} of an earlier time deleted" in outcome.lines
    assert f"[Job {RUNS[0]}] [6s] completed - {RUNS[0]}: Completed in 6s" in outcome.lines
    for name in RUNS:
        picture = tmp_path / "out" / name / "overlay" / "composed.png"
        assert picture.read_bytes() == b"png"
        assert f"  {name}: {picture}" in outcome.lines
    (_, second) = cluster.sent("POST", "/pipelinejobs")
    assert second.json["spec"]["input"] == {"uri": "artifact://default/uploads/real/s.png"}
    binding = cluster.sent("PATCH", "/rolebindings/stagework-demo")[0].json
    assert binding["roleRef"]["name"] == "stagework-edit"


def test_a_failed_run_makes_the_demo_fail_with_the_reason(
    demo: Cli, cluster: FakeCluster, samples: Path, tmp_path: Path
) -> None:
    made_by_the_api_server(cluster)
    ends(cluster, names.STAGE_FAILED)
    outcome = demo("--samples", samples, *BOTH, "--to", tmp_path / "out")
    assert outcome.code == 1
    assert "failed at overlay (StageFailed): no font" in outcome.err
    assert f"next: stagework logs {RUNS[0]} overlay" in outcome.err


def test_a_sample_that_is_not_there_is_named(demo: Cli, samples: Path) -> None:
    outcome = demo("--samples", samples, "--run", "nope")
    assert outcome.code == 1
    assert "there is no PipelineJob nope in" in outcome.err


def test_a_sample_that_is_no_yaml_is_named(demo: Cli, samples: Path) -> None:
    (samples / "bad.yaml").write_text("a: [")
    outcome = demo("--samples", samples)
    assert outcome.code == 1
    assert "bad.yaml is not YAML" in outcome.err


def test_an_earlier_run_that_does_not_go_is_a_timeout(
    demo: Cli, cluster: FakeCluster, samples: Path
) -> None:
    cluster.add(run_of(name=RUNS[0]))
    cluster.routes["DELETE", f"{JOBS}/{RUNS[0]}"] = lambda _: ok({"kind": "Status"})
    outcome = demo("--samples", samples, *BOTH)
    assert outcome.code == 2
    assert "is still being deleted" in outcome.err
