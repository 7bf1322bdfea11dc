"""`python -m tests.support.board FOLDER`: pictures of each page, both themes, three widths."""

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from playwright.sync_api import expect

from tests.support.board import seeds
from tests.support.board.browser import WIDTHS, Theme, browser, opened
from tests.support.board.serving import ServedBoard, served
from tests.support.modelserver.answers import png


@dataclass(frozen=True)
class Picture:
    """What is to be seen on it."""

    name: str
    seed: str
    fragment: str = ""
    language: str = "en"


PICTURES = (
    *(Picture(f"queue-{letter.lower()}", letter) for letter in seeds.ALL),
    Picture("queue-korean", "C", language="ko-KR"),
    Picture("run", "C", f"#/run/{seeds.NAMESPACE}/ad-3b87"),
    Picture("run-log", "C", f"#/run/{seeds.NAMESPACE}/ad-7c11/overlay?tab=log"),
    Picture("run-outputs", "C", f"#/run/{seeds.NAMESPACE}/ad-7c11/img_gen?tab=outputs"),
    Picture("run-waiting", "C", f"#/run/{seeds.NAMESPACE}/img-gen-3"),
    Picture("run-approval", "HELD", f"#/run/{seeds.NAMESPACE}/letter-7"),
    Picture("batch", "C", f"#/batch/{seeds.NAMESPACE}/winter-catalogue"),
    Picture("fleet", "B", "#/fleet"),
    Picture("history", "C", "#/history"),
    Picture("batches", "C", "#/batch"),
    Picture("schedules", "C", "#/schedules"),
    Picture("schedules-empty", "EMPTY", "#/schedules"),
    Picture("schedules-korean", "C", "#/schedules", language="ko-KR"),
    Picture("schedule", "C", f"#/schedules/{seeds.NAMESPACE}/mail-in"),
    Picture("schedule-korean", "C", f"#/schedules/{seeds.NAMESPACE}/berlin-feed", language="ko-KR"),
)


def take(bundle: Path, folder: Path) -> Iterator[Path]:
    """Make them all; each one's file."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as started, tempfile.TemporaryDirectory() as volume:
        for picture in PICTURES:
            with served(seeds.ALL[picture.seed], bundle, Path(volume)) as board:
                _fill(board)
                for width in WIDTHS:
                    for theme in get_args(Theme):
                        with opened(
                            started,
                            board,
                            fragment=picture.fragment,
                            width=width,
                            theme=theme,
                            language=picture.language,
                        ) as page:
                            expect(page.locator(".live time")).to_be_visible(timeout=20_000)
                            page.wait_for_load_state("networkidle")
                            file = folder / f"{picture.name}-{width}-{theme}.png"
                            page.screenshot(path=file, full_page=True)
                            yield file


_LOG = b"".join(
    b"14:02:%02d INFO overlay: layer %d of 20, 1024 x 1536\n" % (10 + n, n + 1) for n in range(17)
)


def _fill(board: ServedBoard) -> None:
    """What one run writes now, and has left."""
    board.at_work("ad-7c11", "overlay", _LOG)
    made = {f"poster-{n}.png": png(f"poster {n}", 512, 512) for n in range(3)}
    report = b'{"prompt": "coffee at dawn", "seed": 7, "score": 0.91}'
    board.leave("ad-7c11", "img_gen", {**made, "report.json": report})


def main() -> None:
    """Say each file as it is made."""
    for file in take(Path(os.environ["STAGEWORK_BOARD"]), Path(sys.argv[1])):
        print(file)  # noqa: T201


if __name__ == "__main__":
    main()
