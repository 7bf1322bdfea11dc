"""The path of an artifact, taken apart: `<namespace>/<run uid>/<stage>/<n>-<pod>/<file>`."""

import re
from dataclasses import dataclass
from typing import Final, Self

from stagekit.contract import STAGE_NAME
from stagework.artifacts.paths import checked
from stagework.batches.layout import FOLDER
from stagework.web.errors import bad_request

_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_STAGE: Final = re.compile(STAGE_NAME)
_ATTEMPT: Final = re.compile(r"[1-9][0-9]{0,8}")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SEGMENTS: Final = 4
_SHAPE: Final = "the form is <namespace>/<run uid>/<stage>/<attempt>-<pod uid>/<path>"

LOG_FILE: Final = "stagework.log"
"""Beside an attempt's artifacts: its log, where it failed. It is read by who may read logs, and is
no artifact to anybody else."""
UPLOADS: Final = "uploads"
"""Beside the run uids of a namespace: what people have uploaded. No uid looks like it."""
BACKUPS: Final = "_backups"
"""Where backups are kept in the store: no namespace has such a name."""


@dataclass(frozen=True)
class ArtifactPrefix:
    """Where one attempt of one stage keeps its artifacts."""

    namespace: str
    run_uid: str
    stage: str
    attempt: int
    pod_uid: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.run_uid}/{self.stage}/{self.attempt}-{self.pod_uid}"

    @classmethod
    def of(cls, *, namespace: str, run_uid: str, stage: str, attempt: str, pod_uid: str) -> Self:
        """Build from words that others gave; raises ProblemError for one that cannot be."""
        for what, pattern, word in (
            ("namespace", _NAMESPACE, namespace),
            ("run uid", _UID, run_uid),
            ("stage", _STAGE, stage),
            ("attempt", _ATTEMPT, attempt),
            ("Pod uid", _UID, pod_uid),
        ):
            if not pattern.fullmatch(word) or word in {UPLOADS, FOLDER}:
                raise bad_request(f"not a {what}: {word[:80]!r}", _SHAPE)
        return cls(namespace, run_uid, stage, int(attempt), pod_uid)


@dataclass(frozen=True)
class ArtifactPath:
    """A file (or, with an empty `file`, all files) of one attempt."""

    prefix: ArtifactPrefix
    file: str

    @property
    def key(self) -> str:
        """The store's key."""
        return f"{self.prefix}/{self.file}"


def parse(address: str) -> ArtifactPath:
    """Take an address apart; raises ProblemError or BadKeyError for one that cannot be."""
    parts = address.split("/", _SEGMENTS)
    if len(parts) <= _SEGMENTS:
        raise bad_request(f"not an artifact's address: {address[:200]!r}", _SHAPE)
    attempt, _, pod_uid = parts[3].partition("-")
    prefix = ArtifactPrefix.of(
        namespace=parts[0], run_uid=parts[1], stage=parts[2], attempt=attempt, pod_uid=pod_uid
    )
    if parts[4]:
        checked(address)
    if parts[4].partition("/")[0] == LOG_FILE:
        hint = "use another name; people read logs with `stagework logs`"
        raise bad_request(f"{LOG_FILE} is no artifact", hint)
    return ArtifactPath(prefix, parts[4])


def checked_namespace(word: str) -> str:
    """A namespace's name as it came in a path; raises ProblemError."""
    if not _NAMESPACE.fullmatch(word):
        raise bad_request(f"not a namespace: {word[:80]!r}", "wildcards are not supported")
    return word


def checked_run_name(word: str) -> str:
    """A PipelineJob's name as it came in a path; raises ProblemError."""
    if not _NAME.fullmatch(word):
        raise bad_request(f"not a PipelineJob's name: {word[:80]!r}")
    return word


def checked_uid(word: str) -> str:
    """A run's uid as it came in a path; raises ProblemError."""
    if not _UID.fullmatch(word):
        raise bad_request(f"not a run's uid: {word[:80]!r}")
    return word


def checked_pod_name(word: str) -> str:
    """The name of a Pod or of its container as it came in a path; raises ProblemError."""
    if not _NAME.fullmatch(word):
        raise bad_request(f"not a name: {word[:80]!r}")
    return word


def checked_stage(word: str) -> str:
    """A stage's name as it came in a path; raises ProblemError."""
    if not _STAGE.fullmatch(word):
        raise bad_request(f"not a stage: {word[:80]!r}")
    return word


def checked_sha256(word: str) -> str:
    """A sha256 in lower-case hex; raises ProblemError."""
    if not _SHA256.fullmatch(word):
        raise bad_request(f"not a sha256 in hex: {word[:80]!r}")
    return word
