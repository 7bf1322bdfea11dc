"""Our definitions on a real API server: accepted, defaulted, explained, listed, selected."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
import yaml

from tests.integration.conftest import KINDS, ROOT, crd_files
from tests.integration.kubectl import Kubectl
from tests.integration.objects import (
    API_VERSION,
    Document,
    inline_run,
    intervention,
    made,
    named_run,
    pipeline,
    schedule,
    stage,
)

SEEN: dict[str, Document] = {
    "PipelineJob": {"summary": "Queued"},
    "Pipeline": {"stages": 2},
    "ScheduledJob": {"summary": "Scheduled"},
}
"""What the operator has written of each kind, once it has seen an object."""
UNUSABLE: Document = {
    "type": "Ready",
    "status": "False",
    "reason": "InvalidSpec",
    "message": "no such machine",
    "lastTransitionTime": "2026-01-02T03:04:05Z",
}


class TestAcceptance:
    def test_the_definitions_are_structural_and_within_the_cost_budget(
        self, kubectl: Kubectl
    ) -> None:
        for kind in KINDS:
            definition = kubectl.get("crd", f"{kind}.stagework.dev")
            conditions = {
                condition["type"]: condition["status"]
                for condition in definition["status"]["conditions"]
            }
            assert conditions["Established"] == "True"
            assert conditions["NamesAccepted"] == "True"
            assert "NonStructuralSchema" not in conditions

    def test_they_can_be_applied_by_a_client_too(self, kubectl: Kubectl) -> None:
        """Client-side apply keeps the whole text in an annotation of 256 KiB at most."""
        files = [f"-f={path}" for path in crd_files()]
        kubectl.must("apply", "--dry-run=server", "--server-side=false", *files)

    def test_nothing_written_is_pruned(self, kubectl: Kubectl) -> None:
        """The API server keeps every field of ours: none is misspelt or unknown to it."""
        for path in crd_files():
            wanted = yaml.safe_load(path.read_text())
            stored = kubectl.get("crd", wanted["metadata"]["name"])
            assert contains(stored["spec"]["versions"], wanted["spec"]["versions"])

    def test_names_short_names_and_category(self, kubectl: Kubectl) -> None:
        known = kubectl.must("api-resources", "--categories=stagework", "--no-headers").rows()
        assert {line[0]: line[1] for line in known} == {
            "pipelines": "pl",
            "pipelinejobs": "pj",
            "batches": "bt",
            "scheduledjobs": "schj",
            "interventions": "iv",
            "signins": "si",
        }


def contains(actual: Any, wanted: Any) -> bool:
    """All of `wanted` is in `found`, which may have more."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(
            key in actual and contains(actual[key], value)
            for key, value in cast("dict[str, Any]", wanted).items()
        )
    if isinstance(wanted, list):
        pairs = zip(cast("list[Any]", actual), cast("list[Any]", wanted), strict=True)
        return all(contains(have, want) for have, want in pairs)
    return actual == wanted


