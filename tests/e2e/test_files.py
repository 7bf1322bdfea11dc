"""Images that know nothing of stagework, with files: `contract: Files`, which no contract means."""

import json
from pathlib import Path

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.injection import container, injected
from tests.support.cluster.space import WAIT_SECONDS, Space
from tests.support.cluster.stages import ANYWHERE, TOOLS_IMAGE, run_of
from tests.support.cluster.uploads import upload
from tests.support.cluster.waiting import eventually, stage_is

STATIC = "stagework/foreign-static:dev"
SHELL = "stagework/foreign-shell:dev"
PYTHON = "stagework/foreign-python:dev"
LIVES = "trap 'exit 0' TERM; sleep 600 & wait $!"
AT_WORK = "at work"
HOLDS_AFTER_WORD = f"trap 'exit 143' TERM; echo {AT_WORK}; sleep 600 & wait $!"
"""Like HOLD, and says when SIGTERM would end it."""
TOKEN = "/var/run/stagework/token"


def stage(name: str, image: str, **fields: object) -> Document:
    """A stage that names no contract; tried once."""
    return {**ANYWHERE, "name": name, "image": image, "retries": 0, **fields}


def script(name: str, text: str, **fields: object) -> Document:
    """A line for the shell of an image without stagekit."""
    return stage(name, SHELL, command=["sh", "-c", text], **fields)


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All runs of this story but those with a story of their own, side by side."""
    given = tmp_path_factory.mktemp("given") / "큰 notes.txt"
    given.write_text("given by a person\n")
    space.apply(
        _three_images(upload(space, given)),
        run_of(
            "exit-codes",
            script("refused", "echo no picture > $STAGEWORK_TERMINATION_FILE; exit 2", retries=2),
            script("nothing", "exit 77", dependsOn=[]),
            script("broken", "echo part > out/part.txt; exit 5", dependsOn=[]),
        ),
        run_of(
            "alone",
            script("token", f'test ! -e {TOKEN} && test -z "$(env | grep TOKEN)"'),
            script("links", f"ln -s {TOKEN} out/token; ln -s /var out/var; echo x > out/x"),
            script("moved", "rm -r out && ln -s /var/run/stagework out"),
        ),
        run_of(
            "deep",
            script(
                "deep",
                "mkdir -p $(printf 'out/%s' d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d)"
                " && touch out/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/x",
            ),
        ),
        run_of(
            "no-input",
            stage("copy", STATIC, args=["-r", "/work/input", "/work/out/"]),
            input={"uri": f"artifact://{space.namespace}/uploads/{'0' * 64}/x.txt"},
        ),
        run_of("drained", script("long", HOLDS_AFTER_WORD, retries=0), script("after", "true")),
    )


def _three_images(given: str) -> Document:
    """Each reads what those above it have left; `given`: address of the run's own input."""
    return run_of(
        "three-images",
        script("write", "mkdir -p out/d && echo one two > out/d/words.txt && chmod 600 out/d/*"),
        stage("copy", STATIC, args=["-r", "/work/in/write/d", "/work/input", "/work/out/"]),
        stage("count", SHELL, args=["/work"], dependsOn=["write", "copy"]),
        stage("report", PYTHON, runAsUser=1000),
        params={"who": '$(HOME) "여름"'},
        input={"uri": given},
    )


def test_three_images_that_know_nothing_of_it_hand_files_on(space: Space, tmp_path: Path) -> None:
    space.wait_for_end("three-images", "Completed")

    left = space.results("three-images", tmp_path)

    assert (left / "write/d/words.txt").read_text() == "one two\n"
    assert (left / "copy/d/words.txt").read_text() == "one two\n"
    assert (left / "copy/input/큰 notes.txt").read_text() == "given by a person\n"
    counted = (left / "count/counts.txt").read_text().splitlines()
    assert counted == [
        "2 in/copy/d/words.txt",
        "4 in/copy/input/큰 notes.txt",
        "2 in/write/d/words.txt",
    ]
    report = json.loads((left / "report/report.json").read_text())
    assert report["params"] == {"who": '$(HOME) "여름"'}
    assert report["found"]["in/count/counts.txt"] > 0
    assert report["found"]["input/큰 notes.txt"] == 18


def test_the_kubelet_reports_the_exit_code_and_the_result_has_it(
    space: Space, tmp_path: Path
) -> None:
    space.wait_for_end("three-images", "Completed")

    left = space.results("three-images", tmp_path)

    assert json.loads((left / "copy/result.json").read_text())["exitCode"] == 0


