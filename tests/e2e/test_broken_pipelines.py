"""Six broken pipelines are understood from `stagework status` alone: cause, where, what to type.

The pages are those of the golden file, with the names, times and sizes of this cluster.
"""

from dataclasses import dataclass

import pytest

from tests.support.broken_pages import golden_pages, masked
from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space, container_state
from tests.support.cluster.stages import ANYWHERE, HOLD, named_run, pipeline
from tests.support.cluster.waiting import Condition, eventually, stage_in, summary
from tests.support.recorded import stages_of

SHELL = "stagework/foreign-shell:dev"
PYTHON = "stagework/foreign-python:dev"
EVIDENT_SECONDS = 300.0
"""Longest wait until a kubelet has said what is wrong: the cluster may be busy with others."""
TOLD_SECONDS = 35.0
"""Then the page says it: `settings.slots.startGraceSeconds` (30 s) from the turn, and a moment."""
_LOADS = "print('loading model: 3.9 of 7.1 GiB', flush=True); held = bytearray(300 * 2**20)"
_WAITS = f"echo waiting for lock /work/font.lock; {HOLD}"


@dataclass(frozen=True)
class Broken:
    """The stage that is broken, and how it ends."""

    case: str
    """Its title in the golden file."""
    stage: Document
    says: str
    """`state` and `reason` of the stage, once all is known."""
    names: tuple[str, ...] = ()
    """Words that the cause must have, where a registry or a container runtime says it."""

    @property
    def name(self) -> str:
        """Of its run."""
        return self.case.lower().replace(" ", "-")


def _stage(name: str, image: str, *command: str, **fields: object) -> Document:
    return {**ANYWHERE, "name": name, "image": image, "command": [*command], **fields}


def _overlay(*command: str, image: str = PYTHON, **fields: object) -> Document:
    return _stage("overlay", image, *command, **fields)


_SECRET = {"name": "FONT", "secretKeyRef": {"name": "ad-fonts", "key": "font"}}
CASES = (
    Broken(
        "a typo in the image",
        _overlay("true", image="registry.invalid/team/ovrlay:1"),
        "Stuck",
        names=("registry.invalid",),
    ),
    Broken("a typo in the program", _overlay("pythn", "draw.py"), "StartError", names=("pythn",)),
    Broken("a missing Secret", _overlay("true", env=[_SECRET]), "Stuck"),
    Broken(
        "out of memory",
        _overlay("python3", "-c", _LOADS, resources={"limits": {"memory": "64Mi"}}),
        "OutOfMemory",
    ),
    Broken(
        "a crash with a traceback",
        _overlay("python3", "-c", "ad = {}\nad['title']", backoffSeconds=300),
        "BackOff",
    ),
    Broken(
        "a hang",
        _overlay("sh", "-c", _WAITS, image=SHELL, timeoutSeconds=5, retries=0),
        "TimedOut",
    ),
)


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """All of them, side by side: none holds a machine that another one needs."""
    for broken in CASES:
        before = _stage("img_gen", SHELL, "sh", "-c", "echo drawn > out/image.txt")
        after = _stage("iou_eval", SHELL, "true")
        space.apply(pipeline(f"{broken.name}-ad", before, broken.stage, after), _run_of(broken))


def _run_of(broken: Broken) -> Document:
    return named_run(broken.name, f"{broken.name}-ad")


@pytest.mark.parametrize("broken", CASES, ids=lambda broken: broken.case)
def test_the_page_says_the_cause_the_place_and_what_to_type(space: Space, broken: Broken) -> None:
    _wait_for_evidence(space, broken)

    run = space.wait_for(broken.name, _told(broken), seconds=TOLD_SECONDS)
    if broken.says == "OutOfMemory":
        run = _noticed_at_once(space, broken, run)
    page = space.stagework("status", broken.name)

    assert page.ok, page.printed
    assert masked(page.out, _names(space, broken, run)) == masked(golden_pages()[broken.case])
    cause = page.out.splitlines()[1]
    assert all(name in cause for name in broken.names), cause


def _noticed_at_once(space: Space, broken: Broken, run: Document) -> Document:
    """A busy container runtime may miss the kernel's notice: then it is killed once more."""
    for _ in range(4):
        if stage_in(run, "overlay")["attempt"] == 1:
            break
        space.kubectl("delete", "pj", broken.name)
        space.apply(_run_of(broken))
        run = space.wait_for(broken.name, _told(broken), seconds=EVIDENT_SECONDS)
    return run


def _wait_for_evidence(space: Space, broken: Broken) -> None:
    """Until a kubelet has said what is wrong, or the stage has run for too long."""

    def is_evident(pods: list[Document]) -> bool:
        states = [container_state(pod) for pod in pods]
        waits = [state["waiting"].get("reason", "") for state in states if "waiting" in state]
        hindered = {*waits} - {"", "ContainerCreating", "PodInitializing"}
        return bool(hindered) or any("terminated" in state for state in states)

    def has_verdict() -> bool:
        return "stopping" in space.stage_of(broken.name, "overlay") or _told(broken).holds(
            space.run(broken.name)
        )

    eventually(
        lambda: has_verdict() or is_evident(space.pods_of(broken.name, "overlay")),
        bool,
        seconds=EVIDENT_SECONDS,
        otherwise=lambda: f"nothing is wrong yet:\n{space.story_of(broken.name)}",
    )


def _told(broken: Broken) -> Condition:
    def holds(run: Document) -> bool:
        overlay = stage_in(run, "overlay")
        return broken.says in {overlay.get("state"), overlay.get("reason")}

    return Condition(f"overlay {broken.says}", holds) & summary("Stuck", "StageFailed", "Waiting")


def _names(space: Space, broken: Broken, run: Document) -> dict[str, str]:
    """What stands for what on this cluster."""
    stages = stages_of(run)
    nodes = {stage["node"]: "NODE" for stage in stages if stage.get("node")}
    machines = {stage["machine"]: "MACHINE" for stage in stages if stage.get("machine")}
    return {
        f"{space.namespace}/{broken.name}": "PLACE",
        broken.name: "RUN",
        f"-n {space.namespace}": "-n NAMESPACE",
        f"{broken.name}-ad": "PIPELINE",
        **nodes,
        **machines,
    }
