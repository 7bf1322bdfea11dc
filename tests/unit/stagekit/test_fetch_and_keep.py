"""A program that knows nothing of us: its inputs fetched, its outputs kept, by the real service."""

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stagekit import contract, environment, fetch
from stagekit.container_end import ContainerEnd
from stagekit.fence_port import FencePort
from stagekit.http_link import HttpLink
from stagekit.keep import Sidecar
from stagekit.retry import Patience
from tests.unit.stagekit.local import Local
from tests.unit.stagekit.test_over_http import become, service
from tests.unit.web.fake_cluster import delete_stage_pod, end_stage
from tests.unit.web.service import Service

__all__ = ["service"]

QUICK = Patience(first_seconds=0.01, longest_seconds=0.02, total_seconds=2)
PICTURE = bytes(range(256)) * 64


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """What a program of its own would do with SIGTERM is not for the tests' process."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def work_of(local: Local, pod: str) -> Path:
    return local.folder / f"work-{pod}"


def mark_of(local: Local) -> dict[str, Any]:
    return json.loads((local.folder / "mark").read_bytes())


class Beside:
    """The container beside a stage, in this process."""

    def __init__(self, *, grace_seconds: float = 30) -> None:
        self.stop = threading.Event()
        self.fence = FencePort(port=0)
        given = environment.read(os.environ)
        (Path(given.work_dir) / "out").mkdir(parents=True, exist_ok=True)
        self.sidecar = Sidecar(given, self.fence, self.stop, grace_seconds=grace_seconds)
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.code = self.sidecar.run()

    def probe(self) -> int:
        """The kubelet asks the fence."""
        connection = http.client.HTTPConnection("127.0.0.1", self.fence.port, timeout=60)
        try:
            connection.request("GET", contract.FENCE_PATH)
            return connection.getresponse().status
        finally:
            connection.close()

    def terminate(self) -> int | None:
        """SIGTERM; gives the exit code."""
        self.stop.set()
        self._thread.join(20)
        return self.code


def test_inputs_lie_where_a_program_looks_for_them(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    alice = service.cluster.person("alice", ("create", "team"))
    uri = service.ask("PUT", "/v1/uploads/team/a%20shoe.png", alice, PICTURE).json["uri"]
    first = keep_one(local, monkeypatch, service, {"d/큰 그림.png": PICTURE})
    become(local, monkeypatch, service, "judge", "pod-2", inputs={"img_gen": first}, uri=uri)
    local.give("params", {"prompt": "여름 신발"})
    run = service.cluster.runs["team", "ad"]
    service.cluster.runs["team", "ad"] = replace(run, input_uri=uri)

    assert fetch.run(QUICK) == 0

    work = work_of(local, "pod-2")
    assert (work / "in/img_gen/d/큰 그림.png").read_bytes() == PICTURE
    assert (work / "input/a shoe.png").read_bytes() == PICTURE
    assert list((work / "out").iterdir()) == []
    assert json.loads((work / "params.json").read_text()) == {"prompt": "여름 신발"}
    assert json.loads((work / "inputs.json").read_text())["stages"] == {"img_gen": first}
    assert not local.is_marked


def keep_one(
    local: Local, patch: pytest.MonkeyPatch, service: Service, left: dict[str, bytes]
) -> str:
    """A stage img_gen that has left these files, committed; gives its prefix."""
    prefix = become(local, patch, service, "img_gen", "pod-1")
    for path, content in left.items():
        target = work_of(local, "pod-1") / "out" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    beside = Beside()
    end_stage(service.cluster, "img_gen")
    assert beside.terminate() == 0
    service.cluster.commit(service.cluster.runs["team", "ad"], "img_gen", prefix)
    (local.folder / "mark").unlink()
    return prefix


def test_an_input_that_was_never_uploaded_is_refused_with_a_mark(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    uri = f"artifact://team/uploads/{'0' * 64}/x"
    become(local, monkeypatch, service, "a", "pod-1", uri=uri)

    assert fetch.run(QUICK) == contract.EXIT_REFUSED
    assert (local.mark["outcome"], local.mark["reason"]) == ("Refused", "InputNotFetched")


def test_inputs_of_another_run_fail_with_the_services_words(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "b", "pod-1", inputs={"a": "team/run-2/a/1-pod-9"})

    assert fetch.run(QUICK) == contract.EXIT_FAILED
    assert (local.mark["outcome"], local.mark["reason"]) == ("Failed", "ServiceRefused")
    assert "another run" in local.mark["message"]


def test_a_disk_that_takes_no_inputs_is_said(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "a", "pod-1")
    work_of(local, "pod-1").write_text("no folder")

    assert fetch.run(QUICK) == contract.EXIT_FAILED
    assert (local.mark["outcome"], local.mark["reason"]) == ("Failed", "InputsNotWritten")


@pytest.mark.parametrize(
    ("exit_code", "said"),
    [
        (0, ("Succeeded", None)),
        (77, ("Skipped", "NothingToDo")),
        (2, ("Refused", "InputRefused")),
        (3, ("Failed", "NonZeroExit")),
        (75, ("Failed", "NonZeroExit")),
        (137, ("Failed", "KilledBySignal")),
    ],
)
def test_the_exit_code_that_the_kubelet_reports_is_written_down(
    local: Local,
    monkeypatch: pytest.MonkeyPatch,
    service: Service,
    exit_code: int,
    said: tuple[str, str | None],
) -> None:
    prefix = become(local, monkeypatch, service, "ocr", "pod-1")
    out = work_of(local, "pod-1") / "out"
    out.mkdir(parents=True)
    (out / "page.txt").write_text("text")
    beside = Beside()
    end_stage(service.cluster, "ocr", exit_code)

    assert beside.terminate() == 0

    stored = (service.root / prefix / "result.json").read_bytes()
    result = json.loads(stored)
    assert (result["exitCode"], result["outcome"]) == (exit_code, said[0])
    assert [file["path"] for file in result["files"]] == ["page.txt"]
    mark = mark_of(local)
    assert (mark["outcome"], mark.get("reason")) == said
    assert mark["digest"] == hashlib.sha256(stored).hexdigest()
    operator = service.cluster.operator()
    (found,) = service.ask("GET", "/v1/results/team/run-1/ocr/1", operator).json["results"]
    assert found["result"]["exitCode"] == exit_code


def test_the_kubelet_may_report_the_end_a_moment_later(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "ocr", "pod-1")
    beside = Beside()
    beside.stop.set()
    time.sleep(0.3)
    assert not local.is_marked
    end_stage(service.cluster, "ocr")

    assert beside.terminate() == 0
    assert mark_of(local)["outcome"] == "Succeeded"


def test_a_link_to_the_token_is_not_uploaded(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "ocr", "pod-1")
    out = work_of(local, "pod-1") / "out"
    out.mkdir(parents=True)
    (out / "x").symlink_to(local.folder / "token")
    (out / "d").symlink_to(local.folder)
    beside = Beside()
    end_stage(service.cluster, "ocr")

    assert beside.terminate() == 0
    assert [path.rpartition("/")[2] for path in service.stored()] == ["result.json"]


def test_a_pod_that_somebody_ends_has_nothing_to_keep(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "ocr", "pod-1")
    beside = Beside()
    end_stage(service.cluster, "ocr", deleted=True)

    assert beside.terminate() == contract.EXIT_INTERRUPTED
    assert not local.is_marked
    assert service.stored() == []


def test_it_does_not_wait_for_a_kubelet_that_waits_for_it(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    """Of a Pod that somebody ends no container's end is reported before all have ended."""
    become(local, monkeypatch, service, "ocr", "pod-1")
    beside = Beside(grace_seconds=300)
    delete_stage_pod(service.cluster, "ocr")

    assert beside.terminate() == contract.EXIT_INTERRUPTED
    assert not local.is_marked


