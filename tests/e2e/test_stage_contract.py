"""A team brings its own images: exit codes, wrapped programs, marks by hand, their own settings."""

import json
import re
from pathlib import Path

import pytest

from tests.support.cluster.commands import ROOT
from tests.support.cluster.space import Space
from tests.support.cluster.stages import MARK, named_run, pipeline, run_of, shell, unmarked, wrapped
from tests.support.cluster.waiting import eventually

PAGE = ROOT / "docs" / "stage-contract.md"
CURL = '''
"""The three things of curl that the page's script needs; the tests' image has no curl."""
import os, sys, urllib.request
words = sys.argv[1:]
headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "--header")
body = open(words[words.index("--upload-file") + 1], "rb").read()
request = urllib.request.Request(words[-1], data=body, headers=headers, method="PUT")
urllib.request.urlopen(request, timeout=30)
'''


def script_of_the_page() -> str:
    """The shell stage of the page, as it stands there."""
    example = re.search(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example is not None
    return example[1]


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """All runs of this story, side by side."""
    space.kubectl("create", "configmap", "settings", "--from-literal=colour=teal")
    space.kubectl("create", "configmap", "curl", f"--from-literal=curl.py={CURL}")
    space.kubectl("create", "secret", "generic", "keys", "--from-literal=key=hunter2")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "kept"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    by_hand = 'curl() { python3 /shim/curl.py "$@"; }\n' + script_of_the_page()
    shim = {"name": "shim", "mountPath": "/shim", "configMap": "curl"}
    space.apply(
        claim,
        run_of("exit-codes", shell("one", "exit 0"), shell("two", "exit 3")),
        pipeline(
            "hand-over",
            wrapped("write", 'mkdir -p out && echo "hello $STAGEWORK_PARAM_WHO" > out/note.txt'),
            wrapped("read", "tr a-z A-Z < in/write/note.txt > out/loud.txt"),
            params=[{"name": "who", "required": True}, {"name": "size", "default": "small"}],
        ),
        named_run("handed", "hand-over", params={"who": "$(HOME) `world`"}),
        run_of("by-hand", unmarked("page", by_hand, volumes=[shim])),
        run_of("mark-only", unmarked("line", MARK)),
        run_of(
            "says-more",
            wrapped("refuse", "exit 2"),
            wrapped(
                "pass",
                "python3 -m stagekit mark --outcome Skipped --reason NoAudio --message silent",
                dependsOn=[],
            ),
            wrapped("after", dependsOn=["pass"]),
        ),
        _surroundings(),
        run_of("short-lived", shell("one"), ttlSecondsAfterFinished=2),
    )


def _surroundings() -> dict[str, object]:
    env = [
        {"name": "PLAIN", "value": "literal"},
        {"name": "COLOUR", "configMapKeyRef": {"name": "settings", "key": "colour"}},
        {"name": "KEY", "secretKeyRef": {"name": "keys", "key": "key"}},
        {"name": "ABSENT", "configMapKeyRef": {"name": "no", "key": "no", "optional": True}},
    ]
    volumes = [
        {"name": "settings", "mountPath": "/settings", "configMap": "settings"},
        {"name": "kept", "mountPath": "/kept", "persistentVolumeClaim": "kept"},
        {"name": "scratch", "mountPath": "/scratch", "emptyDir": "10Mi"},
    ]
    first = (
        'echo "$PLAIN $COLOUR $KEY [$ABSENT]"; cat /settings/colour; id -u; '
        "echo kept > /kept/file && echo scratch > /scratch/file && cat /scratch/file"
    )
    space = {"volumes": volumes, "runsOn": ["gpu"]}
    return run_of(
        "surroundings",
        shell("write", first, env=env, **space),
        shell("read", "cat /kept/file; ! touch /elsewhere 2>/dev/null", **space),
    )


def test_exit_codes_decide_where_the_stage_says_so(space: Space) -> None:
    space.wait_for_end("exit-codes", "StageFailed")
    assert space.stage_of("exit-codes", "one")["state"] == "Succeeded"
    two = space.stage_of("exit-codes", "two")
    assert (two["reason"], two["message"]) == ("NonZeroExit", "exit code 3")


def test_files_and_params_are_handed_from_stage_to_stage(space: Space, tmp_path: Path) -> None:
    space.wait_for_end("handed", "Completed")
    folder = space.results("handed", tmp_path)
    # What a person wrote reaches the stage as it is: neither Kubernetes nor a shell expands it.
    assert (folder / "write" / "note.txt").read_text() == "hello $(HOME) `world`\n"
    assert (folder / "read" / "loud.txt").read_text() == "HELLO $(HOME) `WORLD`\n"


def test_the_script_of_the_contract_page_is_a_stage(space: Space, tmp_path: Path) -> None:
    space.wait_for_end("by-hand", "Completed")
    folder = space.results("by-hand", tmp_path)
    assert (folder / "page" / "hello.txt").read_text() == "hello from by-hand\n"
    result = json.loads((folder / "page" / "result.json").read_text())
    assert (result["stage"], result["attempt"]) == ("page", 1)


def test_one_printf_is_a_completion_mark(space: Space) -> None:
    space.wait_for_end("mark-only", "Completed")


def test_a_wrapped_program_says_more_than_good_or_bad(space: Space) -> None:
    space.wait_for_end("says-more", "StageFailed")
    refused = space.stage_of("says-more", "refuse")
    assert (refused["state"], refused["reason"]) == ("Failed", "InputRefused")
    passed = space.stage_of("says-more", "pass")
    assert (passed["state"], passed["reason"], passed["message"]) == (
        "Skipped",
        "NoAudio",
        "silent",
    )
    assert space.stage_of("says-more", "after")["state"] == "Succeeded"


def test_settings_secrets_and_volumes_reach_the_stage(space: Space) -> None:
    space.wait_for_end("surroundings", "Completed")
    written = space.log_of("surroundings", "write").splitlines()
    assert written == ["literal teal hunter2 []", "teal10001", "scratch"]
    assert space.log_of("surroundings", "read").splitlines() == ["kept"]


def test_a_run_goes_when_its_time_to_live_is_over(space: Space) -> None:
    eventually(
        lambda: space.is_gone("short-lived"),
        bool,
        seconds=120,
        otherwise=lambda: space.story_of("short-lived"),
    )
    eventually(
        lambda: space.kubectl("get", "jobs,pods", "-o", "name").out,
        lambda names: "short-lived" not in names,
        seconds=60,
        otherwise=lambda: "Jobs or Pods of a deleted run stay",
    )
