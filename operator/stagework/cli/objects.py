"""Our objects on the API server, typed: read, list, create."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from stagework.api import names
from stagework.api.base import Metadata, explain
from stagework.api.intervention import Intervention, InterventionSpec
from stagework.api.kinds import INTERVENTION, PIPELINE, PIPELINEJOB
from stagework.api.pipeline import Pipeline, PipelineSpec, effective_dependencies
from stagework.api.pipelinejob import PipelineJob
from stagework.api.resources import ApiResource, ObjectRef
from stagework.api.stages import Stage
from stagework.cli import replies
from stagework.cli.cluster import Answer, Cluster
from stagework.cli.errors import CommandError, NotThere, Refused
from stagework.cluster.client import paths

RUNS: Final = PIPELINEJOB.resource
PIPELINES: Final = PIPELINE.resource
INTERVENTIONS: Final = INTERVENTION.resource
_JSON: Final = {"Content-Type": "application/json"}
_PAGE: Final = "500"


def path(resource: ApiResource, namespace: str | None, name: str = "") -> str:
    """Path of a collection or of one object; no namespace means all of them."""
    if name:
        return paths.object_path(ObjectRef(resource, namespace or "", name))
    return paths.collection(resource, namespace or "")


def read_run(raw: Mapping[str, Any]) -> PipelineJob:
    """A run as the API server sent it; raises Refused where this CLI is too old for it."""
    try:
        return PipelineJob.model_validate(_parts(raw))
    except ValidationError as error:
        name = replies.mapping(raw.get("metadata")).get("name", "?")
        raise Refused(
            f"pipelinejob {name} has fields that this version does not know: {explain(error)}",
            command="pip install --upgrade stagework",
        ) from error


@dataclass(frozen=True, slots=True)
class Listing:
    """All runs at one moment."""

    runs: tuple[PipelineJob, ...]
    unreadable: tuple[str, ...]
    """A sentence for each run that this CLI cannot read."""
    version: str
    """resourceVersion from which to watch."""


class Objects:
    """The objects of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def run(self, namespace: str, name: str) -> PipelineJob:
        """One run; raises NotThere."""
        answer = self._cluster.request("GET", path(RUNS, namespace, name))
        if answer.missing and replies.names_the_object(answer):
            flag = "" if namespace == self._cluster.namespace else f" -n {namespace}"
            raise NotThere(
                f"there is no pipelinejob {name!r} in namespace {namespace!r}",
                command=f"stagework status{flag or ' -A'}",
            )
        return read_run(good(answer, f"get pipelinejob {name}"))

    def runs(self, namespace: str | None, *, only: str = "") -> Listing:
        """All runs of a namespace, or of all namespaces; `only` is a name."""
        runs: list[PipelineJob] = []
        unreadable: list[str] = []
        chosen = {"fieldSelector": f"metadata.name={only}"} if only else {}
        query = {"limit": _PAGE, **chosen}
        while True:
            answer = self._cluster.request("GET", path(RUNS, namespace), query=query)
            page = good(answer, f"list {RUNS.plural}")
            for raw in replies.items(page):
                try:
                    runs.append(read_run(raw))
                except Refused as error:
                    unreadable.append(error.message)
            metadata = replies.mapping(page.get("metadata"))
            if not metadata.get("continue"):
                version = str(metadata.get("resourceVersion", ""))
                return Listing(tuple(runs), tuple(unreadable), version)
            query = {"limit": _PAGE, **chosen, "continue": str(metadata["continue"])}

    def create(
        self, resource: ApiResource, namespace: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Make an object; the answer is the object."""
        answer = self._cluster.request(
            "POST", path(resource, namespace), body=json.dumps(body).encode(), headers=_JSON
        )
        metadata = replies.mapping(body.get("metadata"))
        name = metadata.get("name") or metadata.get("generateName") or ""
        return good(answer, f"create {resource.kind.lower()} {name}")

    def change(self, run: PipelineJob, spec: Mapping[str, object], *, dry_run: bool) -> None:
        """Change fields of a run's spec as a person may; a dry run is judged and not stored."""
        meta = run.metadata
        # The object that was read: one made anew under its name is another run.
        body = {"metadata": {"uid": meta.uid}, "spec": dict(spec)}
        answer = self._cluster.request(
            "PATCH",
            path(RUNS, meta.namespace, meta.name),
            query={"dryRun": "All"} if dry_run else {},
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/merge-patch+json"},
        )
        good(answer, f"change pipelinejob {meta.name}")

    def intervention(self, namespace: str, name: str) -> Intervention:
        """One Intervention, with its answer as far as there is one."""
        answer = self._cluster.request("GET", path(INTERVENTIONS, namespace, name))
        return Intervention.model_validate(_parts(good(answer, f"get intervention {name}")))

    def intervene(self, run: PipelineJob, spec: InterventionSpec) -> Intervention:
        """Ask for something: an Intervention that belongs to the run."""
        target = run.metadata
        body = {
            "apiVersion": names.API_VERSION,
            "kind": INTERVENTION.kind,
            "metadata": {
                "generateName": f"{target.name[:200]}-{spec.verb.lower()}-",
                "namespace": target.namespace,
                "ownerReferences": [
                    {
                        "apiVersion": names.API_VERSION,
                        "kind": PIPELINEJOB.kind,
                        "name": target.name,
                        "uid": target.uid,
                    }
                ],
            },
            "spec": spec.model_dump(mode="json", exclude_defaults=True)
            | {"verb": spec.verb, "target": spec.target.model_dump(mode="json")},
        }
        return Intervention.model_validate(
            _parts(self.create(INTERVENTIONS, target.namespace, body))
        )

    def me(self) -> str:
        """The caller's user name, as the API server knows it."""
        group = "authentication.k8s.io/v1"
        answer = self._cluster.request(
            "POST",
            f"/apis/{group}/selfsubjectreviews",
            body=json.dumps({"apiVersion": group, "kind": "SelfSubjectReview"}).encode(),
            headers=_JSON,
        )
        review = good(answer, "ask the API server who you are")
        user = replies.mapping(replies.mapping(review.get("status")).get("userInfo"))
        return str(user.get("username", ""))

    def dependencies(self, run: PipelineJob) -> dict[str, tuple[str, ...]]:
        """What each stage waits for, by the stages that the run itself keeps.

        In this order: the run's revision, its inline stages, the Pipeline of that name. That one
        may have changed since: of its stages only those count that the run has.
        """
        stages = self._revision_stages(run)
        if stages is None and run.spec.stages is not None:
            stages = list(run.spec.stages)
        if stages is None and run.spec.pipelineRef is not None:
            name = run.spec.pipelineRef.name
            answer = self._cluster.request("GET", path(PIPELINES, run.metadata.namespace, name))
            raw = good(answer, f"get pipeline {name}")
            stages = Pipeline(metadata=Metadata(name=name), spec=raw["spec"]).spec.stages
        dependencies = effective_dependencies(stages or [])
        return {name: above for name, above in dependencies.items() if run.status.stage_named(name)}

    def _revision_stages(self, run: PipelineJob) -> list[Stage] | None:
        name = run.status.pipelineRevision
        if not name:
            return None
        where = f"/apis/apps/v1/namespaces/{run.metadata.namespace}/controllerrevisions/{name}"
        answer = self._cluster.request("GET", where)
        if not answer.good:
            # Readers of our kinds need no right to read revisions.
            return None
        data = replies.mapping(replies.decoded(answer.body).get("data"))
        try:
            return PipelineSpec.model_validate(data).stages
        except ValidationError:
            return None


def good(answer: Answer, doing: str) -> dict[str, Any]:
    """The object of an answer; raises CommandError that says what `doing` came to."""
    if not answer.good:
        raise replies.explain(answer, doing)
    decoded = replies.decoded(answer.body)
    if not decoded:
        raise CommandError(f"{doing}: the answer is no JSON object", command="kubectl version")
    return decoded


def _parts(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: raw[key] for key in ("metadata", "spec", "status") if raw.get(key) is not None}
