"""modelcalls: calls to model endpoints from stages; README.md has an example.

`run` and `Choice` decide between the endpoint and the built-in method; a `Model` asks.
"""

from typing import TYPE_CHECKING

from modelcalls.choice import Choice, run
from modelcalls.errors import EndpointRefused, EndpointUnavailable, ReplyInvalid
from modelcalls.messages import Message, picture, system, user

if TYPE_CHECKING:
    from modelcalls.model import Model
    from modelcalls.replies import Transcript

__all__ = [
    "Choice",
    "EndpointRefused",
    "EndpointUnavailable",
    "Message",
    "Model",
    "ReplyInvalid",
    "Transcript",
    "picture",
    "run",
    "system",
    "user",
]


def __getattr__(name: str) -> object:
    """Model and Transcript when they are first asked for: their imports take a second."""
    if name == "Model":
        from modelcalls.model import Model  # noqa: PLC0415

        return Model
    if name == "Transcript":
        from modelcalls.replies import Transcript  # noqa: PLC0415

        return Transcript
    raise AttributeError(name)
