"""The service keeps what `docs/openapi.json` says: made-up requests, by everybody there is.

Every answer has a status, a content type and a shape that are described, and none is a fault.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, ClassVar, Final, NamedTuple, cast

import hypothesis.strategies as st
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.specs.openapi import checks

from stagework.web.app import routed_app
from tests.unit.web.fake_cluster import task_token
from tests.unit.web.service import Service, running
from tests.unit.web.test_batches import RUNNING


def no_fault(_context: Any, response: Any, _case: Any) -> None:
    """Nothing that was not foreseen; 503 is right while something is away."""
    assert response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR


_CHECKS: Final[Any] = checks
CHECKS: Final[list[Any]] = [
    no_fault,
    _CHECKS.status_code_conformance,
    _CHECKS.content_type_conformance,
    _CHECKS.response_schema_conformance,
]
EXAMPLES: Final = 12
"""Requests to each operation."""
WORKFLOWS: Final = 12
STEPS: Final = 10
SLOW: Final = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
BOUNDED: Final = settings(deadline=None, derandomize=True, suppress_health_check=[*SLOW])
"""The same requests each time: what is found once is found again."""
TASKS: Final = ("data_cleanup", "backup", "health_check")
CALLERS: Final = ("person", "operator", "pod", *TASKS)
KNOWN: Final = {
    "namespace": "team",
    "name": "photos",
    "batch_uid": "uid-photos",
    "batch_id": "photos",
    "run_uid": "run-1",
    "uid": "run-1",
    "stage": "ocr",
    "attempt": 1,
    "role": "chat",
    "address": "team/run-1/ocr/1-pod-1/x",
}
"""Parts of addresses of what is there."""

schema: Any = schemathesis.openapi.from_dict(routed_app().openapi())


@schema.hook
def before_generate_path_parameters(_context: Any, strategy: Any) -> Any:
    """Some made up, some of what is there."""
    known = st.sets(st.sampled_from(sorted(KNOWN)))
    return st.builds(_partly_known, strategy, known)


def _partly_known(made: Any, kept: set[str]) -> Any:
    if not isinstance(made, dict):
        return made
    parts = cast("dict[str, Any]", made)
    return {key: KNOWN[key] if key in kept else value for key, value in parts.items()}


MACHINE: Any = schema.as_state_machine()


class Every(set[Any]):
    """All rights."""

    def __contains__(self, _right: object) -> bool:
        return True


class Everybody(NamedTuple):
    """The service, and the tokens of those who call it."""

    service: Service
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everybody]:
    """The service with a run and a batch, and a token of everybody that it tells apart."""
    with running(tmp_path_factory.mktemp("described")) as service:
        cluster = service.cluster
        cluster.batches.put(**RUNNING)
        tokens = {name: task_token(cluster, name) for name in TASKS}
        tokens["pod"] = cluster.stage_pod(cluster.run(), "ocr", "pod-1")
        tokens["person"], tokens["operator"] = cluster.person("ann"), cluster.operator()
        cluster.rights = Every()
        yield Everybody(service, tokens)


def call_of(everybody: Everybody, caller: str) -> dict[str, Any]:
    """Where a request goes, and who sends it."""
    headers = {"Authorization": f"Bearer {everybody.tokens[caller]}"}
    return {"base_url": everybody.service.url, "headers": headers, "timeout": 10}


@schema.parametrize()
@settings(BOUNDED, max_examples=EXAMPLES)
@schema.given(caller=st.sampled_from(CALLERS), is_away=st.booleans())
def test_every_answer_is_as_described(
    case: Any, caller: str, everybody: Everybody, *, is_away: bool
) -> None:
    everybody.service.cluster.is_away = is_away
    case.call_and_validate(checks=CHECKS, **call_of(everybody, caller))


class Workflow(MACHINE):
    """What one answer has named is asked for next: batches, runs, stages, background jobs."""

    everybody: ClassVar[Everybody]

    def get_call_kwargs(self, case: Any) -> dict[str, Any]:
        """In the person's name."""
        del case
        return call_of(self.everybody, "person")

    def validate_response(self, response: Any, case: Any, **_: Any) -> None:
        """By the same checks."""
        case.validate_response(response, checks=CHECKS)


def test_so_is_every_answer_to_what_follows_from_another(everybody: Everybody) -> None:
    everybody.service.cluster.is_away = False
    Workflow.everybody = everybody
    few = settings(BOUNDED, max_examples=WORKFLOWS, stateful_step_count=STEPS)
    run_state_machine_as_test(Workflow, settings=few)
