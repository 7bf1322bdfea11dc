"""Who may lead, judged from what was seen of the Lease and from our own clock alone.

In this order: a Lease that is absent or released is ours to take; one that names us is ours to
renew; one that names another is his until it has stood still, seen by us on our own clock, for
as long as it promises. The times written in it come from another machine's clock: they are for
people and decide nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

DURATION_SECONDS: Final = 15.0
"""How long a Lease holds without being renewed."""
RENEW_DEADLINE_SECONDS: Final = 10.0
"""The holder gives up when it could not renew for so long: before anybody may take over."""
RETRY_SECONDS: Final = 2.0
"""Time between two reads of the Lease, or two renewals."""


class LeaseMeta(msgspec.Struct, frozen=True):
    """The part of a Lease's metadata that we use."""

    name: str = ""
    namespace: str = ""
    resourceVersion: str = ""
    uid: str = ""


class LeaseSpec(msgspec.Struct, frozen=True):
    """Who holds it; every field may be absent."""

    holderIdentity: str | None = None
    leaseDurationSeconds: int | None = None
    acquireTime: str | None = None
    renewTime: str | None = None
    leaseTransitions: int | None = None


class LeaseObject(msgspec.Struct, frozen=True):
    """A coordination.k8s.io/v1 Lease."""

    metadata: LeaseMeta
    spec: LeaseSpec = LeaseSpec()


@dataclass(frozen=True, slots=True)
class Observed:
    """A Lease (None: there is none) and when, on our clock, it was first seen like this."""

    lease: LeaseObject | None
    since: float


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


def judge(observed: Observed, now: float, *, identity: str) -> Acquire | Renew | Wait:
    """What we may do with a Lease; `now` is on the same clock as `observed.since`."""
    lease = observed.lease
    if lease is None or not lease.spec.holderIdentity:
        return Acquire()
    if lease.spec.holderIdentity == identity:
        return Renew()
    until = observed.since + (lease.spec.leaseDurationSeconds or DURATION_SECONDS)
    return Acquire() if now >= until else Wait(lease.spec.holderIdentity, until)


def see(before: Observed | None, lease: LeaseObject | None, now: float) -> Observed:
    """Note a Lease as seen now; its clock starts again only if anything in it has changed."""
    if before is not None and before.lease == lease:
        return before
    return Observed(lease, now)


def held_by(before: LeaseObject | None, identity: str, now: datetime) -> LeaseSpec:
    """The spec with which `identity` takes or renews a Lease."""
    spec = before.spec if before is not None else LeaseSpec()
    stamp = micro_time(now)
    if spec.holderIdentity == identity:
        return msgspec.structs.replace(
            spec, renewTime=stamp, leaseDurationSeconds=int(DURATION_SECONDS)
        )
    transitions = 0 if before is None else (spec.leaseTransitions or 0) + 1
    return LeaseSpec(identity, int(DURATION_SECONDS), stamp, stamp, transitions)


def released(lease: LeaseObject, now: datetime) -> LeaseSpec:
    """The spec with which its holder gives a Lease up, so that another need not wait."""
    return msgspec.structs.replace(
        lease.spec, holderIdentity="", leaseDurationSeconds=1, renewTime=micro_time(now)
    )


def micro_time(moment: datetime) -> str:
    """Kubernetes' MicroTime: UTC with exactly six digits of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
