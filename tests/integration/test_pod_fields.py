"""What a stage may give to its Pod: nonsense and others' names are refused at `kubectl apply`."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.kubectl import Kubectl
from tests.integration.objects import Document, inline_run, named_run, pipeline, stage

Build = Callable[[str], Document]


def one(**fields: Any) -> Build:
    return lambda namespace: inline_run(namespace, stage(**fields))


def volume(path: str = "/v", **fields: Any) -> Build:
    return one(volumes=[{"name": "v", "mountPath": path, **fields}])


def in_memory(size: Any, limit: str = "", **fields: Any) -> Build:
    volumes = [{"name": "v", "mountPath": "/dev/shm", "emptyDir": size, "medium": "Memory"}]
    resources = {"limits": {"memory": limit}} if limit else {}
    return one(volumes=volumes, resources=resources, **fields)


def item(path: str, key: str = "a") -> Build:
    return volume(secret="s", items=[{"key": key, "path": path}])


def run(**fields: Any) -> Build:
    return lambda namespace: named_run(namespace, **fields)


def own_run(**fields: Any) -> Build:
    return lambda namespace: inline_run(namespace, **fields)


def of_params(*params: Document) -> Build:
    return lambda namespace: pipeline(namespace, params=list(params))


def stages(*names: str) -> Build:
    return lambda namespace: pipeline(namespace, *(stage(name) for name in names))


OWN = "is for the operator or Kubernetes to set: use a name without prefix, or with a domain"
NO_NAME = "is no name: write one such as team, or example.org/team"
TAKEN = (
    *("stagework.dev/run-uid", "kubernetes.io/hostname", "app.kubernetes.io/name", "k8s.io/a"),
    *("pod-security.kubernetes.io/enforce", "deep.down.stagework.dev/a", "batch.k8s.io/x"),
)
WITHIN = "a path within a volume has no part `.`, and none that begins with `..`"
ALIKE = "differ by `-` and `_` alone"

REFUSALS: dict[str, tuple[Build, str]] = {
    "shared memory on the disk": (
        volume("/dev/shm", emptyDir="1Gi"),
        "/dev/shm is shared memory: give emptyDir its size, and medium: Memory",
    ),
    "shared memory of a claim": (
        volume("/dev/shm/", persistentVolumeClaim="c"),
        "/dev/shm is shared memory",
    ),
    "something below it": (
        volume("/dev/shm/a", emptyDir="1Gi", medium="Memory"),
        "mountPath is taken by the operator or the system",
    ),
    "a medium of a claim": (
        volume(persistentVolumeClaim="c", medium="Memory"),
        "medium: Memory goes with emptyDir",
    ),
    "another medium": (volume(emptyDir="1Gi", medium="HugePages"), 'supported values: "Memory"'),
    "memory without end": (in_memory("0"), "a folder in memory has a size above 0"),
    "memory without end, as a number": (in_memory(0), "a folder in memory has a size above 0"),
    "more in memory than the stage may have": (
        in_memory("2Gi", "1Gi"),
        "what lies in volumes with medium: Memory counts as memory of the stage",
    ),
    "as much in memory as the stage may have": (
        in_memory("1Gi", "1024Mi"),
        "make them smaller together than resources.limits.memory, or raise that",
    ),
    "an item of a claim": (
        volume(persistentVolumeClaim="c", items=[{"key": "a", "path": "b"}]),
        "items, defaultMode and optional go with configMap or secret",
    ),
    "a mode of an empty folder": (
        volume(emptyDir="1Gi", defaultMode=0o555),
        "items, defaultMode and optional go with configMap or secret",
    ),
    "two sources": (
        volume(secret="s", configMap="c"),
        "give exactly one of emptyDir, configMap, secret and persistentVolumeClaim",
    ),
    "a Secret of another namespace": (volume(secret="other/s"), "should match"),
    "no items": (volume(secret="s", items=[]), "should have at least 1 items"),
    "two keys as one file": (
        volume(secret="s", items=[{"key": "a", "path": "f"}, {"key": "b", "path": "f"}]),
        "Duplicate value",
    ),
    "a mode with a sticky bit": (volume(secret="s", defaultMode=0o1777), "less than or equal"),
    **{f"the file {path!r}": (item(path), WITHIN) for path in ("../a", "a/../b", "..a", "./a")},
    **{f"the file {path!r}": (item(path), "should match") for path in ("/a", "a//b", "a/", "")},
    "a key that is a folder": (item("a", key=".."), "should match"),
    "a sub-path above": (volume(persistentVolumeClaim="c", subPath="a/../../b"), WITHIN),
    "an absolute sub-path": (volume(persistentVolumeClaim="c", subPath="/a"), "should match"),
    "variables of nothing": (one(envFrom=[{}]), "give exactly one of configMapRef and secretRef"),
    "variables of two": (
        one(envFrom=[{"configMapRef": {"name": "c"}, "secretRef": {"name": "s"}}]),
        "give exactly one of configMapRef and secretRef",
    ),
    "variables of the operator's": (
        one(envFrom=[{"prefix": "STAGEWORK_", "secretRef": {"name": "s"}}]),
        "names that begin with STAGEWORK_ are set by the operator: use another prefix",
    ),
    "a prefix that begins no variable": (
        one(envFrom=[{"prefix": "1", "secretRef": {"name": "s"}}]),
        "should match",
    ),
    "a working folder somewhere": (one(workingDir="srv"), "should match"),
    "a working folder with NUL": (one(workingDir="/a\0b"), "cannot hold the character NUL"),
    "a pull policy that is none": (one(imagePullPolicy="Sometimes"), "supported values"),
    **{f"the label {k}": (one(labels={k: "x"}), f"label {k} {OWN}") for k in TAKEN},
    **{f"the annotation {k}": (one(annotations={k: "x"}), f"annotation {k} {OWN}") for k in TAKEN},
    "the Job controller's label": (one(labels={"job-name": "x"}), f"label job-name {OWN}"),
    **{
        f"the label {k!r}": (one(labels={k: "x"}), NO_NAME)
        for k in ("-a", "a/b/c", "A.org/x", "a" * 64, "a b", "a..b/c")
    },
    "a label with a space": (one(labels={"a": "b c"}), "should match"),
    "a label of 64 letters": (one(labels={"a": "b" * 64}), "may not be more than 63"),
    "17 labels": (one(labels={f"l{i}": "" for i in range(17)}), "must have at most 16 items"),
    "annotations that leave no room": (
        one(annotations={f"a{i}": "가" * 400 for i in range(16)}),
        "all annotations of a stage together may have 16 KiB",
    ),
    "exit code 0 again": (one(retryOnExitCodes=[0]), "should be greater than or equal to 1"),
    "exit code 256": (one(retryOnExitCodes=[256]), "should be less than or equal to 255"),
    "an exit code twice": (one(retryOnExitCodes=[3, 3]), "Duplicate value"),
    "a run without time": (run(activeDeadlineSeconds=0), "should be greater than or equal to 1"),
    "a run with pull secrets of a Pipeline": (
        run(imagePullSecrets=[{"name": "s"}]),
        "imagePullSecrets goes with stages; those of a Pipeline stand in the Pipeline",
    ),
    "a pull secret twice": (
        own_run(imagePullSecrets=[{"name": "s"}, {"name": "s"}]),
        "Duplicate value",
    ),
    "a default that is no choice": (
        of_params({"name": "a", "default": "x", "enum": ["y"]}),
        "default must be one of enum",
    ),
    "a choice that is left open": (
        of_params({"name": "a", "enum": ["y"]}),
        "a param with enum that a run may leave out needs a default, or required: true",
    ),
    "no choice at all": (of_params({"name": "a", "enum": []}), "should have at least 1 items"),
    "a choice twice": (
        of_params({"name": "a", "required": True, "enum": ["y", "y"]}),
        "Duplicate value",
    ),
    "two stages that read alike": (stages("a-b", "a_b"), f"two stages have names that {ALIKE}"),
    "two params that are one variable": (
        of_params({"name": "a-b"}, {"name": "a_b"}),
        f"two params have names that {ALIKE}",
    ),
    "the same in a run": (own_run(params={"a-b": "1", "a_b": "2"}), ALIKE),
    "a stage name that ends with a dash": (one(name="a-"), "cannot end with `_` or `-`"),
    "defaults that no run could have": (
        of_params(*({"name": f"p{i}", "default": "x" * 2049} for i in range(32))),
        "all params together may have 64 KiB of UTF-8",
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refused(kubectl: Kubectl, what: str) -> None:
    build, sentence = REFUSALS[what]
    answer = kubectl.create(build("default"), dry_run=True)
    assert not answer.ok, f"accepted: {answer.out}"
    assert sentence in answer.err


ACCEPTED: dict[str, Build] = {
    "shared memory": in_memory("256Mi"),
    "shared memory below the limit": in_memory("1Gi", "2G"),
    "shared memory, as a number": in_memory(1048576, "2Mi"),
    "a request alone": in_memory("1Gi", retries=0),
    "a Secret as files": volume("/etc/keys", secret="ssh", defaultMode=0o400, optional=True),
    "one file among those of the image": volume("/etc/app.toml", configMap="c", subPath="a.toml"),
    "chosen keys": item("conf.d/a.conf", key="a.conf"),
    "a hidden file": item(".netrc"),
    "a folder of a claim": volume(persistentVolumeClaim="c", subPath="2026/shoes"),
    "variables of a ConfigMap": one(envFrom=[{"configMapRef": {"name": "c", "optional": True}}]),
    "labels": one(labels={"team": "red", "example.org/Team_1": "", "a": "b-C.d_1"}),
    "a mesh told to stay away": one(annotations={"sidecar.istio.io/inject": "false"}),
    "annotations of any text": one(annotations={"example.org/note": '{"a": "여름"}\n'}),
    "a domain that only looks like Kubernetes'": one(labels={"mykubernetes.io/a": "b"}),
    "exit codes": one(retryOnExitCodes=[1, 3, 137, 255]),
    "no exit code": one(retryOnExitCodes=[]),
    "a deadline": run(activeDeadlineSeconds=3600),
    "pull secrets of a run's own stages": own_run(imagePullSecrets=[{"name": "my-registry"}]),
    "a choice": of_params({"name": "size", "default": "s", "enum": ["s", "m"]}),
    "a choice that must be made": of_params({"name": "a", "required": True, "enum": ["s"]}),
    "a choice that may be left out": of_params({"name": "a", "enum": ["", "s"]}),
    "dashes": stages("a-b", "a-b-c", "b_c", "d-e_f"),
    "a dash in a param": own_run(params={"max-size": "3"}),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_accepted(kubectl: Kubectl, what: str) -> None:
    answer = kubectl.create(ACCEPTED[what]("default"), dry_run=True)
    assert answer.ok, answer.err


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ({}, {"activeDeadlineSeconds": 5}),
        ({"activeDeadlineSeconds": 5}, {"activeDeadlineSeconds": 6}),
        ({}, {"imagePullSecrets": [{"name": "s"}]}),
    ],
)
def test_a_run_keeps_its_deadline_and_its_pull_secrets(
    kubectl: Kubectl, namespace: str, before: Document, then: Document
) -> None:
    made = kubectl.create(inline_run(namespace, **before)).document()
    made["spec"] |= then
    answer = kubectl.replace(made)
    (field,) = then
    assert f"{field} cannot be changed after creation: make a new PipelineJob" in answer.err


def test_the_largest_stages_stay_within_the_budget(kubectl: Kubectl) -> None:
    """64 stages, each with as much of everything as it may have."""
    names = [f"{'s' * 37}-{i:02}" for i in range(64)]
    volumes = [
        {
            "name": f"v{i}",
            "mountPath": f"/{'m' * 40}/{i}",
            "secret": "s",
            "items": [{"key": f"{'k' * 20}{n}", "path": f"{'p' * 20}/{n}"} for n in range(8)],
        }
        for i in range(16)
    ]
    full: Document = {
        "volumes": volumes,
        "labels": {f"example.org/{'l' * 40}{i}": "v" * 20 for i in range(16)},
        "annotations": {f"example.org/{'l' * 40}{i}": "v" * 60 for i in range(16)},
        "envFrom": [{"secretRef": {"name": f"s{i}"}} for i in range(16)],
        "retryOnExitCodes": list(range(1, 33)),
    }
    answer = kubectl.create(pipeline("default", *(stage(n, **full) for n in names)), dry_run=True)
    assert answer.ok, answer.err
