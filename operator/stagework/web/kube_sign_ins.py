"""The SignInSource that asks the API server."""

from typing import Final
from urllib.parse import quote

import msgspec

from stagework.api.admission import SIGN_INS_POLICY
from stagework.api.kinds import SIGN_IN
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, Conflict, NotFound
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import ListPage
from stagework.web.errors import ClusterUnavailable
from stagework.web.kube_calls import KubeCalls
from stagework.web.sign_in_source import Binding, Policy, SignInView

_ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1"
_POLICY: Final = f"{_ADMISSION}/validatingadmissionpolicies/{SIGN_INS_POLICY}"
_BINDING: Final = f"{_ADMISSION}/validatingadmissionpolicybindings/{SIGN_INS_POLICY}"

_sign_in = msgspec.json.Decoder(SignInView)
_page = msgspec.json.Decoder(ListPage[SignInView])
_policy = msgspec.json.Decoder(Policy)
_binding = msgspec.json.Decoder(Binding)


class KubeSignIns:
    """Reads and deletes SignIns; needs the verbs listed in the chart."""

    def __init__(self, api: KubeApi, calls: KubeCalls) -> None:
        self._api = api
        self._calls = calls

    async def get(self, namespace: str, name: str) -> SignInView | None:
        """GET a SignIn."""
        return await self._calls.read(_path(namespace, name), _sign_in.decode)

    async def listed(self, namespaces: tuple[str, ...]) -> list[SignInView]:
        """LIST SignIns in pages, per namespace or over all."""
        collected: list[SignInView] = []
        for namespace in namespaces or ("",):
            path = paths.collection(SIGN_IN.resource, namespace)
            collected += await self._calls.list_pages(path, _page, lambda view: view)
        return collected

    async def delete(self, sign_in: SignInView) -> bool:
        """DELETE with the uid that was read."""
        meta = sign_in.metadata
        body = msgspec.json.encode({"preconditions": {"uid": meta.uid}})
        path = _path(meta.namespace, meta.name)
        try:
            await self._api.delete(path, body)
        except (NotFound, Conflict):
            return False
        except ApiError as error:
            raise ClusterUnavailable(f"delete {path}: {error}") from error
        return True

    async def policy(self) -> tuple[Policy | None, Binding | None]:
        """GET both."""
        policy = await self._calls.read(_POLICY, _policy.decode)
        return policy, await self._calls.read(_BINDING, _binding.decode)


def _path(namespace: str, name: str) -> str:
    return paths.object_path(SIGN_IN.ref(namespace, quote(name, safe="")))
