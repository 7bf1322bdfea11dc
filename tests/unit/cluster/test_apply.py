"""What the applier asks of the API server for each action, and what it makes of the answers.

Who owns what stands under our name, which uid is meant, and what a refusal means: each a line that
nothing else would notice for long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import orjson
import pytest

from stagework.api.intervention import InterventionStatus
from stagework.api.kinds import INTERVENTION, PIPELINEJOB
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.resources import JOBS, PODS, REVISIONS, ObjectRef
from stagework.cluster.apply import Applier, MadeChild
from stagework.cluster.cache.selections import STAGE_JOBS, STAGE_PODS, objects_of
from stagework.cluster.cache.store import Change
from stagework.cluster.client.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NamespaceTerminating,
    NotFound,
    ServerError,
    TooManyRequests,
    Unreachable,
)
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.lease import NotLeading
from stagework.cluster.refused import Outdated, Refused
from stagework.plans.plan import Action, Answer, Cause, Create, Delete, Purpose, Ungate
from tests.support.builders import NAMESPACE, RUN_NAME, RUN_UID, T0
from tests.support.unwatched import make_cache

RUN = PIPELINEJOB.ref(NAMESPACE, RUN_NAME, RUN_UID, "7")
JOB_PATH = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
POD_PATH = f"/api/v1/namespaces/{NAMESPACE}/pods"
OURS = "/apis/stagework.dev/v1alpha1/namespaces"
SPEC = {"template": {"metadata": {}, "spec": {"containers": [{"name": "stage"}]}}}
MANIFEST = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": SPEC}
MAKE_JOB = Create(JOBS, "j", MANIFEST, Purpose("ocr", 1))
MAKE_REVISION = Create(REVISIONS, "ad-0123", {"metadata": {"name": "ad-0123"}})
END_POD = Delete(ObjectRef(PODS, NAMESPACE, "p", "pod-1"))
OPEN_GATE = Ungate(
    ObjectRef(PODS, NAMESPACE, "p", "pod-1", "5"), "stagework.dev/turn", {"m": "gpu"}, {}, {}
)
ANSWER = Answer(
    INTERVENTION.ref(NAMESPACE, "again", "request-1"),
    InterventionStatus(answered=T0, summary="Done"),
    adopt=True,
)
QUOTA = 'jobs.batch "j" is forbidden: exceeded quota: few, used: count/jobs.batch=2, limited: 2'


class Server:
    """Answers in the order of the script, by verb and path; keeps what it was asked."""

    def __init__(self, **script: Sequence[bytes | Exception]) -> None:
        self._script = {verb: list(answers) for verb, answers in script.items()}
        self.asked: list[str] = []
        self.sent: list[Any] = []

    async def get(self, path: str) -> bytes:
        return self._answer("get", path)

    async def create(
        self, path: str, body: bytes, params: Mapping[str, str] | None = None
    ) -> bytes:
        return self._answer("try" if params == {"dryRun": "All"} else "create", path, body)

    async def patch(self, path: str, body: bytes, content_type: str) -> bytes:
        kind = content_type.removeprefix("application/").removesuffix("-patch+json")
        return self._answer("patch", f"{kind} {path}", body)

    async def delete(self, path: str, body: bytes) -> bytes:
        return self._answer("delete", path, body)

    def _answer(self, verb: str, path: str, body: bytes = b"{}") -> bytes:
        self.asked.append(f"{verb} {path}")
        self.sent.append(orjson.loads(body))
        answer = self._script[verb].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Desk:
    """An applier, what the API server was asked, and what the cache has heard."""

    def __init__(self, **script: Sequence[bytes | Exception]) -> None:
        self.server = Server(**script)
        held: tuple[Any, ...] = (
            *(STAGE_JOBS, STAGE_PODS),
            *(objects_of(PIPELINEJOB), objects_of(INTERVENTION)),
        )
        self.cache = make_cache(*held, namespaces=(NAMESPACE,))
        self.news: list[tuple[str, ObjectRef | None]] = []
        for selection in held:
            self.cache.subscribe(selection, self._hear)
        self.applier = Applier(cast("KubeApi", self.server), self.cache)

    def _hear(self, change: Change[Any], author: ObjectRef | None) -> None:
        self.news.append((change.object.metadata.uid, author))

    async def does(self, action: Action, owner: ObjectRef = RUN) -> MadeChild | None:
        return await self.applier.perform(owner, action)

    async def refuses(self, action: Action, owner: ObjectRef = RUN) -> tuple[Cause, str]:
        with pytest.raises(Refused) as caught:
            await self.does(action, owner)
        return caught.value.refusal.cause, caught.value.refusal.message


def job(uid: str = "job-1", spec: object = SPEC, **meta: Any) -> bytes:
    """A Job of our name, the run's own unless told otherwise."""
    owner = {
        "apiVersion": PIPELINEJOB.resource.api_version,
        "kind": "PipelineJob",
        "name": RUN_NAME,
        "uid": RUN_UID,
        "controller": True,
    }
    own = {"name": "j", "namespace": NAMESPACE, "uid": uid, "resourceVersion": "3"}
    return orjson.dumps({"metadata": {**own, "ownerReferences": [owner], **meta}, "spec": spec})


