"""The description of the HTTP API as a document: the same text for the same routes."""

import json

from stagework.web.app import routed_app


def document() -> str:
    """What `/v1/openapi.json` serves, as indented JSON in the order of the routes."""
    return json.dumps(routed_app().openapi(), indent=2, ensure_ascii=False) + "\n"
