"""The document package for its tests, and one finished run of each sample for all of them."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "images" / "document"))
sys.path.insert(0, str(ROOT / "images" / "document" / "tools"))

from tests.unit.document.chain import Chain  # noqa: E402  (needs the paths above)
from tests.unit.model_gateway.fixtures import folder_gateway, server  # noqa: E402

__all__ = ["folder_gateway", "server"]

SAMPLES = ROOT / "manifests" / "samples"


def finished(temporary: pytest.TempPathFactory, name: str, file: str) -> Chain:
    """A finished run of a sample: made once, also where several workers of pytest want it."""
    base = temporary.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = common / f"document-{name}"
    folder.mkdir(exist_ok=True)
    chain, ends = Chain(folder / "run", SAMPLES / file), folder / "ends.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ends.exists():
            chain.done, chain.outcomes = json.loads(ends.read_text())
        else:
            chain.run_all()
            ends.write_text(json.dumps([chain.done, chain.outcomes]))
    return chain


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the English PDF."""
    return finished(tmp_path_factory, "report", "document-report.pdf")


@pytest.fixture(scope="session")
def minutes(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the DOCX."""
    return finished(tmp_path_factory, "minutes", "document-minutes.docx")


@pytest.fixture(scope="session")
def korean(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the Korean PDF."""
    return finished(tmp_path_factory, "korean", "document-korean.pdf")


@pytest.fixture(scope="session")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the scanned page."""
    return finished(tmp_path_factory, "scan", "document-scan.jpg")
