"""What only a process of its own shows: signals, exit codes, the wrapped program."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.stagekit.local import Local

KIT = [sys.executable, "-m", "stagekit"]


def eventually(happened: Callable[[], bool], seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.01)


def wrap(local: Local, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*KIT, "run", *options, "--", "sh", "-c", script]
    return subprocess.run(
        command, env=local.process(), capture_output=True, text=True, check=False, timeout=60
    )


def start(local: Local, script: str, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*KIT, "run", *options, "--", "sh", "-c", script],
        env=local.process(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_wrapped_program_finds_inputs_and_its_outputs_are_kept(local: Local) -> None:
    local.give("inputs", {"stages": {"a": local.earlier("a", {"d/x.txt": b"text"})}})
    (local.folder / "given.txt").write_text("given")
    script = (
        'cd "$STAGEWORK_WORK_DIR" && cat in/a/d/x.txt in/source/given.txt > out/y.txt'
        " && echo to-stdout && echo to-stderr >&2"
    )
    command = [*KIT, "run", "--", "sh", "-c", script]
    env = local.process(STAGEWORK_INPUT_URI=str(local.folder / "given.txt"))
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout == "to-stdout\n"
    assert "to-stderr" in done.stderr
    assert (local.prefix / "y.txt").read_text() == "textgiven"
    assert local.mark["outcome"] == "Succeeded"


@pytest.mark.parametrize(
    ("script", "code", "outcome", "reason"),
    [
        ("exit 0", 0, "Succeeded", None),
        ("exit 1", 1, "Failed", "NonZeroExit"),
        ("exit 2", 2, "Refused", "InputRefused"),
        ("exit 77", 0, "Skipped", "NothingToDo"),
        ("exit 75", 1, "Failed", "NonZeroExit"),
        ("kill -9 $$", 1, "Failed", "KilledBySignal"),
    ],
)
def test_the_exit_code_is_the_outcome(
    local: Local, script: str, code: int, outcome: str, reason: str | None
) -> None:
    assert wrap(local, script).returncode == code
    assert (local.mark["outcome"], local.mark.get("reason")) == (outcome, reason)


def test_a_program_that_cannot_start_is_a_failure_with_its_name(local: Local) -> None:
    command = [*KIT, "run", "--", "no-such-program", "--help"]
    done = subprocess.run(command, env=local.process(), capture_output=True, check=False)
    assert done.returncode == 1
    assert local.mark["reason"] == "CommandNotStarted"
    assert "no-such-program" in local.mark["message"]


def test_a_wrapped_program_may_say_more_with_a_mark_of_its_own(local: Local) -> None:
    kit = f"{sys.executable} -m stagekit"
    script = f"{kit} mark --outcome Skipped --reason NoAudio --message 'a silent film'"
    assert wrap(local, script).returncode == 0
    assert (local.mark["outcome"], local.mark["reason"]) == ("Skipped", "NoAudio")
    assert local.mark["digest"]


def test_a_wrapped_program_says_step_by_step_what_is_not_needed_and_shows_values(
    local: Local,
) -> None:
    kit = f"{sys.executable} -m stagekit mark"
    script = (
        f"{kit} --value rows=12 --value title='two words' && {kit} --skip heads=ItWasTails"
        f" && {kit} --skip edge=ItWasTails --value rows=13 --value ok=true"
    )
    done = wrap(local, script)
    assert done.returncode == 0, done.stderr
    skips = {"heads": "ItWasTails", "edge": "ItWasTails"}
    assert (local.mark["outcome"], local.mark["skips"]) == ("Succeeded", skips)
    assert local.result["skips"] == skips
    assert local.result["values"] == {"rows": 13, "title": "two words", "ok": True}


def test_values_alone_leave_the_exit_code_the_outcome(local: Local) -> None:
    kit = f"{sys.executable} -m stagekit"
    assert wrap(local, f"{kit} mark --value rows=12; exit 2").returncode == 2
    assert local.mark["outcome"] == "Refused"
    assert local.result["values"] == {"rows": 12}


def test_a_program_that_fails_leaves_nothing_out(local: Local) -> None:
    kit = f"{sys.executable} -m stagekit"
    assert wrap(local, f"{kit} mark --skip heads=ItWasTails; exit 1").returncode == 1
    assert "skips" not in local.mark


@pytest.mark.parametrize(
    ("option", "cause"),
    [
        ("--skip heads", "not of the form --skip STAGE=REASON: 'heads'"),
        ("--skip Heads=X", "not a stage's name: 'Heads'"),
        ("--value rows", "not of the form --value NAME=VALUE: 'rows'"),
        ("--value 1=2", "not a value's name: '1'"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_cause(
    local: Local, option: str, cause: str
) -> None:
    done = wrap(local, f"{sys.executable} -m stagekit mark {option}")
    assert (done.returncode, local.mark["outcome"]) == (1, "Failed")
    assert cause in done.stderr


def test_values_need_somebody_who_stores_them(local: Local) -> None:
    command = [*KIT, "mark", "--value", "rows=12"]
    done = subprocess.run(command, env=local.process(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--value works below `stagekit run`" in done.stderr
    assert not local.is_marked


def test_a_good_mark_does_not_hide_a_bad_exit_code(local: Local) -> None:
    kit = f"{sys.executable} -m stagekit"
    assert wrap(local, f"{kit} mark --outcome Succeeded; exit 3").returncode == 1
    assert local.mark["outcome"] == "Failed"


def test_what_a_program_left_running_is_ended(local: Local) -> None:
    pid = local.folder / "pid"
    wrap(local, f"sleep 300 & echo $! > {pid}; exit 0")
    stat = Path(f"/proc/{pid.read_text().strip()}/stat")
    eventually(lambda: not stat.exists() or stat.read_text().split(")")[1].split()[0] == "Z")


def test_sigterm_is_passed_on_and_leaves_no_mark(local: Local) -> None:
    ready, trapped = local.folder / "ready", local.folder / "trapped"
    script = f"trap 'touch {trapped}; exit 0' TERM; touch {ready}; while :; do sleep 0.05; done"
    process = start(local, script)
    eventually(ready.exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert trapped.exists()
    assert not local.is_marked
    assert not (local.prefix / "result.json").exists()


def test_a_program_that_ignores_sigterm_is_killed(local: Local) -> None:
    ready = local.folder / "ready"
    script = f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done"
    process = start(local, script, "--grace-seconds", "0.2")
    eventually(ready.exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert not local.is_marked


STAGE = """
import pathlib, sys, time, stagekit
def stage(ctx):
    (ctx.work / "ready").touch()
    try:
        time.sleep(60)
    except Exception:
        pass
