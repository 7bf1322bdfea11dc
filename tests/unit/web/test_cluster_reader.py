"""The ClusterReader over the one client: what it asks, and what it makes of the answers."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, cast

import pytest

from stagework.api.observed import OwnerReference
from stagework.cluster.client.errors import ApiError, Forbidden, NotFound, Unreachable
from stagework.cluster.client.kubeapi import KubeApi
from stagework.web.cluster import CommittedStage, RecordedAttempt, Run
from stagework.web.cluster_reader import KubeReader
from stagework.web.errors import ClusterUnavailable
from stagework.web.queue_source import NotWritten
from stagework.web.user import User


class FakeApi:
    """Answers by path; remembers what was posted."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self._answers = answers
        self.posted: list[Any] = []
        self.queries: list[tuple[str, Mapping[str, str]]] = []

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        if params:
            self.queries.append(("get", params))
        answer = self._answers.get(path, NotFound(path))
        if isinstance(answer, Exception):
            raise answer
        return json.dumps(answer).encode()

    async def create(
        self, path: str, body: bytes, params: Mapping[str, str] | None = None
    ) -> bytes:
        return await self._written("create", path, body, params)

    async def patch(
        self, path: str, body: bytes, content_type: str, params: Mapping[str, str] | None
    ) -> bytes:
        return await self._written(f"patch {content_type}", path, body, params)

    async def delete(self, path: str, body: bytes, params: Mapping[str, str] | None) -> bytes:
        return await self._written("delete", path, body, params)

    async def _written(
        self, verb: str, path: str, body: bytes, params: Mapping[str, str] | None
    ) -> bytes:
        self.posted.append(json.loads(body))
        self.queries.append((verb, params or {}))
        return await self.get(path)

    async def list_pages(
        self, path: str, *, on_restart: Callable[[], None] | None = None
    ) -> AsyncIterator[bytes]:
        assert on_restart is not None, "a list that starts anew must not be counted twice"
        yield await self.get(path)


def over(answers: Mapping[str, object]) -> tuple[KubeReader, FakeApi]:
    api = FakeApi(answers)
    return KubeReader(cast("KubeApi", api)), api


REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
OWNER = {"kind": "Job", "name": "j", "uid": "u", "controller": True}


def page(*objects: object) -> dict[str, object]:
    """A list's only page."""
    return {"metadata": {"resourceVersion": "7"}, "items": objects}


def review(**status: object) -> dict[str, object]:
    return {"kind": "TokenReview", "status": status}


async def test_a_token_is_good_only_for_an_audience_that_the_server_confirms() -> None:
    user = {"username": "alice", "groups": ["g"], "extra": {"k": ["v"]}, "uid": "1"}
    good = review(authenticated=True, user=user, audiences=["stagework"])
    reader, api = over({REVIEWS: good})
    reviewed = await reader.token_review("secret", "stagework")
    assert reviewed == User("alice", "1", ("g",), {"k": ("v",)})
    assert api.posted[0]["spec"] == {"token": "secret", "audiences": ["stagework"]}
    for bad in (
        review(authenticated=True, user=user),
        review(authenticated=True, user=user, audiences=["other"]),
        review(authenticated=False, error="expired"),
        review(),
    ):
        assert await over({REVIEWS: bad})[0].token_review("secret", "stagework") is None


async def test_a_right_is_asked_for_pipelinejobs_of_our_group() -> None:
    reader, api = over({ACCESS: {"status": {"allowed": True}}})
    user = User("alice", "1", ("g",), {"k": ("v",)})
    assert await reader.subject_access_review(user, verb="get", namespace="team", name="ad")
    spec = api.posted[0]["spec"]
    assert spec["resourceAttributes"] == {
        "group": "stagework.dev",
        "resource": "pipelinejobs",
        "verb": "get",
        "namespace": "team",
        "name": "ad",
    }
    assert (spec["user"], spec["groups"], spec["extra"]) == ("alice", ["g"], {"k": ["v"]})
    denied, _ = over({ACCESS: {"status": {"allowed": False, "reason": "no"}}})
    assert not await denied.subject_access_review(user, verb="get", namespace="team")


