"""`stagework doctor`: is everything there that a run needs? Each finding names the next command."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
import typer

from stagework.api.kinds import DEFINED
from stagework.api.observed import LeaseView, NodeView
from stagework.cli.cluster import Cluster
from stagework.cli.commands.session import Session, session_of
from stagework.cli.errors import EXIT_FAILED, ClusterUnreachable, CommandError
from stagework.cli.installation import Crd, Deployment, StorageClass
from stagework.cli.options import DEFAULT_RELEASE_NAMESPACE, ReleaseNamespace
from stagework.cli.release_settings import settings_file
from stagework.cli.replies import decoded, explain, items, mapping
from stagework.cli.service_errors import SERVICE
from stagework.cli.text import checks

OPERATOR: Final = "stagework-operator"
"""Name of the Deployment and of its Lease."""
_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_NODES: Final = "/api/v1/nodes"
_STORAGE_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"

Item = TypeVar("Item", bound=msgspec.Struct)


def doctor(
    context: typer.Context, *, release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE
) -> None:
    """Check the API server, the kinds, operator, API service, machines and storage.

    Exit 0 where nothing fails (warnings do not count), else 1.
    """
    session = session_of(context)
    findings = examine(session, release_namespace)
    session.terminal.lines(checks.report(findings))
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(EXIT_FAILED)


def examine(session: Session, release: str) -> list[checks.Check]:
    """All findings; only the first where the API server does not answer."""
    try:
        cluster = session.cluster
        answer = cluster.request("GET", "/version", timeout_seconds=10)
    except CommandError as error:
        return [checks.Check("API server", "fail", error.message, error.command)]
    version = str(decoded(answer.body).get("gitVersion", f"answers {answer.status}"))
    return [
        checks.Check("API server", "ok", f"{version} at {cluster.server}"),
        *_findings(session, _Reader(cluster), release),
    ]


def _findings(session: Session, reader: "_Reader", release: str) -> list[checks.Check]:
    plurals = [kind.plural for kind in DEFINED]
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{release}/leases/{OPERATOR}"

    def deployment(title: str, name: str) -> list[checks.Check]:
        path = f"/apis/apps/v1/namespaces/{release}/deployments/{name}"
        return [checks.deployment(title, name, release, reader.one(path, Deployment))]

    def leadership() -> list[checks.Check]:
        held_lease = reader.one(lease, LeaseView)
        return [checks.leadership(OPERATOR, release, held_lease, session.now())]

    def machines() -> list[checks.Check]:
        nodes = reader.listed(_NODES, NodeView)
        return checks.machines(nodes, machine_classes(session.cluster, release))

    examinations: list[tuple[str, Callable[[], list[checks.Check]]]] = [
        ("CRDs", lambda: [checks.crds(reader.listed(_CRDS, Crd), plurals)]),
        ("Operator", lambda: deployment("Operator", OPERATOR)),
        ("API service", lambda: deployment("API service", SERVICE)),
        ("Operator leads", leadership),
        ("Machines", machines),
        ("StorageClass", lambda: [checks.storage(reader.listed(_STORAGE_CLASSES, StorageClass))]),
    ]
    return [finding for title, examine in examinations for finding in _guarded(title, examine)]


def _guarded(title: str, examine: Callable[[], list[checks.Check]]) -> list[checks.Check]:
    """The findings; what cannot be read is a finding, too."""
    try:
        return examine()
    except ClusterUnreachable as error:
        return [checks.Check(title, "fail", error.message, error.command)]
    except CommandError as error:
        return [checks.Check(title, "warn", error.message, error.command)]


def machine_classes(cluster: Cluster, release: str) -> list[tuple[str, bool]]:
    """The settings' machine classes and whether they may be away; empty where unreadable."""
    fleet = mapping(settings_file(cluster, release).get("fleet"))
    classes = items(fleet, "machineClasses")
    return [(str(entry.get("key")), bool(entry.get("mayBeAway"))) for entry in classes]


class _Reader:
    """Reads objects; raises CommandError for what cannot be read."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

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
        return [_typed(kind, item) for item in items(decoded(answer.body))]


def _typed(kind: type[Item], raw: dict[str, Any]) -> Item:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise CommandError(f"unexpected {kind.__name__}: {error}") from error
