"""The doctor's findings: each check judges objects, says ok, warn or fail, and what to type."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from rich.text import Text

from stagework.api import names
from stagework.api.durations import short
from stagework.api.observed import LeaseView, NodeView
from stagework.cli.installation import Crd, Deployment, StorageClass
from stagework.cli.text.tables import Cell, Table
from stagework.overview.states import Tone

Level = Literal["ok", "warn", "fail"]
LEASE_SLACK_SECONDS: Final = 15.0
"""Beyond the Lease's own duration: clocks of two machines differ a little."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    level: Level
    text: str
    command: str = ""
    """What to type next; empty where all is well."""


def crds(definitions: Sequence[Crd], plurals: Iterable[str]) -> Check:
    """Every kind is there and serves our version."""
    served = {
        crd.metadata.name: {version.name for version in crd.spec.versions if version.served}
        for crd in definitions
    }
    wanted = [f"{plural}.{names.GROUP}" for plural in plurals]
    missing = [crd for crd in wanted if crd not in served]
    apply = "kubectl apply --server-side -f crds/"
    if missing:
        return Check("CRDs", "fail", f"missing: {', '.join(missing)}", apply)
    old = [crd for crd in wanted if names.VERSION not in served[crd]]
    if old:
        text = f"{', '.join(old)} do not serve {names.VERSION}"
        return Check("CRDs", "fail", text, apply)
    return Check("CRDs", "ok", f"{len(wanted)} kinds serve {names.API_VERSION}")


def deployment(title: str, name: str, namespace: str, release: Deployment | None) -> Check:
    """A Deployment of the release has all its replicas."""
    if release is None:
        return Check(
            title,
            "fail",
            f"Deployment {namespace}/{name} is not there",
            f"helm upgrade --install stagework charts/stagework -n {namespace} --create-namespace",
        )
    ready, wanted = release.status.availableReplicas, release.spec.replicas
    text = f"{ready} of {wanted} ready in {namespace}"
    if wanted == 0:
        scale = f"kubectl scale deployment {name} -n {namespace} --replicas=1"
        return Check(title, "fail", f"scaled to 0 in {namespace}", scale)
    describe = f"kubectl describe deployment {name} -n {namespace}"
    if ready == 0:
        return Check(title, "fail", text, describe)
    return Check(title, "ok", text) if ready >= wanted else Check(title, "warn", text, describe)


def leadership(name: str, namespace: str, lease: LeaseView | None, now: datetime) -> Check:
    """Somebody leads, and has renewed the Lease within its duration."""
    logs = f"kubectl logs deployment/{name} -n {namespace} --tail=50"
    renewed = lease.spec.renewed if lease is not None else None
    if lease is None or not lease.spec.holder_identity or renewed is None:
        return Check("Operator leads", "fail", "nobody holds the Lease", logs)
    age = (now - renewed).total_seconds()
    limit = (lease.spec.lease_duration_seconds or 15.0) + LEASE_SLACK_SECONDS
    text = f"{lease.spec.holder_identity}, renewed {short(age)} ago"
    if age > limit:
        return Check("Operator leads", "fail", f"Lease is stale: {text}", logs)
    return Check("Operator leads", "ok", text)


def machines(nodes: Sequence[NodeView], classes: Sequence[tuple[str, bool]]) -> list[Check]:
    """Ready nodes of each class; `classes` are the settings' keys and whether they may be away."""
    labelled: dict[str, list[NodeView]] = {key: [] for key, _ in classes}
    for node in nodes:
        key = node.metadata.labels.get(names.LABEL_MACHINE)
        if key:
            labelled.setdefault(key, []).append(node)
    if not labelled:
        text = f"no node carries the label {names.LABEL_MACHINE}"
        command = f"kubectl label node NODE {names.LABEL_MACHINE}=gpu"
        return [Check("Machines", "fail", text, command)]
    away = dict(classes)
    return [
        _machine(
            key, labelled[key], may_be_away=away.get(key, False), known=key in away or not classes
        )
        for key in labelled
    ]


def storage(classes: Sequence[StorageClass]) -> Check:
    """A StorageClass for the artifacts' volume."""
    listed = ", ".join(storage_class.metadata.name for storage_class in classes)
    if not classes:
        text = "none: the artifacts' volume cannot be made (S3 needs none)"
        return Check("StorageClass", "warn", text, "kubectl get storageclass")
    if not any(storage_class.is_default for storage_class in classes):
        text = f"none of {listed} is the default"
        return Check("StorageClass", "warn", text, "kubectl get storageclass")
    return Check("StorageClass", "ok", listed)


def report(checks: Sequence[Check]) -> list[Text]:
    """The findings, one a line, the state as a word; below them the commands to type next."""
    tones: dict[Level, Tone] = {"ok": "good", "warn": "wait", "fail": "bad"}
    rows = tuple(
        (Cell(check.name), Cell(check.level, tones[check.level]), Cell(check.text))
        for check in checks
    )
    lines = Table(("CHECK", "STATE", "FINDING"), rows).lines()
    commands = dict.fromkeys(check.command for check in checks if check.command)
    if commands:
        lines += [Text(), Text("Next:"), *(Text(f"  {command}") for command in commands)]
    return lines


def _machine(key: str, nodes: Sequence[NodeView], *, may_be_away: bool, known: bool) -> Check:
    title = f"Machines {key}"
    if not nodes:
        text = "no node of this class"
        command = f"kubectl label node NODE {names.LABEL_MACHINE}={key}"
        return Check(title, "warn", text, command)
    ready = [node.metadata.name for node in nodes if node.takes_pods]
    text = f"{len(ready)} of {len(nodes)} ready"
    show = f"kubectl get nodes -l {names.LABEL_MACHINE}={key}"
    if not known:
        return Check(title, "warn", f"{text}, but the settings know no such class", show)
    if not ready:
        return Check(title, "warn", text + (" (may be away)" if may_be_away else ""), show)
    if len(ready) < len(nodes):
        return Check(title, "warn", text, show)
    return Check(title, "ok", text)
