"""What the API server does to requests: refuses them, forgets to answer, cuts watches."""

import asyncio
from dataclasses import dataclass
from typing import Final

from tests.support.fakeapi import failures
from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import DROP, READ_VERBS, Cut, Seen, Verdict
from tests.support.fakeapi.resources import (
    INTERVENTIONS,
    JOBS,
    LEASES,
    PIPELINE_JOBS,
    PODS,
    REVISIONS,
    Resource,
)
from tests.support.histories.scene import Deed, Scene

HANGS_SECONDS: Final = 40.0
"""Longer than the operator waits for any answer."""
_REFUSALS: Final[tuple[Failure | Cut, ...]] = (
    Failure(403, "Forbidden", "exceeded quota: q, requested: requests.cpu=1"),
    Failure(403, "Forbidden", 'admission webhook "deny.example.org" denied the request: no'),
    Failure(422, "Invalid", "is invalid: spec: Invalid value: refused by a policy"),
    failures.too_many_requests(1),
    failures.too_many_requests(20),
    failures.internal_error(),
    Failure(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
    Failure(504, "Timeout", "request did not complete within the allotted timeout"),
    DROP,
)
_VERBS: Final = ("POST", "PATCH", "DELETE", "GET")
_AIMS: Final = (None, None, JOBS, PODS, PIPELINE_JOBS, INTERVENTIONS, REVISIONS)


@dataclass(frozen=True)
class _Refusing:
    """Some requests do not go through."""

    verbs: tuple[str, ...]
    resource: Resource | None
    share: float
    verdict: Failure | Cut
    hangs: bool
    done: bool
    """What was asked for is done, and only the answer is lost."""

    def __str__(self) -> str:
        what = self.resource.plural if self.resource else "everything"
        how = "no answer" if self.hangs or self.done else str(self.verdict)
        moment = "after it is done" if self.done else "before it is done"
        return f"{'/'.join(self.verbs)} {what}: {self.share:.0%} {how}, {moment}"


class ApiServer:
    """Stands between the store and the operator."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._refusing: list[_Refusing] = []
        scene.world.faults.before.append(self._before)
        scene.world.faults.after.append(self._after)

    def deeds(self) -> list[tuple[int, Deed]]:
        """What may happen, and how often as compared with the rest."""
        return [(6, self.refuse), (5, self.recover), (1, self.forget), (1, self.lease_away)]

    def refuse(self) -> str:
        """From now on, until it recovers."""
        rng = self._scene.rng
        done = self._scene.chance(0.25)
        refusing = _Refusing(
            verbs=(rng.choice(_VERBS),) if self._scene.chance(0.8) else _VERBS,
            resource=rng.choice(_AIMS),
            share=rng.choice((0.3, 1.0)),
            verdict=DROP if done else rng.choice(_REFUSALS),
            hangs=self._scene.chance(0.15),
            done=done,
        )
        self._refusing.append(refusing)
        return str(refusing)

    def recover(self) -> str:
        """Everything goes through again."""
        if not self._refusing:
            return ""
        self._refusing.clear()
        return "every request goes through again"

    def forget(self) -> str:
        """All watches are cut; where the log is compacted they cannot go on from there."""
        fake = self._scene.world.fake
        compacted = self._scene.chance(0.5)
        if compacted:
            fake.compact()
        fake.drop_watches()
        return f"all watches are cut{', the log is compacted' if compacted else ''}"

    def lease_away(self) -> str:
        """The Lease can be neither read nor written."""
        self._refusing.append(_Refusing(("GET", "PUT"), LEASES, 1.0, DROP, hangs=False, done=False))
        return "the Lease is out of reach"

    def finish(self) -> None:
        """No request fails any more."""
        self._refusing.clear()

    async def _before(self, seen: Seen) -> Verdict:
        refusing = self._met(seen, done=False)
        if refusing is None:
            return None
        if refusing.hangs:
            await asyncio.sleep(HANGS_SECONDS)
            return DROP
        return refusing.verdict

    async def _after(self, seen: Seen) -> Verdict:
        refusing = self._met(seen, done=True)
        if refusing is not None and refusing.hangs:
            await asyncio.sleep(HANGS_SECONDS)
        return None if refusing is None else DROP

    def _met(self, seen: Seen, *, done: bool) -> _Refusing | None:
        for refusing in self._refusing:
            if (
                refusing.done == done
                and _verb(seen) in refusing.verbs
                and (seen.resource is refusing.resource or _common(seen, refusing))
                and self._scene.chance(refusing.share)
            ):
                return refusing
        return None


def _verb(seen: Seen) -> str:
    return "GET" if seen.verb in READ_VERBS else seen.verb


def _common(seen: Seen, refusing: _Refusing) -> bool:
    return refusing.resource is None and seen.resource is not LEASES
