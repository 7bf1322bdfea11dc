"""Six broken pipelines are understood from `stagework status` alone: cause, where, what to type.

What the kubelet reports goes through the rules and is printed as a person sees it. The sentences
are in `broken_pipelines.txt`; `STAGEWORK_GOLDEN=write` writes them anew, to be read by somebody.
"""

import os
import re
from dataclasses import dataclass, field

import pytest

from stagework.api.observed import PodView
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stages import Stage
from stagework.plans.pipelinejob.snapshot import LogAnswer, LogQuestion
from tests.support.broken_pages import GOLDEN, golden_pages, masked
from tests.support.builders import (
    T0,
    World,
    after,
    deleting,
    make_job,
    make_pod,
    make_stage,
    make_status,
    running,
    terminated,
    waiting_for,
)
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import FakeCluster

JOB = make_job("overlay")
POD = make_pod(JOB)
ASKED = LogQuestion("overlay", 1, POD.metadata.uid, POD.metadata.name, "stage")
HANGS = running(POD, since=after(2))
DRAWN = make_status(
    "img_gen",
    "Succeeded",
    machine="gpu",
    node="gpu-0",
    startTime=T0,
    completionTime=after(12),
)
_PULL = (
    'Back-off pulling image "registry.example.org/team/ovrlay:1": ErrImagePull: rpc error: code ='
    ' NotFound desc = failed to pull and unpack image "registry.example.org/team/ovrlay:1": failed'
    ' to resolve reference "registry.example.org/team/ovrlay:1":'
    " registry.example.org/team/ovrlay:1: not found"
)
_NO_PROGRAM = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc"
    ' create failed: unable to start container process: exec: "pythn": executable file not found in'
    " $PATH: unknown"
)


@dataclass(frozen=True)
class Broken:
    """What is wrong, as the kubelet says it from one moment to the next."""

    pods: tuple[PodView, ...]
    last_line: str = ""
    seconds: tuple[float, ...] = (40,)
    """When each of `pods` is seen, after the turn."""
    stage: Stage = field(
        default_factory=lambda: make_stage("overlay", timeoutSeconds=600, startDeadlineSeconds=900)
    )


CASES = {
    "a typo in the image": Broken((waiting_for(POD, "ImagePullBackOff", _PULL),)),
    "a typo in the program": Broken(
        (terminated(POD, 128, reason="StartError", message=_NO_PROGRAM, finished=after(15)),)
    ),
    "a missing Secret": Broken(
        (waiting_for(POD, "CreateContainerConfigError", 'secret "ad-fonts" not found'),)
    ),
    "out of memory": Broken(
        (terminated(POD, 137, reason="OOMKilled", finished=after(30)),),
        "loading model: 3.9 of 7.1 GiB",
        stage=make_stage("overlay", resources={"limits": {"memory": "4Gi"}}),
    ),
    "a crash with a traceback": Broken(
        (terminated(POD, 1, finished=after(30)),), "KeyError: 'title'"
    ),
    "a hang": Broken(
        (HANGS, HANGS, deleting(terminated(POD, 143))),
        "waiting for lock /work/font.lock",
        seconds=(601, 603, 605),
        stage=make_stage("overlay", timeoutSeconds=600, retries=0),
    ),
}


def _ended(broken: Broken) -> PipelineJob:
    """The run after everything has been seen, as the rules have written it."""
    stages = [make_stage("img_gen"), broken.stage, make_stage("iou_eval")]
    work = make_status(
        "overlay",
        "Starting",
        pod=POD.metadata.uid,
        job=JOB.metadata.name,
        jobUid=JOB.metadata.uid,
        turnTime=T0,
        machine="gpu",
    )
    world = World(
        stages=stages,
        states=[DRAWN, work, make_status("iou_eval")],
        status={"startTime": T0},
        spec={"pipeline": "ad-image"},
        jobs=[JOB],
        logs={ASKED: LogAnswer(broken.last_line)},
    )
    for pod, seconds in zip(broken.pods, broken.seconds, strict=True):
        world = world.but(pods=[pod], looking_since=T0)
        status = world.plan(after(seconds)).status
        if status is not None:
            run = world.the_run().model_copy(update={"status": status})
            world = world.but(run=run)
    return world.the_run()


def _shown(cli: Cli, cluster: FakeCluster, broken: Broken) -> str:
    run = _ended(broken)
    cluster.add(run)
    cli.time = after(broken.seconds[-1])
    return cli("status", run.metadata.name, "-n", run.metadata.namespace).out


@pytest.fixture(scope="session")
def golden() -> dict[str, str]:
    """The committed pages by their titles."""
    if os.environ.get("STAGEWORK_GOLDEN") == "write":
        GOLDEN.write_text("")
    return golden_pages()


@pytest.mark.parametrize("case", CASES)
def test_the_cause_the_place_and_what_to_type_are_on_the_page(
    cli: Cli, cluster: FakeCluster, golden: dict[str, str], case: str
) -> None:
    page = _shown(cli, cluster, CASES[case])

    if os.environ.get("STAGEWORK_GOLDEN") == "write":
        with GOLDEN.open("a") as file:
            file.write(f"=== {case} ===\n{page}\n")
        return
    assert f"{page}\n" == golden[case]


@pytest.mark.parametrize("case", CASES)
def test_the_same_page_of_another_cluster_is_said_apart_from_no_other(
    golden: dict[str, str], case: str
) -> None:
    """As the story on the kind cluster compares them."""
    elsewhere = {"ads": "e2e-7", "ad-3b87": "typo", "ad-image": "typo-pipeline", "gpu": "macmini"}
    page = golden[case].replace("40s", "1m3s").replace("4Gi", "64Mi").replace("600 s", "5 s")
    for here, there in elsewhere.items():
        page = re.sub(rf"(?<![\w-]){here}(?![\w])", there, page)
    names = {
        "e2e-7/typo": "PLACE",
        "typo": "RUN",
        "-n e2e-7": "-n NAMESPACE",
        "typo-pipeline": "PIPELINE",
        "macmini-0": "NODE",
        "macmini": "MACHINE",
    }

    seen = masked(page, names)

    assert [title for title, known in golden.items() if masked(known) == seen] == [case]
