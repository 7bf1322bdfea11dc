from pathlib import Path

import pytest

from tests.unit.stagekit.local import Local


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    """This process is a stage that keeps its artifacts in a folder."""
    monkeypatch.setattr("stagekit.contract.ALIVE_FILE", str(tmp_path / "alive"))
    made = Local(tmp_path)
    made.apply(monkeypatch)
    return made
