"""A Pod works for a stage where the run's own status says so, whatever the Pod and its Job say."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest
from msgspec import structs

from stagework.api.names import LABEL_ATTEMPT, LABEL_STAGE
from stagework.api.observed import PodManifestSpec
from stagework.web.auth.authentication import TICKETS_PATH
from stagework.web.auth.identity import Identities, StagePod
from stagework.web.auth.review_budget import ReviewBudget
from stagework.web.auth.tickets import Tickets
from stagework.web.cluster import RecordedAttempt, Run
from stagework.web.errors import ProblemError
from tests.unit.web.fake_cluster import AUDIENCE, OPERATOR, FakeCluster
from tests.unit.web.routes import OPENED, address_of, every_route
from tests.unit.web.service import Answer, Service, running

JOB, JOB_UID, POD = "ad-ocr-1", "job-of-pod-1", "pod-1"
GOOD = RecordedAttempt("ocr", 1, JOB, JOB_UID, POD)


def asked(service: Service, *records: RecordedAttempt) -> Answer:
    """The answer to a Pod of stage `ocr`, where the run's status records these attempts."""
    run = service.cluster.run()
    token = service.cluster.stage_pod(run, "ocr", POD, recorded=False)
    service.cluster.record(run, *records)
    return service.ask("POST", "/v1/heartbeats", token, b"{}")


def test_the_recorded_pod_of_the_recorded_job_is_heard(service: Service) -> None:
    assert asked(service, GOOD).status == 204


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(replace(GOOD, job="ad-ocr-2"), id="another Job"),
        pytest.param(replace(GOOD, job_uid="job-2"), id="another Job of that name"),
        pytest.param(replace(GOOD, pod="pod-2"), id="another Pod"),
        pytest.param(replace(GOOD, pod=""), id="a Pod whose gate was not removed by the operator"),
        pytest.param(replace(GOOD, ended=True), id="an attempt that has ended"),
        pytest.param(replace(GOOD, job_uid="", pod="pod-2"), id="another Pod, uids unrecorded"),
        pytest.param(replace(GOOD, job="ad-ocr-2", job_uid=""), id="a Job of another name"),
    ],
)
def test_another_is_not(service: Service, record: RecordedAttempt) -> None:
    answer = asked(service, record)

    assert answer.status == 403
    assert "not the recorded one of a stage that is at work" in answer.json["error"]


def test_stage_and_attempt_are_those_of_the_record_and_not_of_the_labels(
    service: Service,
) -> None:
    run = service.cluster.run()
    token = service.cluster.stage_pod(run, "ocr", POD)
    pod = service.cluster.pods["team", JOB]
    labels = {LABEL_STAGE: "judge", LABEL_ATTEMPT: "7"}
    meta = structs.replace(pod.metadata, labels=labels)
    service.cluster.pods["team", JOB] = structs.replace(pod, metadata=meta)

    def kept_at(prefix: str) -> int:
        return service.put(f"/v1/artifacts/{prefix}/a.txt", token, b"x").status

    assert kept_at("team/run-1/judge/7-pod-1") == 403
    assert kept_at("team/run-1/ocr/1-pod-1") == 201


def test_a_job_with_a_runs_uid_from_another_namespace_is_nobodys(service: Service) -> None:
    """A forger may write any uid into an owner reference; the run is looked for where he is."""
    service.cluster.run(namespace="team")
    elsewhere = Run("attic", "ad", "run-1")
    token = service.cluster.stage_pod(elsewhere, "ocr", POD, recorded=False)

    answer = service.ask("POST", "/v1/heartbeats", token, b"{}")

    assert answer.status == 403
    assert "PipelineJob of this token's Pod is gone" in answer.json["error"]


def test_a_run_made_again_under_the_same_name_is_another(service: Service) -> None:
    old = service.cluster.run(uid="run-0")
    token = service.cluster.stage_pod(old, "ocr", POD)
    service.cluster.run(uid="run-1")

    assert service.ask("POST", "/v1/heartbeats", token, b"{}").status == 403


def forged(service: Service) -> str:
    """Labels, owners and names are those of the run at work; its status says nothing of the Pod."""
    run = service.cluster.run(uri="https://host/input.png")
    token = service.cluster.stage_pod(run, "ocr", POD, recorded=False, model="artifact://x")
    service.cluster.record(run, replace(GOOD, job_uid="job-2", pod="pod-2"))
    return token


def of_a_forger_who_was_there_first(service: Service) -> str:
    """The run's Job is asked for and not made: names of Jobs can be told beforehand."""
    run = service.cluster.run()
    token = service.cluster.stage_pod(run, "ocr", POD, recorded=False)
    made = RecordedAttempt("fetch", 1, "ad-fetch-1", "job-of-fetch", "pod-of-fetch")
    service.cluster.record(run, made, replace(GOOD, job_uid="", pod=""))
    return token


def of_an_older_attempt(service: Service) -> str:
    """Its Pod goes on, for instance because its node was away; the next attempt is at work."""
    run = service.cluster.run()
    token = service.cluster.stage_pod(run, "ocr", POD)
    service.cluster.stage_pod(run, "ocr", "pod-2", attempt=2)
    return token


