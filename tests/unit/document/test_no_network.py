"""Nothing is downloaded at run time: every stage works where there is no network at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.document.conftest import ROOT, SAMPLES

RUN = """
import sys
from pathlib import Path
from tests.unit.document.chain import Chain
chain = Chain(Path(sys.argv[1]), Path(sys.argv[2])).run_all()
print(" ".join(f"{stage}={end}" for stage, end in chain.outcomes.items()))
"""
GUARD = """
import sys
def closed(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        open(__file__ + ".asked", "a").write(f"{event} {arguments}\\n")
        raise OSError("the network is closed")
sys.addaudithook(closed)
"""
"""Loaded by every Python process through sitecustomize, the readers' child processes too."""


def ran(prefix: list[str], folder: Path, sample: str) -> str:
    paths = [
        folder,
        ROOT,
        ROOT / "operator",
        ROOT / "images/document",
        ROOT / "images/modelcalls",
        ROOT / "images/document/tools",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [*prefix, sys.executable, "-c", RUN, str(folder / "run"), str(SAMPLES / sample)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("sample", ["document-minutes.docx", "document-scan.jpg"])
def test_no_stage_asks_for_the_network(sample: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    assert "embed=Succeeded" in ran([], tmp_path, sample)
    assert not (tmp_path / "sitecustomize.py.asked").exists()


def test_every_stage_works_in_a_network_of_its_own_without_any_interface(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    alone = [unshare or "unshare", "--net", "--map-root-user"]
    if unshare is None or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("this system gives no network of one's own; the test above closes sockets")
    assert "deep_summary=Succeeded" in ran(alone, tmp_path, "document-report.pdf")
