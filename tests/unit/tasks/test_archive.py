"""The file of a backup, and what becomes of each object in it."""

import gzip
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from stagework.tasks.backup.archive import (
    ArchiveError,
    ArchiveWriter,
    Line,
    check_archive,
    cleaned,
    read_archive,
)
from stagework.tasks.backup.restore_plan import ForHistory, LeaveOut, Make, restored


def written(path: Path) -> Path:
    with ArchiveWriter(path, {"made": "2026-11-30T12:00:00Z"}) as archive:
        archive.add_object({"kind": "Pipeline", "metadata": {"name": "p"}, "spec": {}})
        archive.add_fact({"uid": "u"})
    return path


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "a")
    assert check_archive(path)["made"] == "2026-11-30T12:00:00Z"
    assert list(read_archive(path)) == [
        Line("object", {"kind": "Pipeline", "metadata": {"name": "p"}, "spec": {}}),
        Line("fact", {"uid": "u"}),
    ]


def test_a_writer_that_fails_leaves_no_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with suppress(OSError), ArchiveWriter(path, {}) as archive:
        archive.add_fact({})
        raise OSError("the service is gone")
    with pytest.raises(ArchiveError, match="cut off"):
        check_archive(path)


def test_every_cut_and_every_change_is_noticed(tmp_path: Path) -> None:
    whole = written(tmp_path / "a").read_bytes()
    lines = gzip.decompress(whole).splitlines(keepends=True)
    path = tmp_path / "b"
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(ArchiveError):
            check_archive(path)
    for number in range(len(lines)):
        path.write_bytes(gzip.compress(b"".join(lines[:number] + lines[number + 1 :])))
        with pytest.raises(ArchiveError):
            check_archive(path)
    path.write_bytes(gzip.compress(b"".join(lines).replace(b'"uid":"u"', b'"uid":"v"')))
    with pytest.raises(ArchiveError, match="was changed"):
        check_archive(path)


@pytest.mark.parametrize("content", [b"text", b"[1]\n"])
def test_another_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(content))
    with pytest.raises(ArchiveError):
        check_archive(tmp_path / "a")


@pytest.mark.parametrize("raw", [b"", b"text"])
def test_what_is_not_compressed_is_no_backup(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a").write_bytes(raw)
    with pytest.raises(ArchiveError):
        check_archive(tmp_path / "a")


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(b'{"format":2}\n'))
    with pytest.raises(ArchiveError, match="format 2"):
        check_archive(tmp_path / "a")


def test_an_object_is_kept_without_what_is_the_servers_own() -> None:
    meta: dict[str, Any] = {
        "name": "p",
        "uid": "u",
        "resourceVersion": "7",
        "managedFields": [{}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    }
    whole: dict[str, Any] = {"kind": "Pipeline", "metadata": meta, "spec": {}}
    assert cleaned(whole)["metadata"] == {"name": "p", "uid": "u"}


def found(kind: str, **parts: Any) -> dict[str, Any]:
    meta = {"name": "x", "namespace": "ns", "uid": "u", **parts.pop("meta", {})}
    given = {"apiVersion": "stagework.dev/v1alpha1", "spec": {"a": 1}, **parts}
    return {**given, "kind": kind, "metadata": meta}


DONE = {"conditions": [{"type": "Succeeded", "status": "False"}]}
ACTIVE = {"conditions": [{"type": "Succeeded", "status": "Unknown"}]}


def owner(kind: str) -> dict[str, Any]:
    return {"ownerReferences": [{"kind": kind, "name": "o", "uid": "o", "controller": True}]}


def test_pipelines_are_made_as_they_were() -> None:
    step = restored(found("Pipeline", status={"runs": 3}))
    assert isinstance(step, Make)
    assert step.manifest["spec"] == {"a": 1}
    assert step.manifest["metadata"] == {"name": "x", "namespace": "ns"}
    assert (step.status, step.resume) == ({}, False)


@pytest.mark.parametrize("kind", ["PipelineJob", "Batch"])
@pytest.mark.parametrize("status", [ACTIVE, {}])
def test_what_had_not_ended_is_made_suspended(kind: str, status: dict[str, Any]) -> None:
    step = restored(found(kind, status=status))
    assert isinstance(step, Make)
    assert step.manifest["spec"] == {"a": 1, "suspend": True}
    assert not step.resume


def test_a_schedules_run_is_made_without_its_owner_and_a_batchs_is_not() -> None:
    step = restored(found("PipelineJob", meta=owner("ScheduledJob"), status=ACTIVE))
    assert isinstance(step, Make)
    assert "ownerReferences" not in step.manifest["metadata"]
    left = restored(found("PipelineJob", meta=owner("Batch"), status=ACTIVE))
    assert isinstance(left, LeaveOut)


def test_what_had_ended_is_history() -> None:
    assert isinstance(restored(found("PipelineJob", status=DONE)), ForHistory)
    assert isinstance(restored(found("Batch", status=DONE)), LeaveOut)


@pytest.mark.parametrize(("suspended", "resume"), [(False, True), (True, False)])
def test_a_schedule_has_its_last_slot_and_statistics_before_it_goes_on(
    suspended: bool, resume: bool
) -> None:
    status = {"lastScheduleTime": "t", "stats": {"skipped": 1}, "active": 3}
    step = restored(found("ScheduledJob", spec={"suspend": suspended}, status=status))
    assert isinstance(step, Make)
    assert step.manifest["spec"] == {"suspend": True}
    assert step.status == {"lastScheduleTime": "t", "stats": {"skipped": 1}}
    assert step.resume is resume


def test_what_is_of_no_kind_of_ours_is_left_out() -> None:
    assert restored(found("Secret")) == LeaveOut("nothing is known of a Secret")
