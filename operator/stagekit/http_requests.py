"""Requests of one Pod to the API service: its token, its patience, and what an answer means.

The token is read anew for every request (the kubelet renews the file) and goes to the API
service only: a redirect to a presigned address is followed without it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote, urljoin

from stagekit import contract, wire
from stagekit.documents import parse_object
from stagekit.environment import Environment
from stagekit.errors import ContractError, DigestMismatch, MissingInput, ServiceRefused
from stagekit.link import DigestWriter
from stagekit.retry import Patience, TryAgain

_REDIRECTS: Final = frozenset({302, 303, 307, 308})
_AGAIN: Final = frozenset({408, 425, 429})
_ERRORS: Final = 400
_SERVER_ERRORS: Final = 500
_DAMAGED_TRIES: Final = 3
_SOURCE_AWAY: Final = frozenset({502, 504})
"""The service answers so where it is well, and what it was to ask is not."""
_TEXT_MAX: Final = 300


class Requests:
    """Asks the API service; `on_contact` is called at each of its answers."""

    def __init__(
        self, environment: Environment, on_contact: Callable[[], None], patience: Patience
    ) -> None:
        self.base = environment.api_url
        self.on_contact = on_contact
        self._token_file = environment.token_file
        self.patience = patience

    def ask(self, what: str, method: str, address: str) -> wire.Answer:
        """One small answer, waited for with patience; `what` is said of it where none comes."""
        return self.patience.ask(what, lambda: self.request(method, address))

    def download(self, address: str, writer: DigestWriter, source_tries: int = 0) -> wire.Answer:
        """A file, whole; its digest is compared with the ETag where that is one.

        `source_tries`: so often a source is asked that the service cannot reach; 0: no limit.
        """
        times_away = 0

        def get() -> wire.Answer:
            nonlocal times_away
            writer.restart()
            try:
                return self.request("GET", address, sink=writer)
            except TryAgain as error:
                times_away += error.status in _SOURCE_AWAY
                if source_tries and times_away >= source_tries:
                    raise MissingInput(str(error)) from error
                raise

        for tries in range(1, _DAMAGED_TRIES + 1):
            answer = self.patience.ask(f"download {unquote(address)}", get)
            expected = answer.headers.get("etag", "").strip('"')
            if not _is_sha256(expected) or expected == writer.sha256:
                return answer
            if tries == _DAMAGED_TRIES:
                break
        raise DigestMismatch(f"{unquote(address)} came damaged {_DAMAGED_TRIES} times")

    def request(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: BinaryIO | None = None,
        size: int = 0,
        sink: DigestWriter | None = None,
    ) -> wire.Answer:
        """One request, once. Raises TryAgain or ServiceRefused for an answer that says so."""
        extra = headers or {}
        url = self.base + address
        answer = wire.exchange(
            method, url, {**extra, **self.authorization()}, body=body, size=size, sink=sink
        )
        self.on_contact()
        if answer.status in _REDIRECTS:
            etag = answer.headers.get("etag", "")
            name = answer.headers.get(contract.HEADER_FILE_NAME.lower(), "")
            if body is not None:
                body.seek(0)
            # The presigned address is the whole permission: no token; of our headers the digest.
            location = urljoin(url, answer.headers.get("location", ""))
            second = wire.exchange(
                method, location, _checksum(extra), body=body, size=size, sink=sink
            )
            kept = {"etag": etag, contract.HEADER_FILE_NAME.lower(): name}
            answer = second._replace(headers=kept)
        return _judged(answer)

    def authorization(self) -> dict[str, str]:
        """Proof of who asks."""
        return {"Authorization": f"Bearer {self.token()}"}

    def token(self) -> str:
        """The token as it is now."""
        try:
            return Path(self._token_file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(f"cannot read the token file {self._token_file}") from error


def _checksum(headers: Mapping[str, str]) -> dict[str, str]:
    """What a store must be sent along with a file of this digest; nothing for what is read."""
    sha256 = headers.get(contract.HEADER_SHA256, "")
    if not sha256:
        return {}
    return {contract.HEADER_STORE_CHECKSUM: b64encode(bytes.fromhex(sha256)).decode("ascii")}


def _judged(answer: wire.Answer) -> wire.Answer:
    if answer.status < _ERRORS:
        return answer
    text = _explanation(answer)
    if answer.status >= _SERVER_ERRORS or answer.status in _AGAIN:
        after = answer.headers.get("retry-after", "")
        raise TryAgain(text, float(after) if after.isdigit() else 0, answer.status)
    raise ServiceRefused(answer.status, text)


def _explanation(answer: wire.Answer) -> str:
    """The service's own sentence and hint, or the status where the body is no JSON of ours."""
    fields = parse_object(answer.body) or {}
    sentence = ": ".join(str(fields[key]) for key in ("error", "hint") if fields.get(key))
    return sentence[:_TEXT_MAX] or f"HTTP status {answer.status}"


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)  # noqa: PLR2004
