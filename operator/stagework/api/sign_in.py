"""`SignIn`: a person proves to the API service who they are; made, used once, and gone.

The API server's service proxy drops who asks. Whoever makes a SignIn writes down who they are, and
the admission policy `stagework-signins` lets that pass only where it is so. It is no secret: who
reads it cannot use it, which takes the secret whose digest it has.
"""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from stagework.api.base import Resource

SIGN_IN_TIME: Final = timedelta(minutes=2)
"""A SignIn is good for so long."""

_Identity = Annotated[str, StringConstraints(max_length=512)]
_Value = Annotated[str, StringConstraints(max_length=1024)]


class SignInSpec(Resource):
    """Who signs in, as `kubectl auth whoami` shows it; cannot be changed."""

    username: Annotated[_Identity, StringConstraints(min_length=1)]
    """User name of whoever makes the SignIn."""
    uid: _Identity = ""
    """Their uid, where they have one."""
    groups: list[_Identity] = Field(default=[], max_length=1000)
    """All their groups, in the order in which the API server names them."""
    extra: dict[str, Annotated[list[_Value], Field(max_length=100)]] = Field(
        default={}, max_length=100
    )
    """What else the API server knows of them."""
    secretDigest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", max_length=64)]
    """SHA-256, in hex, of the secret that is shown to the API service."""
