"""No module and no package imports, by any way, one that imports it.

A package with rooms (packages inside) counts as two: what its rooms stand on, and what puts them
together. `web.app` may import the routes, and the routes `web.errors`; were a route to import
`web.app`, that would be a cycle. (The rooms of the document stages stand in more than two storeys,
which a contract in pyproject.toml names one by one: of them the modules are asked here.)
"""

from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter

import grimp

PRODUCT = ("stagework", "stagekit", "docpipe")

Graph = Mapping[str, Iterable[str]]
"""What each imports directly."""


@cache
def imports() -> grimp.ImportGraph:
    """Every module of the product."""
    return grimp.build_graph(*PRODUCT)


def modules() -> Graph:
    """Each module with what it imports."""
    graph = imports()
    return {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}


def packages() -> Graph:
    """Each package, or half of one, with what its modules import."""
    edges: dict[str, set[str]] = {}
    for module, imported in modules().items():
        if module.startswith("docpipe"):
            continue
        edges.setdefault(_home(module), set()).update(map(_home, imported))
    return {home: others - {home} for home, others in edges.items()}


@cache
def _home(module: str) -> str:
    graph = imports()
    package = module if graph.find_children(module) else module.rpartition(".")[0]
    rooms = {room for room in graph.find_children(package) if graph.find_children(room)}
    above = any(
        used.startswith(f"{room}.") or used == room
        for used in graph.find_upstream_modules(module)
        for room in rooms
    )
    return f"{package} (puts its rooms together)" if above else package


def cycle(graph: Graph) -> list[str]:
    """One cycle, from a member back to itself; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert cycle(modules()) == []


def test_no_package_imports_itself_by_way_of_others() -> None:
    assert cycle(packages()) == []


def test_a_cycle_would_be_noticed() -> None:
    assert cycle({"a": ["b"], "b": ["c"], "c": ["a"]})
    assert {"stagework.web", "stagework.web (puts its rooms together)"} <= {*packages()}
