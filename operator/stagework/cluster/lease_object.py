"""Reads and writes one Lease object; who may lead is judged elsewhere."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from stagework.api import names
from stagework.api.observed import LeaseSpec, LeaseView
from stagework.api.resources import LEASES, ObjectRef
from stagework.cluster.client import paths
from stagework.cluster.client.errors import NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.steady_clock import SteadyClock

_decoder = msgspec.json.Decoder(LeaseView)
_any = msgspec.json.Decoder(dict[str, Any])


class StoredLease:
    """One Lease of the API server; raises ApiError or msgspec.DecodeError."""

    def __init__(self, api: KubeApi, namespace: str, name: str) -> None:
        self._api = api
        self._collection = paths.collection(LEASES, namespace)
        self._path = paths.object_path(ObjectRef(LEASES, namespace, name))
        self._name = name
        self._document: dict[str, Any] = {}
        self.existed = False
        """True once it was read or written by this process."""

    async def read(self) -> LeaseView | None:
        """As it is now; None where there is none."""
        try:
            return self._noted(await self._api.get(self._path))
        except NotFound:
            self._document = {}
            return None

    def resume(self, time_of_day: SteadyClock) -> None:
        """Leadership begins: the clock goes on from what stands in the Lease that was read."""
        boot_note = self._part("metadata").get("annotations", {}).get(names.ANNOTATION_BOOTED, "")
        renewed = _moment(self._part("spec").get("renewTime"))
        time_of_day.resume(renewed, boot_note, self._api.server_time)

    async def write(self, known: LeaseView | None, spec: LeaseSpec, boot_note: str) -> LeaseView:
        """Make it, or replace the version that is known; raises Conflict where it is newer.

        Whatever others have put there stays: labels of the release, annotations, their fields.
        """
        kept = self._part("metadata") if known is not None else {}
        version = {"resourceVersion": known.metadata.resourceVersion} if known else {}
        noted = {**kept.get("annotations", {}), names.ANNOTATION_BOOTED: boot_note}
        body = msgspec.json.encode(
            {
                "apiVersion": LEASES.api_version,
                "kind": LEASES.kind,
                "metadata": {**kept, "name": self._name, "annotations": noted, **version},
                "spec": {**self._part("spec"), **msgspec.to_builtins(spec)},
            }
        )
        if known is None:
            return self._noted(await self._api.create(self._collection, body, urgent=True))
        return self._noted(await self._api.put(self._path, body, urgent=True))

    def _part(self, name: str) -> dict[str, Any]:
        return self._document.get(name) or {}

    def _noted(self, body: bytes) -> LeaseView:
        self._document, self.existed = _any.decode(body), True
        return _decoder.decode(body)


def _moment(renewed: str | None) -> datetime | None:
    """When it was renewed last, by its holder's clock; None where nobody says."""
    try:
        moment = datetime.fromisoformat(renewed) if renewed else None
    except ValueError:
        return None  # written by hand
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)
