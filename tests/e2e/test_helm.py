"""An administrator installs, checks and upgrades; what runs meanwhile is not disturbed."""

import json

import pytest

from tests.support.cluster.commands import RELEASE_NAMESPACE
from tests.support.cluster.release import CHART, NAME, Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of, shell
from tests.support.cluster.waiting import stage_is

pytestmark = pytest.mark.alone("it upgrades the release", touches="release")


def test_the_chart_has_no_faults(release: Release) -> None:
    answer = release.commands.helm("lint", "--strict", CHART)
    assert "0 chart(s) failed" in answer.out


def test_helm_test_runs_a_two_stage_job(release: Release) -> None:
    answer = release.commands.helm("test", NAME, "--namespace", RELEASE_NAMESPACE)
    assert "Phase:          Succeeded" in answer.out
    left = release.commands.must(
        *("-n", RELEASE_NAMESPACE, "get", "pipelinejobs,jobs", "-o", "name"),
        *("-l", "!stagework.dev/task"),  # built-in tasks run by the clock
    ).out
    assert left == "", left


@pytest.mark.long("the first lines of `make e2e` upgrade, while nothing runs")
def test_an_upgrade_in_mid_run_disturbs_nothing(space: Space, release: Release) -> None:
    space.apply(
        run_of("upgraded", shell("one", "sleep 4"), shell("two", "sleep 1"), shell("three"))
    )
    space.wait_for("upgraded", stage_is("one", state="Running"))
    before = {pod["metadata"]["name"] for pod in release.operator_pods()}
    answer = release.commands.helm(
        *("upgrade", NAME, CHART, "--namespace", RELEASE_NAMESPACE, "--reuse-values"),
        *("--set-string", f"operator.podAnnotations.upgraded={space.namespace}"),
        *("--wait", "--timeout", "3m", "-o", "json"),
    )
    assert json.loads(answer.out)["info"]["status"] == "deployed"
    run = space.wait_for_end("upgraded", "Completed")
    assert run["status"]["retries"] == 0
    assert len(space.container_starts("upgraded-")) == 3
    assert before.isdisjoint(pod["metadata"]["name"] for pod in release.ready_operator_pods())