def of_owner(**changed: Any) -> bytes:
    """A Job whose owner differs in one field from our run."""
    owner = orjson.loads(job())["metadata"]["ownerReferences"][0]
    return job(ownerReferences=[{**owner, **changed}])


TAKEN = AlreadyExists("jobs.batch 'j' already exists")


# Making a child.


async def test_a_job_that_was_made_is_said_by_its_uid_and_known_at_once() -> None:
    desk = Desk(create=[job()])

    assert await desk.does(MAKE_JOB) == MadeChild("job-1", adopted=False)
    assert desk.server.asked == [f"create {JOB_PATH}"]
    assert desk.server.sent == [MANIFEST]
    assert desk.cache.get(STAGE_JOBS, NAMESPACE, "job-1") is not None
    assert desk.news == [("job-1", RUN)], "it is news to all but the run itself"


async def test_what_the_cache_does_not_hold_is_made_and_not_told() -> None:
    desk = Desk(create=[b'{"metadata":{"uid":"revision-1"}}'])
    assert await desk.does(MAKE_REVISION) is None
    assert desk.server.asked == [f"create /apis/apps/v1/namespaces/{NAMESPACE}/controllerrevisions"]


async def test_one_named_by_its_content_is_as_good_where_it_is_there_already() -> None:
    desk = Desk(create=[AlreadyExists("it exists")])
    assert await desk.does(MAKE_REVISION) is None
    assert len(desk.server.asked) == 1, "its content is checked when it is read"


async def test_our_own_job_of_before_a_restart_is_adopted_and_news_to_all() -> None:
    desk = Desk(create=[TAKEN], get=[job()], **{"try": [job("compared")]})

    assert await desk.does(MAKE_JOB) == MadeChild("job-1", adopted=True)
    assert desk.server.asked == [f"create {JOB_PATH}", f"get {JOB_PATH}/j", f"try {JOB_PATH}"]
    assert desk.news == [("job-1", None)]


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(of_owner(uid="run-2"), id="of a run of that name, made anew"),
        pytest.param(of_owner(name="other"), id="of another name"),
        pytest.param(of_owner(kind="Pipeline"), id="of another kind"),
        pytest.param(of_owner(apiVersion="stagework.example/v1"), id="of another group"),
        pytest.param(of_owner(controller=False), id="not its controller"),
        pytest.param(job(ownerReferences=[]), id="of nobody"),
        pytest.param(job(namespace="attic"), id="of another namespace"),
    ],
)
async def test_a_job_of_our_name_that_is_not_controlled_by_our_run_is_left_alone(
    stored: bytes,
) -> None:
    desk = Desk(create=[TAKEN], get=[stored])

    cause, message = await desk.refuses(MAKE_JOB)

    assert cause == "NameTaken"
    assert message == (
        "Job j is in the way and was not made by the operator; if nobody needs it: "
        "kubectl delete job j -n ads"
    )
    assert desk.server.asked[1:] == [f"get {JOB_PATH}/j"], "nothing is compared, nothing deleted"
    assert not desk.news


