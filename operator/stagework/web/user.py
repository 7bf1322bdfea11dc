"""Whom a token belongs to, as the API server says."""

import msgspec

from stagework.api.intervention import REQUESTER_LETTERS
from stagework.web.errors import forbidden


class User(msgspec.Struct, frozen=True):
    """Whom a token belongs to: the `user` of a TokenReview."""

    name: str = msgspec.field(default="", name="username")
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}

    @property
    def requester(self) -> str:
        """As an Intervention names who asks; raises ProblemError where that has no room for it.

        A name that is cut could be somebody else's, too.
        """
        if len(self.name) > REQUESTER_LETTERS:
            raise forbidden(f"your user name has more than {REQUESTER_LETTERS} characters")
        return self.name
