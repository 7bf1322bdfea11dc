"""What install, upgrade, test and uninstall do: CRDs kept, hooks cleared, notes that help."""

import ast
import re
import shutil
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from stagework.api.crds import definitions
from tests.chart.rendered import CHART, NAMESPACE, ROOT, Rendered, helm, render

SHOW_NOTES = """
kind: ConfigMap
data:
  notes: | {{- include (print $.Template.BasePath "/NOTES.txt") . | nindent 4 }}
"""


class TestCustomResourceDefinitions:
    def test_the_chart_has_those_of_the_types(self, chart: Rendered) -> None:
        rendered = {
            document["metadata"]["name"]: document
            for document in chart.of_kind("CustomResourceDefinition")
        }
        wanted = {
            definition["metadata"]["name"]: definition for definition in definitions().values()
        }
        assert rendered == wanted

    def test_they_stay_on_uninstall(self, chart: Rendered) -> None:
        for document in chart.of_kind("CustomResourceDefinition"):
            assert document["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"

    def test_nothing_else_stays(self, everything: Rendered) -> None:
        kept = [
            document["kind"]
            for document in everything.documents
            if "helm.sh/resource-policy" in document["metadata"].get("annotations", {})
        ]
        assert set(kept) == {"CustomResourceDefinition"}

    def test_they_can_be_left_to_somebody_else(self) -> None:
        assert render({"crds": {"enabled": False}}).of_kind("CustomResourceDefinition") == []


def test_every_namespaced_object_says_its_namespace(everything: Rendered) -> None:
    cluster = {
        "CustomResourceDefinition",
        "ClusterRole",
        "ClusterRoleBinding",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
    for document in everything.documents:
        expected = None if document["kind"] in cluster else NAMESPACE
        assert document["metadata"].get("namespace") == expected, document["metadata"]["name"]


class TestOptional:
    OFF = ("PodMonitor", "ServiceMonitor", "NetworkPolicy", "PodDisruptionBudget")

    def test_it_is_off_by_default(self, chart: Rendered) -> None:
        assert chart.of_kind(*self.OFF) == []

    def test_it_can_be_turned_on(self, everything: Rendered) -> None:
        monitor = everything.one("PodMonitor", "stagework-operator")
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert everything.names("NetworkPolicy") == ["stagework-api", "stagework-operator"]
        assert everything.names("PodDisruptionBudget") == ["stagework-operator"]

    def test_one_operator_has_no_disruption_budget_that_would_hold_up_a_drain(self) -> None:
        alone = render({"podDisruptionBudget": {"enabled": True}})
        assert alone.of_kind("PodDisruptionBudget") == []


class TestHelmTest:
    def hooks(self, chart: Rendered) -> list[dict[str, Any]]:
        return [
            document
            for document in chart.documents
            if "helm.sh/hook" in document["metadata"].get("annotations", {})
        ]

    def test_all_it_makes_is_deleted_on_success(self, chart: Rendered) -> None:
        assert len(self.hooks(chart)) == 5
        for hook in self.hooks(chart):
            notes = hook["metadata"]["annotations"]
            assert notes["helm.sh/hook"] == "test"
            assert "hook-succeeded" in notes["helm.sh/hook-delete-policy"]
            assert "before-hook-creation" in notes["helm.sh/hook-delete-policy"]

    def test_what_it_said_is_printed(self, chart: Rendered) -> None:
        notes = chart.one("Job", "stagework-test")["metadata"]["annotations"]
        assert notes["helm.sh/hook-output-log-policy"] == "hook-succeeded,hook-failed"

    def test_it_uses_the_standard_library_only(self) -> None:
        tree = ast.parse((CHART / "files" / "helm_test.py").read_text())
        modules = {
            name.partition(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert modules == {
            "http",
            "json",
            "os",
            "pathlib",
            "ssl",
            "sys",
            "time",
            "typing",
            "urllib",
        }

    def test_it_may_write_stages(self, chart: Rendered) -> None:
        rules = chart.one("Role", "stagework-test")["rules"]
        assert {"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]} in rules


class TestNotes:
    @pytest.fixture
    def notes(self, tmp_path: Path) -> str:
        """What `helm install` prints; only through another template does helm show it offline."""
        shutil.copytree(CHART, tmp_path / "chart")
        (tmp_path / "chart" / "templates" / "shown.yaml").write_text(SHOW_NOTES)
        text = helm(
            *("template", "first", str(tmp_path / "chart"), "--namespace", "team"),
            *("--kube-version", "1.34.0", "--show-only", "templates/shown.yaml"),
        )
        return cast("str", yaml.safe_load(text)["data"]["notes"])

    def test_they_give_four_commands_with_real_names(self, notes: str) -> None:
        commands = re.findall(r"^ +((?:kubectl|helm) .*)$", notes, re.MULTILINE)
        assert commands == [
            "kubectl get nodes -L stagework.dev/machine",
            "helm test first -n team",
            "kubectl get scheduledjobs -n team",
            "kubectl get pipelinejobs -A -w",
        ]

    def test_they_name_the_machine_classes(self, notes: str) -> None:
        assert "gpu, macmini, macbook" in notes


class TestInstallManifest:
    def documents(self) -> list[dict[str, Any]]:
        text = (ROOT / "manifests" / "install.yaml").read_text()
        return [document for document in cast("Any", yaml.safe_load_all(text)) if document]

    def test_namespace_and_definitions_come_first(self) -> None:
        kinds = [document["kind"] for document in self.documents()]
        assert kinds[:4] == ["Namespace", *["CustomResourceDefinition"] * 3]

    def test_the_namespace_enforces_restricted(self) -> None:
        metadata = self.documents()[0]["metadata"]
        assert metadata["name"] == NAMESPACE
        assert metadata["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}

    def test_it_has_what_the_chart_has_but_the_hooks(self, chart: Rendered) -> None:
        wanted = [
            document
            for document in chart.documents
            if "helm.sh/hook" not in document["metadata"].get("annotations", {})
        ]
        have = self.documents()[1:]
        assert len(have) == len(wanted)
        assert all(document in have for document in wanted)


def test_no_template_is_long() -> None:
    templates: list[Path] = [path for path in (CHART / "templates").rglob("*") if path.is_file()]
    assert max(len(path.read_text().splitlines()) for path in templates) <= 120