async def test_a_job_of_our_run_that_is_not_as_we_make_it_is_left_alone() -> None:
    other = {"template": {"metadata": {}, "spec": {"containers": [{"name": "miner"}]}}}
    desk = Desk(create=[TAKEN], get=[job(spec=other)], **{"try": [job("compared")]})

    cause, message = await desk.refuses(MAKE_JOB)

    assert (cause, message) == (
        "NameTaken",
        (
            "Job j is in the way and is not as the operator makes it; if nobody needs it: "
            "kubectl delete job j -n ads"
        ),
    )
    assert not desk.news


@pytest.mark.parametrize("refusal", [Forbidden(QUOTA), Forbidden("no"), Invalid("no")])
async def test_what_cannot_be_compared_counts_as_anothers(refusal: Exception) -> None:
    desk = Desk(create=[TAKEN], get=[job()], **{"try": [refusal]})
    assert (await desk.refuses(MAKE_JOB))[0] == "NameTaken"
    assert not desk.news


@pytest.mark.parametrize("fault", [ServerError("no"), Unreachable("no"), TooManyRequests("no")])
async def test_where_the_server_fails_meanwhile_nobody_is_called_a_stranger(
    fault: Exception,
) -> None:
    for script in ({"get": [fault]}, {"get": [job()], "try": [fault]}):
        desk = Desk(create=[TAKEN], **cast("Any", script))
        assert (await desk.refuses(MAKE_JOB))[0] == "Unavailable"
        assert not desk.news


async def test_what_is_to_be_adopted_or_nothing_is_never_made() -> None:
    """A cache that was behind has shown what has gone meanwhile."""
    only = replace(MAKE_JOB, adopt_only=True)
    desk = Desk(get=[job()], **{"try": [job("compared")]})
    assert await desk.does(only) == MadeChild("job-1", adopted=True)
    gone = Desk(get=[NotFound("gone")])
    assert await gone.refuses(only) == ("Outdated", "Job j has just gone")
    assert gone.server.asked == [f"get {JOB_PATH}/j"]


async def test_one_that_goes_while_it_is_looked_at_is_a_race() -> None:
    desk = Desk(create=[TAKEN], get=[NotFound("gone")])
    assert await desk.refuses(MAKE_JOB) == ("Outdated", "Job j has just gone")


async def test_one_that_is_being_deleted_is_waited_for_and_not_adopted() -> None:
    desk = Desk(create=[TAKEN], get=[job(deletionTimestamp="2026-01-01T00:00:00Z")])
    assert await desk.refuses(MAKE_JOB) == ("Outdated", "Job j is being deleted")
    assert not desk.news


# 403 on a create.


async def test_a_quota_that_is_full_is_no_reason_not_to_find_our_own_job() -> None:
    """The quota is judged before the name: after a crash our own Job is what fills it."""
    desk = Desk(create=[Forbidden(QUOTA)], get=[job(), job()], **{"try": [job("compared")]})
    assert await desk.does(MAKE_JOB) == MadeChild("job-1", adopted=True)


async def test_where_a_quota_is_full_and_our_job_is_not_there_the_quota_is_said() -> None:
    desk = Desk(create=[Forbidden(QUOTA)], get=[NotFound("no")])

    cause, message = await desk.refuses(MAKE_JOB)

    assert cause == "OverQuota"
    assert message.startswith("exceeded quota: few, used: count/jobs.batch=2, limited: 2")
    assert desk.server.asked[1:] == [f"get {JOB_PATH}/j"]


async def test_what_a_right_or_a_policy_forbids_is_said_and_nothing_is_looked_for() -> None:
    text = 'jobs.batch "j" is forbidden: ValidatingAdmissionPolicy: no'
    desk = Desk(create=[Forbidden(text)])

    assert await desk.refuses(MAKE_JOB) == (
        "Denied",
        'ValidatingAdmissionPolicy: no (jobs.batch "j" is forbidden)',
    )
    assert desk.server.asked == [f"create {JOB_PATH}"]


async def test_a_quota_of_what_is_named_by_its_content_is_said_at_once() -> None:
    desk = Desk(create=[Forbidden(QUOTA)])
    assert (await desk.refuses(MAKE_REVISION))[0] == "OverQuota"
    assert len(desk.server.asked) == 1


@pytest.mark.parametrize("action", [MAKE_JOB, MAKE_REVISION, OPEN_GATE, END_POD, ANSWER])
async def test_the_end_of_a_namespace_is_no_refusal(action: Action) -> None:
    ends = NamespaceTerminating("namespace team is being terminated")
    desk = Desk(create=[ends], patch=[ends], delete=[ends])
    with pytest.raises(NamespaceTerminating):
        await desk.does(action)