@pytest.mark.parametrize(
    ("name", "state", "reason", "words"),
    [
        ("refused", "Failed", "InputRefused", "exit code 2: no picture"),
        ("nothing", "Skipped", "NothingToDo", "77"),
        ("broken", "Failed", "NonZeroExit", "exit code 5"),
    ],
)
def test_the_exit_code_decides(
    space: Space, name: str, state: str, reason: str, words: str
) -> None:
    space.wait_for_end("exit-codes", "StageFailed")

    stage = space.stage_of("exit-codes", name)

    assert (stage["state"], stage["reason"]) == (state, reason)
    assert words in stage["message"]
    assert stage.get("attempt", 1) == 1


def test_a_stage_neither_sees_nor_hands_out_the_token(space: Space, tmp_path: Path) -> None:
    space.wait_for_end("alone", "StageFailed")

    assert space.stage_of("alone", "token")["state"] == "Succeeded"
    left = space.results("alone", tmp_path)
    assert sorted(path.name for path in (left / "links").iterdir()) == ["result.json", "x"]
    moved = space.stage_of("alone", "moved")
    assert (moved["state"], moved["reason"]) == ("Failed", "OutputsRefused")
    assert "out is no folder of the stage's" in moved["message"]


def test_what_cannot_be_kept_fails_with_its_cause(space: Space) -> None:
    space.wait_for_end("deep", "StageFailed")

    deep = space.stage_of("deep", "deep")
    assert deep["reason"] == "OutputsRefused"
    assert "it has more than 16 segments" in deep["message"]


def test_an_input_that_can_never_be_had_is_refused_before_the_stage_starts(space: Space) -> None:
    space.wait_for_end("no-input", "StageFailed")

    copy = space.stage_of("no-input", "copy")
    assert (copy["state"], copy["reason"], copy.get("attempt", 1)) == (
        "Failed",
        "InputNotFetched",
        1,
    )


def test_whoever_deletes_a_pod_at_work_does_not_wait_for_outputs(space: Space) -> None:
    space.wait_for_container("drained", "long", "running")
    pod = space.pod_of("drained", "long")
    assert pod["spec"]["terminationGracePeriodSeconds"] == 300
    # Before it has set its trap it would not end on SIGTERM, and no kubelet heeds a shorter grace.
    eventually(
        lambda: space.kubectl("logs", pod["metadata"]["name"], "-c", "stage").out,
        lambda said: AT_WORK in said,
        seconds=60,
        otherwise=lambda: "the stage does not say that it is at work",
    )
    space.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")

    space.wait_for("drained", stage_is("long", attempt=2, state="Running"), seconds=120)

    assert space.stage_of("drained", "long").get("failures", 0) == 0


def test_outputs_are_kept_also_where_others_live_on_in_the_pod(
    space: Space, tmp_path: Path
) -> None:
    added = {"lives on": ("containers", container("mesh-proxy", LIVES))}
    added = {title.replace(" ", "-"): what for title, what in added.items()}
    native = {**container("mesh-native", LIVES), "restartPolicy": "Always"}
    added["native"] = ("initContainers", native)
    with injected(space, tmp_path, added):
        for name, title in (("beside", "lives-on"), ("native", "native")):
            first = script("first", "echo kept > out/kept.txt; sleep 3")
            space.apply(
                run_of(name, first, script("second", "test -s in/first/kept.txt"), title=title)
            )
        # From look-ahead on until half a minute after its end: later it may have gone.
        eventually(
            lambda: str(space.pods_of("beside", "second")),
            lambda pods: TOOLS_IMAGE in pods,
            seconds=WAIT_SECONDS,
            otherwise=lambda: "nobody lives on in the Pod",
        )
        for name in ("beside", "native"):
            space.wait_for_end(name, "Completed")


def test_every_pod_has_gone_or_ended_in_the_end(space: Space) -> None:
    """Neither of our own containers outlives its stage."""
    for name in ("three-images", "exit-codes", "alone", "deep", "no-input"):
        eventually(
            lambda name=name: [pod["status"].get("phase") for pod in space.pods_of(name)],
            lambda phases: set(phases) <= {"Succeeded", "Failed"},
            seconds=60,
            otherwise=lambda name=name: space.story_of(name),
        )
