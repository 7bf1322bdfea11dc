"""`python -m hack.generate --check`: what `make verify` runs, which holds the tree up to date."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chart.rendered import ROOT

PARTS = ("hack", "crds", "charts", "docs", "manifests/install.yaml")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the generator reads and writes, to be spoilt."""
    for part in PARTS:
        target = tmp_path / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, target)
        else:
            shutil.copy(ROOT / part, target)
    (tmp_path / "operator").symlink_to(ROOT / "operator")
    return tmp_path


def check(
    root: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "hack.generate", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": "operator", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_difference_is_named_and_mended(copy: Path) -> None:
    spoilt = copy / "crds" / "stagework.dev_pipelines.yaml"
    spoilt.write_text(spoilt.read_text().replace("Pipeline", "Pipelien"))
    (copy / "crds" / "stagework.dev_old.yaml").write_text("# a kind that is no more\n")
    done = check(copy, "--check")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stderr.splitlines()] == [
        "crds/stagework.dev_pipelines.yaml",
        "crds/stagework.dev_old.yaml",
    ]
    assert check(copy).returncode == 0
    assert spoilt.read_text() == (ROOT / "crds" / spoilt.name).read_text()
    assert not (copy / "crds" / "stagework.dev_old.yaml").exists()


def test_a_missing_helm_is_said_with_the_cure(copy: Path) -> None:
    done = check(copy, "--check", environment={"HELM": str(copy / "nowhere")})
    assert done.returncode == 2
    assert "helm is not there" in done.stderr
    assert "mend:" in done.stderr
