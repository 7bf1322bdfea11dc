"""How the stores are, over HTTP."""

from pathlib import Path

import pytest

from stagework.service_client.checks import ServiceChecks
from stagework.service_client.results import LookupFailed
from tests.unit.web.service import running


async def test_the_operator_learns_what_is_wrong_behind_the_service(tmp_path: Path) -> None:
    with running(tmp_path / "volume") as service:
        token = service.cluster.operator()
        checks = ServiceChecks(f"{service.url}/", lambda: token)
        assert (await checks.ask()).history.fault == ""
        service.history.away = True
        assert "HistoryUnavailable" in (await checks.ask()).history.fault
        assert (await checks.ask()).artifacts.fault == ""


async def test_a_refusal_and_no_answer_are_faults_of_the_service(tmp_path: Path) -> None:
    with running(tmp_path / "volume") as service:
        stranger = service.cluster.person("alice")
        with pytest.raises(LookupFailed, match="HTTP 403"):
            await ServiceChecks(service.url, lambda: stranger).ask()
    with pytest.raises(LookupFailed, match="ConnectorError"):
        await ServiceChecks("http://127.0.0.1:1", lambda: "token").ask()
