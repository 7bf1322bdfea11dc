"""What the API server is asked about a user, and what its answer allows."""

import pytest

from stagework.web import access_reviews
from stagework.web.user import User

ALICE = User("alice", "u-1", ("team",), {"scopes": ("all",)})


def test_the_question_names_the_whole_user_and_what_it_is_about() -> None:
    asked = access_reviews.question(ALICE, {"verb": "get", "resource": "pods"})

    assert (asked["apiVersion"], asked["kind"]) == (
        "authorization.k8s.io/v1",
        "SubjectAccessReview",
    )
    assert asked["spec"] == {
        "user": "alice",
        "uid": "u-1",
        "groups": ("team",),
        "extra": {"scopes": ("all",)},
        "resourceAttributes": {"verb": "get", "resource": "pods"},
    }


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (b'{"status": {"allowed": true}}', True),
        (b'{"status": {"allowed": false, "reason": "no role"}}', False),
        (b'{"spec": {}}', False),
    ],
    ids=["yes", "no", "nothing said"],
)
def test_only_a_yes_allows_it(answer: bytes, *, allowed: bool) -> None:
    assert access_reviews.is_allowed(answer) is allowed