def test_while_a_stage_that_is_ended_still_works_it_stays(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setattr(contract, "NO_PROBE_SECONDS", -contract.FENCE_START_SECONDS - 1)
    become(local, monkeypatch, service, "ocr", "pod-1")
    asked: list[str] = []
    monkeypatch.setattr(HttpLink, "container_end", _noting(asked))
    delete_stage_pod(service.cluster, "ocr")
    beside = Beside()
    limit = time.monotonic() + 10
    while not asked:
        assert time.monotonic() < limit, "it has not looked"
        time.sleep(0.02)

    assert beside.code is None
    assert beside.terminate() == contract.EXIT_INTERRUPTED


def _noting(asked: list[str]) -> Callable[[HttpLink, Patience], ContainerEnd]:
    ask = HttpLink.container_end

    def container_end(link: HttpLink, patience: Patience) -> ContainerEnd:
        end = ask(link, patience)
        asked.append(end.interrupted)
        return end

    return container_end


def test_an_output_over_the_limit_fails_with_the_services_own_words(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "ocr", "pod-1")
    out = work_of(local, "pod-1") / "out"
    out.mkdir(parents=True)
    (out / "big").write_bytes(b"x" * (5 * 1024 * 1024))
    beside = Beside()
    end_stage(service.cluster, "ocr")

    assert beside.terminate() == contract.EXIT_FAILED
    assert mark_of(local)["reason"] == "UploadServiceRefused"
    assert "more than the limit" in mark_of(local)["message"]
    assert service.stored() == []


def test_the_fence_holds_while_somebody_answers_and_stays_down_once_it_has_fallen(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "ocr", "pod-1")
    beside = Beside()
    assert beside.probe() == 200
    beside.fence.lost(41)
    assert [beside.probe(), beside.probe()] == [503, 503]
    end_stage(service.cluster, "ocr", 0)

    assert beside.terminate() == contract.EXIT_FENCED
    assert not local.is_marked
    assert service.stored() == [], "it may have ended well because it was stopped"


def test_where_others_live_on_in_the_pod_the_silence_of_the_kubelet_tells_the_end(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setattr(contract, "NO_PROBE_SECONDS", -contract.FENCE_START_SECONDS - 1)
    become(local, monkeypatch, service, "ocr", "pod-1")
    end_stage(service.cluster, "ocr")
    beside = Beside()
    limit = time.monotonic() + 10
    while beside.code is None:
        assert time.monotonic() < limit, "nobody has told it to stop, and it has not looked"
        time.sleep(0.02)

    assert beside.code == 0
    assert mark_of(local)["outcome"] == "Succeeded"


def test_started_again_it_says_the_same_of_what_it_had_stored(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "ocr", "pod-1")
    end_stage(service.cluster, "ocr")
    assert Beside().terminate() == 0
    first = mark_of(local)
    end_stage(service.cluster, "ocr", restarts=1)
    again = Beside()
    assert again.probe() == 200

    assert again.terminate() == 0
    assert mark_of(local) == first


def test_an_end_that_nobody_has_watched_proves_nothing(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    """Started again, and never asked: the kubelet may have ended the stage for want of a fence."""
    become(local, monkeypatch, service, "ocr", "pod-1")
    end_stage(service.cluster, "ocr", restarts=1)

    assert Beside().terminate() == 0
    assert (mark_of(local)["outcome"], mark_of(local)["reason"]) == ("Failed", "EndUnproved")


def test_heartbeats_are_sent_while_the_stage_runs(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "ocr", "pod-1")
    beside = Beside()
    operator = service.cluster.operator()
    limit = time.monotonic() + 10
    while not service.ask("GET", "/v1/heartbeats", operator).json["heartbeats"]:
        assert time.monotonic() < limit, "no heartbeat came"
        time.sleep(0.02)
    end_stage(service.cluster, "ocr")
    assert beside.terminate() == 0


# --- in a process of its own ------------------------------------------------


VERB = """
import sys
from stagekit import contract
contract.FENCE_PORT = 0  # whichever is free
from stagekit.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def _process(local: Local, verb: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", VERB, verb],
        env=local.process(**more),
        stderr=subprocess.PIPE,
        text=True,
    )


def _terminate(process: subprocess.Popen[str]) -> None:
    """SIGTERM, once it has said what becomes of it."""
    caught, bit = 0, 1 << (signal.SIGTERM - 1)
    while not caught & bit:
        assert process.poll() is None, "it has ended by itself"
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    process.send_signal(signal.SIGTERM)


def test_outputs_that_cannot_be_stored_in_time_are_said_before_the_end(local: Local) -> None:
    (local.folder / "token").write_text("token")
    away = {
        "STAGEWORK_API_URL": "http://127.0.0.1:1",
        "STAGEWORK_TOKEN_FILE": str(local.folder / "token"),
        "STAGEWORK_GRACE_SECONDS": "4",
        "KUBERNETES_SERVICE_HOST": "",
    }
    process = _process(local, "keep", **away)
    _terminate(process)

    _, said = process.communicate(timeout=20)

    assert process.returncode == 1, said
    assert local.mark["outcome"] == "Failed"
    assert local.mark["reason"] in {"UploadTimedOut", "UploadServiceUnavailable"}


def test_fetching_ends_at_sigterm_without_a_mark(local: Local) -> None:
    """The first process of a container would not, if it did not say so."""
    (local.folder / "token").write_text("token")
    local.give("inputs", {"stages": {"a": "team/run-1/a/1-p"}})
    away = {
        "STAGEWORK_API_URL": "http://127.0.0.1:1",
        "STAGEWORK_TOKEN_FILE": str(local.folder / "token"),
        "KUBERNETES_SERVICE_HOST": "",
    }
    process = _process(local, "fetch", **away)
    _terminate(process)

    _, said = process.communicate(timeout=20)

    assert process.returncode == contract.EXIT_INTERRUPTED, said
    assert not local.is_marked
