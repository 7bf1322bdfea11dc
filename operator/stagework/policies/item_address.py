"""May an item name this address? By its text alone, as the routes judge that give its content.

1. `artifact://`: an upload of the batch's own namespace, or a file of the stage that the manifest
   is from.
2. `s3://`: what is laid down for the namespace in the bucket of the artifact store, or an object of
   a store of the settings that the namespace may use.
3. `https://`: a host that the settings allow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from stagekit import artifact_names

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_UPLOAD_SEGMENTS: Final = 3
_UPLOADS: Final = "uploads"
_DEPTH: Final = 4 + artifact_names.SEGMENTS_MAX


@dataclass(frozen=True)
class Allowed:
    """What the items of one batch may name."""

    namespace: str
    hosts: frozenset[str] = frozenset()
    """Of `https`, as the settings have them."""
    folders: Mapping[str, str] = field(default_factory=dict[str, str])
    """Bucket to the prefix that keys in it must have."""
    beside: str = ""
    """Prefix of a stage's artifacts."""


def refused_address(uri: str, allowed: Allowed) -> str:
    """Why not, as the end of a sentence on the address; empty where it may be named."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "is no URL"
    match parts.scheme:
        case "artifact":
            return _artifact(parts, allowed)
        case "s3":
            return _s3(parts, allowed)
        case "https":
            return _https(parts, allowed)
        case _:
            return "must begin with artifact://, s3:// or https://"


def upload_digest(uri: str) -> str:
    """The sha256 of the upload that an address names; empty where it names none."""
    if not uri.startswith("artifact://"):
        return ""
    words = uri.split("/")
    is_upload = len(words) == 2 + 1 + _UPLOAD_SEGMENTS and words[3] == _UPLOADS
    return words[4] if is_upload and _SHA256.fullmatch(words[4]) else ""


def _artifact(parts: SplitResult, allowed: Allowed) -> str:
    if parts.netloc != allowed.namespace:
        return f"is of another namespace than the batch, {allowed.namespace}"
    path = unquote(parts.path).lstrip("/")
    rule = artifact_names.broken_rule(path, segments_max=_DEPTH, bytes_max=1024)
    if rule:
        return f"names no artifact: {rule}"
    if allowed.beside and f"{parts.netloc}/{path}".startswith(f"{allowed.beside}/"):
        return ""
    words = path.split("/")
    is_upload = len(words) == _UPLOAD_SEGMENTS and words[0] == _UPLOADS
    if not is_upload or not _SHA256.fullmatch(words[1]):
        return "is no upload: the form is artifact://<namespace>/uploads/<sha256>/<name>"
    return ""


def _s3(parts: SplitResult, allowed: Allowed) -> str:
    folder = allowed.folders.get(parts.netloc)
    if folder is None:
        return "is in a bucket that no store of the settings gives to this namespace"
    key = unquote(parts.path).lstrip("/")
    if not key or not key.startswith(folder):
        return f"must be below s3://{parts.netloc}/{folder}"
    segments = key.split("/")
    return "has a segment . or .." if {".", ".."} & set(segments) else ""


def _https(parts: SplitResult, allowed: Allowed) -> str:
    try:
        port = parts.port or 443
    except ValueError:
        return "is no URL"
    host = (parts.hostname or "").rstrip(".")
    if not host or parts.username is not None or parts.password is not None:
        return "must name a host, and no user or password"
    if f"{host}:{port}" in allowed.hosts or (port == 443 and host in allowed.hosts):  # noqa: PLR2004
        return ""
    return f"is on a host that artifacts.inputHosts does not allow: {host[:80]}"
