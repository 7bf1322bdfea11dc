"""A cache that watches nothing: the test alone fills it."""

from collections.abc import Iterable
from typing import Any

from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.selections import Selection
from stagework.cluster.cache.store import OnProblem
from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import KubeApi


def nobody() -> KubeApi:
    """An API server that nobody asks anything."""
    return KubeApi(Target("http://nobody.invalid"))


def make_cache(
    *selections: Selection[Any],
    namespaces: Iterable[str] = (),
    on_problem: OnProblem | None = None,
) -> Cache:
    """A cache that holds these objects; of all namespaces unless told otherwise."""
    cache = Cache(nobody(), namespaces, on_problem=on_problem)
    for selection in selections:
        cache.hold(selection)
    return cache
