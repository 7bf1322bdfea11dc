"""What a stage may give to its Pod, on real nodes: files of Secrets, shared memory, exit codes."""

from typing import Any

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, run_of, shell
from tests.support.cluster.waiting import stage_in

MEMORY = {"name": "shm", "mountPath": "/dev/shm", "emptyDir": "128Mi", "medium": "Memory"}
FILES = """
set -eu
test "$(cat /keys/ssh/id)" = "not a key"
test "$(stat -Lc %a /keys/ssh/id)" = 440
test "$(cat /etc/press.toml)" = "copies = 2"
test "$PRESS_PAPER" = a4
test "$STAGEWORK_STAGE" = read-files
test "$(pwd)" = /var/tmp
echo all is there
"""
ROOM = """
set -eu
head -c 100000000 /dev/zero > /dev/shm/a
! head -c 100000000 /dev/zero > /dev/shm/b 2>/dev/null
echo no more than that
"""
AGAIN = 'test "$STAGEWORK_ATTEMPT" = 2 || exit 75'


PRESS = {"PAPER": "a4", "STAGEWORK_STAGE": "forged", "press.toml": "copies = 2"}
READS_FILES: Document = {
    "workingDir": "/var/tmp",
    "envFrom": [
        {"prefix": "PRESS_", "configMapRef": {"name": "press"}},
        {"configMapRef": {"name": "press"}},
    ],
    "labels": {"team": "mill"},
    "annotations": {"example.org/note": "hello"},
    "volumes": [
        {
            "name": "keys",
            "mountPath": "/keys",
            "secret": "deploy",
            "items": [{"key": "id", "path": "ssh/id"}],
            "defaultMode": 0o440,
        },
        {
            "name": "conf",
            "mountPath": "/etc/press.toml",
            "configMap": "press",
            "subPath": "press.toml",
        },
    ],
}


def _plain(kind: str, name: str, **fields: Any) -> Document:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields}


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space) -> None:
    """Objects that the stages name, and runs that do not get in each other's way."""
    space.kubectl(
        *("label", "namespace", space.namespace, "--overwrite"),
        "pod-security.kubernetes.io/enforce=restricted",
    )
    stage = shell("read-files", FILES, **READS_FILES)
    retried = {"retries": 3, "backoffSeconds": 0, "retryOnExitCodes": [75]}
    space.apply(
        _plain("ConfigMap", "press", data=PRESS),
        _plain("Secret", "deploy", stringData={"id": "not a key"}),
        run_of("files", stage),
        run_of("memory", shell("room", ROOM, volumes=[MEMORY])),
        run_of("again", shell("send", AGAIN, **retried)),
        run_of("not-again", shell("send", "exit 67", **retried)),
        run_of("late", shell("hold", HOLD), shell("never"), activeDeadlineSeconds=20),
    )


def test_files_of_secrets_variables_and_working_folder(space: Space) -> None:
    run = space.wait_for_end("files", "Completed")
    assert space.log_of("files", "read-files").strip() == "all is there"
    pod = space.pod_of("files", "read-files")
    assert pod["metadata"]["labels"]["team"] == "mill"
    assert pod["metadata"]["annotations"]["example.org/note"] == "hello"
    assert stage_in(run, "read-files")["job"].startswith("files-read-files-1-")


def test_shared_memory_has_the_size_that_was_asked_for(space: Space) -> None:
    space.wait_for_end("memory", "Completed")
    assert space.log_of("memory", "room").strip() == "no more than that"


def test_only_the_named_exit_code_is_tried_again(space: Space) -> None:
    run = space.wait_for_end("again", "Completed")
    assert stage_in(run, "send")["attempt"] == 2
    run = space.wait_for_end("not-again", "StageFailed")
    send = stage_in(run, "send")
    assert send["attempt"] == 1
    assert send["message"] == "exit code 67; 67 is not in retryOnExitCodes"


def test_a_run_is_ended_at_its_deadline_and_says_so(space: Space) -> None:
    run = space.wait_for_end("late", "DeadlineExceeded")
    assert stage_in(run, "hold")["reason"] == "DeadlineExceeded"
    assert stage_in(run, "never")["state"] == "NotRun"
    assert run["status"]["message"] == (
        "ended after activeDeadlineSeconds (20 s), 0 of 2 stages done"
    )
