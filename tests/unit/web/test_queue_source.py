"""The QueueSource over the one client: what it asks, and what it makes of the answers."""

import pytest

from stagework.cluster.client.errors import Forbidden, NotFound, Unreachable
from stagework.web.errors import ClusterUnavailable
from stagework.web.kube_queue_source import KubeQueueSource
from stagework.web.queue_source import NotWritten, Right
from stagework.web.user import User
from tests.support.builders.written_runs import run_of, stage
from tests.unit.web.test_cluster_reader import ACCESS, FakeApi, over, page

OURS = "/apis/stagework.dev/v1alpha1"
RUN = run_of(stage("a", "Running", start=1))
REVISION = "/apis/apps/v1/namespaces/team/controllerrevisions/ad-1"


def asking(answers: dict[str, object]) -> tuple[KubeQueueSource, FakeApi]:
    reader, api = over(answers)
    return reader.queue, api


async def test_runs_come_from_the_watched_namespaces_or_from_all() -> None:
    listed = page(RUN.model_dump(mode="json"))
    everywhere, _ = asking({f"{OURS}/pipelinejobs": listed})
    named, _ = asking({f"{OURS}/namespaces/{name}/pipelinejobs": listed for name in ("a", "b")})

    assert [run.name for run in await everywhere.run_objects(())] == [("default", "ad-1")]
    assert len(await named.run_objects(("a", "b"))) == 2


async def test_a_run_that_is_gone_is_none() -> None:
    path = f"{OURS}/namespaces/team/pipelinejobs/ad-1"
    there, _ = asking({path: RUN.model_dump(mode="json")})
    gone, _ = asking({path: NotFound("gone")})

    known = await there.run_object("team", "ad-1")
    assert known is not None
    assert known.metadata.uid == RUN.metadata.uid
    assert await gone.run_object("team", "ad-1") is None


async def test_a_revision_keeps_stages_and_one_that_is_not_understood_none() -> None:
    good, _ = asking({REVISION: {"data": {"stages": [{"name": "a", "image": "any"}]}}})
    newer, _ = asking({REVISION: {"data": {"stages": [{"name": "a", "warp": 9}]}}})
    gone, _ = asking({})

    assert [one.name for one in await good.revision_stages("team", "ad-1")] == ["a"]
    assert await newer.revision_stages("team", "ad-1") == ()
    assert await gone.revision_stages("team", "ad-1") == ()


async def test_nodes_are_listed_with_their_labels() -> None:
    node = {"metadata": {"name": "n", "labels": {"stagework.dev/machine": "gpu"}}}
    source, _ = asking({"/api/v1/nodes": page(node)})
    (found,) = await source.nodes()
    assert found.carries({"stagework.dev/machine": "gpu"})


async def test_a_right_is_asked_of_the_person_and_of_the_very_object() -> None:
    source, api = asking({ACCESS: {"status": {"allowed": True}}})
    user = User("ann", "1", ("g",), {"k": ("v",)})

    assert await source.may(user, Right("retry", "pipelinejobs", "team", "ad-1"))
    spec = api.posted[0]["spec"]
    assert (spec["user"], spec["groups"], spec["extra"]) == ("ann", ["g"], {"k": ["v"]})
    assert spec["resourceAttributes"] == {
        "group": "stagework.dev",
        "resource": "pipelinejobs",
        "verb": "retry",
        "namespace": "team",
        "name": "ad-1",
    }


async def test_an_intervention_is_made_or_refused_in_the_servers_words() -> None:
    path = f"{OURS}/namespaces/team/interventions"
    made, api = asking({path: {"metadata": {"name": "ad-1-retry-x"}}})
    assert await made.create_intervention("team", {"kind": "Intervention"}) == "ad-1-retry-x"
    assert api.posted == [{"kind": "Intervention"}]

    refused, _ = asking({path: Forbidden("a policy says no", status=403)})
    with pytest.raises(NotWritten, match="a policy says no"):
        await refused.create_intervention("team", {})
    away, _ = asking({path: Unreachable("no answer")})
    with pytest.raises(ClusterUnavailable):
        await away.create_intervention("team", {})


@pytest.mark.parametrize("error", [Unreachable("no answer"), Forbidden("no right", status=403)])
async def test_whatever_cannot_be_read_is_the_cluster_away(error: Exception) -> None:
    answers: dict[str, object] = {
        f"{OURS}/pipelinejobs": error,
        f"{OURS}/namespaces/team/pipelinejobs/ad-1": error,
        "/api/v1/nodes": error,
        REVISION: error,
        ACCESS: error,
    }
    source, _ = asking(answers)
    questions = (
        source.run_objects(()),
        source.run_object("team", "ad-1"),
        source.nodes(),
        source.revision_stages("team", "ad-1"),
        source.may(User("ann"), Right("list", "pipelinejobs", "team")),
    )
    for question in questions:
        with pytest.raises(ClusterUnavailable):
            await question
