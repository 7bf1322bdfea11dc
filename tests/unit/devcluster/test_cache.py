"""What is built is found by what it was built from."""

import os
from pathlib import Path

import pytest

from hack.devcluster import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the tests out of the real cache."""
    monkeypatch.setenv("STAGEWORK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_same_content_has_the_same_fingerprint_wherever_it_lies(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", x="1", y="2"), write(tmp_path / "b", y="2", x="1")
    assert cache.fingerprint([one]) == cache.fingerprint([other])


@pytest.mark.parametrize("files", [{"x": "2"}, {"z": "1"}, {"x": "1", "y": ""}])
def test_another_content_name_or_file_has_another(tmp_path: Path, files: dict[str, str]) -> None:
    before, after = write(tmp_path / "a", x="1"), write(tmp_path / "b", **files)
    assert cache.fingerprint([before]) != cache.fingerprint([after])


def test_being_executable_counts(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", x="1")
    before = cache.fingerprint([folder])
    (folder / "x").chmod(0o755)
    assert cache.fingerprint([folder]) != before


def test_droppings_do_not_count(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", x="1")
    before = cache.fingerprint([folder])
    write(folder / "__pycache__", y="2")
    write(folder, **{".swp": "3"})
    assert cache.fingerprint([folder]) == before


def test_texts_do_not_run_into_each_other() -> None:
    assert cache.fingerprint(["ab", "c"]) != cache.fingerprint(["a", "bc"])


def test_a_part_is_built_once(own_cache: Path) -> None:
    builds: list[Path] = []

    def build(target: Path) -> None:
        builds.append(target)
        (target / "part").write_text("whole")

    first, second = (cache.built("parts", "part", "key", build) for _ in range(2))
    assert first == second == own_cache / "parts" / "part-key"
    assert (first / "part").read_text() == "whole"
    assert len(builds) == 1


def test_a_build_that_fails_leaves_nothing_behind(own_cache: Path) -> None:
    def build(target: Path) -> None:
        (target / "part").write_text("half")
        raise RuntimeError("no space")

    with pytest.raises(RuntimeError, match="no space"):
        cache.built("parts", "part", "key", build)
    assert list((own_cache / "parts").iterdir()) == []


def test_the_latest_few_versions_of_a_part_are_kept(own_cache: Path) -> None:
    for number in range(5):
        path = cache.built("parts", "part", str(number), lambda _: None)
        os.utime(path, (number, number))
    cache.built("parts", "part-of-another", "0", lambda _: None)
    kept = sorted(path.name for path in (own_cache / "parts").iterdir())
    assert kept == ["part-2", "part-3", "part-4", "part-of-another-0"]
