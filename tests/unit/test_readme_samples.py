"""What the README shows as printed is what the code prints of such runs and batches, word by word.

What needs a cluster (the first pipeline) is typed in `tests/e2e/test_readme.py`.
"""

from typing import Any

import pytest

from stagework.api.base import Metadata
from stagework.api.batch import Batch, EtaRange
from stagework.api.batch_answers import BatchItem
from stagework.api.kinds import BATCH, PIPELINEJOB, REPROCESS, Kind
from stagework.cli.text.answers import judged
from stagework.cli.text.batch_page import failed_table, progress_line
from stagework.cli.text.monitor_lines import MonitorLines
from stagework.cli.text.next_steps import Home
from stagework.cli.watchlist import Changed
from stagework.overview.batch_row import batch_row
from stagework.overview.steps import StepChange
from stagework.plans.batch.progress import Progress
from stagework.plans.batch.words import percent
from stagework.policies.reprocess import judge_reprocess
from tests.support.builders import T0, after
from tests.support.builders.batches import frozen, make_batch
from tests.support.builders.written_runs import at, run_of, stage
from tests.support.pages import README, blocks, typed

BLOCKS = blocks(README.read_text(), "console")
SHOWN = [line for block in BLOCKS for line in block.splitlines()]


def printed(command: str) -> list[str]:
    """What the page shows below this command."""
    (shown,) = [line for block in BLOCKS for line in typed(block) if line.command == command]
    return list(shown.printed)


def titles(kind: Kind) -> str:
    """The first line of `kubectl get`, columns apart by three blanks at least."""
    return " ".join(["NAME", *(c.name.upper() for c in kind.columns if not c.wide)])


@pytest.mark.parametrize("kind", [PIPELINEJOB, BATCH], ids=lambda kind: kind.kind)
def test_the_columns_are_those_of_the_kind(kind: Kind) -> None:
    assert titles(kind) in {" ".join(line.split()) for line in SHOWN}


@pytest.mark.parametrize(
    "moved",
    [stage("img_gen", "Running", start=5), stage("img_gen", "Succeeded", start=5, end=14)],
    ids=lambda moved: moved.state,
)
def test_a_line_of_the_monitor(moved: Any) -> None:
    run = run_of(moved, name="ad-from-prompt")
    when = moved.completionTime or moved.startTime
    lines = MonitorLines(Home(), by_name=True)

    assert lines.line(Changed(run, StepChange(moved, when)), at(20)).text in SHOWN


def shoes(handled: int, **status: Any) -> Batch:
    """The batch of sixty pictures when so many are handled."""
    now = frozen(60, summary="Running", nextPosition=handled, **status)
    now = now.model_copy(update={"percent": percent(Progress(now))})
    meta = Metadata(name="shoes", namespace="default", uid="u", creationTimestamp=T0)
    return make_batch(now).model_copy(update={"metadata": meta})


@pytest.mark.parametrize(
    ("seconds", "batch"),
    [
        (19, shoes(10, done=10, itemsPerMinute="31.6")),
        (
            44,
            shoes(
                50,
                done=49,
                failed=1,
                itemsPerMinute="71.4",
                eta="7s..9s",
                etaSeconds=EtaRange(p50=7, p90=9),
            ),
        ),
    ],
    ids=["in the begin", "near its end"],
)
def test_a_line_of_a_batch_that_goes_on(seconds: float, batch: Batch) -> None:
    assert progress_line(batch_row(batch), after(seconds)) in SHOWN


def item(name: str, reason: str, chunk: str, message: str) -> BatchItem:
    return BatchItem(
        number=0,
        id=name,
        uri="artifact://x",
        state="Failed",
        reason=reason,
        message=message,
        attempts=1,
        chunk=chunk,
        machine="gpu",
        seconds=1.0,
        ended="",
        outputs=[],
    )


def test_what_has_failed() -> None:
    whole = "the input picture is truncated or damaged: save it again and upload the whole file"
    other = "the input is not a picture known here: ..."
    items = [
        item("shoe-17.png", "TruncatedPicture", "r0-20-10", whole),
        item("shoe-42.jpg", "NotAPicture", "r0-50-10", other),
    ]
    lines = [str(line) for line in failed_table(items).lines()]

    assert printed("stagework batch failed shoes") == lines


def test_what_a_reprocess_would_do() -> None:
    lines = judged(REPROCESS, judge_reprocess(2, []), BATCH)

    assert printed("stagework batch reprocess shoes --dry-run") == lines
