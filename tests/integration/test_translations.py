"""The API server takes every translated manifest as it stands, and its namespace what it makes."""

import pytest

from stagework.api.base import Metadata
from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec
from stagework.children.stage_job import StageJob
from tests.integration.kubectl import Kubectl
from tests.integration.objects import Document
from tests.support.builders import GPU, make_fleet
from tests.support.builders.world import POD_DEFAULTS
from tests.support.translations import TRANSLATIONS, Translation


def name_of(translation: Translation) -> str:
    return translation.file


@pytest.mark.parametrize("translation", TRANSLATIONS, ids=name_of)
def test_the_api_server_takes_it(kubectl: Kubectl, translation: Translation) -> None:
    if translation.missing:
        pytest.skip(f"needs {', '.join(translation.missing)}")
    for document in translation.documents():
        answer = kubectl.create(_in(document, "default"), dry_run=True)
        assert answer.ok, f"{document['kind']}: {answer.err}"


def test_a_limit_range_gives_what_a_stage_does_not_name(kubectl: Kubectl, namespace: str) -> None:
    """A Pod of each stage, made as the Job controller would make it."""
    (translation,) = (t for t in TRANSLATIONS if t.file == "limit-range")
    limits, run = (_in(document, namespace) for document in translation.documents())
    kubectl.must("create", "-f", "-", stdin=limits)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    kubectl.run("create", "-n", namespace, "-f", "-", stdin=account)
    for pod in _pods(run, namespace):
        answer = kubectl.create(pod, dry_run=True)
        assert answer.ok, answer.err
        resources = answer.document()["spec"]["containers"][0]["resources"]
        assert set(resources["limits"]) >= {"cpu", "memory"}


def _in(document: Document, namespace: str) -> Document:
    metadata = {**document["metadata"], "namespace": namespace}
    return {**document, "metadata": metadata}


def _pods(run: Document, namespace: str) -> list[Document]:
    spec = PipelineJobSpec.model_validate(run["spec"])
    made = PipelineJob(metadata=Metadata(name="run", namespace=namespace, uid="u"), spec=spec)
    jobs = [
        StageJob(
            run=made,
            stage=stage,
            attempt=1,
            recreations=0,
            machine=GPU.model_copy(update={"resources": {}}),
            params={},
            fleet=make_fleet(),
            defaults=POD_DEFAULTS,
        )
        for stage in spec.stages or ()
    ]
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"pod-{number}", "namespace": namespace},
            "spec": job.manifest()["spec"]["template"]["spec"],
        }
        for number, job in enumerate(jobs)
    ]
