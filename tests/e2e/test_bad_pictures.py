"""A picture that cannot be worked on is refused at the first stage, at once and for good."""

import struct
import zlib
from pathlib import Path

import pytest

from tests.support.cluster.commands import ROOT
from tests.support.cluster.space import Space
from tests.support.cluster.stages import named_run
from tests.support.cluster.uploads import store, upload
from tests.support.cluster.waiting import stage_in

SNEAKER = ROOT / "manifests" / "samples" / "sneaker.png"
EXPECTED = {
    "empty": ("EmptyPicture", "0 bytes"),
    "truncated": ("TruncatedPicture", "upload the whole file"),
    "too-wide": ("PictureTooLarge", "20000x7000"),
    "no-picture": ("NotAPicture", "give a PNG, JPEG or WebP"),
}


def wide_png(width: int, height: int) -> bytes:
    """A whole grey picture whose rows compress to nearly nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One run a picture, side by side."""
    folder = tmp_path_factory.mktemp("pictures")
    pictures = {
        "truncated": SNEAKER.read_bytes()[:100_000],
        "too-wide": wide_png(20_000, 7_000),
        "no-picture": b"%PDF-1.7 this is no picture\n" * 50,
    }
    uris = store(space, {"empty": ("empty.png", b"")})
    for name, data in pictures.items():
        (folder / f"{name}.png").write_bytes(data)
        uris[name] = upload(space, folder / f"{name}.png")
    space.kubectl("apply", "-f", "manifests/samples/pipeline-ad-image.yaml")
    params = {"prompt": "sneakers"}
    space.apply(
        *(
            named_run(name, "ad-image", params=params, input={"uri": uri})
            for name, uri in uris.items()
        )
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_a_bad_picture_is_refused_without_a_second_attempt(space: Space, name: str) -> None:
    run = space.wait_for_end(name, "StageFailed")
    first = stage_in(run, "img_gen")
    reason, words = EXPECTED[name]
    assert first["reason"] == reason, first
    assert words in first["message"], first
    assert first["attempt"] == 1, first
    assert len(space.pods_of(name)) <= 3, "nothing but what was made ahead"
    assert all(
        (stage["state"], stage["reason"]) == ("NotRun", "UpstreamFailed")
        for stage in run["status"]["stages"][1:]
    )


def test_the_command_line_refuses_an_empty_file_by_itself(space: Space, tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    empty.touch()
    answer = space.stagework("upload", str(empty))
    assert answer.code != 0
    assert "is empty" in answer.printed
