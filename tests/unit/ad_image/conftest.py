"""The ad-image package for its tests, and one finished run of each kind for all of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "images" / "ad-image"))

from tests.unit.ad_image.chain import Chain  # noqa: E402  (needs the path above)
from tests.unit.model_gateway.fixtures import folder_gateway, server  # noqa: E402

__all__ = ["folder_gateway", "server"]

SNEAKER = ROOT / "manifests" / "samples" / "sneaker.png"


@pytest.fixture(scope="session")
def english(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run of the sample prompt."""
    chain = Chain(tmp_path_factory.mktemp("english"), {"prompt": "summer shoes, 1080x1080"})
    return chain.run_all()


@pytest.fixture(scope="session")
def korean(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run with Korean text."""
    params = {
        "prompt": "겨울 커피 한 잔, 1080x1350",
        "headline": "따뜻한 커피 한 잔의 여유",
        "subline": "매일 아침 갓 볶은 원두로 시작하세요",
    }
    return Chain(tmp_path_factory.mktemp("korean"), params).run_all()


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A finished run on the sample picture."""
    params = {"prompt": "sneakers for evening walks", "headline": "Walk into the evening"}
    return Chain(tmp_path_factory.mktemp("given"), params, source=SNEAKER).run_all()


@pytest.fixture(params=["english", "korean", "given"])
def chain(request: pytest.FixtureRequest) -> Chain:
    """Each of the finished runs."""
    found: Chain = request.getfixturevalue(request.param)
    return found
