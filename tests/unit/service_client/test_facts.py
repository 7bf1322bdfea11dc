"""The operator posts facts over HTTP; what is not acknowledged was not kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stagework.api.facts import AnyFact, RunFact
from stagework.service_client.facts import NeverTaken, ServiceFacts
from stagework.service_client.results import LookupFailed
from tests.support.history.facts import attempt_fact, intervention_fact, minute, run_fact
from tests.unit.web.service import Service, running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running service with an empty volume."""
    with running(tmp_path / "volume") as started:
        yield started


async def test_facts_arrive_as_they_were_sent(service: Service) -> None:
    token = service.cluster.operator()
    facts: list[AnyFact] = [
        # As the operator makes them: unchecked, what is not said left to its default.
        RunFact.model_construct(**run_fact(title="ü", ended=minute(1)).__dict__),
        attempt_fact(queued=minute(0).replace(microsecond=123456), exitCode=0),
        intervention_fact(),
    ]
    await ServiceFacts(f"{service.url}/", lambda: token).post(facts)
    assert list(service.history.facts.values()) == facts


async def test_a_fact_that_is_none_is_never_taken(service: Service) -> None:
    token = service.cluster.operator()
    bad = RunFact.model_construct(None, **{**run_fact().__dict__, "title": "x" * 513})
    with pytest.raises(NeverTaken, match="HTTP 400"):
        await ServiceFacts(service.url, lambda: token).post([bad])


async def test_while_history_is_away_they_are_to_come_again(service: Service) -> None:
    token = service.cluster.operator()
    service.history.away = True
    with pytest.raises(LookupFailed, match="HTTP 503"):
        await ServiceFacts(service.url, lambda: token).post([run_fact()])


async def test_likewise_where_nobody_answers_or_the_token_is_not_known(service: Service) -> None:
    with pytest.raises(LookupFailed):
        await ServiceFacts("http://127.0.0.1:1", lambda: "t").post([run_fact()])
    with pytest.raises(LookupFailed, match="HTTP 401"):
        await ServiceFacts(service.url, lambda: "nobody's").post([run_fact()])

    def unreadable() -> str:
        raise FileNotFoundError("token")

    with pytest.raises(LookupFailed, match="token"):
        await ServiceFacts(service.url, unreadable).post([run_fact()])