class TestAsWritten:
    """Defaults live in the operator: an object stays as a person wrote it."""

    @pytest.mark.parametrize("build", [pipeline, inline_run, named_run, schedule, intervention])
    def test_nothing_is_filled_in(
        self, kubectl: Kubectl, namespace: str, build: Callable[[str], Document]
    ) -> None:
        document = build(namespace)
        assert kubectl.create(document).document()["spec"] == document["spec"]

    def test_the_defaults_stand_in_the_explanation(self, kubectl: Kubectl) -> None:
        for field, default in (
            ("stages.timeoutSeconds", "3600"),
            ("stages.contract", "Files"),
            ("stages.env.secretKeyRef.optional", "false"),
            ("suspend", "false"),
        ):
            explained = kubectl.must("explain", f"pipelinejob.spec.{field}").out
            assert f"Default: {default}." in " ".join(explained.split())
        target = kubectl.must("explain", "intervention.spec.target.kind").out
        assert "Default: PipelineJob." in " ".join(target.split())

    @pytest.mark.parametrize("way", [["--server-side=false"], ["--server-side"]])
    def test_an_unchanged_file_is_unchanged(
        self, kubectl: Kubectl, namespace: str, way: list[str]
    ) -> None:
        documents = unchanged_files(namespace)
        apply = ("apply", *way, "-f", "-")
        kubectl.must(*apply, stdin=listed(documents))
        for kind, status in SEEN.items():
            # As the operator does at once; until then its default is not stored.
            see = ("patch", "-f", "-", "--subresource=status", "--type=merge")
            own = listed([document for document in documents if document["kind"] == kind])
            kubectl.must(*see, "-p", json.dumps({"status": status}), stdin=own)
        look = ("get", "-f", "-", "-o", "json")
        before = kubectl.must(*look, stdin=listed(documents)).document()
        again = kubectl.must(*apply, stdin=listed(documents)).out.splitlines()
        assert len(again) == len(documents)
        if way == ["--server-side=false"]:
            assert [line for line in again if not line.endswith(" unchanged")] == []
        assert kubectl.must(*look, stdin=listed(documents)).document() == before

    @pytest.mark.parametrize("way", [["--server-side=false"], ["--server-side"]])
    def test_tools_that_compare_find_no_difference(
        self, kubectl: Kubectl, namespace: str, way: list[str]
    ) -> None:
        documents = listed(unchanged_files(namespace))
        kubectl.must("apply", *way, "-f", "-", stdin=documents)
        compared = kubectl.run("diff", *way, "-f", "-", stdin=documents)
        assert (compared.ok, compared.out) == (True, ""), compared.err

    def test_a_run_that_nobody_has_seen_says_so(self, kubectl: Kubectl, namespace: str) -> None:
        kubectl.create(named_run(namespace, name="new"))
        run = kubectl.get("pj", "new", "-n", namespace)
        assert run["status"] == {"observedGeneration": -1}

    def test_absent_and_empty_dependencies_stay_different(
        self, kubectl: Kubectl, namespace: str
    ) -> None:
        stages = kubectl.create(
            pipeline(namespace, stage("a"), stage("b"), stage("c", dependsOn=[]))
        ).document()["spec"]["stages"]
        assert "dependsOn" not in stages[1]
        assert stages[2]["dependsOn"] == []

    def test_the_order_of_stages_is_kept(self, kubectl: Kubectl, namespace: str) -> None:
        names = ["z", "a", "m"]
        made = kubectl.create(inline_run(namespace, *map(stage, names))).document()
        assert [stage["name"] for stage in made["spec"]["stages"]] == names


def listed(documents: list[Document]) -> Document:
    """All in one, so that kubectl starts once."""
    return {"apiVersion": "v1", "kind": "List", "items": documents}


