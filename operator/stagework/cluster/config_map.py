"""A Memory in one ConfigMap of ours, which the chart makes and leaves alone.

It is small (1 MiB), survives restarts, needs no other service to be well, and a role can be limited
to it by its name; so nobody needs the right to make one.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Final

import msgspec
import orjson

from stagework.alerts.memory import MemoryUnavailable
from stagework.api.resources import CONFIG_MAPS, ObjectRef
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, NotFound
from stagework.cluster.client.kubeapi import KubeApi

LARGEST_BYTES: Final = 700 * 1024
"""Of one value: in base64, and with its object, it still passes the API server's limit."""


class _View(msgspec.Struct):
    binaryData: dict[str, str] | None = None


_decoder = msgspec.json.Decoder(_View)


class ConfigMapMemory:
    """See `alerts.memory.Memory`."""

    def __init__(self, api: KubeApi, namespace: str, name: str) -> None:
        self._api = api
        self._name = name
        self._path = paths.object_path(ObjectRef(CONFIG_MAPS, namespace, name))

    async def read(self, name: str) -> bytes:
        """See Memory; one that is not there is empty."""
        try:
            view = _decoder.decode(await self._api.get(self._path))
            return b64decode((view.binaryData or {}).get(name, ""), validate=True)
        except NotFound:
            return b""
        except (ApiError, msgspec.DecodeError, NotBase64) as error:
            raise MemoryUnavailable(f"ConfigMap {self._name}: {error}") from error

    async def write(self, name: str, value: bytes) -> None:
        """See Memory."""
        if len(value) > LARGEST_BYTES:
            raise MemoryUnavailable(
                f"ConfigMap {self._name}: {len(value)} bytes are more than {LARGEST_BYTES}"
            )
        body = orjson.dumps({"binaryData": {name: b64encode(value).decode()}})
        try:
            await self._api.patch(self._path, body)
        except NotFound as error:
            raise MemoryUnavailable(
                f"ConfigMap {self._name} is gone; `helm upgrade` makes it"
            ) from error
        except ApiError as error:
            raise MemoryUnavailable(f"ConfigMap {self._name}: {error}") from error
