"""For every reason there is one row that says what to do; never `retry` where it cannot help."""

import ast
import re
from pathlib import Path

import pytest

from stagework.api import names
from stagework.policies import outcome
from stagework.policies.next_step import ROWS, Place, Step, next_step
from stagework.policies.outcome import EndRules, MarkSeen
from stagework.policies.pod_progress import Hopeless, progress
from tests.support.builders import make_job, make_pod, terminated, waiting_for

PLACE = Place("ad-1", "ocr", "ad-image", "gpu", "ad-1-ocr-1-0f", " -n team")
_SECTION = re.compile(r"^# --- (.+?) -+$", re.MULTILINE)
_OF_REASONS = (
    "reasons of `Succeeded`",
    "why a stage waits",
    "why an attempt ended",
    "event reasons",
)


def _reasons() -> set[str]:
    """The constants of `names` that stand below the headings of reasons."""
    text = Path(names.__file__).read_text()
    parts = _SECTION.split(text)
    found: set[str] = set()
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        if heading.startswith(_OF_REASONS):
            tree = ast.parse(body)
            values = [node.value for node in tree.body if isinstance(node, ast.AnnAssign)]
            found |= {str(value.value) for value in values if isinstance(value, ast.Constant)}
    return found


def test_every_reason_has_a_row() -> None:
    assert len(_reasons()) > 50
    assert _reasons() <= ROWS.keys()


@pytest.mark.parametrize("over", [False, True], ids=["waits", "has failed"])
@pytest.mark.parametrize("reason", sorted(ROWS))
def test_every_row_says_something_and_its_command_is_complete(reason: str, *, over: bool) -> None:
    step = next_step(reason, PLACE, over=over)

    assert step.sentence
    assert "{" not in step.command.replace('{"spec":{"suspend":false}}', "")
    assert "CLASS" not in step.command


_POD = make_pod(make_job())
_NO_PROGRAM = 'exec: "pythn": executable file not found in $PATH'
FINAL = {
    "memory": (terminated(_POD, 137, reason="OOMKilled"), "", "64Mi"),
    "no mark": (terminated(_POD, 0), "", ""),
    "refused": (terminated(_POD, 2), "", ""),
    "refused by mark": (terminated(_POD, 2), "Refused", ""),
    "no program": (terminated(_POD, 128, reason="StartError", message=_NO_PROGRAM), "", ""),
}


@pytest.mark.parametrize(("pod", "mark", "limit"), FINAL.values(), ids=FINAL)
def test_no_retry_is_advised_after_what_another_attempt_would_only_repeat(
    pod: outcome.PodView, mark: str, limit: str
) -> None:
    end = outcome.judge_end(pod, MarkSeen(mark), EndRules(memory_limit=limit))

    assert isinstance(end, outcome.Failed)
    assert end.final
    assert "retry" not in next_step(end.reason, PLACE, over=True).text


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImagePull"])
def test_no_retry_is_advised_where_the_image_has_the_wrong_name(reason: str) -> None:
    current = progress(waiting_for(_POD, reason, "couldn't parse image name"))

    assert isinstance(current, Hopeless)
    assert "retry" not in next_step(current.reason, PLACE, over=True).text


def test_a_stage_that_did_not_start_in_time_is_advised_by_what_was_in_its_way() -> None:
    late = "not started within startDeadlineSeconds (600 s)"

    def advised(word: str) -> Step:
        message = f"not found ({word}); {late}"
        return next_step(names.START_DEADLINE, PLACE, message=message, over=True)

    image, secret = advised("ErrImagePull"), advised("CreateContainerConfigError")
    nothing_has_run = advised("FailedCreatePodSandBox")

    assert image.command == "kubectl edit pipelines.stagework.dev ad-image -n team"
    assert secret.command == "stagework retry ad-1 -n team --stage ocr"
    assert nothing_has_run.command == "stagework retry ad-1 -n team --stage ocr"


def test_a_word_that_nobody_knows_has_its_log_behind_it() -> None:
    assert next_step("FontMissing", PLACE, over=True).command == "stagework logs ad-1 ocr -n team"
    assert next_step("Odd", PLACE).command == "kubectl describe job ad-1-ocr-1-0f -n team"


def test_of_a_cordoned_node_it_is_said_how_it_takes_pods_again() -> None:
    message = "no ready node of class macbook: worker-3 is cordoned, mac-2 is not ready"

    step = next_step(names.WAIT_NO_NODE, PLACE, message=message)

    assert step.command == "kubectl uncordon worker-3"


def test_a_claim_that_is_missing_is_no_lack_of_room() -> None:
    message = 'persistentvolumeclaim "nosuch" not found'

    step = next_step("Unschedulable", PLACE, message=message)

    assert step.command == "kubectl get secrets,configmaps,persistentvolumeclaims -n team"


def test_stages_of_a_runs_own_are_found_in_it() -> None:
    own = Place("ad-1", "ocr", flag=" -n team")

    command = next_step(names.OUT_OF_MEMORY, own, over=True).command

    assert command == "kubectl get pipelinejobs.stagework.dev ad-1 -n team -o yaml"
