"""What a stage and its machine class may give to a Pod beside image, command and environment."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from stagework.api.machines import MachineClass
from stagework.api.stages import Stage
from stagework.children.stage_job import StageJob
from tests.support.builders import GPU, MACMINI, make_fleet, make_run, make_stage
from tests.support.builders.world import POD_DEFAULTS


def _job(
    *,
    machine: MachineClass = MACMINI,
    params: Mapping[str, str] | None = None,
    pull_secrets: tuple[str, ...] = (),
    of_settings: tuple[str, ...] = (),
    **fields: Any,
) -> StageJob:
    stage: Stage = make_stage(**fields)
    return StageJob(
        run=make_run(stage),
        stage=stage,
        attempt=1,
        recreations=0,
        machine=machine,
        params=params or {},
        pull_secrets=pull_secrets,
        fleet=make_fleet(),
        defaults=replace(POD_DEFAULTS, pull_secrets=of_settings),
    )


def _template(job: StageJob) -> dict[str, Any]:
    return job.manifest()["spec"]["template"]


def _pod(job: StageJob) -> dict[str, Any]:
    return _template(job)["spec"]


def _container(job: StageJob) -> dict[str, Any]:
    (container,) = _pod(job)["containers"]
    return container


def _volume(job: StageJob, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The volume of that name, and where it is mounted."""
    (volume,) = (v for v in _pod(job)["volumes"] if v["name"] == f"user-{name}")
    (mount,) = (m for m in _container(job)["volumeMounts"] if m["name"] == f"user-{name}")
    return volume, mount


def test_a_stage_that_names_none_of_them_has_none() -> None:
    pod, container = _pod(_job()), _container(_job())

    assert not {"imagePullSecrets", "runtimeClassName", "priorityClassName"} & set(pod)
    assert not {"workingDir", "envFrom"} & set(container)
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert all("subPath" not in mount for mount in container["volumeMounts"])


class TestMemory:
    SHARED: Mapping[str, Any] = {"name": "shm", "mountPath": "/dev/shm", "medium": "Memory"}

    def test_shared_memory_is_a_folder_in_memory_with_a_limit(self) -> None:
        volume, mount = _volume(_job(volumes=[{**self.SHARED, "emptyDir": "1Gi"}]), "shm")

        assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Gi"}
        assert mount == {"name": "user-shm", "mountPath": "/dev/shm", "readOnly": False}

    @pytest.mark.parametrize(
        ("resources", "request_"),
        [
            pytest.param({}, str((64 + 1024) * 1024**2), id="none: the default, and the folder"),
            pytest.param({"limits": {"memory": "2Gi"}}, "2Gi", id="a limit holds it already"),
            pytest.param({"requests": {"memory": "3Gi"}}, "3Gi", id="a request is believed"),
        ],
    )
    def test_what_lies_there_is_asked_for_as_memory(
        self, resources: dict[str, Any], request_: str
    ) -> None:
        job = _job(volumes=[{**self.SHARED, "emptyDir": "1Gi"}], resources=resources)

        assert _container(job)["resources"]["requests"]["memory"] == request_

    def test_a_folder_on_the_disk_is_not(self) -> None:
        job = _job(volumes=[{"name": "v", "mountPath": "/v", "emptyDir": "1Gi"}])

        assert _container(job)["resources"]["requests"]["memory"] == "64Mi"


class TestKeysAsFiles:
    def test_every_key_of_a_secret_is_a_file_that_cannot_be_written_to(self) -> None:
        volume, mount = _volume(
            _job(volumes=[{"name": "v", "mountPath": "/keys", "secret": "ssh"}]), "v"
        )

        assert volume["secret"] == {"secretName": "ssh"}
        assert mount["readOnly"] is True

    @pytest.mark.parametrize(
        ("kind", "named"),
        [("secret", {"secretName": "it"}), ("configMap", {"name": "it"})],
    )
    def test_chosen_keys_become_files_of_a_mode(self, kind: str, named: dict[str, str]) -> None:
        items = [{"key": "run.sh", "path": "bin/run"}]
        more: dict[str, Any] = {"items": items, "defaultMode": 0o555, "optional": True}
        volume, _ = _volume(
            _job(volumes=[{"name": "v", "mountPath": "/v", kind: "it", **more}]), "v"
        )

        assert volume[kind] == {**named, **more}

    def test_one_file_of_it_can_stand_among_those_of_the_image(self) -> None:
        fields = {"name": "v", "mountPath": "/etc/app.toml", "configMap": "c", "subPath": "app"}
        _, mount = _volume(_job(volumes=[fields]), "v")

        assert mount == {
            "name": "user-v",
            "mountPath": "/etc/app.toml",
            "subPath": "app",
            "readOnly": True,
        }