async def test_pods_and_jobs_tell_their_controlling_owner() -> None:
    meta = {
        "name": "p",
        "namespace": "team",
        "uid": "pod-1",
        "labels": {"a": "b"},
        "annotations": {"stagework.dev/inputs": "{}"},
        "ownerReferences": [{"kind": "X", "uid": "x"}, OWNER],
    }
    reader, _ = over(
        {
            "/api/v1/namespaces/team/pods/p": {"metadata": meta, "status": {"phase": "Failed"}},
            "/apis/batch/v1/namespaces/team/jobs/j": {"metadata": {**meta, "ownerReferences": []}},
        }
    )
    pod = await reader.get_pod("team", "p")
    assert pod is not None
    assert pod.metadata.controller == OwnerReference("u", controller=True, kind="Job", name="j")
    assert pod.metadata.annotations == {"stagework.dev/inputs": "{}"}
    assert pod.finished
    job = await reader.get_job("team", "j")
    assert job is not None
    assert job.metadata.controller is None


async def test_what_is_not_there_is_none_also_by_a_name_that_is_a_path() -> None:
    reader, _ = over({"/api/v1/namespaces/team/secrets/x": {"metadata": {"name": "x"}}})
    assert await reader.get_pod("team", "none") is None
    # A name is a path segment, whatever somebody's token says.
    assert await reader.get_pod("team", "../secrets/x") is None
    assert await reader.get_pod("team/secrets/x", "") is None


OWN = "team/run-1/a/2-x"


async def test_a_run_is_cut_to_what_concerns_its_artifacts() -> None:
    base = "/apis/stagework.dev/v1alpha1/namespaces/team/pipelinejobs"
    run = {
        "metadata": {"name": "ad", "namespace": "team", "uid": "run-1"},
        "spec": {"input": {"uri": "https://x"}, "stages": [{"name": "a"}]},
        "status": {
            "stages": [
                {"name": "a", "commit": {"attempt": 2, "prefix": "other/run/a/2-x", "pod": "x"}},
                {"name": "b", "state": "Succeeded", "record": "attempt=1 job=jb pod=y digest=d"},
                {"name": "c"},
                {"name": "d", "state": "Failed", "attempt": 3, "job": "jd"},
                {"name": "e", "state": "Running", "job": "je", "jobUid": "u", "pod": "p"},
            ]
        },
    }
    reader, _ = over({f"{base}/ad": run, base: page(run)})
    attempts = (
        RecordedAttempt("b", 1, "jb", ended=True),
        RecordedAttempt("d", 3, "jd", ended=True),
        RecordedAttempt("e", 1, "je", "u", "p"),
    )
    committed = (CommittedStage("a", 2, OWN), CommittedStage("b", 1, "team/run-1/b/1-y"))
    expected = Run("team", "ad", "run-1", "https://x", committed, attempts)
    assert await reader.get_run("team", "ad") == expected
    assert await reader.list_runs(("team",)) == [expected]
    assert await reader.get_run("team", "none") is None


@pytest.mark.parametrize("error", [Unreachable("no"), Forbidden("no"), ApiError("no")])
async def test_no_answer_is_never_taken_for_a_no(error: Exception) -> None:
    reader, _ = over(
        {
            REVIEWS: error,
            ACCESS: error,
            "/api/v1/namespaces/team/pods/p": error,
            "/apis/stagework.dev/v1alpha1/pipelinejobs": error,
            "/apis/stagework.dev/v1alpha1/pipelines": error,
            "/version": error,
        }
    )
    for question in (
        reader.token_review("secret-token", "stagework"),
        reader.subject_access_review(User("a"), verb="get", namespace="team"),
        reader.get_pod("team", "p"),
        reader.list_runs(()),
        reader.list_models(()),
    ):
        with pytest.raises(ClusterUnavailable) as caught:
            await question
        assert "secret-token" not in str(caught.value)
    assert not await reader.is_reachable()


async def test_an_unreadable_answer_is_no_answer() -> None:
    reader, _ = over({"/api/v1/namespaces/team/pods/p": {"metadata": 5}, "/version": {}})
    with pytest.raises(ClusterUnavailable):
        await reader.get_pod("team", "p")
    assert await reader.is_reachable()


def naming(model: str) -> list[dict[str, object]]:
    return [{"name": "X"}, {"name": "STAGEWORK_MODEL", "value": model}]


