"""What other engines' examples show, said in our manifests: which, and how each of them ends.

The manifests are `tests/translations/*.yaml`. Those that need a feature which this tree does not
have are left out until it has it.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJobSpec
from stagework.api.stages import Stage
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import Json, part
from tests.support.operators.world import World

FOLDER: Final = Path(__file__).resolve().parents[1] / "translations"
Pods = Mapping[str, Json]
"""The Pods of a run as they were made, the last of each stage."""
_SECONDS: Final = 0.5
"""How long a program takes that nothing is said of."""


async def _nobody(_world: World) -> None:
    """No person has a part in it."""


def _nothing(_pods: Pods) -> None:
    """No Pod is asked about."""


@dataclass(frozen=True)
class Translation:
    """One example."""

    file: str
    """Name of its manifest."""
    shows: str
    """What the peers' example of that kind shows."""
    ends: str = "Completed"
    """`status.summary` at the end; empty: the run is gone by itself."""
    states: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of these stages, `State` or `State/Reason`, and how many attempts: `Failed/TimedOut 1`."""
    codes: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """Exit codes of a stage's attempts, the last of them for all that follow; 0 of all others."""
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    """How long a stage's program takes."""
    people: Callable[[World], Coroutine[Any, Any, None]] = _nobody
    """What people do meanwhile."""
    pods: Callable[[Pods], None] = _nothing
    """What is expected of the Pods."""
    needs: tuple[str, ...] = ()
    """Features that it needs beside those of every tree."""

    def documents(self) -> list[Json]:
        """Its objects, in order."""
        text = (FOLDER / f"{self.file}.yaml").read_text()
        return [document for document in yaml.safe_load_all(text) if document]

    @property
    def run(self) -> str:
        """Name of its run."""
        runs = [d for d in self.documents() if d["kind"] == PIPELINEJOB.kind]
        (name,) = (d["metadata"]["name"] for d in runs)
        return name

    @property
    def missing(self) -> tuple[str, ...]:
        """What it needs and this tree does not have."""
        return tuple(word for word in self.needs if not _has(word))

    def behave(self, pod: Json) -> Behaviour:
        """What the program in a Pod does."""
        labels = part(pod, "metadata", "labels")
        name, attempt = labels["stagework.dev/stage"], int(labels["stagework.dev/attempt"])
        codes = self.codes.get(name, (0,))
        code = codes[min(attempt, len(codes)) - 1]
        return Behaviour(exit_code=code, seconds=self.seconds.get(name, _SECONDS))


def _has(word: str) -> bool:
    """A field of a stage or run, a contract, or a verb."""
    contracts = str(Stage.model_fields["contract"].annotation)
    fields = {*Stage.model_fields, *PipelineJobSpec.model_fields, *PIPELINEJOB.verbs}
    return word in fields or f"'{word}'" in contracts


# --- what people do -------------------------------------------------------------------------------


def _state(world: World, run: str, stage: str) -> Any:
    return world.stage(run, stage).get("state")


async def _resume(world: World) -> None:
    await world.until(lambda: world.summary("suspended") == "Suspended")
    world.change("suspended", suspend=False)


async def _approve(world: World) -> None:
    reason = "AwaitingApproval"
    await world.until(lambda: world.stage("approval", "production").get("reason") == reason)
    world.ask("yes", "Approve", "production", of="approval")


async def _stop(world: World) -> None:
    await world.until(lambda: _state(world, "stopped", "long") == "Running")
    world.ask("enough", "Stop", of="stopped")


# --- what is expected of Pods ---------------------------------------------------------------------


def _container(pod: Json) -> Json:
    containers: list[Json] = part(pod, "spec")["containers"]
    return next(container for container in containers if container["name"] == "stage")


def _volumes(pod: Json, kind: str) -> list[Json]:
    return [volume[kind] for volume in part(pod, "spec")["volumes"] if kind in volume]


def _with_params(pods: Pods) -> None:
    env = {v["name"]: v.get("value") for v in _container(pods["greet"])["env"]}
    assert env["STAGEWORK_PARAM_WHOM"] == "the miller"
    assert env["STAGEWORK_PARAM_GREETING"] == "good morning"
    assert env["STAGEWORK_PARAM_PRINT_SIZE"] == "large"


def _with_config(pods: Pods) -> None:
    container = _container(pods["print"])
    (source,) = container["envFrom"]
    assert source["configMapRef"]["name"] == "press"
    (mount,) = (m for m in container["volumeMounts"] if m["mountPath"] == "/etc/press.toml")
    assert (mount["subPath"], mount["readOnly"]) == ("press.toml", True)


def _with_secret(pods: Pods) -> None:
    (secret,) = _volumes(pods["deploy"], "secret")
    assert secret["secretName"] == "deploy-key"
    assert secret["items"] == [{"key": "id", "path": "ssh/id"}]
    assert secret["defaultMode"] == 0o440


def _with_pull_secrets(pods: Pods) -> None:
    for pod in pods.values():
        assert part(pod, "spec")["imagePullSecrets"] == [{"name": "team-registry"}]
    policies = {name: _container(pod)["imagePullPolicy"] for name, pod in pods.items()}
    assert policies == {"build": "Always", "check": "IfNotPresent"}


def _with_metadata(pods: Pods) -> None:
    metadata = pods["work"]["metadata"]
    assert metadata["labels"]["example.org/cost-centre"] == "4711"
    assert metadata["annotations"]["sidecar.istio.io/inject"] == "false"


