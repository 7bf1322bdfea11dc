"""The description of the HTTP API: one text, committed, and what the service itself serves."""

import json
from pathlib import Path

from stagework.web.openapi import document
from tests.unit.web.service import Service

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_committed_description_is_the_generated_one() -> None:
    assert COMMITTED.read_text() == document(), "run `make generate` and commit docs/openapi.json"


def test_the_service_serves_the_same_description(service: Service) -> None:
    token = service.cluster.person("alice")
    served = service.ask("GET", "/v1/openapi.json", token)
    assert served.json == json.loads(document())
