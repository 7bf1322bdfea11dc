"""The dev cluster with stagework on it, and a namespace for each story.

`make e2e` brings both up. Runs of one story are made at once and then waited for one by one: the
cluster works on them side by side, and the whole suite stays within its minutes.

Stories are told side by side too, each file by one worker of pytest-xdist, since its runs are
made once. What a story does to the operator, the release, the nodes or the only slot of a class
would disturb the others: such a story is marked `alone`, with the reason and with what it touches,
and told afterwards. Those that touch `nodes` may be told beside those that touch the `operator`;
those of the `release` when both are over, since with it go all artifacts.
"""

import json
import re
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.cluster.api import Api, proxied
from tests.support.cluster.commands import ROOT, Commands, environment, program
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space

TOLD_WITH: Final = {"test_kubectl_user.py": "test_ad_image.py"}
"""Stories that follow the same runs as another file's: one worker tells both."""
LONGEST: Final = (
    "test_model_endpoints.py",
    "test_documents.py",
    "test_retry_and_skip.py",
    "test_waiting.py",
)
"""These begin first, or the last one would be told while the others have nothing to do."""
STORY_SECONDS: Final = 900
"""Longest time of one test: every wait in it has a shorter limit and says what it waited for."""
TOUCHED: Final = frozenset({"nodes", "operator", "release"})
"""What a story that is told alone may touch; the Makefile has a target for each."""


class _Stories(LoadScopeScheduling):
    """Each file by one worker. (`--dist loadgroup` is not understood by the present pytest.)"""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0].rpartition("/")[2]
        return TOLD_WITH.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Stories:
    """Called by pytest-xdist."""
    return _Stories(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Called by pytest: their order, which xdist keeps, and their time limit."""
    for item in items:
        mark = item.get_closest_marker("alone")
        if mark and mark.kwargs.get("touches") not in TOUCHED:
            raise pytest.UsageError(f"{item.nodeid}: alone(..., touches=...): one of {TOUCHED}")
        own = item.get_closest_marker("timeout")  # a long one may need more
        if own is None and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(STORY_SECONDS))
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def commands() -> Commands:
    """kubectl, helm and stagework."""
    return Commands(program("kubectl"), program("helm"))


@pytest.fixture(scope="session")
def api(commands: Commands) -> Iterator[Api]:
    """The cluster's API server."""
    with proxied(commands.kubectl_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def release(api: Api, commands: Commands) -> Release:
    """The installed release, up and ready."""
    installed = Release(api, commands)
    installed.wait_until_ready()
    return installed


@pytest.fixture(scope="module")
def space(
    request: pytest.FixtureRequest, api: Api, commands: Commands, release: Release
) -> Iterator[Space]:
    """A namespace of the story's own that enforces Pod Security "restricted"."""
    story = re.sub(r"[^a-z0-9]+", "-", Path(request.path).stem.removeprefix("test_"))
    with namespace(story, api, commands) as made:
        yield made


@dataclass(frozen=True)
class Samples:
    """The advertisements of `manifests/samples`, applied as a newcomer does it."""

    space: Space
    applied: str
    """What `kubectl apply` said."""
    followed: Path
    """What `kubectl get pj -w` has printed since before."""


@pytest.fixture(scope="session")
def samples(
    api: Api, commands: Commands, release: Release, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Samples]:
    """All sample runs, made once; two stories look at them: what they do, how they are seen."""
    folder = tmp_path_factory.mktemp("samples")
    followed = folder / "followed.txt"
    with namespace("samples", api, commands) as space, followed.open("w") as output:
        uploaded = space.stagework("upload", "manifests/samples/sneaker.png")
        assert uploaded.ok, uploaded.printed
        uri = uploaded.out.split()[0]
        for file in sorted((ROOT / "manifests" / "samples").glob("*ad-*.yaml")):
            # An artifact's address names its namespace; the samples are written for `default`.
            text = file.read_text().replace("artifact://default/", f"artifact://{space.namespace}/")
            assert "artifact://" not in text or uri in text
            (folder / file.name).write_text(text)
        command = [commands.kubectl_path, "-n", space.namespace, "get", "pj", "--watch"]
        with subprocess.Popen(command, stdout=output, env=environment()) as watching:
            try:
                applied = space.kubectl("apply", "-f", str(folder)).out
                yield Samples(space, applied, followed)
            finally:
                watching.terminate()


@contextmanager
def namespace(story: str, api: Api, commands: Commands) -> Generator[Space]:
    """Make a namespace, whose account is given nothing; it goes with the block."""
    made = json.loads(
        commands.must("create", "-o", "json", "-f", "-", stdin=json.dumps(_namespace(story))).out
    )
    name = str(made["metadata"]["name"])
    space = Space(name, api, commands)
    try:
        # A busy cluster gives a namespace its account later: nobody has a token before.
        space.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=120s")
        yield space
    finally:
        commands.kubectl("delete", "namespace", name, "--wait=false")


def _namespace(story: str) -> dict[str, object]:
    labels = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "stagework-e2e": story,
    }
    metadata = {"generateName": f"e2e-{story[:30]}-", "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
