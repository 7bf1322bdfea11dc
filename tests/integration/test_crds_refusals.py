"""Bad input is refused at `kubectl apply`, each with a sentence that says what to change."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.integration.kubectl import Kubectl
from tests.integration.objects import (
    Document,
    inline_run,
    intervention,
    made,
    named_run,
    pipeline,
    stage,
)

Build = Callable[[str], Document]
TWO_SOURCES = {"value": "x", "secretKeyRef": {"name": "s", "key": "k"}}


def one_stage(**fields: Any) -> Build:
    return lambda namespace: inline_run(namespace, stage(**fields))


def stages(*listed: Document) -> Build:
    return lambda namespace: pipeline(namespace, *listed)


def env(**fields: Any) -> Build:
    return one_stage(env=[{"name": "A", **fields}])


def volume(path: str, **fields: Any) -> Build:
    return one_stage(volumes=[{"name": "v", "mountPath": path, "emptyDir": "1Gi", **fields}])


def volumes(*paths: str) -> Build:
    mounted = [{"mountPath": path, "emptyDir": "1Gi"} for path in paths]
    return one_stage(volumes=[{"name": f"v{i}", **each} for i, each in enumerate(mounted)])


def resources(**fields: Any) -> Build:
    return one_stage(resources=fields)


def run(**fields: Any) -> Build:
    return lambda namespace: named_run(namespace, **fields)


def bare(kind: str, **spec: Any) -> Build:
    return lambda namespace: made(kind, namespace, spec)


def ask(**fields: Any) -> Build:
    return lambda namespace: intervention(namespace, **fields)


MOUNT = "mountPath is taken by the operator or the system; use another, such as /models"
ORDER = "depends on a stage that is not listed above it: correct the name in its dependsOn"

IMAGE = "an image is named such as registry.example.org/team/tool:1.2, in lower case and without"
NO_IMAGES = (
    *("Registry.example.org/Team/Tool:1", "Tool:1", "stagework/tools:dev ", " tool", "a b"),
    *("tool:", "tool:a:b", "tool@sha256:abc", "/tool", "tool/", "a//b", "https://r/tool", "tool\n"),
)
NUL = "cannot hold the character NUL: no program could be given it; remove it"

TAKEN = (
    *("/work", "/work/", "/tmp", "/etc", "/proc/1", "/dev/shm/a", "/var/run", "/run/stagework"),
    *("/var/run/stagework/token", "/var//run/stagework", "/a/../work", "/work/.", "/tmp/./"),
)


def batch(**fields: Any) -> Build:
    """Of one item; a field that is None is left out."""
    items = {"inline": [{"uri": "s3://b/1.png"}]}
    spec = {"pipelineRef": {"name": "ad-image"}, "items": items, **fields}
    given = {name: value for name, value in spec.items() if value is not None}
    return lambda namespace: made("Batch", namespace, given)


LONG_ITEM = {"params": {"a": "x" * 4000, "b": "x" * 4000}}

REFUSALS: dict[str, tuple[Build, str]] = {
    "a batch of no source": (batch(items={}), "give exactly one of inline, configMapRef"),
    "a batch of two sources": (
        batch(items={"manifest": "s3://b/list", "inline": [{"uri": "s3://b/1"}]}),
        "give exactly one of inline, configMapRef",
    ),
    "an empty list of items": (batch(items={"inline": []}), "should have at least 1 items"),
    "a thousand and one items": (
        batch(items={"inline": [{"uri": "s3://b/1"}] * 1001}),
        "must have at most 1000 items",
    ),
    "items that are too long together": (
        batch(items={"inline": [LONG_ITEM] * 40}),
        "put them into a manifest and upload it",
    ),
    "an item of nothing": (batch(items={"inline": [{"id": "a"}]}), "an item needs a uri or params"),
    "an item of another scheme": (
        batch(items={"inline": [{"uri": "file:///etc/passwd"}]}),
        "should match",
    ),
    "a batch with stages": (batch(stages=[stage()]), 'unknown field "spec.stages"'),
    "a batch without its pipeline": (batch(pipelineRef=None), "spec.pipelineRef: Required value"),
    "chunks of no item": (batch(chunkSize=0), "should be greater than or equal to 1"),
    "chunks of both kinds": (batch(chunkSize=5, chunking={}), "give chunkSize or chunking"),
    "chunks with their limits the wrong way round": (
        batch(chunking={"min": 5, "max": 4}),
        "lower min or raise max",
    ),
    "no chunk in flight": (batch(parallelism=0), "should be greater than or equal to 1"),
    "too many chunks in flight": (batch(parallelism=257), "should be less than or equal to 256"),
    "a share above all": (batch(maxFailedItems="101%"), "should match"),
    "an input of nothing": (run(input={}), "input needs a uri or items"),
    "items from behind": (
        run(input={"items": {"uri": "artifact://ns/batches/u", "from": 5, "to": 5}}),
        "from must be below to",
    ),
    "a choice of two kinds": (
        ask(verb="Reprocess", select={"states": ["Failed"], "ids": ["a"]}),
        "give exactly one of states, ids and allBut",
    ),
    "a choice of items for a run": (
        ask(verb="Retry", select={"states": ["Failed"]}),
        "select names items for Reprocess",
    ),
    "a timeout for a retry": (
        ask(verb="Retry", timeoutSeconds=60),
        "timeoutSeconds goes with Recover",
    ),
    "a replacement of what must not run twice": (
        stages(stage("a", onNodeLost="Replace")),
        "onNodeLost: Replace may run a stage twice at once: add idempotent: true",
    ),
    "an empty spec": (bare("PipelineJob"), "give exactly one of pipelineRef and stages"),
    "both a Pipeline and stages": (
        run(stages=[stage()]),
        "give exactly one of pipelineRef and stages",
    ),
    "no stages": (bare("Pipeline", stages=[]), "should have at least 1 items"),
    "65 stages": (stages(*(stage(f"s{i}") for i in range(65))), "must have at most 64 items"),
    "1,000 stages": (stages(*(stage(f"s{i}") for i in range(1000))), "must have at most 64 items"),
    "duplicate stage names": (stages(stage("a"), stage("a")), 'Duplicate value: {"name":"a"}'),
    "an unknown dependency": (stages(stage("a"), stage("b", dependsOn=["c"])), f"stage b {ORDER}"),
    "a later dependency": (
        stages(stage("a"), stage("b", dependsOn=["c"]), stage("c")),
        f"stage b {ORDER}",
    ),
    "a cycle of two": (
        stages(stage("a", dependsOn=["b"]), stage("b", dependsOn=["a"])),
        f"stage a {ORDER}",
    ),
    "itself as dependency": (stages(stage("a", dependsOn=["a"])), f"stage a {ORDER}"),
    "a stage name of 41 characters": (one_stage(name="a" * 41), "may not be more than 40"),
    "a stage name with a path": (one_stage(name="../x"), "should match '^[a-z][a-z0-9_-]*$'"),
    "a stage name like a flag": (one_stage(name="-rf"), "should match"),
    "an upper-case stage name": (one_stage(name="Overlay"), "should match"),
    "a stage name with a picture": (one_stage(name="🙂"), "should match"),
    "a stage without name": (
        lambda n: inline_run(n, {"image": "x"}),
        "spec.stages[0].name: Required value",
    ),
    "a stage without image": (
        lambda n: inline_run(n, {"name": "a"}),
        "spec.stages[0].image: Required value",
    ),
    "an empty image": (one_stage(image=""), "should be at least 1 chars long"),
    "negative retries": (one_stage(retries=-1), "should be greater than or equal to 0"),
    "101 retries": (one_stage(retries=101), "should be less than or equal to 100"),
    "2^63 retries": (one_stage(retries=2**63), "retries"),
    "retries as text": (one_stage(retries="3"), 'must be of type integer: "string"'),
    "an end that there is not": (
        one_stage(runsIf="Skipped"),
        'supported values: "Succeeded", "Ended", "Failed"',
    ),
    "no stage at once": (run(parallelism=0), "should be greater than or equal to 1"),
    "more stages at once than there can be": (
        run(parallelism=65),
        "should be less than or equal to 64",
    ),
    "no time at all": (one_stage(timeoutSeconds=0), "should be greater than or equal to 1"),
    "more than a week": (one_stage(timeoutSeconds=10**9), "less than or equal to 604800"),
    "root": (one_stage(runAsUser=0), "should be greater than or equal to 1"),
    "an unknown contract": (
        one_stage(contract="Trust"),
        'supported values: "Files", "Mark", "ExitCode"',
    ),
    "a whole Pod's field": (one_stage(securityContext={}), 'unknown field "spec.stages[0].sec'),
    "a ServiceAccount": (one_stage(serviceAccountName="x"), "unknown field"),
    "a misspelt field": (run(prioritty=3), 'unknown field "spec.prioritty"'),
    "a host path": (volume("/models", hostPath="/"), "unknown field"),
    "two sources of a variable": (
        env(**TWO_SOURCES),
        "give one of value, configMapKeyRef and secretKeyRef",
    ),
    "a variable of the operator's": (
        env(name="STAGEWORK_RUN_UID", value="x"),
        "names that begin with STAGEWORK_ are set by the operator",
    ),
    "a when-down that is none": (
        env(name="STAGEWORK_WHEN_DOWN", value="perhaps"),
        "STAGEWORK_WHEN_DOWN must have the value builtin or defer or fail",
    ),
    "a when-down from elsewhere": (
        env(name="STAGEWORK_WHEN_DOWN", configMapKeyRef={"name": "c", "key": "k"}),
        "STAGEWORK_WHEN_DOWN must have the value builtin or defer or fail",
    ),
    "a model that is neither a folder nor an upload": (
        env(name="STAGEWORK_MODEL", value="https://example.org/model.onnx"),
        "STAGEWORK_MODEL must be a folder such as /models/shoes, or the artifact:// address",
    ),
    "a model from elsewhere": (
        env(name="STAGEWORK_MODEL", configMapKeyRef={"name": "c", "key": "k"}),
        "STAGEWORK_MODEL must be a folder such as /models/shoes, or the artifact:// address",
    ),
    "a variable without a proper name": (env(name="1A"), "should match"),
    "a Secret of another namespace": (
        env(secretKeyRef={"name": "s", "key": "k", "namespace": "kube-system"}),
        "unknown field",
    ),
    "two kinds of volume": (
        volume("/models", configMap="x"),
        "give exactly one of emptyDir, configMap, secret and persistentVolumeClaim",
    ),
    **{f"a volume at {path}": (volume(path), MOUNT) for path in TAKEN},
    "a volume at a relative path": (volume("models"), "should match"),
    "two volumes of one name": (
        one_stage(volumes=[{"name": "v", "mountPath": p, "emptyDir": "1Gi"} for p in ("/a", "/b")]),
        "Duplicate value",
    ),
    "two volumes at one path": (
        volumes("/data", "/models", "/data"),
        "two volumes are mounted at the same path: give each a mountPath of its own",
    ),
    "two volumes at one path in two spellings": (
        volumes("/data", "/data/"),
        "two volumes are mounted at the same path",
    ),
    "a ConfigMap with an impossible name": (
        one_stage(volumes=[{"name": "v", "mountPath": "/v", "configMap": "a..b"}]),
        "should match",
    ),
    "a key that is a folder": (env(configMapKeyRef={"name": "c", "key": ".."}), "should match"),
    "a stage name that cannot be a label": (
        one_stage(name="thumb_"),
        "a stage's name cannot end with `_` or `-`",
    ),
    **{f"the image {image!r}": (one_stage(image=image), IMAGE) for image in NO_IMAGES},
    "an amount without meaning": (resources(requests={"cpu": "lots"}), "should match"),
    "a negative amount": (resources(limits={"cpu": -1}), "greater than or equal to 0"),
    "half a number": (resources(limits={"cpu": 0.5}), '"number"'),
    "a request above its limit": (
        resources(requests={"cpu": "2"}, limits={"cpu": "1500m"}),
        "the request of cpu is above its limit: lower it to 1500m, or raise the limit to 2",
    ),
    "a request above its limit in other words": (
        resources(requests={"memory": "1Gi"}, limits={"memory": "1G"}),
        "the request of memory is above its limit",
    ),
    "a GPU without a limit": (
        resources(requests={"nvidia.com/gpu": 1}),
        "nvidia.com/gpu is counted, so it needs a limit: write it in limits",
    ),
    "a GPU with another request": (
        resources(requests={"nvidia.com/gpu": 1}, limits={"nvidia.com/gpu": 2}),
        "nvidia.com/gpu is counted, so it needs a limit: write it in limits, and in requests the",
    ),
    "half a GPU": (
        resources(limits={"nvidia.com/gpu": "500m"}),
        "limits: nvidia.com/gpu is counted, so it must be a whole number",
    ),
    "a resource without a domain": (
        resources(limits={"gpu": "1"}),
        "limits: there is no resource gpu: write cpu, memory, ephemeral-storage, or a name with",
    ),
    "large pages without a limit": (
        resources(requests={"hugepages-2Mi": "4Mi"}),
        "hugepages-2Mi is counted, so it needs a limit",
    ),
    "a priority of 1001": (run(priority=1001), "should be less than or equal to 1000"),
    "a Pipeline's name with a slash": (run(of="other/ad"), "should match"),
    "an input on the disk": (run(input={"uri": "file:///etc/passwd"}), "should match"),
    "a param with a bad name": (run(params={"a.b": "x"}), "each name must match"),
    "33 params": (run(params={f"p{i}": "" for i in range(33)}), "must have at most 32 items"),
    "a param with NUL": (run(params={"a": "x\0y"}), f"a param {NUL}"),
    "a default with NUL": (
        lambda n: pipeline(n, params=[{"name": "a", "default": "x\0y"}]),
        f"a param {NUL}",
    ),
    "a variable with NUL": (env(value="x\0y"), f"value {NUL}"),
    "an argument with NUL": (one_stage(args=["x\0y"]), f"an argument {NUL}"),
    "a command with NUL": (one_stage(command=["x\0y"]), f"an argument {NUL}"),
    "an input with NUL": (run(input={"uri": "s3://b/k\0"}), f"an address {NUL}"),
    "params of more bytes than a run may have": (
        run(params={f"p{i}": "가" * 683 for i in range(32)}),
        "all params together may have 64 KiB of UTF-8: shorten them, or give long texts as spec",
    ),
    "a param that is a number": (run(params={"size": 3}), 'must be of type string: "integer"'),
    "a title of 129 characters": (run(title="x" * 129), "may not be more than 128"),
    "an unknown verb": (ask(verb="Delete"), 'supported values: "Retry", "Skip"'),
    "a run of another kind": (
        bare("Intervention", verb="Retry", target={"kind": "Job", "name": "x"}),
        'supported values: "PipelineJob"',
    ),
    "a stop of some stages": (
        ask(verb="Stop", stages=["a"]),
        "Stop ends the whole run: leave `stages` out, or ask for Skip of some stages",
    ),
    "an attempt 0": (ask(attempt=0), "should be greater than or equal to 1"),
    "a stage asked for twice": (ask(stages=["a", "a"]), "Duplicate value"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refused(kubectl: Kubectl, what: str) -> None:
    build, sentence = REFUSALS[what]
    answer = kubectl.create(build("default"), dry_run=True)
    assert not answer.ok, f"accepted: {answer.out}"
    assert sentence in answer.err


ACCEPTED: dict[str, Build] = {
    "whole numbers as amounts": resources(
        requests={"cpu": 1}, limits={"cpu": 1, "nvidia.com/gpu": 1}
    ),
    "amounts in every way that Kubernetes knows": resources(
        requests={"cpu": "0.5", "memory": "1e9", "ephemeral-storage": ".5Gi"},
        limits={"cpu": "1500m", "memory": "2G", "hugepages-2Mi": "4Mi"},
    ),
    "a request as high as its limit": resources(requests={"cpu": "1000m"}, limits={"cpu": 1}),
    "a volume with a number of bytes": one_stage(
        volumes=[{"name": "v", "mountPath": "/v", "emptyDir": 1048576}]
    ),
    "volumes below one another": volumes("/data", "/data/more", "/data2"),
    "a hidden folder": volumes("/data/.cache"),
    "the longest params in Korean": run(params={f"p{i}": "가" * 682 for i in range(32)}),
    "one long param": run(params={"prompt": "x" * 65536}),
    "line breaks, tabs and bells": run(params={"a": "one\ntwo\t\a"}),
    "a title of 128 Korean letters": run(title="가" * 128),
    **{
        f"the image {image!r}": one_stage(image=image)
        for image in (
            "busybox",
            "library/debian:12-slim",
            "registry.example.org:5000/a/b__c/d-e.f:Tag_1.2",
            "REGISTRY/tool",
            f"example.org/tool:1@sha256:{'a' * 64}",
            "[::1]:5000/tool",
        )
    },
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_accepted(kubectl: Kubectl, what: str) -> None:
    answer = kubectl.create(ACCEPTED[what]("default"), dry_run=True)
    assert answer.ok, answer.err


class TestChanges:
    FIXED: dict[str, tuple[Document, Document]] = {
        "pipelineRef": ({}, {"pipelineRef": {"name": "other"}}),
        "params": ({"params": {"a": "1"}}, {"params": {"a": "2"}}),
        "input": ({"input": {"uri": "s3://b/k"}}, {"input": {"uri": "s3://b/l"}}),
        "title": ({"title": "shoes"}, {"title": "boots"}),
        "subject": ({}, {"subject": "doc-1"}),
        "tenant": ({"tenant": "red"}, {"tenant": "blue"}),
    }

    @pytest.mark.parametrize("field", FIXED)
    def test_a_run_is_as_it_was_made(self, kubectl: Kubectl, namespace: str, field: str) -> None:
        before, after = self.FIXED[field]
        run = kubectl.create(named_run(namespace, **before)).document()
        run["spec"] |= after
        answer = kubectl.replace(run)
        assert f"{field} cannot be changed after creation: make a new PipelineJob" in answer.err

    @pytest.mark.parametrize("change", ["image", "order", "more", "none"])
    def test_its_stages_are_as_they_were_made(
        self, kubectl: Kubectl, namespace: str, change: str
    ) -> None:
        run = kubectl.create(inline_run(namespace, stage("a"), stage("b"))).document()
        changed = deepcopy(run)
        spec = changed["spec"]
        if change == "image":
            spec["stages"][0]["image"] = "other"
        elif change == "order":
            spec["stages"].reverse()
        elif change == "more":
            spec["stages"].append(stage("c"))
        else:
            del spec["stages"]
            spec["pipelineRef"] = {"name": "x"}
        answer = kubectl.replace(changed)
        assert "stages cannot be changed after creation: make a new PipelineJob" in answer.err

    def test_suspend_priority_and_ttl_may_change(self, kubectl: Kubectl, namespace: str) -> None:
        run = kubectl.create(inline_run(namespace)).document()
        run["spec"] |= {"suspend": True, "priority": 7, "ttlSecondsAfterFinished": 60}
        assert kubectl.replace(run).ok

    def test_a_pipeline_may_change(self, kubectl: Kubectl, namespace: str) -> None:
        changed = kubectl.create(pipeline(namespace)).document()
        changed["spec"]["stages"] = [stage("x"), stage("y", dependsOn=["x"])]
        assert kubectl.replace(changed).ok

    def test_an_intervention_never_changes(self, kubectl: Kubectl, namespace: str) -> None:
        asked = kubectl.create(intervention(namespace)).document()
        asked["spec"]["verb"] = "Skip"
        assert "an Intervention cannot be changed: create a new one" in kubectl.replace(asked).err
        labelled = deepcopy(asked)
        labelled["spec"]["verb"] = "Retry"
        labelled["metadata"]["labels"] = {"seen": "true"}
        assert kubectl.replace(labelled).ok


class TestWorstCase:
    """The largest objects that the bounds allow stay within the API server's own budgets."""

    NAMES = [f"{'s' * 37}_{i:02}" for i in range(64)]

    def test_64_stages_with_16_dependencies_each(self, kubectl: Kubectl) -> None:
        largest = [
            stage(name, dependsOn=self.NAMES[max(0, i - 16) : i])
            for i, name in enumerate(self.NAMES)
        ]
        answer = kubectl.create(pipeline("default", *largest), dry_run=True)
        assert answer.ok, answer.err

    def test_its_last_fault_is_still_found_and_named(self, kubectl: Kubectl) -> None:
        names = self.NAMES
        largest = [stage(name, dependsOn=names[max(0, i - 16) : i]) for i, name in enumerate(names)]
        largest[-1]["dependsOn"] = [*names[-16:-1], "nobody"]
        answer = kubectl.create(pipeline("default", *largest), dry_run=True)
        assert f"stage {names[-1]} {ORDER}" in answer.err

    def test_full_lists_of_variables_volumes_and_resources(self, kubectl: Kubectl) -> None:
        variables = [{"name": f"V{i}", "value": "x"} for i in range(64)]
        counted = {f"example.org/{'d' * 40}-{i}": "12345" for i in range(8)}
        volumes = [
            {"name": f"v{i}", "mountPath": f"/{'m' * 200}/{i}", "emptyDir": "1Gi"}
            for i in range(16)
        ]
        full: Document = {
            "env": variables,
            "volumes": volumes,
            "resources": {"requests": counted, "limits": counted},
            "args": ["a" * 20] * 64,
        }
        largest = [stage(name, **full) for name in self.NAMES]
        answer = kubectl.create(pipeline("default", *largest), dry_run=True)
        assert answer.ok, answer.err

    def test_its_update_is_compared_within_the_budget(
        self, kubectl: Kubectl, namespace: str
    ) -> None:
        variables = [{"name": f"V{i}", "value": "x" * 100} for i in range(64)]
        run = inline_run(namespace, *(stage(name, env=variables) for name in self.NAMES))
        made_run = kubectl.create(run).document()
        made_run["spec"]["suspend"] = True
        answer = kubectl.replace(made_run)
        assert answer.ok, answer.err
