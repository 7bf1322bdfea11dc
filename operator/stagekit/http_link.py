"""Artifacts through the API service, as this Pod: the protocol of `docs/stage-contract.md`.

The token is read anew for every request (the kubelet renews the file) and goes to the API
service only: a redirect to a presigned address is followed without it.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote, unquote, urljoin

from stagekit import contract, wire
from stagekit.documents import as_list, as_object, parse_object
from stagekit.endpoint import Endpoint, read_endpoint
from stagekit.environment import Environment
from stagekit.errors import ContractError, DigestMismatch, MissingInput, ServiceRefused
from stagekit.link import DigestWriter, safe_name
from stagekit.retry import Patience, TryAgain

_REDIRECTS: Final = frozenset({302, 303, 307, 308})
_AGAIN: Final = frozenset({408, 425, 429})
_NOT_FOUND: Final = 404
_ERRORS: Final = 400
_SERVER_ERRORS: Final = 500
_DAMAGED_TRIES: Final = 3
_BEAT_TIMEOUT_SECONDS: Final = 5.0
_TEXT_MAX: Final = 300


class HttpLink:
    """A Link to the API service; `on_contact` is called at each of its answers."""

    def __init__(
        self, environment: Environment, on_contact: Callable[[], None], patience: Patience
    ) -> None:
        self._base = environment.api_url
        self._token_file = environment.token_file
        self._prefix = environment.prefix
        self._on_contact = on_contact
        self._patience = patience

    def fetch(self, prefix: str, path: str, target: Path) -> str:
        """Download one file; its digest is compared with the ETag if the service knows it."""
        writer = DigestWriter(target)
        try:
            self._download(f"/v1/artifacts/{quote(prefix)}/{quote(path)}", writer)
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
        answer = self._patience.ask(f"list {prefix}", lambda: self._request("GET", address))
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

    def _named(self, address: str, folder: Path) -> Path:
        writer = DigestWriter(folder / "input")
        try:
            answer = self._download(address, writer)
            name = safe_name(unquote(answer.headers.get(contract.HEADER_FILE_NAME.lower(), "")))
            return writer.commit(name)
        finally:
            writer.discard()

    def store(self, path: str, content: BinaryIO, size: int, sha256: str) -> None:
        """Upload one file below this Pod's own prefix."""
        address = f"/v1/artifacts/{quote(self._prefix)}/{quote(path)}"

        def put() -> wire.Answer:
            content.seek(0)
            return self._request(
                "PUT", address, {contract.HEADER_SHA256: sha256}, body=content, size=size
            )

        self._patience.ask(f"upload {path}", put)

    def endpoint(self, role: str) -> Endpoint | None:
        """Ask the service for a role; it is the gateway, so its own address is the endpoint's."""
        address = f"/v1/models/{quote(role, safe='')}"
        try:
            answer = self._patience.ask(
                f"look for the {role} endpoint", lambda: self._request("GET", address)
            )
        except ServiceRefused as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return read_endpoint(answer.body, role, self._base + address, self._token)

    def beat(self, progress: bytes) -> bool:
        """One heartbeat, without patience: the next one follows anyway."""
        headers = {"Content-Type": "application/json"}
        try:
            answer = wire.exchange(
                "POST",
                f"{self._base}/v1/heartbeats",
                {**headers, **self._authorization()},
                body=io.BytesIO(progress),
                size=len(progress),
                timeout=_BEAT_TIMEOUT_SECONDS,
            )
        except (OSError, http.client.HTTPException, ContractError):
            return False
        self._on_contact()
        return answer.status > 0

    def _download(self, address: str, writer: DigestWriter) -> wire.Answer:
        for tries in range(1, _DAMAGED_TRIES + 1):

            def get() -> wire.Answer:
                writer.restart()
                return self._request("GET", address, sink=writer)

            answer = self._patience.ask(f"download {unquote(address)}", get)
            expected = answer.headers.get("etag", "").strip('"')
            if not _is_sha256(expected) or expected == writer.sha256:
                return answer
            if tries == _DAMAGED_TRIES:
                break
        raise DigestMismatch(f"{unquote(address)} came damaged {_DAMAGED_TRIES} times")

    def _request(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: BinaryIO | None = None,
        size: int = 0,
        sink: DigestWriter | None = None,
    ) -> wire.Answer:
        extra = headers or {}
        url = self._base + address
        answer = wire.exchange(
            method, url, {**extra, **self._authorization()}, body=body, size=size, sink=sink
        )
        self._on_contact()
        if answer.status in _REDIRECTS:
            etag = answer.headers.get("etag", "")
            name = answer.headers.get(contract.HEADER_FILE_NAME.lower(), "")
            if body is not None:
                body.seek(0)
            # The presigned address is the whole permission: no token, no header of ours.
            location = urljoin(url, answer.headers.get("location", ""))
            second = wire.exchange(method, location, {}, body=body, size=size, sink=sink)
            kept = {"etag": etag, contract.HEADER_FILE_NAME.lower(): name}
            answer = second._replace(headers=kept)
        return _judged(answer)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}

    def _token(self) -> str:
        try:
            return Path(self._token_file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(f"cannot read the token file {self._token_file}") from error


def _judged(answer: wire.Answer) -> wire.Answer:
    if answer.status < _ERRORS:
        return answer
    text = _explanation(answer)
    if answer.status >= _SERVER_ERRORS or answer.status in _AGAIN:
        after = answer.headers.get("retry-after", "")
        raise TryAgain(text, float(after) if after.isdigit() else 0)
    raise ServiceRefused(answer.status, text)


def _explanation(answer: wire.Answer) -> str:
    """The service's own sentence and hint, or the status where the body is no JSON of ours."""
    fields = parse_object(answer.body) or {}
    sentence = ": ".join(str(fields[key]) for key in ("error", "hint") if fields.get(key))
    return sentence[:_TEXT_MAX] or f"HTTP status {answer.status}"


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)  # noqa: PLR2004