def of_a_deleted_run(service: Service) -> str:
    """Job and Pod are there until the garbage collector comes."""
    run = service.cluster.run()
    token = service.cluster.stage_pod(run, "ocr", POD)
    del service.cluster.runs["team", "ad"]
    return token


def of_an_unwatched_namespace(service: Service) -> str:
    """All is in order there, by objects that nobody of ours has written."""
    return service.cluster.stage_pod(service.cluster.run(namespace="attic"), "ocr", POD)


def without_any_owner(service: Service) -> str:
    """Of a Pod that only names a run."""
    token = forged(service)
    pod = service.cluster.pods["team", JOB]
    meta = structs.replace(pod.metadata, owner_references=())
    service.cluster.pods["team", JOB] = structs.replace(pod, metadata=meta)
    return token


@pytest.mark.parametrize(
    "token_of",
    [
        forged,
        of_a_forger_who_was_there_first,
        of_an_older_attempt,
        of_a_deleted_run,
        of_an_unwatched_namespace,
        without_any_owner,
    ],
)
def test_no_route_is_open_to_a_pod_that_is_not_the_recorded_one(
    tmp_path: Path, token_of: Callable[[Service], str]
) -> None:
    with running(tmp_path, namespaces=("team",)) as service:
        token = token_of(service)
        for method, pattern in every_route(tmp_path):
            answer = service.ask(method, address_of(pattern), token)
            refused = 401 if pattern == TICKETS_PATH else 403
            assert answer.status == OPENED.get(pattern, refused), (method, pattern)
        assert service.stored() == []


def test_no_answer_to_one_that_is_early_lets_it_in(service: Service) -> None:
    answer = asked(service, replace(GOOD, job_uid="", pod=""))
    assert answer.status == 425
    for _ in range(5):
        assert service.ask("POST", "/v1/heartbeats", "token-of-pod-1", b"{}").status == 425
    assert service.cluster.questions.count("token_review") == 1, "it asks, and we ask nobody"


def test_a_recorded_pod_that_its_job_left_behind_works_on(service: Service) -> None:
    """`kubectl delete job --cascade=orphan` takes the owner away; the operator lets it go on."""
    run = service.cluster.run()
    token = service.cluster.stage_pod(run, "ocr", POD)
    pod = service.cluster.pods["team", JOB]
    meta = structs.replace(pod.metadata, owner_references=())
    service.cluster.pods["team", JOB] = structs.replace(pod, metadata=meta)
    del service.cluster.jobs["team", JOB]

    assert service.put("/v1/artifacts/team/run-1/ocr/1-pod-1/a.txt", token, b"x").status == 201


def test_a_pod_without_owner_and_without_a_run_is_nobodys(service: Service) -> None:
    token = without_any_owner(service)
    pod = service.cluster.pods["team", JOB]
    service.cluster.pods["team", JOB] = structs.replace(pod, spec=PodManifestSpec())

    answer = service.ask("POST", "/v1/heartbeats", token, b"{}")

    assert answer.status == 403
    assert "only stage Pods may use this" in answer.json["error"]


class TestWithoutUidsOfJobs:
    """An operator that does not record them writes the Pod down a moment after its gate is gone."""

    def test_the_jobs_name_alone_lets_nobody_in(self, service: Service) -> None:
        assert asked(service, replace(GOOD, job_uid="", pod="")).status == 425

    def test_the_pod_decides_then(self, service: Service) -> None:
        assert asked(service, replace(GOOD, job_uid="")).status == 204

    def test_where_nothing_is_recorded_yet_it_is_asked_to_come_again(
        self, service: Service
    ) -> None:
        answer = asked(service)
        assert (answer.status, answer.headers["retry-after"]) == (425, "1")

    def test_and_is_heard_as_soon_as_it_is_recorded(self, service: Service) -> None:
        run = service.cluster.run()
        token = service.cluster.stage_pod(run, "ocr", POD, recorded=False)
        assert service.ask("POST", "/v1/heartbeats", token, b"{}").status == 425
        service.cluster.record(run, GOOD)
        service.clock.now += 1
        assert service.ask("POST", "/v1/heartbeats", token, b"{}").status == 204


async def test_a_pod_of_a_namespace_that_is_not_watched_is_nobodys() -> None:
    cluster = FakeCluster()
    token = cluster.stage_pod(cluster.run(namespace="attic"), "ocr", POD)

    def identities(*namespaces: str) -> Identities:
        return Identities(
            cluster,
            Tickets(float),
            audience=AUDIENCE,
            operator_name=OPERATOR,
            task_names={},
            namespaces=namespaces,
            clock=float,
            budget=ReviewBudget(float),
        )

    assert isinstance(await identities().caller(token), StagePod)
    assert isinstance(await identities("team", "attic").caller(token), StagePod)
    with pytest.raises(ProblemError) as refused:
        await identities("team").caller(token)
    assert refused.value.status == HTTPStatus.FORBIDDEN
    assert cluster.questions[-1] == "token_review", "the namespace is asked about nothing"
