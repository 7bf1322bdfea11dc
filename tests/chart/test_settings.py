"""The settings file that the chart renders is one that the operator accepts."""

from typing import Any, cast

import pytest
import yaml

from hack.devcluster.deploy import VALUES as DEV_VALUES
from stagework.settings import Settings
from stagework.wiring import plan_settings
from tests.chart.rendered import NAMESPACE, RefusedValues, Rendered, render

SET_BY_THE_CHART = {
    "api.audience",
    "artifacts.directory",
    "artifacts.s3",
    "history.file",
    "history.postgresql",
    "listener.owner",
    "listener.postgresql",
    "alerts",
    "tasks",
}


def test_the_default_settings_are_valid_and_name_the_release(chart: Rendered) -> None:
    settings = Settings.model_validate(chart.settings())
    assert settings.releaseNamespace == NAMESPACE
    assert settings.api.url == f"http://stagework-api.{NAMESPACE}.svc:8080"
    assert settings.api.heartbeats == f"http://stagework-api.{NAMESPACE}.svc:8081"


def test_the_defaults_are_those_of_the_program(chart: Rendered) -> None:
    settings = Settings.model_validate(chart.settings())
    program = Settings(fleet=settings.fleet)
    ours = settings.files.model_copy(update={"image": program.files.image})
    tasks = settings.tasks.model_copy(update={"schedules": {}})
    assert settings.model_copy(update={"files": ours, "tasks": tasks}) == program


def test_stages_of_any_image_get_containers_of_the_releases_own_image() -> None:
    values = {"image": {"registry": "registry.example.org", "tag": "1.2", "pullPolicy": "Always"}}
    files = Settings.model_validate(render(values).settings()).files
    assert files.image == "registry.example.org/stagework/operator:1.2"
    assert files.imagePullPolicy == "Always"


def test_every_setting_stands_in_the_values(chart: Rendered) -> None:
    settings = Settings.model_validate(chart.settings())
    missing = set(paths(settings.model_dump())) - set(paths(chart.settings()))
    assert missing <= SET_BY_THE_CHART


def paths(node: dict[str, Any], above: str = "") -> list[str]:
    """Dotted names of all leaves outside of lists."""
    leaves: list[str] = []
    for key, value in node.items():
        path = f"{above}{key}"
        leaves += (
            paths(cast("dict[str, Any]", value), f"{path}.")
            if isinstance(value, dict) and value
            else [path]
        )
    return leaves


def test_the_fleet_has_three_classes(chart: Rendered) -> None:
    fleet = Settings.model_validate(chart.settings()).fleet
    classes = [
        (machine.key, machine.slotsPerNode, machine.mayBeAway) for machine in fleet.machineClasses
    ]
    assert classes == [("gpu", 2, False), ("macmini", 2, False), ("macbook", 1, True)]
    for machine in fleet.machineClasses:
        assert machine.nodeSelector == {"stagework.dev/machine": machine.key}
        assert machine.label


def test_the_chart_knows_no_stage(chart: Rendered) -> None:
    assert Settings.model_validate(chart.settings()).fleet.stageClasses == {}


def test_on_the_dev_cluster_every_stage_of_the_samples_has_its_class() -> None:
    rendered = render(yaml.safe_load(DEV_VALUES.read_text()))
    classes = Settings.model_validate(rendered.settings()).fleet.stageClasses
    expected = {
        ("gpu",): "extract embed chunk markdown preview thumbnail fulltext stt "
        "img_gen vlm_analyze yolo_detect overlay",
        ("macmini",): "classify summarize planner ocr_eval readability_eval iou_eval",
        ("macbook",): "vlm_judge",
        ("macbook", "macmini"): "deep_summary",
    }
    assert classes == {stage: keys for keys, names in expected.items() for stage in names.split()}


def test_s3_settings_name_the_mounted_keys() -> None:
    s3 = {"enabled": True, "endpoint": "https://s3", "bucket": "b", "secretName": "s3-keys"}
    rendered = render({"artifacts": {"s3": {**s3, "prefix": "team"}}})
    settings = Settings.model_validate(rendered.settings())
    assert settings.artifacts.s3 is not None
    assert settings.artifacts.s3.accessKeyIdFile == "/etc/stagework-s3/accessKeyId"
    assert settings.artifacts.s3.prefix == "team"
    mounts = rendered.pod_specs()["Deployment/stagework-api"]["containers"][0]["volumeMounts"]
    assert {"name": "s3", "mountPath": "/etc/stagework-s3", "readOnly": True} in mounts


def test_model_endpoints_are_settings_and_their_keys_are_mounted_in_the_api_service_only() -> None:
    chat = {"url": "http://models:8000/v1", "model": "m", "keyFile": "/etc/stagework-models/chat"}
    rendered = render(
        {"settings": {"models": {"chat": chat}}, "api": {"modelKeysSecret": "model-keys"}}
    )
    models = Settings.model_validate(rendered.settings()).models
    assert list(models.roles()) == ["chat"]
    pods = rendered.pod_specs()
    mount = {"name": "model-keys", "mountPath": "/etc/stagework-models", "readOnly": True}
    having = [name for name, pod in pods.items() if mount in pod["containers"][0]["volumeMounts"]]
    assert having == ["Deployment/stagework-api"]


