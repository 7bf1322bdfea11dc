"""Addresses for uploads: signed as AWS's documents have it, for these bytes alone."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from stagework.artifacts.upload_signer import WRITE_SECONDS, UploadSigner


def signer(bucket_url: str, prefix: str = "") -> UploadSigner:
    """With the key and the moment of the example in AWS's documents."""
    return UploadSigner(
        bucket_url=bucket_url,
        prefix=prefix,
        region="us-east-1",
        key_id="AKIAIOSFODNN7EXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        now=lambda: datetime(2013, 5, 24, tzinfo=UTC),
    )


def test_the_example_of_awss_documents_has_their_signature() -> None:
    address = signer("https://examplebucket.s3.amazonaws.com").signed("GET", "test.txt", {}, 86400)
    signature = parse_qs(urlsplit(address).query)["X-Amz-Signature"]
    assert signature == ["aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"]


def test_length_and_digest_are_signed_and_the_address_is_soon_of_no_use() -> None:
    sha256 = hashlib.sha256(b"12345").hexdigest()
    of = signer("https://s3.example.org/artifacts", "work")
    address = of.address("team/run/a b.png", 5, sha256)
    assert address.startswith("https://s3.example.org/artifacts/work/team/run/a%20b.png?")
    query = parse_qs(urlsplit(address).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;host;x-amz-checksum-sha256"]
    assert query["X-Amz-Expires"] == [str(WRITE_SECONDS)]
    others = (
        of.address("team/run/a b.png", 6, sha256),
        of.address("team/run/a b.png", 5, "0" * 64),
    )
    signatures = {parse_qs(urlsplit(one).query)["X-Amz-Signature"][0] for one in (address, *others)}
    assert len(signatures) == 3
    assert of.secret not in address
