"""Which addresses an item may name."""

import pytest

from stagework.policies.item_address import Allowed, refused_address, upload_digest

SHA = "0" * 64
ALLOWED = Allowed(
    "team",
    frozenset({"example.org", "example.org:8443"}),
    {"photos": "", "shared": "team/"},
    beside="team/run-1/ocr/1-pod",
)


@pytest.mark.parametrize(
    "uri",
    [
        f"artifact://team/uploads/{SHA}/a.png",
        f"artifact://team/uploads/{SHA}/%EC%8B%A0.png",
        "artifact://team/run-1/ocr/1-pod/pages/1.png",
        "s3://photos/a/b.png",
        "s3://shared/team/a.png",
        "https://example.org/x?y=z",
        "https://example.org:8443/x",
    ],
)
def test_these_may_be_named(uri: str) -> None:
    assert refused_address(uri, ALLOWED) == ""


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        (f"artifact://other/uploads/{SHA}/a.png", "is of another namespace than the batch"),
        ("artifact://team/uploads/abc/a.png", "is no upload"),
        (f"artifact://team/uploads/{SHA}/../a", "names no artifact"),
        (f"artifact://team/uploads/{SHA}/%2e%2e", "names no artifact"),
        ("artifact://team/run-2/ocr/1-pod/a.png", "is no upload"),
        ("artifact://team/run-1/ocr/1-pod2/a.png", "is no upload"),
        ("artifact://team", "names no artifact"),
        ("s3://nobodys/a.png", "is in a bucket that no store"),
        ("s3://shared/other/a.png", "must be below s3://shared/team/"),
        ("s3://photos/", "must be below"),
        ("s3://photos/../a", "has a segment . or .."),
        ("https://169.254.169.254/latest", "is on a host that artifacts.inputHosts"),
        ("https://example.org:444/", "is on a host"),
        ("https://me:secret@example.org/", "must name a host, and no user"),
        ("https://example.org:x/", "is no URL"),
        ("https://[::1", "is no URL"),
        ("http://example.org/", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("a.png", "must begin with"),
    ],
)
def test_these_may_not_and_the_sentence_says_why(uri: str, why: str) -> None:
    assert refused_address(uri, ALLOWED).startswith(why)


@pytest.mark.parametrize(
    ("uri", "digest"),
    [
        (f"artifact://team/uploads/{SHA}/a.png", SHA),
        (f"artifact://team/uploads/{SHA}", ""),
        ("artifact://team/run-1/ocr/1-pod/a.png", ""),
        ("s3://photos/a.png", ""),
    ],
)
def test_the_upload_that_an_address_names(uri: str, digest: str) -> None:
    assert upload_digest(uri) == digest
