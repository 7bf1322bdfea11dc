"""`stagework doctor`: is everything there that a run needs? Each finding names the next command."""

from collections.abc import Callable
from typing import Final, TypeVar

import typer
import yaml
from pydantic import BaseModel, ValidationError

from stagework.cli.cluster import Cluster
from stagework.cli.errors import EXIT_FAILED, ClusterUnreachable, CommandError
from stagework.cli.installation import Crd, Deployment, Lease, Node, StorageClass
from stagework.cli.options import DEFAULT_RELEASE_NAMESPACE, ReleaseNamespace
from stagework.cli.replies import decoded, explain, items, mapping
from stagework.cli.service import SERVICE
from stagework.cli.session import Session, session_of
from stagework.cli.text import checks

PLURALS: Final = ("pipelinejobs", "pipelines", "interventions")
"""Kinds that must be there."""
OPERATOR: Final = "stagework-operator"
"""Name of the Deployment and of its Lease."""

Item = TypeVar("Item", bound=BaseModel)


def doctor(
    context: typer.Context, *, release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE
) -> None:
    """Check the API server, the kinds, operator, API service, machines and storage.

    Exit 0 where nothing fails (warnings do not count), else 1.
    """
    session = session_of(context)
    found = examine(session, release_namespace)
    session.terminal.lines(checks.report(found))
    if any(each.level == "fail" for each in found):
        raise typer.Exit(EXIT_FAILED)


def examine(session: Session, release: str) -> list[checks.Check]:
    """All findings; only the first where the API server does not answer."""
    try:
        cluster = session.cluster
        answer = cluster.request("GET", "/version", timeout_seconds=10)
    except CommandError as error:
        return [checks.Check("API server", "fail", error.message, error.command)]
    version = str(decoded(answer.body).get("gitVersion", f"answers {answer.status}"))
    look = _Looker(cluster)
    namespaced = f"namespaces/{release}"
    leases = f"/apis/coordination.k8s.io/v1/{namespaced}/leases/{OPERATOR}"
    deployments = f"/apis/apps/v1/{namespaced}/deployments"
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    found = [checks.Check("API server", "ok", f"{version} at {cluster.server}")]
    found += look.at(lambda: [checks.crds(look.listed(crds, Crd), PLURALS)], "CRDs")
    for title, name in (("Operator", OPERATOR), ("API service", SERVICE)):
        path = f"{deployments}/{name}"
        found += look.at(
            lambda path=path, title=title, name=name: [
                checks.deployment(title, name, release, look.one(path, Deployment))
            ],
            title,
        )
    found += look.at(
        lambda: [checks.leadership(OPERATOR, release, look.one(leases, Lease), session.now())],
        "Operator leads",
    )
    found += look.at(
        lambda: checks.machines(
            look.listed("/api/v1/nodes", Node), machine_classes(cluster, release)
        ),
        "Machines",
    )
    classes = "/apis/storage.k8s.io/v1/storageclasses"
    return found + look.at(
        lambda: [checks.storage(look.listed(classes, StorageClass))], "StorageClass"
    )


def machine_classes(cluster: Cluster, release: str) -> list[tuple[str, bool]]:
    """The settings' machine classes and whether they may be away; empty where unreadable."""
    path = f"/api/v1/namespaces/{release}/configmaps"
    answer = cluster.request(
        "GET", path, query={"labelSelector": "app.kubernetes.io/name=stagework"}
    )
    if not answer.good:
        return []
    for item in items(decoded(answer.body)):
        text = mapping(item.get("data")).get("settings.yaml")
        if not text:
            continue
        try:
            fleet = mapping(mapping(yaml.safe_load(text)).get("fleet"))
        except yaml.YAMLError:
            return []
        classes = items(fleet, "machineClasses")
        return [(str(each.get("key")), bool(each.get("mayBeAway"))) for each in classes]
    return []


class _Looker:
    """Reads objects; what cannot be read becomes a finding."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def at(self, examined: Callable[[], list[checks.Check]], title: str) -> list[checks.Check]:
        try:
            return examined()
        except ClusterUnreachable as error:
            return [checks.Check(title, "fail", error.message, error.command)]
        except CommandError as error:
            return [checks.Check(title, "warn", error.message, error.command)]

    def one(self, path: str, kind: type[Item]) -> Item | None:
        answer = self._cluster.request("GET", path)
        if answer.missing:
            return None
        if not answer.good:
            raise explain(answer, f"get {path.rsplit('/', 1)[-1]}")
        return _typed(kind, decoded(answer.body))

    def listed(self, path: str, kind: type[Item]) -> list[Item]:
        answer = self._cluster.request("GET", path)
        if not answer.good:
            raise explain(answer, f"list {path.rsplit('/', 1)[-1]}")
        return [_typed(kind, each) for each in items(decoded(answer.body))]


def _typed(kind: type[Item], raw: dict[str, object]) -> Item:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        raise CommandError(f"unexpected {kind.__name__}: {error.errors()[0]['msg']}") from error
