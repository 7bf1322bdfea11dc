"""The bed's cluster with stagework on it, and a namespace for each story.

`make e2e` brings both up. Runs of one story are made at once and then waited for one by one: the
cluster works on them side by side, and the whole suite stays within its minutes.
"""

import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cluster.api import Api, proxied
from tests.support.cluster.commands import Commands, program
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space


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
    found = Release(api, commands)
    found.wait_until_ready()
    return found


@pytest.fixture(scope="module")
def space(
    request: pytest.FixtureRequest, api: Api, commands: Commands, release: Release
) -> Iterator[Space]:
    """A namespace of the story's own that enforces Pod Security "restricted"."""
    story = re.sub(r"[^a-z0-9]+", "-", Path(request.path).stem.removeprefix("test_"))
    with namespace(story, api, commands) as made:
        yield made


@contextmanager
def namespace(story: str, api: Api, commands: Commands) -> Generator[Space]:
    """Make a namespace whose people may upload and fetch; it goes with the block."""
    made = json.loads(
        commands.must("create", "-o", "json", "-f", "-", stdin=json.dumps(_namespace(story))).out
    )
    name = str(made["metadata"]["name"])
    found = Space(name, api, commands)
    try:
        found.kubectl(
            *("create", "rolebinding", "uploads", "--clusterrole=stagework-edit"),
            f"--serviceaccount={name}:default",
        )
        yield found
    finally:
        commands.kubectl("delete", "namespace", name, "--wait=false")


def _namespace(story: str) -> dict[str, object]:
    labels = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "stagework-e2e": story,
    }
    metadata = {"generateName": f"e2e-{story[:30]}-", "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
