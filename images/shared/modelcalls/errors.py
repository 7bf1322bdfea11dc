"""Why a call to a model endpoint did not give what was asked for.

stagekit.ServiceUnavailable
└── EndpointUnavailable   down for longer than we wait; ends the stage, not one item
stagekit.StageError
├── EndpointRefused       it says no to this request, or to our key
└── ReplyInvalid          the reply does not fit, not even after a repair

No text here ever holds a prompt, a reply, a model's name or a key.
"""

# ruff: noqa: N818  (stage authors read the reason)

from __future__ import annotations

from stagekit.errors import ServiceUnavailable, StageError


class EndpointUnavailable(ServiceUnavailable):
    """The endpoint gave no useful answer, however patiently it was asked."""

    reason = "EndpointUnavailable"


class EndpointRefused(StageError):
    """The endpoint refuses; asking again changes nothing."""

    reason = "EndpointRefused"


class ReplyInvalid(StageError):
    """The endpoint answers, but not with what was asked for."""

    reason = "ReplyInvalid"
