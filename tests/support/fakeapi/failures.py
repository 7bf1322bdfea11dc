"""The server's refusals, with the bodies of the real one."""

from typing import Any

from tests.support.fakeapi.resources import Json, Resource


class Failure(Exception):  # noqa: N818 - the API calls it a Status of Failure
    """A refusal: HTTP status, reason, message and details of a v1.Status."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def body(self) -> Json:
        """The v1.Status."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
            "details": self.details,
        }


def _about(resource: Resource, name: str) -> Json:
    return {"name": name, "group": resource.group, "kind": resource.plural}


def not_found(resource: Resource, name: str) -> Failure:
    message = f'{resource.title} "{name}" not found'
    return Failure(404, "NotFound", message, **_about(resource, name))


def no_such_path() -> Failure:
    return Failure(404, "NotFound", "the server could not find the requested resource")


def forbidden(right: tuple[str, str, str], name: str) -> Failure:
    _, resource, verb = right
    return Failure(403, "Forbidden", f'{resource} "{name}" is forbidden: cannot {verb} it')


def already_exists(resource: Resource, name: str) -> Failure:
    message = f'{resource.title} "{name}" already exists'
    return Failure(409, "AlreadyExists", message, **_about(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> Failure:
    why = why or (
        "the object has been modified; please apply your changes to the latest version "
        "and try again"
    )
    message = f'Operation cannot be fulfilled on {resource.title} "{name}": {why}'
    return Failure(409, "Conflict", message, **_about(resource, name))


def invalid(resource: Resource, name: str, field: str, why: str) -> Failure:
    title = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    causes = [{"reason": "FieldValueInvalid", "message": why, "field": field}]
    about = _about(resource, name) | {"kind": resource.kind}
    message = f'{title} "{name}" is invalid: {field}: {why}'
    return Failure(422, "Invalid", message, causes=causes, **about)


def bad_request(why: str) -> Failure:
    return Failure(400, "BadRequest", why)


def expired(why: str) -> Failure:
    return Failure(410, "Expired", why)


def too_many_requests(seconds: int) -> Failure:
    message = "the server has received too many requests and has asked us to try again later"
    return Failure(429, "TooManyRequests", message, retryAfterSeconds=seconds)


def internal_error() -> Failure:
    return Failure(500, "InternalError", "Internal error occurred: made up by a test")
