"""Monitoring that values turn on: what selects what, and that every field that is named exists."""

import json
from typing import Any, cast

import pytest
import yaml

from stagework.api.crds import definitions
from stagework.controllers.alerting.watch import EVERY_SECONDS
from stagework.settings import AlertSettings
from stagework.web.server import GRACE_SECONDS
from stagework.wiring import ALERTS_MEMORY
from tests.chart.rendered import NAMESPACE, Rendered, render

KINDS = ("PodMonitor", "ServiceMonitor", "PrometheusRule")


@pytest.fixture(scope="module")
def monitored() -> Rendered:
    return render(
        {
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "grafanaDashboard": {"enabled": True, "annotations": {"grafana_folder": "work"}},
            "kubeStateMetrics": {"enabled": True},
        }
    )


def test_it_is_off_by_default(chart: Rendered) -> None:
    assert chart.of_kind(*KINDS) == []
    names = chart.names("ConfigMap")
    assert not {"stagework-dashboard", "stagework-kube-state-metrics"} & {*names}


def test_a_service_monitor_finds_the_service_and_its_port(monitored: Rendered) -> None:
    monitor = monitored.one("ServiceMonitor", "stagework-operator")
    service = monitored.one("Service", "stagework-operator")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    labels = service["metadata"]["labels"]
    assert {key: labels[key] for key in wanted} == wanted
    (endpoint,) = monitor["spec"]["endpoints"]
    ports = {port["name"]: port for port in service["spec"]["ports"]}
    container = monitored.pod_specs()["Deployment/stagework-operator"]["containers"][0]
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert named[ports[endpoint["port"]]["targetPort"]] == 9090
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_grafanas_sidecar_finds_the_dashboard(monitored: Rendered) -> None:
    config = monitored.one("ConfigMap", "stagework-dashboard")
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert config["metadata"]["annotations"] == {"grafana_folder": "work"}
    dashboard = json.loads(config["data"]["stagework.json"])
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    for panel in dashboard["panels"]:
        assert panel["type"] == "row" or panel["targets"], panel["title"]


def schema_of(kind: str) -> dict[str, Any]:
    for definition in definitions().values():
        if definition["spec"]["names"]["kind"] == kind:
            (version,) = definition["spec"]["versions"]
            return cast("dict[str, Any]", version["schema"]["openAPIV3Schema"])
    raise AssertionError(kind)


def at(schema: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """What stands there, KeyError where nothing can; of a list its items."""
    for word in path:
        schema = schema["properties"][word]
        schema = schema.get("items", schema)
    return schema


def test_kube_state_metrics_is_asked_for_fields_that_there_are(monitored: Rendered) -> None:
    data = monitored.one("ConfigMap", "stagework-kube-state-metrics")["data"]["config.yaml"]
    config = yaml.safe_load(data)
    assert config["kind"] == "CustomResourceStateMetrics"
    kinds = [resource["groupVersionKind"]["kind"] for resource in config["spec"]["resources"]]
    assert sorted(kinds) == ["Batch", "Pipeline", "PipelineJob", "ScheduledJob"]
    for resource in config["spec"]["resources"]:
        schema = schema_of(resource["groupVersionKind"]["kind"])
        for metric in resource["metrics"]:
            (what,) = (metric["each"][key] for key in ("gauge", "info") if key in metric["each"])
            path = what.get("path", [])
            if path[:1] != ["metadata"]:
                found = at(schema, path)
                for label in [*what.get("labelsFromPath", {}).values(), what.get("valueFrom", [])]:
                    at(found, label)
            assert metric["help"].endswith(".")


class TestAlerts:
    """What the operator says by itself."""

    def test_its_limits_are_those_of_the_values(self, chart: Rendered) -> None:
        assert AlertSettings.model_validate(chart.settings()["alerts"]) == AlertSettings()

    def test_a_store_that_is_away_is_told_of_within_half_a_minute(self) -> None:
        assert AlertSettings().storeAwaySeconds + EVERY_SECONDS <= 30

    def test_an_upgrade_of_the_api_service_is_no_alert(self) -> None:
        # Its last requests have so long to end, and the next Pod to begin.
        away = 2 * GRACE_SECONDS
        assert AlertSettings().serviceAwaySeconds >= away + EVERY_SECONDS

    def test_receivers_are_mounted_where_they_are_named(self, chart: Rendered) -> None:
        mount = {"name": "alerts", "mountPath": "/etc/stagework-alerts", "readOnly": True}
        told = render({"alerts": {"urlsSecret": "people"}})
        for rendered, expected in ((chart, False), (told, True)):
            pod = rendered.pod_specs()["Deployment/stagework-operator"]
            assert (mount in pod["containers"][0]["volumeMounts"]) is expected
        (volume,) = (
            volume
            for volume in told.pod_specs()["Deployment/stagework-operator"]["volumes"]
            if volume["name"] == "alerts"
        )
        assert volume["secret"] == {"secretName": "people", "optional": True}

    def test_what_was_said_is_kept_in_one_config_map_of_its_own(self, chart: Rendered) -> None:
        config = chart.one("ConfigMap", ALERTS_MEMORY)
        assert config["metadata"]["namespace"] == NAMESPACE
        assert not {"data", "binaryData"} & {*config}
        (rule,) = chart.one("Role", ALERTS_MEMORY)["rules"]
        assert rule["resourceNames"] == [ALERTS_MEMORY]
        assert rule["verbs"] == ["get", "patch"]
