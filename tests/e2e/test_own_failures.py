"""What a stage has done itself is its failure: told with its cause, repeated where that helps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster.injection import container, injected
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of, shell, unmarked
from tests.support.cluster.waiting import eventually

KILLED = 137
LIVES = "trap 'exit 0' TERM; sleep 600 & wait"
EATS = "import sys; held = bytearray(200 * 2**20); sys.exit(len(held) % 2)"


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All runs of this story, side by side; two of them get containers that nobody here wrote."""
    folder: Path = tmp_path_factory.mktemp("injector")
    init = container("mesh-init", "echo cannot reach the mesh >&2; exit 2")
    added = {
        "mesh-sidecar": ("containers", container("mesh-proxy", LIVES)),
        "mesh-init": ("initContainers", init),
    }
    scratch = {"name": "scratch", "mountPath": "/scratch", "emptyDir": "5Mi"}
    fills = "head -c 30000000 /dev/zero > /scratch/big; sleep 300"
    writes = 'printf "disk is full on /data" > /dev/termination-log; exit 3'
    bytes_only = 'printf "\\377\\376\\000caf\\351" > "$STAGEWORK_TERMINATION_FILE"; exit 1'
    hungry = shell("one", retries=2, resources={"limits": {"memory": "64Mi"}})
    hungry["command"] = ["python3", "-c", EATS]
    with injected(space, folder, added):
        space.apply(
            run_of("evicted", shell("one", fills, volumes=[scratch])),
            run_of("hungry", hungry),
            run_of("refuses", shell("one", "exit 2", retries=2)),
            run_of("markless", unmarked("one", "true", retries=2)),
            run_of("writes", shell("one", writes)),
            run_of("bytes", unmarked("one", bytes_only)),
            run_of("sidecar", shell("one", "exit 4"), title="mesh-sidecar"),
            run_of("init", shell("one"), title="mesh-init"),
        )
        yield


@pytest.mark.parametrize(
    ("run", "reason", "sentence"),
    [
        ("evicted", "OwnLimitExceeded", 'exceeds the limit "5Mi"'),
        ("hungry", "OutOfMemory", "resources.limits.memory is 64Mi"),
        ("refuses", "InputRefused", "exit code 2"),
        ("markless", "NoCompletionMark", "stagekit, or set contract: Files"),
        ("writes", "NonZeroExit", "exit code 3: disk is full on /data"),
        ("bytes", "NonZeroExit", "exit code 1: ?? caf?"),
        ("init", "InitContainerFailed", "init container mesh-init ended with exit code 2"),
        ("sidecar", "NonZeroExit", "exit code 4"),
    ],
)
def test_its_first_attempt_is_its_last_and_says_why(
    space: Space, run: str, reason: str, sentence: str
) -> None:
    space.wait_for_end(run, "StageFailed")
    stage = space.stage_of(run, "one")
    # A busy container runtime may miss the kernel's notice that it has killed for memory: code 137.
    unnoticed = [a for a in stage.get("earlier", []) if a.get("exitCode") == KILLED]
    assert reason == "OutOfMemory" or not unnoticed
    assert (stage["reason"], stage.get("attempt", 1)) == (reason, 1 + len(unnoticed))
    assert sentence in stage["message"]


def test_the_sidecar_of_a_failed_stage_is_ended(space: Space) -> None:
    space.wait_for_end("sidecar", "StageFailed")
    eventually(
        lambda: space.pods_of("sidecar", "one"),
        lambda pods: all(pod["status"]["phase"] in {"Succeeded", "Failed"} for pod in pods),
        seconds=120,
        otherwise=lambda: f"mesh-proxy holds its machine:\n{space.story_of('sidecar')}",
    )
