"""Nothing is downloaded at run time, and the pipeline's own network asks nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import closednetwork

RUN = """
import sys
from pathlib import Path
from tests.support import onnxfolders
from tests.unit.ad_image.chain import Chain
root = Path(sys.argv[1])
chain = Chain(root / "run", {"prompt": "summer shoes, 640x800"}).run_all()
chain.method, chain.model = "onnx", str(onnxfolders.detector(root / "models"))
chain.run_all("yolo_detect")
print(chain.values("yolo_detect")["method"], *chain.outcomes.values())
"""


@pytest.mark.parametrize("closed", [closednetwork.guarded, closednetwork.alone])
def test_all_stages_work_and_the_own_network_does(
    closed: closednetwork.Closed, tmp_path: Path
) -> None:
    said = closed(tmp_path, RUN, str(tmp_path))
    assert said.split() == ["onnx", *["Succeeded"] * 9]
