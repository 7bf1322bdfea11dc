"""The board's page as the image gets it: locked by digests, bundled on the host."""

import json
from pathlib import Path

import pytest

from hack.devcluster import board, image_spec
from hack.devcluster.paths import ROOT


def test_every_npm_package_is_locked_by_its_digest_and_comes_from_the_registry() -> None:
    packages = json.loads((board.SOURCE / "package-lock.json").read_text())["packages"]
    locked = {name: package for name, package in packages.items() if name}

    assert locked
    assert all(package["integrity"].startswith("sha512-") for package in locked.values())
    places = {package.get("resolved", "https://registry.npmjs.org/") for package in locked.values()}
    assert all(place.startswith("https://registry.npmjs.org/") for place in places)


def test_the_operators_image_has_the_page_and_no_other_has() -> None:
    with_page = [spec.name for spec in image_spec.named([]) if spec.board]

    assert with_page == ["operator"]
    assert "COPY build/board " in (ROOT / "Dockerfile").read_text()


def test_nothing_that_npm_brought_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "node_modules" in ignored


@pytest.mark.parametrize("before", ["nothing", "folder", "stale link"])
def test_the_sources_see_the_cached_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.setattr(board, "SOURCE", tmp_path)
    link, cached = tmp_path / "node_modules", tmp_path / "cache"
    if before == "folder":
        (link / "preact").mkdir(parents=True)
    elif before == "stale link":
        link.symlink_to(tmp_path / "gone")

    for _ in range(2):
        board.link(cached)
        assert link.readlink() == cached