def _with_shared_memory(pods: Pods) -> None:
    (folder,) = (v for v in _volumes(pods["train"], "emptyDir") if v.get("medium") == "Memory")
    assert folder["sizeLimit"] == "1Gi"
    assert _container(pods["train"])["workingDir"] == "/srv"


def _with_a_volume(pods: Pods) -> None:
    for pod in pods.values():
        (mount,) = (m for m in _container(pod)["volumeMounts"] if m["mountPath"] == "/data")
        assert mount["subPath"] == "runs/one"


def _on_its_machine(pods: Pods) -> None:
    selectors = {name: part(pod, "spec")["nodeSelector"] for name, pod in pods.items()}
    assert selectors["draw"] == {"stagework.dev/machine": "gpu"}
    assert selectors["judge"] == {"stagework.dev/machine": "macbook"}


TRANSLATIONS: Final = (
    Translation("hello", "a container that says hello", states={"hello": "Succeeded 1"}),
    Translation("steps", "steps, two of them side by side", states={"eat": "Succeeded 1"}),
    Translation("diamond", "a diamond of four", states={"meet-again": "Succeeded 1"}),
    Translation("params", "params with defaults and choices", pods=_with_params),
    Translation("config-map", "configuration as variables and as a file", pods=_with_config),
    Translation("secrets", "a Secret as a variable and as files", pods=_with_secret),
    Translation("pull-secrets", "images of a private registry", pods=_with_pull_secrets),
    Translation("pod-metadata", "labels and annotations of Pods", pods=_with_metadata),
    Translation("machines", "node selectors, with a second choice", pods=_on_its_machine),
    Translation("shared-memory", "a memory-backed volume", pods=_with_shared_memory),
    Translation("existing-volume", "a claim that is there already", pods=_with_a_volume),
    Translation(
        "retry-backoff",
        "retries with a growing wait",
        states={"toss": "Succeeded 3"},
        codes={"toss": (1, 1, 0)},
    ),
    Translation(
        "retry-by-code",
        "a retry only for some exit codes: one of these",
        states={"send": "Succeeded 2"},
        codes={"send": (75, 0)},
    ),
    Translation(
        "retry-by-code-no",
        "a retry only for some exit codes: none of these",
        ends="StageFailed",
        states={"send": "Failed/NonZeroExit 1"},
        codes={"send": (67, 0)},
    ),
    Translation(
        "step-timeout",
        "a deadline of a step",
        ends="StageFailed",
        states={"sleepy": "Failed/TimedOut 1"},
        seconds={"sleepy": 60},
    ),
    Translation(
        "run-deadline",
        "a deadline of the whole",
        ends="DeadlineExceeded",
        states={
            "first": "Succeeded 1",
            "second": "Failed/DeadlineExceeded 1",
            "third": "NotRun/DeadlineExceeded 1",
        },
        seconds={"first": 20, "second": 20, "third": 20},
    ),
    Translation("limit-range", "a namespace with a LimitRange", states={"asks": "Succeeded 1"}),
    Translation("cleaned-away", "a time to live", ends=""),
    Translation("suspended", "a wait for a person at the start", people=_resume),
    Translation(
        "exit-handler",
        "an exit handler, after a failure",
        ends="StageFailed",
        states={
            "build": "Failed/NonZeroExit 1",
            "publish": "NotRun/UpstreamFailed 1",
            "sweep": "Succeeded 1",
        },
        codes={"build": (1,)},
        needs=("runsIf",),
    ),
    Translation(
        "exit-handler-by-outcome",
        "exit handlers that ask how it ended",
        ends="StageFailed",
        states={"cake": "NotRun/UpstreamFailed 1", "complain": "Succeeded 1"},
        codes={"bake": (1,)},
        needs=("runsIf",),
    ),
    Translation(
        "exit-handler-after-deadline",
        "an exit handler, after a deadline of the whole",
        ends="DeadlineExceeded",
        states={
            "copy": "Failed/DeadlineExceeded 1",
            "index": "NotRun/DeadlineExceeded 1",
            "tell": "Succeeded 1",
            "sweep": "Succeeded 1",
        },
        seconds={"copy": 600},
        needs=("runsIf",),
    ),
    Translation(
        "coin",
        "conditional branches",
        states={"heads": "Skipped/NothingToDo 1", "tails": "Succeeded 1"},
        codes={"heads": (77,)},
        needs=("runsIf", "Files"),
    ),
    Translation(
        "goes-on-after-failure",
        "a step that may fail",
        ends="StageFailed",
        states={"lint": "Failed/NonZeroExit 1", "test": "Succeeded 1"},
        codes={"lint": (1,)},
        needs=("runsIf",),
    ),
    Translation(
        "files-from-one-to-the-next",
        "artifacts between images that know nothing of the engine",
        states={"beach": "Succeeded 1"},
        needs=("Files",),
    ),
    Translation(
        "fan-in-of-files",
        "artifacts of two for a third",
        states={"whole-house": "Succeeded 1"},
        needs=("Files",),
    ),
    Translation(
        "approval",
        "a wait for a person in the middle",
        states={"production": "Succeeded 1"},
        people=_approve,
        needs=("approval", "Approve"),
    ),
    Translation(
        "parallelism",
        "a limit of what runs at once",
        seconds={"one": 5, "two": 5, "three": 5},
        needs=("parallelism",),
    ),
    Translation(
        "stopped",
        "a run that a person ends",
        ends="Stopped",
        seconds={"long": 600},
        people=_stop,
        needs=("Stop",),
    ),
)
