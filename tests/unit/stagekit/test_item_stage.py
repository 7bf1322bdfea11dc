"""The stage that stories on the cluster give to a batch: the same command, on this machine."""

import subprocess
import sys

import pytest

from tests.support.cluster.commands import ROOT
from tests.support.cluster.pictures import broken, picture
from tests.support.cluster.stages import item_stage
from tests.unit.stagekit.local import Local
from tests.unit.stagekit.test_batch_items import pictures, said

SNEAKER = (ROOT / "manifests/samples/sneaker.png").read_bytes()


def run(local: Local, pause_seconds: float = 0.0, *, journal: str = "", **more: str) -> int:
    """The stage's own command."""
    stage = item_stage("ocr", pause_seconds=pause_seconds, journal=journal)
    command = [sys.executable, *stage["command"][1:]]
    env = local.process(**more)
    return subprocess.run(command, env=env, check=False, timeout=60).returncode


def test_broken_pictures_are_set_aside_each_with_its_reason(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = bytearray(SNEAKER)
    damaged[2000] ^= 1
    contents = {
        "good": SNEAKER,
        "empty": b"",
        "truncated": SNEAKER[:5000],
        "damaged": bytes(damaged),
        "text": b"hello",
        "fails": b"FAIL",
        "skipped": b"SKIP",
        "last": SNEAKER,
    }
    pictures(local, monkeypatch, **contents)

    assert run(local, STAGEWORK_INPUT_ITEMS=str(local.folder / "items")) == 0
    assert said(local) == [
        (10, "Succeeded", ""),
        (11, "Refused", "EmptyPicture"),
        (12, "Refused", "TruncatedPicture"),
        (13, "Refused", "TruncatedPicture"),
        (14, "Refused", "NotAPicture"),
        (15, "Failed", "ValueError"),
        (16, "Skipped", "AskedFor"),
        (17, "Succeeded", ""),
    ]
    assert (local.prefix / "items/10/size.txt").read_text() == "1000x750\n"


def test_pictures_of_the_stories_are_whole_or_broken_as_said_and_each_is_in_the_journal(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = {number: broken(number) for number in range(4)}
    contents = {f"p{number}": way.content for number, way in how.items()}
    pictures(local, monkeypatch, **contents, p4=picture(4), p5=picture(5))
    journal = local.folder / "journal"
    items = str(local.folder / "items")
    assert run(local, journal=str(journal), STAGEWORK_INPUT_ITEMS=items) == 0
    assert [reason for _, _, reason in said(local)] == [*(b.reason for b in how.values()), "", ""]
    assert len(set(journal.read_text().splitlines())) == len(how) + 2


def test_one_slow_item_costs_its_own_time_alone(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(local, monkeypatch, a=SNEAKER, b=SNEAKER)
    assert run(local, 0.2, STAGEWORK_INPUT_ITEMS=str(local.folder / "items")) == 0
    first, second = (float(line["at"]) for line in local.outcomes)
    assert second - first >= 0.2


def test_a_picture_that_kills_the_pod_leaves_no_mark(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(local, monkeypatch, a=SNEAKER, deadly=b"DIE")
    assert run(local, STAGEWORK_INPUT_ITEMS=str(local.folder / "items")) == 137
    assert not local.is_marked


def test_without_a_batch_the_runs_own_input_is_looked_at(local: Local) -> None:
    (local.folder / "x.png").write_bytes(SNEAKER[:500])
    assert run(local, STAGEWORK_INPUT_URI=str(local.folder / "x.png")) == 2
    assert local.mark["reason"] == "TruncatedPicture"
