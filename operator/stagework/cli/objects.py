"""Our objects on the API server, typed: read, list, create."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from stagework.api import names
from stagework.api.base import Metadata
from stagework.api.intervention import Intervention, InterventionSpec
from stagework.api.intervention_body import intervention_body
from stagework.api.kinds import INTERVENTION, PIPELINE, PIPELINEJOB, Kind
from stagework.api.pipeline import Pipeline, PipelineSpec
from stagework.api.pipelinejob import PipelineJob
from stagework.api.resources import ApiResource
from stagework.api.stages import Stage
from stagework.cli import replies
from stagework.cli.cluster import Cluster
from stagework.cli.stored_objects import good, one, pages, parts, path, read_as, readable

RUNS: Final = PIPELINEJOB.resource
PIPELINES: Final = PIPELINE.resource
INTERVENTIONS: Final = INTERVENTION.resource
_JSON: Final = {"Content-Type": "application/json"}


def read_run(raw: Mapping[str, Any]) -> PipelineJob:
    """A run as the API server sent it; raises Refused where this CLI is too old for it."""
    return read_as(PipelineJob, raw)


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
        return read_run(
            one(self._cluster, PIPELINEJOB, namespace, name, lists="stagework status -A")
        )

    def runs(self, namespace: str | None, *, only: str = "") -> Listing:
        """All runs of a namespace, or of all namespaces; `only` is a name."""
        listed = list(pages(self._cluster, PIPELINEJOB, namespace, only=only))
        runs, unreadable = readable(
            (raw for page in listed for raw in replies.items(page)), read_run
        )
        version = str(replies.mapping(listed[-1].get("metadata")).get("resourceVersion", ""))
        return Listing(tuple(runs), tuple(unreadable), version)

    def create(
        self,
        resource: ApiResource,
        namespace: str,
        body: Mapping[str, Any],
        *,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Make an object; the answer is the object. A dry run is judged and not stored."""
        answer = self._cluster.request(
            "POST",
            path(resource, namespace),
            query={"dryRun": "All"} if dry_run else {},
            body=json.dumps(body).encode(),
            headers=_JSON,
        )
        metadata = replies.mapping(body.get("metadata"))
        name = metadata.get("name") or metadata.get("generateName") or ""
        return good(answer, f"create {resource.kind.lower()} {name}")

    def change(
        self, kind: Kind, meta: Metadata, spec: Mapping[str, object], *, dry_run: bool
    ) -> None:
        """Change fields of a spec as a person may; a dry run is judged and not stored."""
        # The object that was read: one made anew under its name is another run.
        body = {"metadata": {"uid": meta.uid}, "spec": dict(spec)}
        answer = self._cluster.request(
            "PATCH",
            path(kind.resource, meta.namespace, meta.name),
            query={"dryRun": "All"} if dry_run else {},
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/merge-patch+json"},
        )
        good(answer, f"change {kind.kind.lower()} {meta.name}")

    def intervention(self, namespace: str, name: str) -> Intervention:
        """One Intervention, with its answer as far as there is one."""
        answer = self._cluster.request("GET", path(INTERVENTIONS, namespace, name))
        return Intervention.model_validate(parts(good(answer, f"get intervention {name}")))

    def intervene(self, target: Metadata, spec: InterventionSpec) -> Intervention:
        """Ask for something: an Intervention that belongs to its target."""
        body = intervention_body(target, spec)
        owner = {"apiVersion": names.API_VERSION, "kind": spec.target.kind}
        owner |= {"name": target.name, "uid": target.uid}
        body["metadata"]["ownerReferences"] = [owner]
        return Intervention.model_validate(
            parts(self.create(INTERVENTIONS, target.namespace, body))
        )

    def me(self) -> str:
        """The caller's user name, as the API server knows it."""
        return str(self.user().get("username", ""))

    def user(self) -> dict[str, Any]:
        """The caller as the API server knows them: `username`, `uid`, `groups`, `extra`."""
        group = "authentication.k8s.io/v1"
        answer = self._cluster.request(
            "POST",
            f"/apis/{group}/selfsubjectreviews",
            body=json.dumps({"apiVersion": group, "kind": "SelfSubjectReview"}).encode(),
            headers=_JSON,
        )
        review = good(answer, "ask the API server who you are")
        return replies.mapping(replies.mapping(review.get("status")).get("userInfo"))

    def stages(self, run: PipelineJob) -> list[Stage]:
        """The stages that the run itself keeps.

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
        return [stage for stage in stages or () if run.status.stage_named(stage.name)]

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