async def test_the_end_of_a_namespace_while_a_job_is_compared_is_no_refusal_either() -> None:
    ends = NamespaceTerminating("namespace team is being terminated")
    desk = Desk(create=[TAKEN], get=[job()], **{"try": [ends]})
    with pytest.raises(NamespaceTerminating):
        await desk.does(MAKE_JOB)


@pytest.mark.parametrize("action", [MAKE_JOB, OPEN_GATE, END_POD, ANSWER])
async def test_who_does_not_lead_any_more_is_not_told_of_a_refusal(action: Action) -> None:
    stopped = NotLeading("not fresh")
    desk = Desk(create=[stopped], patch=[stopped], delete=[stopped])
    with pytest.raises(NotLeading):
        await desk.does(action)


# What every other answer means, for each action.

CAUSES: list[tuple[ApiError, Cause]] = [
    (Forbidden("pods is forbidden: no"), "Denied"),
    (Forbidden("exceeded quota: pods"), "OverQuota"),
    (TooManyRequests("slow down", retry_after_seconds=7.0), "Unavailable"),
    (ServerError("boom"), "Unavailable"),
    (Unreachable("no answer"), "Unavailable"),
]


@pytest.mark.parametrize(("error", "cause"), CAUSES, ids=str)
@pytest.mark.parametrize("action", [OPEN_GATE, END_POD, ANSWER], ids=lambda a: type(a).__name__)
async def test_a_change_that_is_refused_says_why(
    action: Action, error: ApiError, cause: Cause
) -> None:
    desk = Desk(patch=[error], delete=[error])
    assert (await desk.refuses(action))[0] == cause


async def test_what_can_never_be_made_is_refused_for_good_and_a_change_is_not() -> None:
    assert (await Desk(create=[Invalid("image")]).refuses(MAKE_JOB))[0] == "Invalid"
    assert (await Desk(create=[Invalid("data")]).refuses(MAKE_REVISION))[0] == "Denied"
    assert (await Desk(patch=[Invalid("gate")]).refuses(OPEN_GATE))[0] == "Denied"


async def test_the_time_that_the_server_asks_for_is_kept() -> None:
    desk = Desk(patch=[TooManyRequests("slow down", retry_after_seconds=7.0)])
    with pytest.raises(Refused) as caught:
        await desk.does(OPEN_GATE)
    assert caught.value.refusal.retry_after_seconds == 7.0


# Gates, ends, answers: that very object.


async def test_a_gate_is_removed_from_that_very_pod_as_it_was_seen() -> None:
    stored = {"metadata": {"name": "p", "namespace": NAMESPACE, "uid": "pod-1"}}
    desk = Desk(patch=[orjson.dumps(stored)])

    assert await desk.does(OPEN_GATE) is None
    assert desk.server.asked == [f"patch strategic-merge {POD_PATH}/p"]
    meta = desk.server.sent[0]["metadata"]
    assert (meta["uid"], meta["resourceVersion"]) == ("pod-1", "5")
    assert desk.news == [("pod-1", RUN)]


@pytest.mark.parametrize("error", [NotFound("gone"), Conflict("newer")])
async def test_a_pod_that_is_gone_or_newer_is_news_and_no_refusal(error: ApiError) -> None:
    assert await Desk(patch=[error]).refuses(OPEN_GATE) == ("Outdated", error.message)


async def test_that_very_object_is_deleted_with_what_it_controls() -> None:
    desk = Desk(delete=[b"{}"])
    assert await desk.does(END_POD) is None
    assert desk.server.asked == [f"delete {POD_PATH}/p"]
    assert desk.server.sent == [
        {"preconditions": {"uid": "pod-1"}, "propagationPolicy": "Background"}
    ]


@pytest.mark.parametrize("error", [NotFound("gone"), Conflict("another uid")])
async def test_what_is_gone_or_another_by_now_needs_no_end(error: ApiError) -> None:
    assert await Desk(delete=[error]).does(END_POD) is None


def request(version: int = 1) -> bytes:
    """The Intervention as it is stored."""
    meta = {"name": "again", "namespace": NAMESPACE, "uid": "request-1"}
    return orjson.dumps({"metadata": {**meta, "resourceVersion": str(version)}})


