"""What a stage has left in `out/`: whatever lies there, nothing else is ever read."""

import os
import socket
from pathlib import Path

import pytest

from stagekit import outputs
from stagekit.errors import OutputsUnreadable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work folder with an empty `out`, and a token beside it."""
    (tmp_path / "token").write_text("secret")
    (tmp_path / "work/out").mkdir(parents=True)
    return tmp_path / "work"


def _read(work: Path) -> dict[str, bytes]:
    return {path: file.read() for path, file in outputs.opened(work)}


def test_all_regular_files_are_opened_in_order(work: Path) -> None:
    (work / "out/b/c").mkdir(parents=True)
    for path, content in {
        "z.txt": b"z",
        "b/c/큰 그림.png": b"picture",
        "b/a": b"",
        "a": b"a",
    }.items():
        (work / "out" / path).write_bytes(content)

    assert list(_read(work).items()) == [
        ("a", b"a"),
        ("b/a", b""),
        ("b/c/큰 그림.png", b"picture"),
        ("z.txt", b"z"),
    ]


def test_hidden_files_and_folders_are_nobodys_result(work: Path) -> None:
    (work / "out/.cache").mkdir()
    (work / "out/.cache/x").touch()
    (work / "out/.hidden").touch()

    assert _read(work) == {}


def test_no_link_is_followed(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = work / "out"
    (out / "file").symlink_to(work.parent / "token")
    (out / "folder").symlink_to(work.parent)
    (out / "inside").symlink_to("file")
    (out / "plain").write_text("kept")

    assert _read(work) == {"plain": b"kept"}
    assert "a symbolic link or socket is not uploaded: folder" in capsys.readouterr().err


@pytest.mark.parametrize("made", ["link", "file"])
def test_out_itself_must_be_a_folder(work: Path, made: str) -> None:
    (work / "out").rmdir()
    if made == "link":
        (work / "out").symlink_to(work.parent)
    else:
        (work / "out").write_text("x")

    with pytest.raises(OutputsUnreadable, match="out is no folder"):
        _read(work)


def test_a_stage_may_take_its_folder_away(work: Path) -> None:
    (work / "out").rmdir()

    assert _read(work) == {}


def test_pipes_and_sockets_hold_nobody_up(work: Path) -> None:
    os.mkfifo(work / "out/pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(work / "out/socket"))

        assert _read(work) == {}


def test_a_link_that_takes_a_files_place_while_it_is_opened_is_not_followed(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "out/file").write_text("kept")
    real = os.stat

    def late(*words: object, **more: object) -> os.stat_result:
        seen = real(*words, **more)  # type: ignore[arg-type]
        (work / "out/file").unlink()
        (work / "out/file").symlink_to(work.parent / "token")
        return seen

    monkeypatch.setattr(os, "stat", late)
    with pytest.raises(OutputsUnreadable, match="out/file cannot be read"):
        _read(work)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_named(work: Path) -> None:
    (work / "out/closed").write_text("x")
    (work / "out/closed").chmod(0)

    with pytest.raises(OutputsUnreadable, match="out/closed cannot be read"):
        _read(work)


@pytest.mark.parametrize("name", ["result.json", "outcomes.jsonl"])
def test_our_own_files_have_their_names_to_themselves(work: Path, name: str) -> None:
    (work / "out" / name).touch()

    with pytest.raises(OutputsUnreadable, match=f"{name} is written by stagekit"):
        _read(work)


def test_what_came_along_with_an_earlier_stages_folder_is_left_out(work: Path) -> None:
    for folder in ("in/first", "out"):
        (work / folder).mkdir(parents=True, exist_ok=True)
        (work / folder / "result.json").write_text("{}")
        (work / folder / "a.txt").write_text("a")

    assert _read(work) == {"a.txt": b"a"}


def test_a_name_that_is_no_text_is_said_and_not_lost(work: Path) -> None:
    (work / "out").joinpath(os.fsdecode(b"\xff.png")).touch()

    with pytest.raises(OutputsUnreadable, match="a name in out is no UTF-8"):
        _read(work)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a\nb.txt", r"out/a\\nb.txt cannot be kept: it contains a control character"),
        ("\x1b[31mred", r"out/\\x1b\[31mred cannot be kept: it contains a control character"),
        (" a", "out/ a cannot be kept: a segment starts or ends with white space"),
        ("a\\b", "it contains a backslash"),
        ("큰 그림\n", r"out/큰 그림\\n cannot be kept"),
    ],
)
def test_a_name_that_no_store_takes_is_said_with_the_rule(work: Path, name: str, said: str) -> None:
    (work / "out" / name).touch()

    with pytest.raises(OutputsUnreadable, match=said):
        _read(work)


def test_names_of_any_language_are_kept(work: Path) -> None:
    names = {"कम्प\u200dयूटर.txt", "👩\u200d👩\u200d👧.png", "큰.txt"}
    for name in names:
        (work / "out" / name).touch()

    assert _read(work).keys() == names


def test_folders_are_not_too_deep(work: Path) -> None:
    deep = work.joinpath("out", *["d"] * 16)
    deep.mkdir(parents=True)
    (deep / "x").touch()

    with pytest.raises(OutputsUnreadable, match="it has more than 16 segments"):
        _read(work)


def test_files_are_not_too_many(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "FILES_MAX", 2)
    for name in "abc":
        (work / "out" / name).touch()

    with pytest.raises(OutputsUnreadable, match="more than 2 files in out"):
        _read(work)


def test_no_handle_stays_open(work: Path) -> None:
    (work / "out/a/b").mkdir(parents=True)
    for path in ("x", "a/x", "a/b/x"):
        (work / "out" / path).touch()
    before = len(list(Path("/proc/self/fd").iterdir()))

    next(iter(outputs.opened(work)))[1].close()
    _read(work)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
