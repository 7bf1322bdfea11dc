"""Addresses of an S3-compatible store to which one file can be written, and no other bytes.

The client of the store signs an address for a key alone: whoever has it may write what they like
there, as often as they like. Here length and digest are signed, too (AWS Signature Version 4, as
its documents have it), so that the address is good for nothing but those very bytes.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, urlsplit

from stagekit.contract import HEADER_STORE_CHECKSUM
from stagework.settings import S3Settings

WRITE_SECONDS: Final = 60
"""How long an address can be used: the upload must have begun by then."""
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True)
class UploadSigner:
    """Signs with one key for one bucket; `now` gives the time of day."""

    bucket_url: str
    prefix: str
    """Put before every key."""
    region: str
    key_id: str
    secret: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def of(cls, settings: S3Settings) -> Self:
        """For the bucket of the settings; keys are read once, at start."""
        return cls(
            bucket_url=f"{settings.endpoint.rstrip('/')}/{settings.bucket}",
            prefix=settings.prefix.strip("/"),
            region=settings.region,
            key_id=Path(settings.accessKeyIdFile).read_text().strip(),
            secret=Path(settings.secretAccessKeyFile).read_text().strip(),
        )

    def address(self, key: str, size: int, sha256: str) -> str:
        """Where a file of so many bytes with that digest (hex) can be written."""
        checksum = b64encode(bytes.fromhex(sha256)).decode()
        headers = {"content-length": str(size), HEADER_STORE_CHECKSUM: checksum}
        return self.signed("PUT", key, headers, WRITE_SECONDS)

    def signed(self, method: str, key: str, headers: Mapping[str, str], seconds: int) -> str:
        """An address with which the request can be made that has these headers, too."""
        path = f"{self.prefix}/{key}" if self.prefix else key
        url = f"{self.bucket_url}/{quote(path, safe='/-_.~')}"
        parts = urlsplit(url)
        at = self.now()
        stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
        scope = f"{day}/{self.region}/s3/aws4_request"
        signed_headers = dict(sorted({"host": parts.netloc, **headers}.items()))
        query = "&".join(
            f"{name}={quote(value, safe='-_.~')}"
            for name, value in (
                ("X-Amz-Algorithm", _ALGORITHM),
                ("X-Amz-Credential", f"{self.key_id}/{scope}"),
                ("X-Amz-Date", stamp),
                ("X-Amz-Expires", str(seconds)),
                ("X-Amz-SignedHeaders", ";".join(signed_headers)),
            )
        )
        lines = [f"{name}:{value}\n" for name, value in signed_headers.items()]
        request = "\n".join(
            [method, parts.path, query, "".join(lines), ";".join(signed_headers), _UNSIGNED]
        )
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
        signature = self._signature(day, text)
        return f"{url}?{query}&X-Amz-Signature={signature}"

    def _signature(self, day: str, text: str) -> str:
        key = f"AWS4{self.secret}".encode()
        for word in (day, self.region, "s3", "aws4_request"):
            key = hmac.digest(key, word.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()
