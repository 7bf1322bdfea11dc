"""A kind beside ours is defined, guarded and asked for by the same registry: a real API server."""

from collections.abc import Iterator

import pytest
import yaml

from stagework.api.crds import definitions
from stagework.api.kinds import DEFINED, Kind, verbs
from tests.integration.kubectl import Kubectl
from tests.support.cluster.commands import Document
from tests.support.lamps import LAMP


@pytest.fixture(scope="module")
def with_lamps(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """The definitions of all kinds and of the test's own; afterwards those of all kinds again."""
    file = tmp_path_factory.mktemp("kinds") / "definitions.yaml"

    def define(*kinds: Kind) -> None:
        file.write_text(yaml.safe_dump_all(definitions(kinds).values()))
        kubectl.must("apply", "--server-side", "--force-conflicts", f"-f={file}")

    define(*DEFINED, LAMP)
    kubectl.must("wait", "--for=condition=Established", "--timeout=30s", f"crd/{LAMP.full_name}")
    yield kubectl
    define(*DEFINED)
    kubectl.must("delete", f"crd/{LAMP.full_name}")


def lamp(namespace: str, watts: int) -> Document:
    return {
        "apiVersion": LAMP.resource.api_version,
        "kind": LAMP.kind,
        "metadata": {"name": "hall", "namespace": namespace},
        "spec": {"watts": watts},
    }


def request(namespace: str, verb: str) -> Document:
    return {
        "apiVersion": LAMP.resource.api_version,
        "kind": "Intervention",
        "metadata": {"generateName": "ask-", "namespace": namespace},
        "spec": {"target": {"kind": LAMP.kind, "name": "hall"}, "verb": verb},
    }


def test_its_admission_rule_says_what_to_change(with_lamps: Kubectl, namespace: str) -> None:
    refused = with_lamps.create(lamp(namespace, 150))
    assert not refused.ok
    assert "lower spec.watts to 100" in refused.err
    assert with_lamps.create(lamp(namespace, 60)).ok


def test_its_verb_may_be_asked_for_and_no_other(with_lamps: Kubectl, namespace: str) -> None:
    assert with_lamps.create(request(namespace, "Switch")).ok
    refused = with_lamps.create(request(namespace, "Explode"))
    own = ", ".join(f'"{verb}"' for verb in verbs((*DEFINED, LAMP)))
    assert f"supported values: {own}" in refused.err
