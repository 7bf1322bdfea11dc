"""The manifest of a stage's Job."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from stagework.api.machines import MachineClass, Toleration
from stagework.api.stages import Stage
from stagework.children.stage_job import StageJob
from tests.support.builders import GPU, MACBOOK, MACMINI, make_fleet, make_run, make_stage
from tests.support.builders.world import POD_DEFAULTS


def _job(
    stage: Stage | None = None,
    *,
    machine: MachineClass = GPU,
    params: Mapping[str, str] | None = None,
    attempt: int = 1,
    recreations: int = 0,
    **run: Any,
) -> StageJob:
    stage = stage or make_stage()
    return StageJob(
        run=make_run(stage, **run),
        stage=stage,
        attempt=attempt,
        recreations=recreations,
        machine=machine,
        params=params or {},
        fleet=make_fleet(),
        defaults=POD_DEFAULTS,
    )


def _pod(job: StageJob) -> dict[str, Any]:
    return job.manifest()["spec"]["template"]["spec"]


def _container(job: StageJob) -> dict[str, Any]:
    (container,) = _pod(job)["containers"]
    return container


def _env(job: StageJob) -> dict[str, Any]:
    return {v["name"]: v.get("value", v.get("valueFrom")) for v in _container(job)["env"]}


def test_a_job_makes_one_pod_once_and_retries_nothing_by_itself() -> None:
    spec = _job().manifest()["spec"]

    assert spec["backoffLimit"] == 0
    assert (spec["completions"], spec["parallelism"]) == (1, 1)
    assert spec["podReplacementPolicy"] == "Failed"
    assert "activeDeadlineSeconds" not in spec, "its clock would run while the Pod is held"
    assert "ttlSecondsAfterFinished" not in spec, "the operator removes it after the commit"
    assert _pod(_job())["restartPolicy"] == "Never"


def test_the_pod_is_held_by_our_gate_and_bound_to_no_class_yet() -> None:
    pod = _pod(_job())

    assert pod["schedulingGates"] == [{"name": "stagework.dev/turn"}]
    assert "nodeSelector" not in pod


def test_the_run_controls_the_job() -> None:
    meta = _job().manifest()["metadata"]

    (owner,) = meta["ownerReferences"]
    assert owner["controller"] is True
    assert (owner["kind"], owner["name"]) == ("PipelineJob", "ad-3b87")
    assert meta["labels"]["stagework.dev/run-uid"] == owner["uid"]
    assert meta["name"] == _job().name


@pytest.mark.parametrize("user", [None, 1234], ids=["default user", "another user"])
def test_the_pod_is_restricted(user: int | None) -> None:
    """Pod Security "restricted", with a read-only root besides."""
    job = _job(make_stage(runAsUser=user))
    context, inner = _pod(job)["securityContext"], _container(job)["securityContext"]

    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"] == (user or 10001)
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert _pod(job)["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in _pod(job)
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(_pod(job))


def test_only_narrow_kinds_of_volumes_are_mounted() -> None:
    stage = make_stage(
        volumes=[
            {"name": "models", "mountPath": "/models", "persistentVolumeClaim": "models"},
            {"name": "fonts", "mountPath": "/fonts", "configMap": "fonts"},
            {"name": "scratch", "mountPath": "/scratch", "emptyDir": "1Gi"},
        ]
    )
    job = _job(stage)

    kinds = {key for volume in _pod(job)["volumes"] for key in volume if key != "name"}
    mounts = {m["mountPath"]: m.get("readOnly", False) for m in _container(job)["volumeMounts"]}

    assert kinds == {"emptyDir", "projected", "persistentVolumeClaim", "configMap"}
    assert mounts["/work"] is False
    assert mounts["/tmp"] is False
    assert mounts["/fonts"] is True, "a ConfigMap can never be written to"
    assert mounts["/models"] is False
    assert mounts["/var/run/stagework"] is True
    names = [volume["name"] for volume in _pod(job)["volumes"]]
    assert len(set(names)) == len(names)


def test_the_token_is_for_our_audience_alone() -> None:
    (volume,) = (v for v in _pod(_job())["volumes"] if v["name"] == "stagework-info")

    token, info = volume["projected"]["sources"]
    assert token["serviceAccountToken"]["audience"] == "stagework"
    assert [item["path"] for item in info["downwardAPI"]["items"]] == ["inputs", "params"]


def test_any_program_by_its_exit_code_gets_no_token_and_its_params_as_environment() -> None:
    job = _job(make_stage(contract="ExitCode"), params={"prompt": "shoes"})

    assert all("emptyDir" in volume for volume in _pod(job)["volumes"])
    assert [mount["mountPath"] for mount in _container(job)["volumeMounts"]] == ["/work", "/tmp"]
    assert "annotations" not in job.manifest()["spec"]["template"]["metadata"]
    assert _env(job)["STAGEWORK_PARAM_PROMPT"] == "shoes"
    unknown = {"STAGEWORK_API_URL", "STAGEWORK_TOKEN_FILE", "STAGEWORK_INPUTS_FILE"}
    assert not {*unknown, "STAGEWORK_PARAMS_FILE"} & set(_env(job))


def test_the_stage_learns_who_it_is() -> None:
    env = _env(_job(make_stage("ocr_eval"), attempt=3))

    assert env["STAGEWORK_RUN"] == "ad-3b87"
    assert env["STAGEWORK_STAGE"] == "ocr_eval"
    assert env["STAGEWORK_ATTEMPT"] == "3"
    assert env["STAGEWORK_POD_UID"] == {"fieldRef": {"fieldPath": "metadata.uid"}}
    assert "STAGEWORK_INPUT_URI" not in env


@pytest.mark.parametrize("contract", ["Mark", "ExitCode"])
def test_what_has_happened_so_far_comes_from_annotations_that_its_turn_brings(
    contract: str,
) -> None:
    env = _env(_job(make_stage(contract=contract)))

    for name, key in (("OUTCOME_SO_FAR", "outcome-so-far"), ("OUTCOMES", "outcomes")):
        path = f"metadata.annotations['stagework.dev/{key}']"
        assert env[f"STAGEWORK_{name}"] == {"fieldRef": {"fieldPath": path}}


def test_the_input_of_the_run_is_named() -> None:
    job = _job(input={"uri": "https://example.org/shoes$1.png"})

    assert _env(job)["STAGEWORK_INPUT_URI"] == "https://example.org/shoes$$1.png"


ITEMS = {"uri": "artifact://team/batches/b-1", "round": 2, "from": 120, "to": 130}


def test_the_items_of_the_run_are_named_and_its_input_where_it_has_one_too() -> None:
    chunk = _env(_job(input={"items": ITEMS}))
    single = _env(_job(input={"uri": "https://example.org/a.png", "items": ITEMS}))

    assert chunk["STAGEWORK_INPUT_ITEMS"] == single["STAGEWORK_INPUT_ITEMS"] == "r2-120-10"
    assert "STAGEWORK_INPUT_URI" not in chunk
    assert single["STAGEWORK_INPUT_URI"] == "https://example.org/a.png"
    assert "STAGEWORK_INPUT_ITEMS" not in _env(_job())
    assert "STAGEWORK_ITEMS_FILE" not in chunk, "a stage that asks for itself has no list"


LITERALS = [
    ("costs $5", "costs $$5"),
    ("$(STAGEWORK_RUN)", "$$(STAGEWORK_RUN)"),
    ("$$", "$$$$"),
    ("price $€5, $가격", "price $$€5, $$가격"),
    ("plain", "plain"),
    ("여름 신발", "여름 신발"),
]


@pytest.mark.parametrize(("value", "written"), LITERALS)
def test_a_param_is_never_expanded(value: str, written: str) -> None:
    job = _job(params={"prompt": value})

    assert _env(job)["STAGEWORK_PARAM_PROMPT"] == written


@pytest.mark.parametrize(("value", "written"), LITERALS)
def test_a_variable_of_the_stage_is_never_expanded_either(value: str, written: str) -> None:
    job = _job(make_stage(env=[{"name": "A", "value": value}]))

    assert _env(job)["A"] == written


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("--prompt=$(STAGEWORK_PARAM_PROMPT)", "--prompt=$(STAGEWORK_PARAM_PROMPT)"),
        ("$$(STAGEWORK_RUN) costs $5", "$$(STAGEWORK_RUN) costs $5"),
        ("price $€5, $가격", "price $$€5, $$가격"),
        ("$$€ stays one escaped dollar", "$$€ stays one escaped dollar"),
        ("$$$가", "$$$$가"),
        ("가$", "가$"),
    ],
)
def test_kubernetes_expands_arguments_and_tears_no_character_apart(word: str, written: str) -> None:
    container = _container(_job(make_stage(command=[word], args=["-x", word])))

    assert container["command"] == [written]
    assert container["args"] == ["-x", written]


def test_home_is_a_folder_that_can_be_written_to() -> None:
    mounts = {mount["mountPath"]: mount for mount in _container(_job())["volumeMounts"]}

    assert "readOnly" not in mounts[_env(_job())["HOME"]]


def test_a_stage_may_name_another_home() -> None:
    container = _container(_job(make_stage(env=[{"name": "HOME", "value": "/tmp"}])))

    assert [v["value"] for v in container["env"] if v["name"] == "HOME"] == ["/tmp"]


def test_params_also_come_as_a_file_as_they_are() -> None:
    params = {"prompt": '$5 "shoes"\n여름', "size": ""}

    template = _job(params=params).manifest()["spec"]["template"]

    assert json.loads(template["metadata"]["annotations"]["stagework.dev/params"]) == params


def test_variables_of_the_stage_come_from_values_config_maps_and_secrets() -> None:
    stage = make_stage(
        env=[
            {"name": "STAGEWORK_METHOD", "value": "builtin"},
            {"name": "KEY", "secretKeyRef": {"name": "api", "key": "token"}},
            {"name": "FLAG", "configMapKeyRef": {"name": "c", "key": "k", "optional": True}},
            {"name": "EMPTY"},
        ]
    )
    env = _env(_job(stage))

    assert env["STAGEWORK_METHOD"] == "builtin"
    assert env["KEY"]["secretKeyRef"] == {"name": "api", "key": "token", "optional": False}
    assert env["FLAG"]["configMapKeyRef"]["optional"] is True
    assert env["EMPTY"] == ""


def test_command_and_args_replace_those_of_the_image_only_where_given() -> None:
    bare = _container(_job())
    full = _container(_job(make_stage(command=["sh", "-c"], args=["true"])))

    assert not {"command", "args"} & set(bare)
    assert (full["command"], full["args"]) == (["sh", "-c"], ["true"])


@pytest.mark.parametrize(
    ("resources", "machine", "requests", "limits"),
    [
        pytest.param(
            {}, MACMINI, {"cpu": "50m", "memory": "64Mi"}, None, id="defaults of the settings"
        ),
        pytest.param(
            {},
            GPU,
            {"cpu": "50m", "memory": "64Mi", "nvidia.com/gpu": "1"},
            {"nvidia.com/gpu": "1"},
            id="what every stage of the class gets",
        ),
        pytest.param(
            {"requests": {"cpu": "2"}, "limits": {"memory": "2Gi"}},
            MACMINI,
            {"cpu": "2", "memory": "2Gi"},
            {"memory": "2Gi"},
            id="a limit without a request is the request",
        ),
        pytest.param(
            {"requests": {"nvidia.com/gpu": "4"}},
            GPU,
            {"cpu": "50m", "memory": "64Mi", "nvidia.com/gpu": "1"},
            {"nvidia.com/gpu": "1"},
            id="the administrator's word is the last",
        ),
    ],
)
def test_resources_are_merged(
    resources: dict[str, Any],
    machine: MachineClass,
    requests: dict[str, str],
    limits: dict[str, str] | None,
) -> None:
    found = _container(_job(make_stage(resources=resources), machine=machine))["resources"]

    assert found["requests"] == requests
    assert found.get("limits") == limits


@pytest.mark.parametrize(
    ("given", "resources", "requests"),
    [
        ((), {}, {"cpu": "50m", "memory": "64Mi"}),
        (("memory",), {}, {"cpu": "50m"}),
        (("cpu", "memory", "nvidia.com/gpu"), {}, {}),
        (("memory",), {"requests": {"memory": "1Gi"}}, {"cpu": "50m", "memory": "1Gi"}),
        (("memory",), {"limits": {"memory": "1Gi"}}, {"cpu": "50m", "memory": "1Gi"}),
    ],
)
def test_what_the_namespace_gives_is_not_asked_for_unless_the_stage_says_so(
    given: tuple[str, ...], resources: dict[str, Any], requests: dict[str, str]
) -> None:
    job = _job(make_stage(resources=resources), machine=MACMINI)
    found = _container(replace(job, defaults=POD_DEFAULTS.within(given)))["resources"]

    assert found["requests"] == requests


def test_only_the_operator_removes_a_pod_from_a_node_that_is_away() -> None:
    tolerations = _pod(_job())["tolerations"]

    for state in ("not-ready", "unreachable"):
        assert {
            "key": f"node.kubernetes.io/{state}",
            "operator": "Exists",
            "effect": "NoExecute",
        } in tolerations


def test_taints_of_every_class_that_may_take_the_stage_are_tolerated() -> None:
    tainted = MACMINI.model_copy(
        update={"tolerations": (Toleration(key="mac", value="yes", effect="NoSchedule"),)}
    )
    stage = make_stage(runsOn=["gpu", "macmini"])
    job = replace(_job(stage), fleet=make_fleet(GPU, tainted, MACBOOK))

    keys = [toleration.get("key") for toleration in _pod(job)["tolerations"]]

    assert {"nvidia.com/gpu", "mac"} <= set(keys)


def test_tolerations_that_differ_in_one_word_are_always_in_the_same_order() -> None:
    same = [Toleration(key="k", operator=o, effect="NoSchedule") for o in ("Exists", "Equal")]
    written = {
        json.dumps(_pod(replace(_job(machine=m), fleet=make_fleet(m)))["tolerations"])
        for m in (
            GPU.model_copy(update={"tolerations": tuple(order)})
            for order in (same, list(reversed(same)))
        )
    }

    assert len(written) == 1


def test_the_backstop_leaves_room_for_the_operators_own_clocks() -> None:
    stage = make_stage(timeoutSeconds=60, startDeadlineSeconds=120)

    assert _pod(_job(stage))["activeDeadlineSeconds"] > 60 + 120


@pytest.mark.parametrize("runs_on", [["macbook"], ["gpu", "macbook"]])
def test_a_stage_that_may_run_on_a_sleeping_machine_has_no_backstop(runs_on: list[str]) -> None:
    assert "activeDeadlineSeconds" not in _pod(_job(make_stage(runsOn=runs_on)))


def test_title_subject_and_tenant_become_labels_where_they_can() -> None:
    job = _job(title="Summer shoes", subject="여름", tenant="brand-a")

    labels = job.manifest()["spec"]["template"]["metadata"]["labels"]

    assert labels["stagework.dev/title"] == "Summer-shoes"
    assert labels["stagework.dev/tenant"] == "brand-a"
    assert "stagework.dev/subject" not in labels


def test_nothing_in_a_manifest_depends_on_how_the_run_has_gone_so_far() -> None:
    """So the Job may be made ahead, and one from before a restart is the same to the byte."""
    early = _job()
    run = early.run
    moved = run.model_copy(
        update={
            "metadata": run.metadata.model_copy(update={"resourceVersion": "99", "generation": 7}),
            "spec": run.spec.model_copy(update={"suspend": True, "priority": 5}),
            "status": run.status.model_copy(update={"summary": "Running", "progress": "3/9"}),
        }
    )

    late = replace(early, run=moved)

    assert json.dumps(late.manifest()) == json.dumps(early.manifest())
