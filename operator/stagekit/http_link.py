"""Artifacts through the API service, as this Pod: the protocol of `docs/stage-contract.md`."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote, unquote

from stagekit import contract, wire
from stagekit.container_end import CONTAINER_END, ContainerEnd, ask_container_end
from stagekit.documents import as_list, as_object, parse_object
from stagekit.endpoint import Endpoint, read_endpoint
from stagekit.environment import Environment
from stagekit.errors import ContractError, MissingInput, ServiceRefused
from stagekit.http_requests import Requests
from stagekit.link import DigestWriter, safe_name
from stagekit.listed import ListedItem, of_answer
from stagekit.retry import Patience

_NOT_FOUND: Final = 404
_SOURCE_TRIES: Final = 6
"""So often an item's own source is asked while it does not answer: the others wait for it."""
_BEAT_TIMEOUT_SECONDS: Final = 5.0


class HttpLink:
    """A Link to the API service; `on_contact` is called at each of its answers."""

    def __init__(
        self, environment: Environment, on_contact: Callable[[], None], patience: Patience
    ) -> None:
        self._service = Requests(environment, on_contact, patience)
        self._prefix = environment.prefix
        self._heartbeat_url = environment.heartbeat_url

    def fetch(self, prefix: str, path: str, target: Path) -> str:
        """Download one file; its digest is compared with the ETag if the service knows it."""
        writer = DigestWriter(target)
        try:
            self._service.download(f"/v1/artifacts/{quote(prefix)}/{quote(path)}", writer)
            writer.commit()
        except ServiceRefused as error:
            if error.status == _NOT_FOUND:
                raise MissingInput(f"there is no {path!r} below {prefix}") from error
            raise
        finally:
            writer.discard()
        return writer.sha256

    def listing(self, prefix: str) -> list[str]:
        """Ask for all paths below a prefix."""
        address = f"/v1/artifacts/{quote(prefix)}/"
        answer = self._service.ask(f"list {prefix}", "GET", address)
        fields = parse_object(answer.body)
        if fields is None:
            raise ContractError(f"the API service's list of {prefix} is unreadable")
        files = (as_object(entry) or {} for entry in as_list(fields.get("files")))
        return sorted(str(file["path"]) for file in files if "path" in file)

    def source(self, folder: Path) -> Path:
        """Download what `spec.input` names; the service tells the name."""
        return self._named("/v1/input", folder)

    def model(self, folder: Path) -> Path:
        """Download the archive; the service reads in this Pod's own manifest which one it is."""
        return self._named("/v1/model", folder)

    def items(self) -> list[ListedItem]:
        """Ask for the items of this Pod's own run."""
        return of_answer(self._service.ask("list the items", "GET", "/v1/items").body)

    def item(self, item: ListedItem, folder: Path) -> Path:
        """Download an item's file; only those of this Pod's own run can be had."""
        return self._named(f"/v1/items/{item.number}/content", folder, f"{item.number}-")

    def _named(self, address: str, folder: Path, before: str = "") -> Path:
        writer = DigestWriter(folder / f"{before}input")
        try:
            tries = _SOURCE_TRIES if before else 0
            answer = self._service.download(address, writer, source_tries=tries)
            name = safe_name(unquote(answer.headers.get(contract.HEADER_FILE_NAME.lower(), "")))
            return writer.commit(f"{before}{name}")
        finally:
            writer.discard()

    def store(self, path: str, content: BinaryIO, size: int, sha256: str) -> None:
        """Upload one file below this Pod's own prefix."""
        address = f"/v1/artifacts/{quote(self._prefix)}/{quote(path)}"

        def put() -> wire.Answer:
            content.seek(0)
            headers = {
                contract.HEADER_SHA256: sha256,
                contract.HEADER_CHECKSUM: contract.CHECKSUM_SHA256,
            }
            return self._service.request("PUT", address, headers, body=content, size=size)

        self._service.patience.ask(f"upload {path}", put)

    def endpoint(self, role: str) -> Endpoint | None:
        """Ask the service for a role; it is the gateway, so its own address is the endpoint's."""
        address = f"/v1/models/{quote(role, safe='')}"
        try:
            answer = self._service.ask(f"look for the {role} endpoint", "GET", address)
        except ServiceRefused as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return read_endpoint(answer.body, role, self._service.base + address, self._service.token)

    def container_end(self, patience: Patience) -> ContainerEnd:
        """How the stage's container ended, as its kubelet reports it; waits until it does."""
        return ask_container_end(patience, lambda: self._service.request("GET", CONTAINER_END).body)

    def beat(self, progress: bytes) -> bool:
        """One heartbeat, without patience: the next one follows anyway.

        Where nobody is reached at the port of heartbeats (a service of before it had one, a policy
        that does not let the Pod there), the other port is asked: it takes them too.
        """
        addresses = dict.fromkeys((self._heartbeat_url, self._service.base))
        return any(self._beat(address, progress) for address in addresses)

    def _beat(self, address: str, progress: bytes) -> bool:
        headers = {"Content-Type": "application/json"}
        try:
            answer = wire.exchange(
                "POST",
                f"{address}/v1/heartbeats",
                {**headers, **self._service.authorization()},
                body=io.BytesIO(progress),
                size=len(progress),
                timeout=_BEAT_TIMEOUT_SECONDS,
            )
        except (OSError, http.client.HTTPException, ContractError):
            return False
        self._service.on_contact()
        return answer.status > 0
