"""The stages on documents of a batch: of several kinds, and a broken one in no other's way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.document.chain import Chain
from tests.unit.document.conftest import SAMPLES

STAGES = ("extract", "thumbnail", "markdown", "chunk", "classify")
GIVEN = ("document-visit.html", "broken.pdf", "document-report.pdf", "document-speech.opus")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run on a web page, a broken PDF, a good one, and a speech."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "broken.pdf").write_bytes((SAMPLES / "document-report.pdf").read_bytes()[:500])
    places = (folder / name if name == "broken.pdf" else SAMPLES / name for name in GIVEN)
    rows = [json.dumps({"id": place.name, "uri": str(place)}) + "\n" for place in places]
    made = Chain(folder)
    made.batch = folder / "items.jsonl"
    made.batch.write_text("".join(rows))
    return made.run_all(*STAGES)


def outcomes(chain: Chain, stage: str) -> dict[int, tuple[str, str]]:
    """State and reason by number."""
    lines: list[dict[str, Any]] = list(chain.items(stage))
    return {line["number"]: (line["state"], line.get("reason", "")) for line in lines}


def test_a_document_that_cannot_be_opened_is_set_aside(chain: Chain) -> None:
    first = outcomes(chain, "extract")
    assert first[1][0] == "Refused"
    assert [first[number][0] for number in (0, 2)] == ["Succeeded"] * 2
    assert set(outcomes(chain, "markdown")) == {0, 2, 3}


def test_a_stage_that_has_nothing_to_do_for_a_document_lets_it_go_on(chain: Chain) -> None:
    """A speech has no pages: `extract` leaves nothing of it, and stages below skip it as well."""
    assert outcomes(chain, "extract")[3] == ("Succeeded", "NoPages")
    assert outcomes(chain, "classify")[3] == ("Succeeded", "NoText")
    assert not chain.file("classify", "items/3/classify.json").exists()


def test_each_has_its_own_outputs_and_pages(chain: Chain, report: Chain) -> None:
    left = json.loads(chain.file("classify", "items/2/classify.json").read_text())
    assert left == report.published("classify")
    pages = chain.file("extract", "items/2/outcomes.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in pages][:2] == ["page 1", "page 2"]
    assert chain.file("thumbnail", "items/2/thumbnail.png").exists()