ANSWERED = f"{OURS}/{NAMESPACE}/interventions/again"


async def test_a_request_goes_with_its_run_and_is_answered() -> None:
    desk = Desk(patch=[request(1), request(2)])

    await desk.does(ANSWER)

    assert desk.server.asked == [f"patch merge {ANSWERED}", f"patch merge {ANSWERED}/status"]
    owned, answered = desk.server.sent
    assert owned["metadata"]["uid"] == answered["metadata"]["uid"] == "request-1"
    (owner,) = owned["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("PipelineJob", RUN_NAME, RUN_UID)
    assert answered["status"]["summary"] == "Done"
    assert desk.news == [("request-1", RUN)] * 2


@pytest.mark.parametrize(
    ("action", "owner"),
    [
        pytest.param(
            Answer(ANSWER.intervention, ANSWER.status, adopt=False), RUN, id="owned already"
        ),
        pytest.param(ANSWER, PIPELINEJOB.ref(NAMESPACE, "none"), id="no such run"),
    ],
)
async def test_a_request_that_has_an_owner_or_no_run_is_answered_alone(
    action: Answer, owner: ObjectRef
) -> None:
    desk = Desk(patch=[request()])
    await desk.does(action, owner)
    assert desk.server.asked == [f"patch merge {ANSWERED}/status"]


@pytest.mark.parametrize("before", [0, 1])
async def test_a_request_that_has_gone_needs_no_answer(before: int) -> None:
    script: list[bytes | Exception] = [request()] * before
    assert await Desk(patch=[*script, NotFound("gone")]).does(ANSWER) is None


async def test_an_answer_whose_object_is_newer_is_given_again() -> None:
    assert (await Desk(patch=[Conflict("newer")]).refuses(ANSWER))[0] == "Outdated"


# The status.


async def test_a_status_is_written_to_that_very_version_and_told_as_it_is_stored() -> None:
    stored = {
        "apiVersion": PIPELINEJOB.resource.api_version,
        "kind": "PipelineJob",
        "metadata": {
            "name": RUN_NAME,
            "namespace": NAMESPACE,
            "uid": RUN_UID,
            "resourceVersion": "8",
        },
    }
    desk = Desk(patch=[orjson.dumps(stored)])

    known = await desk.applier.write_status(RUN, PipelineJobStatus(message="hello"))

    assert known.metadata.resourceVersion == "8"
    assert desk.server.asked == [f"patch merge {OURS}/{NAMESPACE}/pipelinejobs/{RUN_NAME}/status"]
    meta = desk.server.sent[0]["metadata"]
    assert (meta["uid"], meta["resourceVersion"]) == (RUN_UID, "7")
    assert desk.news == [(RUN_UID, RUN)]


@pytest.mark.parametrize("error", [NotFound("gone"), Conflict("newer")])
async def test_a_status_of_what_is_gone_or_newer_is_outdated(error: ApiError) -> None:
    with pytest.raises(Outdated, match=error.message):
        await Desk(patch=[error]).applier.write_status(RUN, PipelineJobStatus())


async def test_a_status_that_is_refused_raises_what_the_server_said() -> None:
    with pytest.raises(Forbidden, match="no"):
        await Desk(patch=[Forbidden("no")]).applier.write_status(RUN, PipelineJobStatus())


# Reading.


async def test_an_object_is_read_only_where_it_is_that_very_one() -> None:
    stored = orjson.dumps({"metadata": {"name": RUN_NAME, "namespace": NAMESPACE, "uid": RUN_UID}})
    other = PIPELINEJOB.ref(NAMESPACE, RUN_NAME, "run-2")

    desk = Desk(get=[stored])
    known = await desk.applier.read(RUN)
    assert desk.server.asked == [f"get {OURS}/{NAMESPACE}/pipelinejobs/{RUN_NAME}"]
    assert known is not None
    assert known.metadata.uid == RUN_UID
    assert await Desk(get=[stored]).applier.read(other) is None
    assert await Desk(get=[NotFound("gone")]).applier.read(RUN) is None
    with pytest.raises(ServerError):
        await Desk(get=[ServerError("no")]).applier.read(RUN)
