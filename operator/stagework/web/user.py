"""Whom a token belongs to, as the API server says."""

import msgspec


class User(msgspec.Struct, frozen=True):
    """Whom a token belongs to: the `user` of a TokenReview."""

    name: str = msgspec.field(default="", name="username")
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}
