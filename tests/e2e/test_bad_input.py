"""People make mistakes: each gets a clear answer, and the good run beside them is not disturbed."""

from dataclasses import dataclass

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import (
    HOLD,
    MARK,
    TOOLS_IMAGE,
    named_run,
    pipeline,
    run_of,
    shell,
    unmarked,
    wrapped,
)
from tests.support.cluster.waiting import condition_of, stage_is, summary

LONG = "n" * 240
EAT = "python3 -c 'b = bytearray(); [b.extend(bytes(1 << 24)) for _ in range(64)]'"
FIVE_THOUSAND = "head -c 5000 /dev/zero | tr '\\0' x > $STAGEWORK_TERMINATION_FILE"
FOREIGN = (
    'printf \'{"v":1,"stage":"one","attempt":7,"pod":"%s","outcome":"Succeeded"}\' '
    '"$STAGEWORK_POD_UID" > $STAGEWORK_TERMINATION_FILE'
)
NO_SECRET = [{"name": "KEY", "secretKeyRef": {"name": "absent", "key": "key"}}]


@dataclass(frozen=True)
class Mistake:
    """A run that fails, and what its stage `one` is to say; `|` stands between alternatives."""

    name: str
    stage: Document
    reason: str
    words: str


MISTAKES = (
    Mistake(
        "image-not-there",
        {**shell("one", startDeadlineSeconds=10), "image": "127.0.0.1:1/absent:1"},
        "StartDeadlineExceeded",
        "startDeadlineSeconds (10 s): ErrImagePull|ImagePullBackOff",
    ),
    Mistake(
        "secret-not-there",
        shell("one", env=NO_SECRET, startDeadlineSeconds=10),
        "StartDeadlineExceeded",
        'CreateContainerConfigError: secret "absent" not found',
    ),
    Mistake("no-mark", unmarked("one", "true"), "NoCompletionMark", "no completion mark"),
    Mistake(
        "garbage",
        unmarked("one", "echo lalala > $STAGEWORK_TERMINATION_FILE"),
        "BadCompletionMark",
        "not JSON: 'lalala'",
    ),
    Mistake(
        "five-thousand-bytes",
        unmarked("one", FIVE_THOUSAND),
        "BadCompletionMark",
        "at most 1024 are allowed",
    ),
    Mistake("foreign", unmarked("one", FOREIGN), "ForeignCompletionMark", "attempt 7, not 1"),
    Mistake("too-slow", shell("one", HOLD, timeoutSeconds=2), "TimedOut", "timeoutSeconds (2 s)"),
    Mistake(
        "too-hungry",
        shell("one", EAT, resources={"limits": {"memory": "64Mi"}}),
        # A runtime that is busy sees the kill and misses the kernel's notice of its cause.
        "OutOfMemory|NonZeroExit",
        "memory use: resources.limits",
    ),
)


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """All mistakes at once, and among them runs with none."""
    space.apply(pipeline("with-params", shell("one"), params=[{"name": "size", "required": True}]))
    space.apply(
        run_of("good", *(shell(f"s{number}") for number in range(4)), priority=5),
        # Waits for its Pod to be deleted, and says goodbye as if all were well.
        run_of("polite", shell("one", _polite(), retries=1)),
        run_of("polite-without-mark", unmarked("one", _polite(MARK), retries=1)),
        *(run_of(mistake.name, mistake.stage) for mistake in MISTAKES),
        named_run("no-pipeline-yet", "late"),
        run_of("no-such-class", shell("one", runsOn=["toaster"])),
        named_run("param-missing", "with-params"),
        named_run("param-unknown", "with-params", params={"size": "1", "colour": "red"}),
        *(
            run_of(f"{LONG}-{number}", *(wrapped("x" * 39 + end, dependsOn=[]) for end in "ab"))
            for number in (1, 2)
        ),
    )


def _polite(then: str = "true") -> str:
    """Attempt 1 runs until SIGTERM and exits with 0; later ones do their work."""
    hold = HOLD.replace("exit 143", "exit 0")
    return f'if [ "$STAGEWORK_ATTEMPT" = 1 ]; then {hold}; fi; {then}'


@pytest.mark.parametrize("name", ["polite", "polite-without-mark"])
def test_exit_0_on_sigterm_is_an_interruption_and_costs_no_attempt(space: Space, name: str) -> None:
    space.wait_for(name, stage_is("one", state="Running"))
    pod = space.wait_for_container(name, "one", "running")
    space.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
    space.wait_for_end(name, "Completed")
    one = space.stage_of(name, "one")
    assert (one["attempt"], one.get("failures", 0), one["interruptions"]) == (2, 0, 1)
    interruptions = [
        event for event in space.events_of(name) if event["reason"] == "StageInterrupted"
    ]
    assert len(interruptions) == 1, interruptions


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_stage_that_cannot_work_says_why(space: Space, mistake: Mistake) -> None:
    run = space.wait_for_end(mistake.name, "StageFailed")
    one = space.stage_of(mistake.name, "one")
    assert one["reason"] in mistake.reason.split("|"), one
    limit, _, either = mistake.words.rpartition(": ")
    assert limit in one["message"], one
    assert any(word in one["message"] for word in either.split("|")), one
    assert one["message"].strip() in run["status"]["message"]
    assert condition_of(run, "Stalled") == "True"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "no-such-class",
            "stage one: unknown machine class 'toaster' in runsOn; known are gpu, macmini, macbook",
        ),
        ("param-missing", "params: size missing; set spec.params.size"),
        ("param-unknown", "params: unknown colour; the pipeline takes size"),
    ],
)
def test_a_run_that_cannot_start_says_what_to_change(space: Space, name: str, words: str) -> None:
    run = space.wait_for_end(name, "InvalidSpec")
    assert run["status"]["message"] == words
    assert space.jobs_of(name) == []


def test_names_that_look_alike_after_shortening_stay_apart(space: Space) -> None:
    jobs: list[str] = []
    for number in (1, 2):
        name = f"{LONG}-{number}"
        run = space.wait_for_end(name, "Completed")
        assert run["status"]["retries"] == 0
        jobs += [job["metadata"]["name"] for job in space.jobs_of(name)]
    assert len(set(jobs)) == 4, jobs


def test_a_missing_pipeline_is_waited_for(space: Space) -> None:
    run = space.wait_for("no-pipeline-yet", summary("PipelineNotFound"))
    assert "no Pipeline 'late' in namespace" in run["status"]["message"]
    space.apply(pipeline("late", shell("one")))
    space.wait_for_end("no-pipeline-yet", "Completed")


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (
            [shell("one", dependsOn=["two"]), shell("two", dependsOn=["one"])],
            "stage one depends on a stage that is not listed above it",
        ),
        ([{"name": "one", "command": ["true"]}], 'missing required field "image"'),
        ([{"name": f"s{n}", "image": TOOLS_IMAGE} for n in range(1000)], "at most 64 items"),
    ],
    ids=["cycle", "no-image", "1000-stages"],
)
def test_what_the_schema_can_see_is_refused_at_apply(
    space: Space, stages: list[Document], words: str
) -> None:
    answer = space.try_apply(run_of("refused", *stages))
    assert not answer.ok
    assert words in answer.err, answer.err


def test_the_good_run_among_them_completed_without_a_hitch(space: Space) -> None:
    run = space.wait_for_end("good", "Completed")
    assert run["status"]["retries"] == 0
