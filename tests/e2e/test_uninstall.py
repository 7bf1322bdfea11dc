"""Uninstall leaves the definitions and what people made, nothing else; install works again.

Whatever happens, the release is there again afterwards.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagework.api.kinds import DEFINED
from tests.support.cluster import bucket, models
from tests.support.cluster.commands import RELEASE_NAMESPACE, Commands
from tests.support.cluster.release import CHART, NAME, Release
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import run_of, shell
from tests.support.cluster.waiting import eventually

pytestmark = [
    pytest.mark.alone("it uninstalls the release", touches="release"),
    pytest.mark.long("tests/chart/test_release.py has what stays; each `make e2e` upgrades"),
]

DEFINITIONS = {f"customresourcedefinition.apiextensions.k8s.io/{k.full_name}" for k in DEFINED}
OTHERS_HAVE_MADE = {
    "configmap/kube-root-ca.crt", "serviceaccount/default", f"secret/{models.SECRET}",
    f"secret/{bucket.SECRET}",
}  # fmt: skip
"""What every namespace has, and the keys that these tests gave the release to read."""
NOT_OURS = {"events", "events.events.k8s.io", "nodes", "csinodes.storage.k8s.io", "namespaces"}
"""Reports that go by themselves, and the nodes, whose names begin with the cluster's."""

NOT_THE_RELEASES = ("/stagework-devcluster:", "/v1alpha1.stagework.dev")
"""Rights of the dev cluster's own network, and what the API server keeps for the definitions."""


@pytest.fixture(scope="module", autouse=True)
def values(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file with the values in use; a release with them is left behind."""
    where = ("--namespace", RELEASE_NAMESPACE)
    file = tmp_path_factory.mktemp("helm") / "values.json"
    file.write_text(release.commands.helm("get", "values", NAME, *where, "-o", "json").out)
    yield file
    install(release, file)


def install(release: Release, values: Path) -> None:
    """`helm install`, or nothing new where the release is there."""
    release.commands.helm(
        *("upgrade", "--install", NAME, CHART, "--namespace", RELEASE_NAMESPACE),
        *("--create-namespace", "--values", str(values), "--wait", "--timeout", "3m"),
    )


def left_behind(commands: Commands) -> set[str]:
    """Everything in the release's namespace, and everything of ours that has no namespace."""
    inside = resources(commands, namespaced=True)
    outside = resources(commands, namespaced=False)
    named = commands.must(
        "-n", RELEASE_NAMESPACE, "get", ",".join(inside), "-o", "name", "--ignore-not-found"
    ).out.split()
    unnamed = commands.must("get", ",".join(outside), "-o", "name", "--ignore-not-found").out
    ours = [
        name
        for name in unnamed.split()
        if "stagework" in name and not any(word in name for word in NOT_THE_RELEASES)
    ]
    return {*named, *ours} - OTHERS_HAVE_MADE


def resources(commands: Commands, *, namespaced: bool) -> list[str]:
    """Names of all kinds that can be listed."""
    kinds = commands.must(
        *("api-resources", "--verbs=list", "-o", "name", f"--namespaced={str(namespaced).lower()}")
    ).out.split()
    return [kind for kind in kinds if kind not in NOT_OURS]


def test_uninstall_leaves_only_the_definitions(space: Space, release: Release) -> None:
    space.apply(run_of("remembered", shell("one")))
    space.wait_for_end("remembered", "Completed")
    release.commands.helm(
        *("uninstall", NAME, "--namespace", RELEASE_NAMESPACE, "--wait", "--timeout", "2m")
    )
    eventually(
        lambda: left_behind(release.commands),
        lambda left: left == DEFINITIONS,
        seconds=WAIT_SECONDS,
        otherwise=lambda: f"left: {sorted(left_behind(release.commands) - DEFINITIONS)}",
    )


def test_what_people_made_is_still_there(space: Space) -> None:
    assert space.status_of("remembered")["summary"] == "Completed"


def test_installed_again_it_takes_up_the_work(space: Space, release: Release, values: Path) -> None:
    space.apply(run_of("made-meanwhile", shell("one")))
    before = json.dumps(space.run("remembered"))
    install(release, values)
    space.wait_for_end("made-meanwhile", "Completed")
    assert json.dumps(space.run("remembered")) == before
