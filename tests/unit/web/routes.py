"""Every route of the service, with an address that fits it."""

import re
from collections.abc import Iterator
from pathlib import Path

from stagework.artifacts.local import LocalStore
from stagework.web.app import create_app
from tests.unit.web.fake_cluster import FakeCluster
from tests.unit.web.service import settings

OPENED = {"/livez": 200, "/readyz": 200, "/board": 308, "/board/": 404, "/board/assets/{name}": 404}
"""What is answered without a proof, where no bundle of the board was made."""


def routes_below(thing: object) -> Iterator[tuple[str, str]]:
    """Every (method, path) of a router, however deep it is included."""
    router = getattr(thing, "original_router", thing)
    for route in getattr(router, "routes", ()):
        path = getattr(route, "path", None)
        if path is not None:
            yield from ((method, path) for method in getattr(route, "methods", None) or ("GET",))
        yield from routes_below(route)


def every_route(folder: Path) -> list[tuple[str, str]]:
    """Those of the app, and a few that it does not have."""
    store = LocalStore(folder, max_file_bytes=1)
    app = create_app(FakeCluster(), store, settings())
    return [*routes_below(app), ("GET", "/nowhere"), ("POST", "/docs"), ("GET", "/livez/x")]


def address_of(pattern: str) -> str:
    """A path that the route answers."""
    path = pattern.replace("{address:path}", "team/run-1/ocr/1-pod-1/x")
    return re.sub(r"\{(\w+)[^}]*\}", r"\1", path)
