"""Reads and writes one Lease object; who may lead is judged elsewhere."""

import msgspec

from stagework.api.observed import LeaseSpec, LeaseView
from stagework.api.resources import LEASES, ObjectRef
from stagework.cluster.client import paths
from stagework.cluster.client.errors import NotFound
from stagework.cluster.client.kubeapi import KubeApi

_decoder = msgspec.json.Decoder(LeaseView)


class StoredLease:
    """One Lease of the API server; raises ApiError or msgspec.DecodeError."""

    def __init__(self, api: KubeApi, namespace: str, name: str) -> None:
        self._api = api
        self._collection = paths.collection(LEASES, namespace)
        self._path = paths.object_path(ObjectRef(LEASES, namespace, name))
        self._name = name

    async def read(self) -> LeaseView | None:
        """As it is now; None where there is none."""
        try:
            return _decoder.decode(await self._api.get(self._path))
        except NotFound:
            return None

    async def write(self, known: LeaseView | None, spec: LeaseSpec) -> LeaseView:
        """Make it, or replace the version that is known; raises Conflict where it is newer."""
        version = {"resourceVersion": known.metadata.resourceVersion} if known else {}
        body = msgspec.json.encode(
            {
                "apiVersion": LEASES.api_version,
                "kind": LEASES.kind,
                "metadata": {"name": self._name, **version},
                "spec": spec,
            }
        )
        if known is None:
            return _decoder.decode(await self._api.create(self._collection, body, urgent=True))
        return _decoder.decode(await self._api.put(self._path, body, urgent=True))