async def test_a_pods_model_is_what_its_stage_container_says_and_nothing_else() -> None:
    containers = [
        {"name": "sidecar", "env": naming("artifact://team/uploads/a/stolen.zip")},
        {"name": "stage", "env": naming("/models/shoes-$$5")},
        {"name": "bare"},
    ]
    for manifests, expected in ((containers, "/models/shoes-$5"), (containers[::2], "")):
        manifest = {"metadata": {"name": "p", "uid": "u"}, "spec": {"containers": manifests}}
        reader, _ = over({"/api/v1/namespaces/team/pods/p": manifest})
        pod = await reader.get_pod("team", "p")
        assert pod is not None
        assert pod.env_value("stage", "STAGEWORK_MODEL") == expected


async def test_models_are_found_in_the_stages_of_pipelines_and_of_runs() -> None:
    base = "/apis/stagework.dev/v1alpha1"
    from_a_key = {"name": "STAGEWORK_MODEL", "value": None, "configMapKeyRef": {"name": "c"}}
    stages: list[object] = [{"env": naming("artifact://x")}, {"name": "a"}, {"env": [from_a_key]}]
    nothing: dict[str, object] = {}
    naming_it: dict[str, object] = {"metadata": {"name": "ad"}, "spec": {"stages": stages}}
    both = page(naming_it, {**naming_it, "spec": nothing})
    reader, _ = over(
        {f"{base}/pipelines": both, f"{base}/namespaces/team/pipelinejobs": both},
    )
    assert await reader.list_models(()) == {"artifact://x"}
    assert [run.models for run in await reader.list_runs(("team",))] == [("artifact://x",), ()]


SCHEDULES = "/apis/stagework.dev/v1alpha1/namespaces/team/scheduledjobs"
NIGHTLY = {"metadata": {"name": "nightly", "namespace": "team", "uid": "u"}}


async def test_a_schedule_is_made_changed_and_deleted_and_dry_runs_say_so() -> None:
    reader, api = over({SCHEDULES: NIGHTLY, f"{SCHEDULES}/nightly": NIGHTLY})
    source, body = reader.schedules, {"spec": {"suspend": True}}
    for dry_run, query in ((False, {}), (True, {"dryRun": "All"})):
        api.queries.clear()
        await source.create_schedule("team", body, dry_run=dry_run)
        changed = await source.change_schedule("team", "nightly", body, dry_run=dry_run)
        assert changed is not None
        assert await source.delete_schedule("team", "nightly", dry_run=dry_run)
        verbs = ("create", "patch application/merge-patch+json", "delete")
        assert api.queries == [(verb, query) for verb in verbs]
    assert api.posted[-1] == {"propagationPolicy": "Background"}, "its runs go with it"


async def test_a_schedule_that_is_not_there_or_not_taken_is_told_apart() -> None:
    source = over({})[0].schedules
    assert await source.schedule_object("team", "none") is None
    assert await source.change_schedule("team", "none", {}, dry_run=False) is None
    assert not await source.delete_schedule("team", "none", dry_run=False)
    one = f"{SCHEDULES}/nightly"
    for error, kind in (
        (Forbidden("no", status=403), NotWritten),
        (Unreachable("no"), ClusterUnavailable),
    ):
        source = over({SCHEDULES: error, one: error})[0].schedules
        with pytest.raises(kind):
            await source.create_schedule("team", {}, dry_run=False)
        with pytest.raises(kind):
            await source.change_schedule("team", "nightly", {}, dry_run=False)
        with pytest.raises(kind):
            await source.delete_schedule("team", "nightly", dry_run=False)


async def test_pods_of_an_attempt_are_asked_for_by_their_labels() -> None:
    path = "/api/v1/namespaces/team/pods"
    reader, api = over({path: page({"metadata": {"name": "ad-ocr-1-x", "uid": "pod-1"}})})
    (pod,) = await reader.stage_pods("team", "run-1", "ocr", 1)
    assert (pod.metadata.name, pod.metadata.uid) == ("ad-ocr-1-x", "pod-1")
    ((_, query),) = api.queries
    assert query["labelSelector"] == (
        "stagework.dev/run-uid=run-1,stagework.dev/stage=ocr,stagework.dev/attempt=1"
    )
