"""A newcomer types what the README shows, line by line, and sees what it shows."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import namespace
from tests.support.cluster.api import Api
from tests.support.cluster.commands import Commands, environment
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.pages import Typed, first_commands, first_pipeline

PULLED = {
    "debian:12-slim": "stagework/foreign-shell:dev",
    "python:3.12-slim": "stagework/foreign-python:dev",
}
"""Images of the page, and those of the test cluster, which has no registry in reach."""
PATIENCE_SECONDS = 330


@pytest.fixture(scope="module")
def newcomer(api: Api, commands: Commands, release: Release) -> Iterator[Space]:
    """A namespace in which nobody has prepared anything."""
    with namespace("readme", api, commands) as space:
        yield space


@pytest.fixture(scope="module")
def desk(newcomer: Space, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's file, a kubeconfig of that namespace, and our programs."""
    folder = tmp_path_factory.mktemp("desk")
    run = first_pipeline()
    for stage in run["spec"]["stages"]:
        stage["image"] = PULLED[stage["image"]]
    (folder / "hello.yaml").write_text(_placed(yaml.safe_dump(run), newcomer.namespace))
    programs = folder / "bin"
    programs.mkdir()
    _program(programs / "kubectl", newcomer.commands.kubectl_path)
    _program(programs / "stagework", sys.executable, "-m", "stagework.cli")
    whole = newcomer.commands.must("config", "view", "--raw", "--flatten").out
    (folder / "kubeconfig").write_text(whole)
    newcomer.commands.must(
        *("config", "set-context", "--current", f"--namespace={newcomer.namespace}"),
        f"--kubeconfig={folder / 'kubeconfig'}",
    )
    return folder


def _program(path: Path, *command: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)


def _placed(text: str, namespace: str) -> str:
    """The page is written for the namespace `default`."""
    named = text.replace("artifact://default/", f"artifact://{namespace}/")
    return named.replace("=default:default", f"={namespace}:default")


def _type(line: Typed, desk: Path, space: Space) -> list[str]:
    """What a command printed; it must succeed."""
    more = environment(KUBECONFIG=str(desk / "kubeconfig"))
    done = subprocess.run(
        ["sh", "-c", _placed(line.command, space.namespace)],
        cwd=desk,
        env={**more, "PATH": f"{desk / 'bin'}:{more['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, f"{line.command}: {done.stderr}\n{done.stdout}"
    return done.stdout.splitlines()


def test_everything_typed_prints_what_the_page_shows(newcomer: Space, desk: Path) -> None:
    address = _placed(first_pipeline()["spec"]["input"]["uri"], newcomer.namespace)

    for line in first_commands():
        printed = _type(line, desk, newcomer)

        shown = [address] if line.words[:2] == ["stagework", "upload"] else line.printed
        for words in shown:
            assert any(_is_as(words, seen) for seen in printed), (line.command, printed)


def _is_as(shown: str, seen: str) -> bool:
    """The same words; how old something is may differ."""
    return _aged(shown) == _aged(seen)


def _aged(line: str) -> list[str]:
    return [re.sub(r"^(\d+[smh])+$", "AGE", word) for word in line.split()]
