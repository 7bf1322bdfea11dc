"""What `helm template` makes of the chart, as documents to ask questions of."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "stagework"
NAMESPACE = "stagework-system"
HELM_MISSING = (
    "helm is not there; mend: make tools, or name it: HELM=/path/to/helm pytest tests/chart"
)

Document = dict[str, Any]
Values = Mapping[str, Any]


class RefusedValues(Exception):  # noqa: N818 - what helm says, not a failure of ours
    """Helm refused; the text is helm's."""


def helm(*arguments: str, stdin: str | None = None) -> str:
    """Run helm; raises RefusedValues with what it says."""
    program = os.environ.get("HELM") or shutil.which("helm")
    assert program is not None, HELM_MISSING
    assert shutil.which(program) is not None, HELM_MISSING
    done = subprocess.run(
        [program, *arguments], input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RefusedValues(done.stderr)
    return done.stdout


def render(values: Values | None = None) -> "Rendered":
    """The chart with these values over its own; raises RefusedValues."""
    text = helm(
        *("template", "stagework", str(CHART), "--namespace", NAMESPACE),
        *("--kube-version", "1.34.0", "--values", "-"),
        stdin=json.dumps(values or {}),
    )
    # libyaml: a tenth of the time, and every test here renders.
    documents = cast("Iterator[Document | None]", yaml.load_all(text, yaml.CSafeLoader))
    return Rendered([document for document in documents if document])


class Rendered:
    """Documents of one rendering."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = list(documents)

    def of_kind(self, *kinds: str) -> list[Document]:
        """All documents of these kinds."""
        return [document for document in self.documents if document["kind"] in kinds]

    def one(self, kind: str, name: str) -> Document:
        """The document of that kind and name; there must be one."""
        (document,) = (
            document for document in self.of_kind(kind) if document["metadata"]["name"] == name
        )
        return document

    def names(self, kind: str) -> list[str]:
        """Names of all documents of a kind, sorted."""
        return sorted(document["metadata"]["name"] for document in self.of_kind(kind))

    def pod_specs(self) -> dict[str, Document]:
        """Every Pod that the chart makes, hooks too: `Kind/name` to its spec."""
        return {
            f"{document['kind']}/{document['metadata']['name']}": document["spec"]["template"][
                "spec"
            ]
            for document in self.of_kind("Deployment", "Job")
        }

    def rules(self) -> Iterator[tuple[str, Document]]:
        """Every RBAC rule with the name of its role."""
        for role in self.of_kind("Role", "ClusterRole"):
            for rule in cast("list[Document]", role["rules"]):
                yield role["metadata"]["name"], rule

    def settings(self) -> Document:
        """The settings file in the ConfigMap."""
        config = self.one("ConfigMap", "stagework-settings")
        return cast("Document", yaml.safe_load(config["data"]["settings.yaml"]))
