"""Generated files, the API service's description, the metrics."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry

from tests.support.operators.setup import settings as operator_settings
from tests.surface.product import Build, Runtime, Target, create_app
from tests.unit.web.fake_cluster import FakeCluster
from tests.unit.web.service import LocalStore, settings

_ROOT: Final = Path(__file__).parents[2]


def record(folder: Path) -> None:
    """All of them."""
    (folder / "crds").mkdir(exist_ok=True)
    for source in sorted((_ROOT / "crds").glob("*.yaml")):
        shutil.copyfile(source, folder / "crds" / source.name)
    shutil.copyfile(_ROOT / "manifests" / "install.yaml", folder / "install.yaml")
    (folder / "openapi.json").write_text(openapi())
    (folder / "metrics.txt").write_text(metrics())


def openapi() -> str:
    """The API service's description of itself."""
    with tempfile.TemporaryDirectory() as root:
        app = create_app(FakeCluster(), LocalStore(Path(root), max_file_bytes=1), settings())
        return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def metrics() -> str:
    """Name, type, labels, bounds of histograms, and help of every metric of the operator."""
    registry = CollectorRegistry()
    Runtime(operator_settings(), registry, Build(target=Target("http://127.0.0.1:9")))
    collectors: Iterable[Any] = vars(registry)["_collector_to_names"]
    return "".join(sorted(text for collector in collectors for text in _metrics(collector)))


def _metrics(collector: Any) -> Iterator[str]:
    if hasattr(collector, "_type"):
        yield _metric(collector)
        return
    # One that counts when it is asked says of itself what it will tell.
    for metric in collector.describe():
        labels = ", ".join(metric._labelnames)
        yield f"{metric.name} ({metric.type})\n  labels: {labels}\n  help: {metric.documentation}\n"


def _metric(collector: Any) -> str:
    known: dict[str, Any] = {"_type": collector._type, **vars(collector)}
    lines = [
        f"{known['_name']} ({known['_type']})",
        f"  labels: {', '.join(known['_labelnames']) or '-'}",
        f"  help: {known['_documentation']}",
    ]
    bounds = known.get("_upper_bounds") or known.get("_kwargs", {}).get("buckets")
    if bounds:
        finite = (float(bound) for bound in bounds if bound != float("inf"))
        lines.append(f"  bounds: {', '.join(map(str, finite))}")
    return "\n".join(lines) + "\n"
