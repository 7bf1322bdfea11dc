"""The document package for its tests, and one finished run of each sample for all of them."""

from __future__ import annotations

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


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the English PDF."""
    return Chain(tmp_path_factory.mktemp("report"), SAMPLES / "document-report.pdf").run_all()


@pytest.fixture(scope="session")
def minutes(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the DOCX."""
    return Chain(tmp_path_factory.mktemp("minutes"), SAMPLES / "document-minutes.docx").run_all()


@pytest.fixture(scope="session")
def korean(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the Korean PDF."""
    return Chain(tmp_path_factory.mktemp("korean"), SAMPLES / "document-korean.pdf").run_all()


@pytest.fixture(scope="session")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the scanned page."""
    return Chain(tmp_path_factory.mktemp("scan"), SAMPLES / "document-scan.jpg").run_all()
