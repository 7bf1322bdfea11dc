"""What errors of a store's client mean."""

import pytest
from obstore import exceptions

from stagework.artifacts.s3_faults import Fault, judged


def answered(status: int, word: str = "") -> str:
    """As the client quotes an answer."""
    body = f"<Error><Code>{word}</Code><Message>secret</Message></Error>" if word else ""
    return f"Error performing GET http://s3/photos: non-2xx status code: {status} Oh: {body}"


@pytest.mark.parametrize(
    ("error", "fault", "word"),
    [
        (exceptions.GenericError(answered(403, "InvalidKey")), Fault.KEY_REFUSED, "InvalidKey"),
        (exceptions.GenericError(answered(403, "AccessDenied")), Fault.FORBIDDEN, "AccessDenied"),
        (exceptions.PermissionDeniedError(answered(403)), Fault.KEY_REFUSED, "status 403"),
        (exceptions.UnauthenticatedError("secret"), Fault.KEY_REFUSED, "UnauthenticatedError"),
        (FileNotFoundError(answered(404, "NoSuchKey")), Fault.NO_OBJECT, "NoSuchKey"),
        (FileNotFoundError(answered(404)), Fault.NO_OBJECT, "status 404"),
        (FileNotFoundError(answered(404, "NoSuchBucket")), Fault.NO_BUCKET, "NoSuchBucket"),
        (exceptions.GenericError(answered(404, "NoSuchBucket")), Fault.NO_BUCKET, "NoSuchBucket"),
        (exceptions.GenericError(answered(404)), Fault.NO_BUCKET, "status 404"),
        (exceptions.InvalidPathError("a\nb"), Fault.BAD_OBJECT_KEY, "InvalidPathError"),
        (exceptions.GenericError(answered(503, "SlowDown")), Fault.AWAY, "SlowDown"),
        (exceptions.GenericError(answered(301)), Fault.AWAY, "status 301"),
        (exceptions.GenericError("connection refused"), Fault.AWAY, "GenericError"),
    ],
)
def test_each_means_one_thing_and_only_the_stores_word_is_told(
    error: Exception, fault: Fault, word: str
) -> None:
    trouble = judged(error)
    assert trouble is not None
    assert (trouble.fault, trouble.word) == (fault, word)
    assert trouble.sentence
    assert "secret" not in trouble.sentence


@pytest.mark.parametrize("error", [None, ConnectionError("x"), ValueError("x")])
def test_other_errors_are_none_of_the_store(error: Exception | None) -> None:
    assert judged(error) is None