def test_stores_of_items_are_settings_and_their_keys_are_mounted_in_the_api_service_only() -> None:
    store = {
        "name": "photos",
        "endpoint": "https://s3.example.org",
        "bucket": "photos",
        "accessKeyIdFile": "/etc/stagework-stores/id",
        "secretAccessKeyFile": "/etc/stagework-stores/key",
        "namespaces": ["team"],
    }
    rendered = render(
        {"settings": {"batches": {"stores": [store]}}, "api": {"storeKeysSecret": "store-keys"}}
    )
    (found,) = Settings.model_validate(rendered.settings()).batches.stores
    assert (found.serves("team"), found.serves("other")) == (True, False)
    pods = rendered.pod_specs()
    mount = {"name": "store-keys", "mountPath": "/etc/stagework-stores", "readOnly": True}
    having = [name for name, pod in pods.items() if mount in pod["containers"][0]["volumeMounts"]]
    assert having == ["Deployment/stagework-api"]


def test_a_store_whose_address_has_a_password_or_no_namespace_is_refused() -> None:
    changes: list[dict[str, object]] = [
        {"endpoint": "https://me:secret@s3"},
        {"namespaces": []},
        {"bucket": "A_b"},
    ]
    for change in changes:
        store = {
            "name": "photos",
            "endpoint": "https://s3.example.org",
            "bucket": "photos",
            "accessKeyIdFile": "/id",
            "secretAccessKeyFile": "/key",
            "namespaces": ["team"],
            **change,
        }
        with pytest.raises(RefusedValues, match=next(iter(change))):
            render({"settings": {"batches": {"stores": [store]}}})


def test_a_models_address_with_a_password_in_it_is_refused() -> None:
    chat = {"url": "http://me:secret@models/v1", "model": "m"}
    with pytest.raises(RefusedValues, match="url"):
        render({"settings": {"models": {"chat": chat}}})


def test_pods_of_a_class_may_have_a_runtime_and_a_priority() -> None:
    machine = {"key": "gpu", "nodeSelector": {"a": "b"}, "runtimeClassName": "nvidia"}
    fleet = {"machineClasses": [{**machine, "priorityClassName": "batch"}]}
    pods = {"imagePullSecrets": [{"name": "my-registry"}]}
    rendered = render({"settings": {"fleet": fleet, "stagePods": pods}})
    settings = plan_settings(Settings.model_validate(rendered.settings()))
    (found,) = settings.fleet.machineClasses
    assert (found.runtimeClassName, found.priorityClassName) == ("nvidia", "batch")
    assert settings.pod_defaults.pull_secrets == ("my-registry",)


@pytest.mark.parametrize("name", ["Nvidia", "a/b", "-a"])
def test_a_runtime_that_cannot_be_there_is_refused(name: str) -> None:
    machine = {"key": "gpu", "nodeSelector": {"a": "b"}, "runtimeClassName": name}
    with pytest.raises(RefusedValues, match="runtimeClassName"):
        render({"settings": {"fleet": {"machineClasses": [machine]}}})


def test_large_numbers_stay_whole_numbers() -> None:
    rendered = render({"settings": {"artifacts": {"maxFileBytes": 10**12}}})
    assert rendered.settings()["artifacts"]["maxFileBytes"] == 10**12


def test_another_fleet_is_accepted() -> None:
    fleet = {
        "machineClasses": [
            {
                "key": "big",
                "nodeSelector": {"size": "big"},
                "tolerations": [{"key": "big", "operator": "Exists", "effect": "NoSchedule"}],
                "resources": {"nvidia.com/gpu": 1, "memory": "2Gi", "cpu": 10**9},
            }
        ],
        "stageClasses": None,
    }
    rendered = render({"settings": {"fleet": fleet, "stagePods": {"cpuRequest": 1}}})
    settings = Settings.model_validate(rendered.settings())
    assert settings.fleet.classes_of("x", ()) == ("big",)
    (machine,) = settings.fleet.machineClasses
    assert machine.resources["nvidia.com/gpu"] == settings.stagePods.cpuRequest == "1"
    assert float(machine.resources["cpu"]) == 10**9


POSTGRESQL = {"enabled": True, "host": "db.example.org", "secretName": "db", "user": "sw"}


def test_postgresql_gets_its_password_from_a_file_of_the_secret() -> None:
    rendered = render({"history": {"postgresql": POSTGRESQL}})
    history = Settings.model_validate(rendered.settings()).history.postgresql
    assert history is not None
    assert (history.host, history.port, history.user) == ("db.example.org", 5432, "sw")
    assert history.passwordFile == "/etc/stagework-postgresql/password"
    assert (history.tls.mode, history.tls.caFile) == ("prefer", "")


def test_postgresql_is_known_by_certificates_of_a_secret() -> None:
    tls = {"mode": "verify-full", "secretName": "tls", "certKey": "tls.crt", "keyKey": "tls.key"}
    rendered = render({"history": {"postgresql": {**POSTGRESQL, "tls": tls}}})
    history = Settings.model_validate(rendered.settings()).history.postgresql
    assert history is not None
    folder = "/etc/stagework-postgresql-tls"
    assert history.tls.model_dump() == {
        "mode": "verify-full",
        "caFile": f"{folder}/ca.crt",
        "certFile": f"{folder}/tls.crt",
        "keyFile": f"{folder}/tls.key",
    }
