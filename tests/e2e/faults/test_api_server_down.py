"""The API server is down for five minutes: no work is killed, and nothing is begun twice."""

import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from hack.devcluster.cluster import node_names
from tests.support.cluster.api import Api
from tests.support.cluster.measured import Measured
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of
from tests.support.cluster.waiting import eventually, stage_in, stage_is
from tests.support.cluster.witness import Witness

pytestmark = [
    pytest.mark.fault("API server down for 5 min"),
    pytest.mark.alone("it stops the API server", touches="release"),
    pytest.mark.long("five minutes without it"),
    pytest.mark.timeout(1800),
]
DOWN_SECONDS = 300
MANIFEST, ASIDE = "/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/aside.yaml"


@contextmanager
def api_server_down(api: Api) -> Generator[None]:
    """Its kubelet ends it where its manifest is gone; it answers again after the block."""
    _on_control_plane(f"mv {MANIFEST} {ASIDE}")
    try:
        yield
    finally:
        _on_control_plane(f"test ! -e {ASIDE} || mv {ASIDE} {MANIFEST}")
        eventually(
            lambda: _answers(api),
            bool,
            seconds=300,
            otherwise=lambda: "the API server does not come back",
        )


def _on_control_plane(script: str) -> None:
    command = ["docker", "exec", node_names()["control-plane"], "sh", "-c", script]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def _answers(api: Api) -> bool:
    try:
        return api.request("GET", "/readyz").body == b"ok"
    except OSError:
        return False


def test_no_work_is_killed_and_nothing_is_begun_twice(
    space: Space, witness: Witness, api: Api, release: Release, measured: Measured
) -> None:
    space.apply(
        run_of("ends", witness.stage("one", 60, contract="Mark")),
        run_of("lasts", witness.stage("one", DOWN_SECONDS + 120, contract="Mark")),
    )
    for name in ("ends", "lasts"):
        space.wait_for(name, stage_is("one", state="Running"))
        witness.wait_until_heard(name)
    with api_server_down(api):
        eventually(
            lambda: not _answers(api),
            bool,
            seconds=120,
            otherwise=lambda: "the API server goes on",
        )
        time.sleep(DOWN_SECONDS)  # the fault itself
    measured.heals()
    measured.seen(space, "ends", stage_is("one", state="Succeeded"), 300)
    measured.goes_on()
    release.wait_until_ready()

    for name in ("ends", "lasts"):
        assert stage_in(space.wait_for_end(name, "Completed", 900), "one")["attempt"] == 1
        assert len(witness.pods_of(name)) == 1
    measured.ended("Completed, attempt 1", witness.copies("lasts"))
