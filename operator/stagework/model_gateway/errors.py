"""Why a model endpoint's reply cannot be given, as a tree. No text here quotes the other side.

EndpointError
├── NotSet          no such role, or the settings have no endpoint for it
├── NotAllowed      the settings do not let this namespace ask the role
├── Busy            no free place within the request's time
├── RateLimited     the server asks to wait (429)
├── Down            no connection, cut off, 5xx, or a reply that is not of the protocol
├── Slow            no reply within `timeoutSeconds`
├── Refused         the server refuses us: key, model or address are wrong (401, 403, 404, ...)
└── Unfit           the server refuses this request (400, 413, 422)
"""

# ruff: noqa: N818  (states of things, read as such)


class EndpointError(Exception):
    """Something about one role's endpoint; `retry_after` is what the server asks for."""

    def __init__(self, text: str, retry_after: str = "") -> None:
        super().__init__(text)
        self.retry_after = retry_after


class NotSet(EndpointError):
    """No such role, or the settings have no endpoint for it."""


class NotAllowed(EndpointError):
    """The settings do not let this namespace ask the role."""


class Busy(EndpointError):
    """As many requests as allowed are under way, and none ended in time."""


class RateLimited(EndpointError):
    """The server wants fewer requests."""


class Down(EndpointError):
    """No useful answer came."""


class Slow(EndpointError):
    """No answer came in time."""


class Refused(EndpointError):
    """An administrator must correct the settings."""


class Unfit(EndpointError):
    """The server cannot take this request as it is."""
