"""Schedules for people by HTTP: rights, numbers, requests."""

import json
from typing import Any

import pytest

from tests.unit.web.fake_schedules import SPEC
from tests.unit.web.service import Answer, Service

ONE = "/v1/schedules/team/nightly"
READER = (("list scheduledjobs", "team"), ("get scheduledjobs", "team"))
SEEN: Any = {
    "observedGeneration": 0,
    "summary": "Scheduled",
    "schedule": "0 2 * * *",
    "next": "2026-12-01 02:00:00",
    "nextScheduleTime": "2999-11-30T17:00:00Z",
    "nextRunTimes": ["2026-12-01T02:00:00+09:00"],
    "stats": {"totalExecutions": 5, "successfulExecutions": 4, "failedExecutions": 1},
}


def post(service: Service, path: str, token: str, body: Any = None) -> Answer:
    kind = {"Content-Type": "application/json"}
    return service.ask("POST", path, token, json.dumps(body or {}).encode(), kind)


def new(**template: Any) -> dict[str, Any]:
    run = {"pipelineRef": {"name": "report"}, **template}
    spec = {**SPEC, "template": {"pipelineJob": run}}
    return {"namespace": "team", "name": "nightly", "spec": spec}


def may(service: Service, *rights: str, who: str = "bob") -> str:
    """Token of a reader who has these rights in `team`, too."""
    return service.cluster.person(who, *READER, *((right, "team") for right in rights))


@pytest.fixture
def reader(service: Service) -> str:
    """Token of somebody who may list and get schedules in `team`."""
    return service.cluster.person("ann", *READER)


def test_the_list_shows_namespaces_that_one_may_list_page_by_page(
    service: Service, reader: str
) -> None:
    for name, namespace in (("b", "team"), ("a", "team"), ("c", "other")):
        service.cluster.schedules.put(name, namespace, **SEEN)
    whole = service.ask("GET", "/v1/schedules", reader).json
    assert [row["name"] for row in whole["schedules"]] == ["a", "b"]
    assert whole["next"] == ""
    first = service.ask("GET", "/v1/schedules?limit=1", reader).json
    assert ([row["name"] for row in first["schedules"]], first["next"]) == (["a"], "team/a")
    second = service.ask("GET", "/v1/schedules?limit=1&after=team/a", reader).json
    assert ([row["name"] for row in second["schedules"]], second["next"]) == (["b"], "")
    assert service.ask("GET", "/v1/schedules?namespace=other", reader).status == 403
    assert service.ask("GET", "/v1/schedules?namespace=*", reader).status == 400
    assert service.ask("GET", "/v1/schedules?after=nowhere", reader).status == 400


def test_one_has_its_row_its_spec_and_its_status(service: Service, reader: str) -> None:
    service.cluster.schedules.put(**SEEN)
    answer = service.ask("GET", ONE, reader)
    assert answer.status == 200
    row = answer.json["schedule"]
    assert (row["status"], row["schedule"], row["timeZone"]) == (
        "Scheduled",
        "0 2 * * *",
        "Asia/Seoul",
    )
    assert row["stats"]["successfulExecutions"] == 4
    assert answer.json["spec"]["schedule"]["cron"] == "0 2 * * *"
    assert answer.json["status"]["nextRunTimes"] == SEEN["nextRunTimes"]
    assert service.ask("GET", "/v1/schedules/team/none", reader).status == 404
    assert service.ask("GET", "/v1/schedules/other/nightly", reader).status == 403


def test_the_status_has_the_old_words(service: Service, reader: str) -> None:
    service.cluster.schedules.put(**SEEN)
    service.cluster.schedules.put("paused", **SEEN | {"nextScheduleTime": None})
    answer = service.ask("GET", "/v1/schedules/status?namespace=team", reader).json
    assert answer == {
        "is_running": True,
        "job_count": 2,
        "next_run_times": [
            {"namespace": "team", "job_id": "nightly", "next_run_time": "2999-11-30T17:00:00Z"}
        ],
    }
    service.cluster.schedules.put("late", **SEEN | {"nextScheduleTime": "2001-01-01T00:00:00Z"})
    late = service.ask("GET", "/v1/schedules/status?namespace=team", reader).json
    assert late["is_running"] is False


def test_the_next_slots_are_computed_and_what_has_none_says_why(
    service: Service, reader: str
) -> None:
    service.cluster.schedules.put()
    times = service.ask("GET", f"{ONE}/next", reader).json["times"]
    assert len(times) == 5
    assert all(time.endswith("T02:00:00+09:00") for time in times)
    service.cluster.schedules.put()["spec"] = {**SPEC, "schedule": {"cron": "0 0 31 2 *"}}
    never = service.ask("GET", f"{ONE}/next", reader)
    assert (never.status, "never comes" in never.json["detail"]) == (400, True)


def test_one_is_made_with_the_callers_rights(service: Service, reader: str) -> None:
    refused = post(service, "/v1/schedules", reader, new())
    assert (refused.status, refused.json["detail"]) == (
        403,
        "you may not create scheduledjobs in namespace 'team'",
    )
    maker, source = may(service, "create scheduledjobs"), service.cluster.schedules
    dry = post(service, "/v1/schedules?dry_run=true", maker, new())
    assert (dry.status, source.objects) == (201, {})
    made = post(service, "/v1/schedules", maker, new())
    assert (made.status, made.json["schedule"]["name"]) == (201, "nightly")
    stored = source.objects["team", "nightly"]
    assert stored["spec"] == new()["spec"]
    assert stored["metadata"]["annotations"] == {"stagework.dev/requested-by": "bob"}
    source.refusal = 'scheduledjobs "nightly" already exists'
    assert post(service, "/v1/schedules", maker, new()).status == 409
    source.refusal = "spec.schedule: give exactly one"
    assert post(service, "/v1/schedules", maker, new()).status == 400