sys.exit(stagekit.main({"ocr": stage}))
"""


def test_sigterm_ends_a_stage_function_without_a_mark(local: Local) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STAGE],
        env=local.process(STAGEWORK_STAGE="ocr"),
        stderr=subprocess.DEVNULL,
    )
    # `-c` leaves nothing in argv[1]: the stage is chosen by the environment.
    eventually((local.folder / "work/ready").exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert not local.is_marked


FENCED = """
import sys, time, stagekit
from stagekit import contact, fence
clock = iter([0.0] + [41.0] * 1000)
fence.boot_seconds = lambda: next(clock)
contact.Fence = lambda: fence.Fence(40, fence.boot_seconds)
sys.exit(stagekit.main({"ocr": lambda ctx: time.sleep(60)}))
"""


def test_a_stage_that_nobody_answers_ends_itself(local: Local) -> None:
    token = local.folder / "token"
    token.write_text("token")
    env = local.process(
        STAGEWORK_API_URL="http://127.0.0.1:1",
        STAGEWORK_TOKEN_FILE=str(token),
        KUBERNETES_SERVICE_HOST="",
    )
    done = subprocess.run(
        [sys.executable, "-c", FENCED],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 75
    assert "no answer from anybody for 41 s" in done.stderr
    assert not local.is_marked


@pytest.mark.parametrize("outcome", ["Succeeded", "Failed", "Refused", "Skipped"])
def test_a_mark_by_hand(local: Local, outcome: str) -> None:
    command = [*KIT, "mark", "--outcome", outcome, "--reason", "Because"]
    assert subprocess.run(command, env=local.process(), check=False).returncode == 0
    assert local.mark == {
        "v": 1,
        "stage": "ocr",
        "attempt": 2,
        "pod": "pod-1",
        "outcome": outcome,
        "reason": "Because",
    }


def test_an_unknown_outcome_is_refused_on_the_command_line(local: Local) -> None:
    command = [*KIT, "mark", "--outcome", "Done"]
    done = subprocess.run(command, env=local.process(), capture_output=True, check=False)
    assert done.returncode == 2
    assert not local.is_marked
