"""The command line: every help text, and what every command that reads prints."""

import contextlib
import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import typer

from tests.support.builders.written_runs import at, run_of, stage
from tests.surface import product
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import GROUP, PROXY, Answer, FakeCluster, Request, ok

_SYSTEM: Final = "namespaces/stagework-system"
_TOKEN: Final = "/api/v1/namespaces/default/serviceaccounts/default/token"
_PREFIX: Final = "default/uid/ocr_eval/1-pod"
_READS: Final[dict[str, tuple[str, ...]]] = {
    "status": (
        "status",
        "status -A",
        "status -n empty",
        "status -o json",
        *(f"status {run}" for run in ("running", "failed", "skipped", "done", "waiting", "new")),
        "status failed -o json",
        "status absent",
    ),
    "monitor": (
        "monitor --once",
        "monitor --once -A --by-name",
        "monitor --once --tenant 7 --since 2h --limit 1 --pipeline ad-image",
        "monitor running waiting --once --plain",
        "monitor --auto-create",
        "monitor --since soon",
    ),
    "wait": (
        "wait done",
        "wait done skipped",
        "wait failed",
        "wait waiting --timeout 0",
        "wait running --timeout 0",
        "wait absent",
    ),
    "results": ("results done", "results running", "results failed"),
    "search": ("search done mill", "search done nothing", "search done at", "search running mill"),
    "doctor": ("doctor", "doctor --release-namespace elsewhere"),
    "retry": (
        "retry failed --dry-run",
        "retry failed --stage ocr_eval --dry-run",
        "retry failed --stage iou_eval --dry-run",
        "retry failed --stage nope --dry-run",
        "retry done --dry-run",
        "retry absent --dry-run",
    ),
    "skip": (
        "skip failed --stage ocr_eval --dry-run",
        "skip failed --stage ocr_eval --run-descendants --dry-run",
        "skip done --stage ocr_eval --dry-run",
        "skip failed --dry-run",
    ),
    "upload": ("upload absent.png",),
}
"""By file; each line is typed by itself."""


def record(folder: Path) -> None:
    """One file for each command's help, and one for what each reading command prints."""
    folder.mkdir(exist_ok=True)
    for name, text in helps():
        (folder / f"help{name.replace(' ', '-')}.txt").write_text(text)
    for name, lines in _READS.items():
        (folder / f"{name}.txt").write_text("\n".join(_typed(words) for words in lines))


