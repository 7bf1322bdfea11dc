"""Everything that can go wrong between us and the API server.

    ApiError                 the request did not do what was asked
    ├── NotFound             404
    ├── Conflict             409: the object is newer than we thought
    │   └── AlreadyExists    409 on create: the name is taken
    ├── Gone                 410: that resourceVersion or continue token is too old
    ├── Invalid              422 (or 400): the server refuses the object as written
    ├── Unauthorized         401, also after the credentials were read again
    ├── Forbidden            403: RBAC or quota
    │   └── NamespaceTerminating     nothing can be created any more: the namespace is being deleted
    ├── TooManyRequests      429: refused before it did anything
    ├── ServerError          5xx: the server failed; a write may or may not be done
    └── Unreachable          no answer at all; a write may or may not be done

Only after `ServerError` and `Unreachable` is the outcome of a write unknown: the caller reads
again and plans again, and never assumes either way.
"""

# These names read as sentences where they are caught: `except NotFound`.
# ruff: noqa: N818

from http import HTTPStatus

import msgspec

from stagework.api.text import OVER_QUOTA


class StatusCause(msgspec.Struct, frozen=True):
    """One cause in a Status answer, such as a field that is refused."""

    reason: str = ""
    message: str = ""
    field: str = ""


class StatusDetails(msgspec.Struct, frozen=True):
    """The `details` of a Status answer."""

    name: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[StatusCause, ...] = ()
    retryAfterSeconds: int = 0


class Status(msgspec.Struct, frozen=True):
    """A `v1.Status`: what the API server answers where something went wrong."""

    reason: str | None = None
    message: str | None = None
    code: int | None = None
    details: StatusDetails | None = None


class ApiError(Exception):
    """A request to the API server did not do what was asked."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        retry_after_seconds: float | None = None,
        details: StatusDetails | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        """The server's sentence, or ours where there was no answer."""
        self.status = status
        """HTTP status; 0 where there was no answer."""
        self.reason = reason
        """The server's CamelCase reason, such as `AlreadyExists`; may be empty."""
        self.retry_after_seconds = retry_after_seconds
        """How long the server asks us to wait; None where it does not say."""
        self.details = details or StatusDetails()
        """Causes and the object's name, as far as the server tells."""


class NotFound(ApiError):
    """404: there is no such object (or no such resource)."""


class Conflict(ApiError):
    """409: a precondition (resourceVersion, uid) does not hold any more."""


class AlreadyExists(Conflict):
    """409 on create: an object of this name exists."""


class Gone(ApiError):
    """410: the resourceVersion or continue token is too old; list again."""


class Invalid(ApiError):
    """422 or 400: the server refuses the object as written; trying again is of no use."""


class Unauthorized(ApiError):
    """401: the credentials are refused, also after they were read again."""


class Forbidden(ApiError):
    """403: not allowed, or over quota."""

    @property
    def over_quota(self) -> bool:
        """Whether a ResourceQuota stands in the way; it may work later."""
        return OVER_QUOTA in self.message


class NamespaceTerminating(Forbidden):
    """403 on create: the namespace is being deleted, with everything in it."""


class TooManyRequests(ApiError):
    """429: refused before anything was done; wait and try again."""


class ServerError(ApiError):
    """5xx: the server failed; the outcome of a write is unknown."""


class Unreachable(ApiError):
    """No answer (network, timeout): the outcome of a write is unknown."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
}

_decoder = msgspec.json.Decoder(Status)


def from_answer(status: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """The error that an answer with this HTTP status, body and Retry-After header means."""
    try:
        answer = _decoder.decode(body)
    except msgspec.DecodeError:
        text = body[:200].decode("utf-8", "replace").strip()
        answer = Status(message=text or f"the API server answered {status}", code=status)
    return from_status(answer, status, retry_after)


def from_status(answer: Status, status: int, retry_after: str | None = None) -> ApiError:
    """The error that a Status means (also one that came within a watch, as an ERROR event)."""
    reason = answer.reason or ""
    if status == HTTPStatus.CONFLICT and reason == "AlreadyExists":
        kind: type[ApiError] = AlreadyExists
    elif reason in ("Expired", "Gone"):
        kind = Gone
    else:
        kind = _BY_STATUS.get(
            status, ServerError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ApiError
        )
    details = answer.details or StatusDetails()
    if kind is Forbidden and any(
        cause.reason == "NamespaceTerminating" for cause in details.causes
    ):
        kind = NamespaceTerminating
    asked = _seconds(retry_after)
    return kind(
        answer.message or f"the API server answered {status}",
        status=status,
        reason=reason,
        retry_after_seconds=asked if asked is not None else details.retryAfterSeconds or None,
        details=details,
    )


def _seconds(header: str | None) -> float | None:
    try:
        # The other form of the header, a date, is not used by API servers.
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
