"""The release's settings file, as far as the person may read it, and what the queue needs of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Final

import yaml
from pydantic import ValidationError

from stagework.api import names
from stagework.api.machines import Fleet, MachineClass
from stagework.cli.cluster import Cluster
from stagework.cli.replies import decoded, items, mapping
from stagework.overview.queue.places import Places
from stagework.settings import QueueSettings

_SELECTOR: Final = "app.kubernetes.io/name=stagework"


@dataclass(frozen=True, slots=True)
class QueueRules:
    """How the numbers of the queue are counted on this cluster."""

    places: Places
    zone: tzinfo
    zone_name: str
    known: bool
    """False: the settings cannot be read, and this is what the runs tell."""


def settings_file(cluster: Cluster, release: str) -> dict[str, Any]:
    """The settings as they are written; empty where they cannot be read."""
    path = f"/api/v1/namespaces/{release}/configmaps"
    answer = cluster.request("GET", path, query={"labelSelector": _SELECTOR})
    if not answer.good:
        return {}
    for config_map in items(decoded(answer.body)):
        text = mapping(config_map.get("data")).get("settings.yaml")
        if text:
            try:
                return mapping(yaml.safe_load(text))
            except yaml.YAMLError:
                return {}
    return {}


def queue_rules(cluster: Cluster, release: str, machines: Iterable[str]) -> QueueRules:
    """By the settings; where they cannot be read, by `machines`: the classes that runs name."""
    raw = settings_file(cluster, release)
    try:
        fleet = Fleet.model_validate(raw.get("fleet"))
        queue = QueueSettings.model_validate(raw.get("queue") or {})
    except ValidationError:  # none, or of another version than ours
        return QueueRules(Places(_fleet_of(machines), {}), UTC, "UTC", known=False)
    return QueueRules(Places(fleet, queue.pools), queue.zone, queue.timeZone, known=True)


def _fleet_of(machines: Iterable[str]) -> Fleet:
    keys = sorted(set(machines)) or ["gpu"]
    return Fleet(
        machineClasses=tuple(
            MachineClass(key=key, nodeSelector={names.LABEL_MACHINE: key}) for key in keys
        )
    )