def helps() -> Iterator[tuple[str, str]]:
    """Words after `stagework`, and the help; hidden commands too."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, inner in sorted(getattr(command, "commands", {}).items()):
            yield from walk(inner, (*words, name))

    for words in walk(typer.main.get_command(product.commands), ()):
        yield "".join(f" {word}" for word in words), Cli(FakeCluster())(*words, "--help").out


def _typed(line: str) -> str:
    """As a terminal shows it, in an empty folder."""
    with tempfile.TemporaryDirectory() as here, contextlib.chdir(here):
        shown = Cli(_cluster())(*line.split())
    printed = f"{shown.out}--- stderr\n{shown.err}" if shown.err else shown.out
    return f"$ stagework {line}\n{printed}--- exit {shown.code}\n"


def _cluster() -> FakeCluster:
    """Runs in every state, in a cluster in which all is well."""
    cluster = FakeCluster()
    _add_runs(cluster, _files(cluster))
    stages = [{"name": name, "image": "x"} for name in ("img_gen", "ocr_eval", "iou_eval")]
    cluster.objects[f"{GROUP}/namespaces/default/pipelines/ad-image"] = {"spec": {"stages": stages}}
    cluster.routes["POST", _TOKEN] = lambda _: ok({"status": {"token": "made"}}, 201)
    healthy = {("GET", path): _answering(ok(body)) for path, body in _healthy().items()}
    cluster.routes.update(healthy)
    return cluster


def _add_runs(cluster: FakeCluster, result: str) -> None:
    """`result`: digest of what the run that is done has left."""
    done = stage("img_gen", "Succeeded", start=1, end=20, node="gpu-1")
    read = stage("ocr_eval", "Succeeded", start=21, end=30, prefix=_PREFIX, digest=result)
    bad = stage("ocr_eval", "Failed", attempt=3, reason="NonZeroExit", message="no font", end=30)
    queued = stage("img_gen", reason="NoFreeSlot", message="3rd for gpu")
    cluster.add(
        run_of(
            done, stage("ocr_eval", "Running", start=21), name="running", uid="1", title="Shoes"
        ),
        run_of(
            done,
            bad,
            stage("iou_eval", "NotRun"),
            name="failed",
            uid="2",
            summary="StageFailed",
            message="ocr_eval: no font",
            end=31,
        ),
        run_of(
            done,
            stage("ocr_eval", "Skipped", end=30),
            name="skipped",
            uid="3",
            summary="CompletedWithSkips",
            end=31,
        ),
        run_of(done, read, name="done", uid="4", summary="Completed", end=31, tenant="7"),
        run_of(queued, stage("ocr_eval"), name="waiting", uid="5", summary="Queued", age=300),
        run_of(name="new", uid="6").model_copy(
            update={"status": run_of().status.model_validate({})}
        ),
        run_of(stage("a", "Running", start=5), name="other", namespace="ads", uid="7"),
    )


def _files(cluster: FakeCluster) -> str:
    """The outputs of `done`; answers the digest of its result."""
    index = _index()
    files = {"a.txt": b"hello", "index.sqlite": index}
    listed = [
        {"path": path, "sha256": hashlib.sha256(body).hexdigest()} for path, body in files.items()
    ]
    result = {"stage": "ocr_eval", "method": "tesseract", "values": {"cer": 0.02}, "files": listed}
    files["result.json"] = json.dumps(result).encode()
    base = f"{PROXY}/v1/artifacts/{_PREFIX}/"
    sizes = [{"path": path, "size": len(body)} for path, body in files.items()]
    cluster.routes["GET", base] = _answering(ok({"files": sizes}))
    for path, body in files.items():
        cluster.routes["GET", base + path] = _answering(Answer(200, body))
    return hashlib.sha256(files["result.json"]).hexdigest()


def _answering(answer: Answer) -> Callable[[Request], Answer]:
    return lambda _: answer


def _index() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite"
        with closing(sqlite3.connect(path)) as base:
            base.execute(
                "CREATE VIRTUAL TABLE chunks USING fts5"
                "(text, section, id UNINDEXED, pages UNINDEXED, tokenize = 'trigram')"
            )
            row = ("The mill turns with the tide.", "Mill", "1", "1")
            base.execute("INSERT INTO chunks VALUES (?, ?, ?, ?)", row)
            base.commit()
        return path.read_bytes()


def _healthy() -> dict[str, object]:
    """What `doctor` looks at."""
    crds = [
        {
            "metadata": {"name": f"{plural}.stagework.dev"},
            "spec": {"versions": [{"name": "v1alpha1", "served": True}]},
        }
        for plural in ("pipelinejobs", "pipelines", "interventions")
    ]
    ready = {"metadata": {}, "spec": {"replicas": 1}, "status": {"availableReplicas": 1}}
    renewed = {"holderIdentity": "op-1", "renewTime": at(98).isoformat()}
    settings = "fleet: {machineClasses: [{key: gpu}, {key: macbook, mayBeAway: true}]}"
    node = {
        "metadata": {"name": "n1", "labels": {"stagework.dev/machine": "gpu"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    classes = [{"metadata": {"name": "standard", "annotations": marked}}]
    return {
        "/version": {"gitVersion": "v1.34.4"},
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {"items": crds},
        f"/apis/apps/v1/{_SYSTEM}/deployments/stagework-operator": ready,
        f"/apis/apps/v1/{_SYSTEM}/deployments/stagework-api": ready,
        f"/apis/coordination.k8s.io/v1/{_SYSTEM}/leases/stagework-operator": {
            "metadata": {"name": "stagework-operator"},
            "spec": renewed,
        },
        f"/api/v1/{_SYSTEM}/configmaps": {"items": [{"data": {"settings.yaml": settings}}]},
        "/api/v1/nodes": {"items": [node]},
        "/apis/storage.k8s.io/v1/storageclasses": {"items": classes},
    }