def test_a_priority_needs_its_right_and_stages_do_not_come_this_way(service: Service) -> None:
    maker = may(service, "create scheduledjobs")
    assert post(service, "/v1/schedules", maker, new(priority=5)).status == 403
    assert post(service, "/v1/schedules", maker, new(priority=-5)).status == 201
    first = may(service, "create scheduledjobs", "prioritize scheduledjobs", who="eve")
    assert post(service, "/v1/schedules", first, new(priority=5)).status == 201
    stages = [{"name": "a", "image": "x", "runsOn": ["gpu"]}]
    for template in (
        {"pipelineRef": None, "stages": stages},
        {"stages": stages},
        {"imagePullSecrets": [{"name": "s"}]},
    ):
        answer = post(service, "/v1/schedules", first, new(**template))
        assert (answer.status, "no stages of its own" in answer.json["detail"]) == (400, True)
        assert "pipelineRef" in answer.json["hint"]


def test_batches_come_this_way_with_the_right_to_their_priority_and_tasks_do_not(
    service: Service,
) -> None:
    maker = may(service, "create scheduledjobs")
    batch = {"pipelineRef": {"name": "report"}, "items": {"inline": [{"id": "x"}]}}

    def of(template: dict[str, Any]) -> dict[str, Any]:
        return {**new(), "spec": {**SPEC, "template": template}}

    assert post(service, "/v1/schedules", maker, of({"batch": batch})).status == 201
    urgent = of({"batch": {**batch, "priority": 5}})
    assert post(service, "/v1/schedules", maker, urgent).status == 403
    first = may(service, "create scheduledjobs", "prioritize scheduledjobs", who="eve")
    assert post(service, "/v1/schedules", first, urgent).status == 201
    answer = post(service, "/v1/schedules", first, of({"task": {"name": "backup"}}))
    assert (answer.status, "no built-in task" in answer.json["detail"]) == (400, True)


def test_it_is_paused_and_resumed_by_who_may_patch_it(service: Service, reader: str) -> None:
    source = service.cluster.schedules
    source.put(**SEEN)
    assert post(service, f"{ONE}/pause", reader).status == 403
    editor = may(service, "patch scheduledjobs")
    assert post(service, f"{ONE}/pause?dry_run=true", editor).json["schedule"]["suspend"] is True
    assert not source.suspended()
    assert post(service, f"{ONE}/pause", editor).status == 200
    assert source.suspended()
    assert post(service, f"{ONE}/resume", editor).json["schedule"]["suspend"] is False
    assert not source.suspended()
    assert post(service, "/v1/schedules/team/none/pause", editor).status == 404


def test_it_is_removed_by_who_may_delete_it(service: Service, reader: str) -> None:
    source = service.cluster.schedules
    source.put()
    assert service.ask("DELETE", ONE, reader).status == 403
    editor = may(service, "delete scheduledjobs")
    assert service.ask("DELETE", f"{ONE}?dry_run=true", editor).status == 204
    assert source.objects
    assert service.ask("DELETE", ONE, editor).status == 204
    assert not source.objects
    assert service.ask("DELETE", ONE, editor).status == 404


@pytest.mark.parametrize(
    ("path", "verb", "affected"),
    [("run-now", "RunNow", "a run"), ("skip-next", "SkipNext", "T02:00:00+09:00")],
)
def test_requests_are_interventions_with_every_right_asked_for(
    service: Service, path: str, verb: str, affected: str
) -> None:
    service.cluster.schedules.put(**SEEN)
    made = service.cluster.queue.made
    right = f"{verb.lower()} scheduledjobs"
    for who, only in (("ann", right), ("eve", "create interventions")):
        assert post(service, f"{ONE}/{path}", may(service, only, who=who)).status == 403
    token = may(service, "create interventions", right)
    dry = post(service, f"{ONE}/{path}?dry_run=true", token).json
    assert (affected in dry["affected"][0], dry["intervention"], made) == (True, "", [])
    answer = post(service, f"{ONE}/{path}", token, {"reason": "wrong input"}).json
    assert answer["intervention"] == "made-1"
    assert made[0]["spec"] == {
        "target": {"kind": "ScheduledJob", "name": "nightly", "uid": "uid-nightly"},
        "verb": verb,
        "reason": "wrong input",
        "requestedBy": "bob",
    }


def test_what_the_operator_would_refuse_is_not_written(service: Service) -> None:
    run = {"name": "r", "uid": "u", "slot": "2026-11-30T00:00:00Z"}
    service.cluster.schedules.put(**SEEN | {"activeRuns": [run]})
    token = may(service, "create interventions", "runnow scheduledjobs")
    answer = post(service, f"{ONE}/run-now", token).json
    assert answer == {"affected": [], "refused": ["MaxInstancesReached"], "intervention": ""}
    assert service.cluster.queue.made == []


def test_pods_see_none_and_one_of_another_version_hides_none_of_the_others(
    service: Service, reader: str
) -> None:
    pod = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    assert service.ask("GET", "/v1/schedules", pod).status == 403
    assert service.cluster.schedules.asked == []
    service.cluster.schedules.put("good")
    service.cluster.schedules.put("newer")["spec"] = {**SPEC, "warp": 9}
    listed = service.ask("GET", "/v1/schedules", reader).json["schedules"]
    assert [row["name"] for row in listed] == ["good"]
    assert service.ask("GET", "/v1/schedules/team/newer", reader).status == 400
    service.cluster.schedules.is_away = True
    assert service.ask("GET", "/v1/schedules", reader).status == 503