def unchanged_files(namespace: str) -> list[Document]:
    """One object with every kind of list item and nested object, and all samples."""
    full = stage(
        "one",
        contract="ExitCode",
        env=[{"name": "A", "configMapKeyRef": {"name": "c", "key": "k"}}, {"name": "B"}],
        resources={"limits": {"cpu": 1, "memory": "1Gi"}},
        volumes=[{"name": "v", "mountPath": "/v", "emptyDir": "1Gi"}],
    )
    params = [{"name": "size", "default": "1"}, {"name": "note"}]
    documents = [
        pipeline(namespace, full, stage("two"), name="full", params=params),
        inline_run(namespace, full, name="full", suspend=True),
        schedule(namespace, "full", timeZone="Asia/Seoul", startTime="2026-12-01T09:00"),
    ]
    for path in sorted((ROOT / "manifests" / "samples").rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if (
                document
                and document["apiVersion"] == API_VERSION
                and "name" in document["metadata"]
            ):
                document["metadata"]["namespace"] = namespace
                documents.append(document)
    return documents


class TestExplain:
    @pytest.mark.parametrize(
        ("path", "description"),
        [
            ("pipelinejob", "One run of a pipeline"),
            ("pipelinejob.spec.stages", "one class of machine"),
            ("pipelinejob.spec.stages.dependsOn", "only stages listed above"),
            ("pipelinejob.spec.stages.contract", "stagekit"),
            (
                "pipelinejob.status.stages.state",
                "Waiting, Deferred, Starting, Stuck, Running, Away",
            ),
            ("pipelines.stagework.dev.spec.params", "Values that a run gives"),
            ("intervention.spec.verb", "Retry: a new attempt"),
        ],
    )
    def test_it_reads_well(self, kubectl: Kubectl, path: str, description: str) -> None:
        assert description in " ".join(kubectl.must("explain", path).out.split())

    @pytest.mark.parametrize(
        "kind", ["pipeline", "pipelinejob", "scheduledjob", "intervention", "signin"]
    )
    def test_every_field_of_ours_has_a_description(self, kubectl: Kubectl, kind: str) -> None:
        name = next(
            plural for plural in KINDS if plural.startswith(kind) and len(plural) == len(kind) + 1
        )
        definition = kubectl.get("crd", f"{name}.stagework.dev")
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        for part in schema.keys() & {"spec", "status"}:
            assert undescribed(schema[part], part) == []


def undescribed(schema: dict[str, Any], path: str) -> list[str]:
    """Paths of the fields without a text."""
    missing = [] if schema.get("description") else [path]
    below: dict[str, Any] = schema.get("items", schema).get("properties", {})
    for name, field in below.items():
        missing += undescribed(field, f"{path}.{name}")
    return missing


STATUS = {
    "summary": "Running",
    "stage": "ocr_eval",
    "progress": "6/9",
    "machine": "macmini",
    "retries": 7,
    "node": "mini-1",
    "message": "the seventh of nine",
}


class TestColumnsAndSelectors:
    @pytest.fixture
    def runs(self, kubectl: Kubectl, namespace: str) -> str:
        """Two runs of two tenants, one of them under way; the namespace."""
        kubectl.create(named_run(namespace, name="red", of="ad-image", tenant="red"))
        kubectl.create(named_run(namespace, name="blue", of="document", tenant="blue"))
        patch = json.dumps({"status": STATUS})
        kubectl.must(
            *("patch", "pj", "red", "-n", namespace, "--subresource=status"),
            *("--type=merge", "-p", patch),
        )
        return namespace

    def test_get_shows_how_far_a_run_is(self, kubectl: Kubectl, runs: str) -> None:
        header, line = kubectl.must("get", "pipelinejobs", "red", "-n", runs).rows()
        assert header == ["NAME", "STATUS", "STAGE", "PROGRESS", "MACHINE", "AGE"]
        assert line[:-1] == ["red", "Running", "ocr_eval", "6/9", "macmini"]

    def test_wide_shows_why(self, kubectl: Kubectl, runs: str) -> None:
        header, line = kubectl.must("get", "pj", "red", "-n", runs, "-o", "wide").rows()
        assert header[6:] == ["RETRIES", "NODE", "TITLE", "DURATION", "MESSAGE"]
        assert line[6:8] == ["7", "mini-1"]
        assert " ".join(line[-4:]) == "the seventh of nine"

    @pytest.mark.parametrize(
        ("selector", "expected"),
        [
            ("status.summary=Running", ["red"]),
            ("status.summary!=Running", ["blue"]),
            ("spec.tenant=blue", ["blue"]),
            ("spec.pipelineRef.name=document", ["blue"]),
        ],
    )
    def test_field_selectors(
        self, kubectl: Kubectl, runs: str, selector: str, expected: list[str]
    ) -> None:
        listed = kubectl.get("pj", "-n", runs, f"--field-selector={selector}")
        assert [run["metadata"]["name"] for run in listed["items"]] == expected

    def test_interventions_of_one_run(self, kubectl: Kubectl, namespace: str) -> None:
        for target in ("red", "blue"):
            kubectl.create(intervention(namespace, target, reason="try"))
        rows = kubectl.must(
            "get", "iv", "-n", namespace, "--field-selector=spec.target.name=red"
        ).rows()
        assert rows[0][:7] == ["NAME", "VERB", "TARGET", "ANSWER", "REQUESTED", "AFFECTED", "BY"]
        assert [line[1:3] for line in rows[1:]] == [["Retry", "red"]]

    def test_pipelines_are_listed(self, kubectl: Kubectl, namespace: str) -> None:
        kubectl.create(pipeline(namespace, stage("img_gen"), stage("overlay"), name="ad"))
        status = {"stages": 2, "params": 0, "runs": 7}
        kubectl.must(
            *("patch", "pl", "ad", "-n", namespace, "--subresource=status", "--type=merge"),
            *("-p", json.dumps({"status": {**status, "conditions": [UNUSABLE]}})),
        )

        header, line = kubectl.must("get", "pipelines.stagework.dev", "-n", namespace).rows()
        assert header == ["NAME", "STAGES", "PARAMS", "RUNS", "AGE"]
        assert line[:4] == ["ad", "2", "0", "7"]
        header, line = kubectl.must("get", "pl", "-n", namespace, "-o", "wide").rows()
        assert header[5:] == ["READY", "MESSAGE"]
        assert line[5:] == ["False", "no", "such", "machine"]

    def test_nobody_has_looked_at_a_new_pipeline(self, kubectl: Kubectl, namespace: str) -> None:
        made = kubectl.create(pipeline(namespace, stage("img_gen"), name="ad")).document()
        assert made["status"] == {"observedGeneration": -1}


class TestScale:
    def test_kubectl_scale_changes_the_chunks_in_flight(
        self, kubectl: Kubectl, namespace: str
    ) -> None:
        spec = {"pipelineRef": {"name": "p"}, "items": {"manifest": "s3://b/list"}}
        assert kubectl.create(made("Batch", namespace, spec, name="many")).document()
        kubectl.must("scale", "batch", "many", "--replicas=3", "-n", namespace)
        assert kubectl.get("batch", "many", "-n", namespace)["spec"]["parallelism"] == 3
