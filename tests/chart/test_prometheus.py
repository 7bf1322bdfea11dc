"""A real Prometheus reads our metrics: no query of the dashboard and no rule is empty or wrong."""

import json
import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import start_http_server

from tests.chart.rendered import Rendered, render
from tests.integration.waiting import eventually as until
from tests.support.prometheus import Prometheus, check_rules, prometheus
from tests.support.prometheus.seeds import Exposed

SCRAPES: Final = 3
"""So many samples a rate needs, and one more."""
LABELS: Final = {"team": "pipelines"}


@pytest.fixture(scope="module")
def monitored() -> Rendered:
    """The chart with all of monitoring turned on."""
    return render(
        {
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "prometheusRule": {"enabled": True, "labels": LABELS, "alertLabels": LABELS},
            "grafanaDashboard": {"enabled": True},
            "kubeStateMetrics": {"enabled": True},
        }
    )


def rules_of(monitored: Rendered) -> list[dict[str, Any]]:
    (group,) = monitored.one("PrometheusRule", "stagework")["spec"]["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def queries_of(monitored: Rendered) -> dict[str, str]:
    """Panel and place to query."""
    data = monitored.one("ConfigMap", "stagework-dashboard")["data"]["stagework.json"]
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in json.loads(data)["panels"]
        for target in panel.get("targets", [])
    }


@contextmanager
def scraped(exposed: Exposed, folder: Path, rules: Path) -> Generator[Prometheus]:
    """A Prometheus that has read this operator some times."""
    web, thread = start_http_server(0, "127.0.0.1", exposed.registry)
    try:
        with prometheus(folder, [f"127.0.0.1:{web.server_port}"], rules) as server:
            until(server.answers, "it answers")
            until(lambda: server.has_scraped(1), "it has scraped once")
            if exposed.is_seeded:
                exposed.go_on()
            until(lambda: server.has_scraped(1 + SCRAPES), "it has scraped again")
            yield server
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


@pytest.fixture(scope="module")
def rules(monitored: Rendered, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(yaml.safe_dump(monitored.one("PrometheusRule", "stagework")["spec"]))
    return file


@pytest.fixture(scope="module", params=["on its first day", "when all goes wrong"])
def server(
    request: pytest.FixtureRequest, rules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Prometheus, bool]]:
    """And whether anything has happened there."""
    exposed = Exposed()
    if request.param == "when all goes wrong":
        exposed.seed()
    with scraped(exposed, tmp_path_factory.mktemp("prometheus"), rules) as started:
        yield started, exposed.is_seeded


def wrong_with(found: list[dict[str, Any]]) -> str:
    if not found:
        return "empty"
    values = [float(one["value"][1]) for one in found]
    return "no number" if not all(map(math.isfinite, values)) else ""


def test_no_panel_is_empty_neither_on_the_first_day_nor_later(
    server: tuple[Prometheus, bool], monitored: Rendered
) -> None:
    queries = queries_of(monitored)
    assert len(queries) > 30
    found = {name: wrong_with(server[0].query(query)) for name, query in queries.items()}
    assert {name: fault for name, fault in found.items() if fault} == {}


def test_panels_show_what_has_happened(
    server: tuple[Prometheus, bool], monitored: Rendered
) -> None:
    """Zeros stand in for what is not there; where all has happened few of them are left."""
    prometheus_server, is_seeded = server
    zero = {
        name
        for name, query in queries_of(monitored).items()
        if all(float(one["value"][1]) == 0 for one in prometheus_server.query(query))
    }
    if is_seeded:
        assert zero <= {"Leads A", "Done when A"}
    else:
        assert "Waiting A" in zero


def test_rules_fire_when_all_goes_wrong_and_but_for_the_leader_not_before(
    server: tuple[Prometheus, bool], monitored: Rendered
) -> None:
    prometheus_server, is_seeded = server
    firing = {
        rule["alert"] for rule in rules_of(monitored) if prometheus_server.query(rule["expr"])
    }
    everything = {rule["alert"] for rule in rules_of(monitored)}
    assert firing == (everything if is_seeded else {"StageworkNoLeader"})


def test_prometheus_has_no_trouble_with_the_rules(
    server: tuple[Prometheus, bool], rules: Path
) -> None:
    assert check_rules(rules) == ""
    prometheus_server, _ = server

    def states() -> set[str]:
        groups = prometheus_server.get("/api/v1/rules")["groups"]
        return {rule["health"] for group in groups for rule in group["rules"]}

    until(lambda: "unknown" not in states(), "every rule was asked")
    assert states() == {"ok"}


def test_a_rule_that_is_none_would_be_noticed(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    rule = {"alert": "Odd", "expr": "sum by (stage stagework_queue_failed"}
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}))
    assert "Odd" in check_rules(file)


def test_the_rules_have_the_limits_and_labels_of_the_values(monitored: Rendered) -> None:
    strict = render(
        {
            "alerts": {
                "stuckSeconds": 77,
                "maxFailedRatio": 0.25,
                "storeAwaySeconds": 33,
                "serviceAwaySeconds": 44,
            },
            "prometheusRule": {"enabled": True},
        }
    )
    expressions = {rule["alert"]: rule["expr"] for rule in rules_of(strict)}
    assert expressions["StageworkStuck"].endswith(">= 77")
    assert "> 0.25 * sum" in expressions["StageworkFailing"]
    lasting = {rule["alert"]: rule.get("for") for rule in rules_of(strict)}
    assert lasting["StageworkStoreAway"] == "33s"
    assert lasting["StageworkServiceAway"] == "44s"
    for rule in rules_of(monitored):
        assert rule["labels"]["team"] == "pipelines"
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description"}
