"""Nothing is downloaded at run time: every stage works where there is no network at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import closednetwork
from tests.unit.document.conftest import SAMPLES

RUN = """
import sys
from pathlib import Path
from tests.unit.document.chain import Chain
chain = Chain(Path(sys.argv[1]), Path(sys.argv[2])).run_all()
print(" ".join(f"{stage}={end}" for stage, end in chain.outcomes.items()))
"""
OWN = """
import sys
from pathlib import Path
from tests.support import onnxfolders
from tests.unit.document.chain import Chain
from tests.unit.document.test_own_encoder import described
chain = Chain(Path(sys.argv[1]), Path(sys.argv[2])).run_all("extract", "markdown", "chunk")
for cut in (lambda folder: folder, described):
    chain.method, chain.model = "onnx", str(cut(onnxfolders.counter(Path(sys.argv[1]) / "model")))
    chain.run_all("embed")
    print(chain.values("embed")["method"])
"""
"""The pipeline's own network, cut for by its vocab.txt and by its tokenizer.json."""


@pytest.mark.parametrize("sample", ["document-minutes.docx", "document-scan.jpg"])
def test_no_stage_asks_for_the_network(sample: str, tmp_path: Path) -> None:
    said = closednetwork.guarded(tmp_path, RUN, str(tmp_path / "run"), str(SAMPLES / sample))
    assert "embed=Succeeded" in said


def test_every_stage_works_in_a_network_of_its_own_without_any_interface(tmp_path: Path) -> None:
    sample = SAMPLES / "document-report.pdf"
    said = closednetwork.alone(tmp_path, RUN, str(tmp_path / "run"), str(sample))
    assert "deep_summary=Succeeded" in said


@pytest.mark.parametrize("closed", [closednetwork.guarded, closednetwork.alone])
def test_the_pipelines_own_network_asks_nobody(
    closed: closednetwork.Closed, tmp_path: Path
) -> None:
    sample = SAMPLES / "document-minutes.docx"
    assert closed(tmp_path, OWN, str(tmp_path / "run"), str(sample)).split() == ["onnx", "onnx"]


def test_the_guard_sees_who_asks(tmp_path: Path) -> None:
    asking = "import socket\ntry: socket.create_connection(('127.0.0.1', 9))\nexcept OSError: pass"
    with pytest.raises(AssertionError, match=r"socket\.getaddrinfo"):
        closednetwork.guarded(tmp_path, asking)
