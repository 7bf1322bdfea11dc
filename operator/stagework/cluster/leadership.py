"""Who may lead, judged from what was seen of the Lease and from our own clock alone.

In this order: a Lease that was never there, or is released, is ours to take; one that names us is
ours to renew; one that names another is his until it has stood still, seen by us on our own clock,
for as long as it promises. One that was there and has gone is nobody's for as long: its holder may
still write, and where the release is being removed nothing is to be made anew. The times written in
it come from another machine's clock and say nothing about who may lead.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from stagework.api.observed import LeaseSpec, LeaseView

DURATION_SECONDS: Final = 15.0
"""How long a Lease holds without being renewed."""
LONGEST_SECONDS: Final = 60.0
"""Whatever a Lease promises: by hand it may be years, and nobody would lead."""
MOST_TRANSITIONS: Final = 2**31 - 1
"""What the API server can store."""
RENEW_DEADLINE_SECONDS: Final = 10.0
"""The holder gives up when it could not renew for so long: before anybody may take over."""
RETRY_SECONDS: Final = 2.0
"""Time between two reads of the Lease, or two renewals."""


@dataclass(frozen=True, slots=True)
class SeenLease:
    """A Lease (None: there is none) and when, on our clock, it was first seen like this."""

    lease: LeaseView | None
    since: float
    gone: bool = False
    """There was one, and somebody has deleted it."""


@dataclass(frozen=True, slots=True)
class Acquire:
    """Take it."""


@dataclass(frozen=True, slots=True)
class Renew:
    """It names us: renew it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Another holds it; `until` (our clock) it can not be taken."""

    holder: str
    until: float


def judge(seen: SeenLease, now: float, *, identity: str) -> Acquire | Renew | Wait:
    """What we may do with a Lease; `now` is on the same clock as `seen.since`."""
    lease = seen.lease
    if lease is None and seen.gone:
        until = seen.since + DURATION_SECONDS
        return Acquire() if now >= until else Wait("", until)
    if lease is None or not lease.spec.holder_identity:
        return Acquire()
    if lease.spec.holder_identity == identity:
        return Renew()
    promised = min(lease.spec.lease_duration_seconds or DURATION_SECONDS, LONGEST_SECONDS)
    until = seen.since + promised
    return Acquire() if now >= until else Wait(lease.spec.holder_identity, until)


def see(
    before: SeenLease | None, lease: LeaseView | None, now: float, *, existed: bool = False
) -> SeenLease:
    """Note a Lease as seen now; its clock starts again only if anything in it has changed.

    `existed`: there was one before, whatever is remembered of it.
    """
    if before is not None and before.lease == lease:
        return before
    return SeenLease(lease, now, gone=lease is None and existed)


def held_by(before: LeaseView | None, identity: str, now: datetime) -> LeaseSpec:
    """The spec with which `identity` takes or renews a Lease."""
    spec = before.spec if before is not None else LeaseSpec()
    stamp = micro_time(now)
    if spec.holder_identity == identity:
        return msgspec.structs.replace(
            spec, renew_time=stamp, lease_duration_seconds=int(DURATION_SECONDS)
        )
    transitions = 0 if before is None else min((spec.lease_transitions or 0) + 1, MOST_TRANSITIONS)
    return LeaseSpec(identity, int(DURATION_SECONDS), stamp, stamp, transitions)


def released(lease: LeaseView, now: datetime) -> LeaseSpec:
    """The spec with which its holder gives a Lease up, so that another need not wait."""
    return msgspec.structs.replace(
        lease.spec, holder_identity="", lease_duration_seconds=1, renew_time=micro_time(now)
    )


def micro_time(moment: datetime) -> str:
    """Kubernetes' MicroTime: UTC with exactly six digits of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
