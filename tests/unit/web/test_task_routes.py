"""Routes of the built-in tasks: each for one account alone, and what they answer."""

from pathlib import Path

import pytest

from tests.support.history.facts import minute, run_fact
from tests.unit.web.fake_cluster import task_token
from tests.unit.web.service import Service, running

ROUTES = [
    ("GET", "/v1/checks", "health_check"),
    ("POST", "/v1/cleanup", "data_cleanup"),
    ("GET", "/v1/export", "backup"),
    ("GET", "/v1/backups", "backup"),
]


@pytest.mark.parametrize(("method", "path", "task"), ROUTES)
def test_each_route_is_one_tasks_alone(service: Service, method: str, path: str, task: str) -> None:
    others = [name for _, _, name in ROUTES if name != task]
    run = service.cluster.run()
    operators = [] if path == "/v1/checks" else [service.cluster.operator()]
    tokens = [
        *(task_token(service.cluster, name) for name in others),
        *operators,
        service.cluster.person("ann", ("list", ""), ("delete", "")),
        service.cluster.stage_pod(run, "ocr", "pod-1"),
    ]
    assert [service.ask(method, path, token).status for token in tokens] == [403] * len(tokens)
    own = task_token(service.cluster, task, ("list", "team"))
    assert service.ask(method, path, own).status == 200


@pytest.mark.parametrize(
    ("task", "statuses"), [("backup", [204, 200, 403, 204]), ("restore", [403, 200, 404, 403])]
)
def test_a_backup_writes_and_a_restore_reads(
    service: Service, task: str, statuses: list[int]
) -> None:
    token, path = task_token(service.cluster, task), "/v1/backups/one-1"
    answers = [
        service.put(path, token, b"backup"),
        service.ask("GET", "/v1/backups", token),
        service.ask("GET", path, token),
        service.ask("DELETE", path, token),
    ]
    assert [answer.status for answer in answers] == statuses
    assert service.stored() == []


@pytest.mark.parametrize("name", ["..", "a.b", "%2e%2e", "a_b", "%C3%A4"])
def test_a_backups_name_is_letters_digits_and_dashes(service: Service, name: str) -> None:
    token = task_token(service.cluster, "backup")
    assert service.put(f"/v1/backups/{name}", token, b"x").status in {400, 404}


def test_history_takes_facts_of_the_operator_and_of_a_restore_alone(service: Service) -> None:
    body = b'{"facts": []}'
    statuses = {
        task: service.ask("POST", "/v1/facts", task_token(service.cluster, task), body).status
        for task in ("backup", "health_check", "restore")
    }
    assert statuses == {"backup": 403, "health_check": 403, "restore": 204}


def test_the_account_of_that_name_in_another_namespace_is_no_task(service: Service) -> None:
    token = task_token(service.cluster, "health_check")
    audience, user = service.cluster.tokens[token]
    renamed = type(user)(user.name.replace("stagework-system", "team"))
    service.cluster.tokens["forged"] = (audience, renamed)
    assert service.ask("GET", "/v1/checks", "forged").status == 403


def test_checks_name_what_is_wrong_and_leave_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "volume") as service:
        token = task_token(service.cluster, "health_check")
        well = {"history": {"fault": ""}, "artifacts": {"fault": ""}}
        assert service.ask("GET", "/v1/checks", token).json == well
        assert service.stored() == []
        service.history.away = True
        fault = service.ask("GET", "/v1/checks", token).json["history"]["fault"]
        assert fault == "the database does not answer: HistoryUnavailable"


def test_the_operator_asks_for_checks_too_and_says_how_long_it_waits(service: Service) -> None:
    token = service.cluster.operator()
    assert service.ask("GET", "/v1/checks?seconds=8", token).status == 200
    for seconds in ("0", "21", "long"):
        assert service.ask("GET", f"/v1/checks?seconds={seconds}", token).status == 400


def test_a_full_volume_is_a_fault_of_the_artifact_store(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    with running(volume) as service:
        (volume / ".incoming").rmdir()
        (volume / ".incoming").write_text("no folder")
        token = task_token(service.cluster, "health_check")
        fault = service.ask("GET", "/v1/checks", token).json["artifacts"]["fault"]
        assert fault == "nothing can be written: NotADirectoryError"


async def test_a_clean_up_does_what_its_dry_run_says(service: Service) -> None:
    token = task_token(service.cluster, "data_cleanup")
    for _ in range(2):  # behind the service's own one, which it begins with
        service.ask("POST", "/v1/cleanup", token)
    folder = service.root / "team" / "run-1" / "ocr" / "1-pod"
    folder.mkdir(parents=True)
    (folder / "out.txt").write_text("x")
    await service.history.record([run_fact("old", at=minute(0).replace(year=2020))])
    expected = {"dryRun": True, "artifacts": [], "noted": ["team/run-1"], "runs": 1}
    for _ in range(2):
        assert service.ask("POST", "/v1/cleanup?dryRun=true", token).json == expected
    done = service.ask("POST", "/v1/cleanup", token).json
    assert done == {**expected, "dryRun": False}
    again = service.ask("POST", "/v1/cleanup", token).json
    assert again == {"dryRun": False, "artifacts": [], "noted": [], "runs": 0}
    assert (folder / "out.txt").exists(), "its keep time has only begun"
