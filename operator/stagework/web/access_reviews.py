"""May a user do something? As the API server is asked for it: a SubjectAccessReview."""

from typing import Final

import msgspec

from stagework.web.user import User

PATH: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
"""Where the question is posted."""


class _Status(msgspec.Struct):
    allowed: bool = False


class _Review(msgspec.Struct):
    status: _Status = msgspec.field(default_factory=_Status)


_review = msgspec.json.Decoder(_Review)


def question(user: User, attributes: dict[str, str]) -> dict[str, object]:
    """The review to be posted, about a resource with these attributes."""
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": user.name,
            "uid": user.uid,
            "groups": user.groups,
            "extra": user.extra,
            "resourceAttributes": attributes,
        },
    }


def is_allowed(answer: bytes) -> bool:
    """What the answered review says; one that says nothing allows nothing."""
    return _review.decode(answer).status.allowed