def test_whole_config_maps_and_secrets_become_variables() -> None:
    job = _job(
        envFrom=[
            {"configMapRef": {"name": "defaults"}},
            {"prefix": "DB_", "secretRef": {"name": "db", "optional": True}},
        ]
    )

    assert _container(job)["envFrom"] == [
        {"configMapRef": {"name": "defaults", "optional": False}},
        {"secretRef": {"name": "db", "optional": True}, "prefix": "DB_"},
    ]


def test_working_folder_and_pull_policy_are_the_stages_own() -> None:
    container = _container(_job(workingDir="/srv/app", imagePullPolicy="Always"))

    assert container["workingDir"] == "/srv/app"
    assert container["imagePullPolicy"] == "Always"


def test_labels_and_annotations_go_to_the_pod_and_not_to_the_job() -> None:
    job = _job(labels={"team": "red"}, annotations={"example.org/note": "hello"})
    meta = _template(job)["metadata"]

    assert meta["labels"]["team"] == "red"
    assert meta["annotations"]["example.org/note"] == "hello"
    assert "team" not in job.manifest()["metadata"]["labels"]


def test_what_the_operator_says_of_a_pod_is_not_replaced() -> None:
    """They are refused at apply; an object from before that rule must not forge anything."""
    forged = {"stagework.dev/run-uid": "another"}
    job = _job(labels=forged, annotations={"stagework.dev/params": "{}"}, params={"a": "1"})
    meta = _template(job)["metadata"]

    assert meta["labels"]["stagework.dev/run-uid"] == job.run.metadata.uid
    assert meta["annotations"]["stagework.dev/params"] == '{"a": "1"}'


def test_any_program_by_its_exit_code_has_annotations_too() -> None:
    job = _job(contract="ExitCode", annotations={"note": "hello"})

    assert _template(job)["metadata"]["annotations"] == {"note": "hello"}


def test_images_are_pulled_with_the_secrets_of_the_settings_and_of_the_pipeline() -> None:
    job = _job(of_settings=("company",), pull_secrets=("team", "company"))

    assert _pod(job)["imagePullSecrets"] == [{"name": "company"}, {"name": "team"}]


def test_runtime_and_priority_are_those_of_the_machine_class() -> None:
    machine = GPU.model_copy(update={"runtimeClassName": "nvidia", "priorityClassName": "batch"})
    pod = _pod(_job(machine=machine))

    assert (pod["runtimeClassName"], pod["priorityClassName"]) == ("nvidia", "batch")


@pytest.mark.parametrize(
    "difference",
    [{"runtimeClassName": "gvisor"}, {"priorityClassName": "low"}, {"resources": {"cpu": "2"}}],
)
def test_classes_whose_pods_differ_cannot_share_a_job(difference: dict[str, Any]) -> None:
    other = MACMINI.model_copy(update=difference)

    assert not MACMINI.same_pods_as(other)
    assert not other.same_pods_as(MACMINI)
    assert MACMINI.same_pods_as(MACMINI.model_copy(update={"key": "other", "slotsPerNode": 9}))


def test_a_param_with_a_dash_is_a_variable_with_an_underscore() -> None:
    job = _job(params={"max-size": "3", "max_pages": "4"})
    env = {v["name"]: v.get("value") for v in _container(job)["env"]}

    assert env["STAGEWORK_PARAM_MAX_SIZE"] == "3"
    assert env["STAGEWORK_PARAM_MAX_PAGES"] == "4"
