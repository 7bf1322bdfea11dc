"""Our own containers in the Pod of a Files stage, and what the stage's own gets with them."""

from typing import Any

import pytest

from stagekit import contract
from stagework.api.stages import Stage
from stagework.children.stage_job import StageJob
from tests.support.builders import GPU, make_fleet, make_run, make_stage
from tests.support.builders.world import POD_DEFAULTS

TOKEN_PLACE = "/var/run/stagework"


def _pod(**stage: Any) -> dict[str, Any]:
    return _template(**stage)["spec"]


def _template(*, given: dict[str, Any] | None = None, **stage: Any) -> dict[str, Any]:
    made = make_stage(**{"contract": "Files", **stage})
    job = StageJob(
        run=make_run(made, input=given or {"uri": "https://example.org/shoe.png"}),
        stage=made,
        attempt=2,
        recreations=0,
        machine=GPU,
        params={"prompt": "shoes"},
        fleet=make_fleet(),
        defaults=POD_DEFAULTS,
    )
    return job.manifest()["spec"]["template"]


def _mounts(container: dict[str, Any]) -> dict[str, bool]:
    return {m["mountPath"]: m.get("readOnly", False) for m in container["volumeMounts"]}


def _env(container: dict[str, Any]) -> dict[str, Any]:
    return {v["name"]: v.get("value", v.get("valueFrom")) for v in container["env"]}


def test_no_contract_means_files() -> None:
    assert Stage.model_validate({"name": "a", "image": "x"}).contract == "Files"


def test_one_fetches_before_the_stage_and_one_keeps_beside_it() -> None:
    fetch, keep = _pod()["initContainers"]

    assert (fetch["name"], keep["name"]) == ("stagework-fetch", "stagework-keep")
    assert "restartPolicy" not in fetch
    assert keep["restartPolicy"] == "Always"
    assert fetch["command"] == ["python3", "-m", "stagekit", "fetch"]
    assert keep["command"] == ["python3", "-m", "stagekit", "keep"]
    assert fetch["image"] == keep["image"] == "stagework/operator:0.2.0"


def test_the_token_is_seen_by_the_two_alone() -> None:
    pod = _pod(volumes=[{"name": "models", "mountPath": "/models", "emptyDir": "1Gi"}])
    (stage,) = pod["containers"]

    assert _mounts(stage) == {"/work": False, "/tmp": False, "/models": False}
    for helper in pod["initContainers"]:
        assert _mounts(helper)[TOKEN_PLACE] is True
    secret = {"STAGEWORK_API_URL", "STAGEWORK_TOKEN_FILE"}
    assert not secret & set(_env(stage))
    assert pod["automountServiceAccountToken"] is False
    assert "shareProcessNamespace" not in pod


def test_whoever_keeps_the_outputs_can_change_none() -> None:
    fetch, keep = _pod()["initContainers"]

    assert _mounts(fetch) == {"/work": False, TOKEN_PLACE: True}
    assert _mounts(keep) == {"/work": True, TOKEN_PLACE: True}


def test_all_three_are_the_same_user_and_restricted() -> None:
    """A file that the stage's user keeps to itself is among its outputs too."""
    pod = _pod(runAsUser=1234)

    assert pod["securityContext"]["runAsUser"] == 1234
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_two_state_what_they_need() -> None:
    stage, helper = _pod()["containers"][0], _pod()["initContainers"][0]

    assert helper["resources"] == POD_DEFAULTS.files.resources
    assert "nvidia.com/gpu" in stage["resources"]["limits"]
    assert "nvidia.com/gpu" not in str(helper["resources"])


def test_the_two_learn_whom_they_work_for() -> None:
    fetch, keep = map(_env, _pod()["initContainers"])

    for env in (fetch, keep):
        assert (env["STAGEWORK_STAGE"], env["STAGEWORK_ATTEMPT"]) == ("img_gen", "2")
        assert env["STAGEWORK_API_URL"] == POD_DEFAULTS.api_url
        assert env["STAGEWORK_TOKEN_FILE"] == f"{TOKEN_PLACE}/token"
        assert env["STAGEWORK_PARAMS_FILE"] == f"{TOKEN_PLACE}/params"
        assert "STAGEWORK_PARAM_PROMPT" not in env
    assert fetch["STAGEWORK_INPUT_URI"] == "https://example.org/shoe.png"
    assert keep["STAGEWORK_GRACE_SECONDS"] == "300"


def test_the_stage_finds_copies_of_what_it_may_know() -> None:
    (stage,) = _pod()["containers"]
    env = _env(stage)

    assert env["STAGEWORK_PARAM_PROMPT"] == "shoes"
    assert env["STAGEWORK_PARAMS_FILE"] == "/work/params.json"
    assert env["STAGEWORK_INPUTS_FILE"] == "/work/inputs.json"
    assert "stagework.dev/params" in _template()["metadata"]["annotations"]
    assert "STAGEWORK_ITEMS_FILE" not in env


def test_the_stage_learns_where_items_are_listed_and_where_to_say_what_became_of_them() -> None:
    items = {"uri": "artifact://team/batches/b-1", "from": 0, "to": 10}
    pod = _template(given={"items": items})["spec"]
    env = _env(pod["containers"][0])

    assert env["STAGEWORK_ITEMS_FILE"] == "/work/items.jsonl"
    assert env["STAGEWORK_ITEM_OUTCOMES_FILE"] == "/work/item-outcomes"
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert _env(container)["STAGEWORK_INPUT_ITEMS"] == "r0-0-10"


@pytest.mark.parametrize(
    ("command", "folder"), [([], None), (["sh", "-c", "cp in/a/x out/y"], "/work")]
)
def test_a_command_works_in_the_work_folder_and_an_images_own_entry_point_where_it_does(
    command: list[str], folder: str | None
) -> None:
    (stage,) = _pod(command=command, args=["--fast"])["containers"]

    assert stage.get("workingDir") == folder
    assert ("command" in stage) is bool(command)


def test_the_kubelet_asks_the_fence_on_behalf_of_the_stage() -> None:
    """Whatever the image can or cannot run, and though nobody sees its processes."""
    (stage,) = _pod()["containers"]
    probe = stage["livenessProbe"]

    assert probe["httpGet"] == {"path": contract.FENCE_PATH, "port": contract.FENCE_PORT}
    longest = contract.FENCE_SECONDS + probe["terminationGracePeriodSeconds"]
    longest += probe["periodSeconds"] * probe["failureThreshold"]
    assert longest < 90, "then it may be replaced"


def test_the_pod_has_the_time_to_store_its_outputs() -> None:
    files, mark = _pod(), _pod(contract="Mark")

    assert files["terminationGracePeriodSeconds"] == 300
    assert mark["terminationGracePeriodSeconds"] == 30
    assert files["activeDeadlineSeconds"] == mark["activeDeadlineSeconds"] + 300


@pytest.mark.parametrize("other", ["Mark", "ExitCode"])
def test_stages_of_the_other_contracts_have_nothing_of_all_this(other: str) -> None:
    pod = _pod(contract=other)

    assert "initContainers" not in pod
    assert not {"livenessProbe", "workingDir"} & set(pod["containers"][0])
