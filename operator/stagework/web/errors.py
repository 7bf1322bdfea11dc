"""What a caller did wrong, as HTTP: a status, what happened, and what to do about it.

ProblemError            any answer of 400 or more that we give on purpose
ClusterUnavailable      the API server did not answer us (the caller gets 503 and may retry)
"""

# ruff: noqa: N818

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse

from stagework.artifacts import errors as store_errors
from stagework.batches import errors as batch_errors
from stagework.history import errors as history_errors
from stagework.model_gateway import errors as model_errors

_TEXT_MAX: Final = 400


class ProblemError(Exception):
    """An answer that is an error; `hint` says what the caller can do."""

    def __init__(
        self,
        status: HTTPStatus,
        error: str,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        reason: str = "",
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.hint = hint
        self.headers = dict(headers or {})
        self.reason = reason

    def response(self) -> JSONResponse:
        """The answer, see `problem`."""
        error, hint = self.error[:_TEXT_MAX], self.hint[:_TEXT_MAX]
        return problem(self.status, error, hint, self.headers, self.reason)


def problem(
    status: int,
    error: str,
    hint: str = "",
    headers: Mapping[str, str] | None = None,
    reason: str = "",
) -> JSONResponse:
    """An error as RFC 9457 has it; `error` (the same as `detail`) and `hint` are our clients', and
    `reason` (one word, where there is one) is the operator's.
    """
    title = HTTPStatus(status).phrase
    body = {"title": title, "status": status, "detail": error, "error": error, "hint": hint}
    if reason:
        body["reason"] = reason
    return JSONResponse(body, status, dict(headers or {}), "application/problem+json")


class ClusterUnavailable(Exception):
    """The API server gave no useful answer; nobody can be recognised for now."""

    def problem(self) -> ProblemError:
        """As an answer: try again soon."""
        return ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the cluster's API server does not answer",
            "try again in a few seconds",
            {"Retry-After": "2"},
        )


def forbidden(error: str, hint: str = "") -> ProblemError:
    """403."""
    return ProblemError(HTTPStatus.FORBIDDEN, error, hint)


def bad_request(error: str, hint: str = "") -> ProblemError:
    """400."""
    return ProblemError(HTTPStatus.BAD_REQUEST, error, hint)


def not_found(error: str, hint: str = "") -> ProblemError:
    """404."""
    return ProblemError(HTTPStatus.NOT_FOUND, error, hint)


_STORE: Final[dict[type[store_errors.StoreError], tuple[HTTPStatus, str]]] = {
    store_errors.BadKeyError: (HTTPStatus.BAD_REQUEST, "use plain relative paths with '/'"),
    store_errors.NotStoredError: (HTTPStatus.NOT_FOUND, "list the folder to see what is there"),
    store_errors.OccupiedError: (HTTPStatus.CONFLICT, "choose another name"),
    store_errors.CutOffError: (HTTPStatus.BAD_REQUEST, "send it again, whole"),
    store_errors.DigestError: (HTTPStatus.UNPROCESSABLE_ENTITY, "send it again"),
    store_errors.TooLargeError: (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "an administrator can raise artifacts.maxFileBytes",
    ),
    # Not the caller's fault, and it may pass: stagekit tries again.
    store_errors.NoSpaceError: (
        HTTPStatus.INSUFFICIENT_STORAGE,
        "an administrator should enlarge the volume or lower artifacts.keepSeconds",
    ),
    store_errors.QuotaError: (
        HTTPStatus.INSUFFICIENT_STORAGE,
        (
            "delete runs of the namespace, or wait until their artifacts go; an administrator can "
            "raise artifacts.maxNamespaceBytes and maxNamespaceFiles"
        ),
    ),
    store_errors.UnreachableError: (HTTPStatus.SERVICE_UNAVAILABLE, "try again"),
}


def from_store(error: store_errors.StoreError) -> ProblemError:
    """What a store's error means to a caller."""
    status, hint = _STORE.get(type(error), (HTTPStatus.BAD_REQUEST, ""))
    headers = {"Retry-After": "10"} if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
    return ProblemError(status, str(error), hint, headers)


_ENDPOINT: Final[dict[type[model_errors.EndpointError], tuple[HTTPStatus, str]]] = {
    model_errors.NotSet: (
        HTTPStatus.NOT_FOUND,
        "an administrator can set it as models.<role>; STAGEWORK_METHOD=auto does without",
    ),
    model_errors.NotAllowed: (
        HTTPStatus.FORBIDDEN,
        "an administrator can add the namespace to models.<role>.namespaces",
    ),
    model_errors.Busy: (HTTPStatus.TOO_MANY_REQUESTS, "try again; models.*.maxConcurrent limits"),
    model_errors.RateLimited: (HTTPStatus.TOO_MANY_REQUESTS, "try again later"),
    model_errors.Down: (HTTPStatus.BAD_GATEWAY, "try again later"),
    model_errors.Slow: (HTTPStatus.GATEWAY_TIMEOUT, "try again; models.*.timeoutSeconds limits"),
    model_errors.Refused: (
        HTTPStatus.FAILED_DEPENDENCY,
        "an administrator should check models.<role>: url, model and key",
    ),
    model_errors.Unfit: (HTTPStatus.BAD_REQUEST, "the server's own log may say more"),
}


def from_endpoint(error: model_errors.EndpointError) -> ProblemError:
    """What a model endpoint's error means to a caller; a wait that it asks for is passed on."""
    status, hint = _ENDPOINT.get(type(error), (HTTPStatus.BAD_GATEWAY, ""))
    headers = {"Retry-After": error.retry_after} if error.retry_after else None
    return ProblemError(status, str(error), hint, headers)


def from_batch(error: batch_errors.BatchError) -> ProblemError:
    """What an error of a batch's books means to a caller."""
    if isinstance(error, batch_errors.Refused):
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), reason=error.reason)
    if isinstance(error, batch_errors.NotFrozen):
        hint = "its items are known once its list is frozen; try again"
        return ProblemError(HTTPStatus.CONFLICT, str(error), hint, reason="NotFrozen")
    return bad_request(str(error))


def from_history(error: history_errors.HistoryError) -> ProblemError:
    """What an error of history means to a caller; what the database said stays in the log."""
    if isinstance(error, history_errors.FactRefused):
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "history cannot keep this")
    hint = "an administrator should look into the log of the API service"
    later = {"Retry-After": "5"}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "history does not answer", hint, later)
