"""Who signs in? Whoever shows the secret of a SignIn of their own, once.

In this order:
1. The proof names a SignIn of a watched namespace and has the secret whose digest stands there.
   Bad ones slow their address, as bad tokens do.
2. It was made within `SIGN_IN_TIME`, and nobody has asked for its deletion.
3. The admission policy was in force when it was made (`sign_in_policy.py`): so it names its maker.
4. We delete that very object. Who finds it gone comes second, and is nobody.

No answer tells a wrong secret from a SignIn that is not there.
"""

import asyncio
import hashlib
import hmac
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Final

from stagework.api.admission import SIGN_INS_POLICY
from stagework.api.sign_in import SIGN_IN_TIME
from stagework.web.auth.review_budget import ReviewBudget
from stagework.web.auth.sign_in_policy import SETTLED, was_in_force
from stagework.web.errors import ClusterUnavailable, ProblemError, forbidden
from stagework.web.sign_in_source import SignInSource, SignInView
from stagework.web.user import User

UNUSED_TIME: Final = timedelta(minutes=5)
"""A SignIn that nobody has used is taken away after so long."""
EVERY_SECONDS: Final = 600.0
"""From one sweep to the next."""
_PROOF: Final = re.compile(r"([a-z0-9-]{1,63})/([a-z0-9.-]{1,253})/([A-Za-z0-9_-]{32,128})")

_log = logging.getLogger("stagework.web.sign_ins")


class SignIns:
    """Takes each SignIn once, and sweeps those that nobody uses."""

    def __init__(
        self,
        source: SignInSource,
        *,
        namespaces: tuple[str, ...],
        wall_clock: Callable[[], float],
        budget: ReviewBudget,
    ) -> None:
        self._source = source
        self._budget = budget
        self._namespaces = namespaces
        self._wall_clock = wall_clock

    async def user(self, proof: str, address: str) -> User:
        """Whose `NAMESPACE/NAME/SECRET` it is, which came from that address.

        Raises ProblemError (401 or 403).
        """
        given = _PROOF.fullmatch(proof)
        if given is None:
            raise _nobody()
        namespace, name, secret = given.groups()
        if self._namespaces and namespace not in self._namespaces:
            raise forbidden(
                f"nothing is watched in namespace {namespace!r}",
                "sign in in a namespace in which stagework runs your work",
            )
        review = partial(self._proved, namespace, name, secret)
        sign_in = await self._budget.review(address, review)
        if sign_in is None:
            raise _nobody()
        policy, binding = await self._source.policy()
        if not was_in_force(policy, binding, sign_in.metadata.creation_timestamp):
            raise _without_policy()
        if not await self._source.delete(sign_in):
            raise _nobody()
        _log.info("signed in", extra={"user": sign_in.spec.name, "namespace": namespace})
        return sign_in.spec.user

    async def run(self, every_seconds: float = EVERY_SECONDS) -> None:
        """Sweep until cancelled; a sweep that fails is tried again at its next time."""
        while True:
            try:
                await self.sweep()
            except ClusterUnavailable as error:
                _log.warning("sweep of SignIns given up", extra={"error": str(error)})
            await asyncio.sleep(every_seconds)

    async def sweep(self) -> None:
        """Take away what nobody has used in time."""
        now = self._now()
        for sign_in in await self._source.listed(self._namespaces):
            if now - sign_in.metadata.creation_timestamp > UNUSED_TIME:
                await self._source.delete(sign_in)

    async def _proved(self, namespace: str, name: str, secret: str) -> SignInView | None:
        sign_in = await self._source.get(namespace, name)
        return sign_in if sign_in is not None and self._is_good(sign_in, secret) else None

    def _is_good(self, sign_in: SignInView, secret: str) -> bool:
        shown = hashlib.sha256(secret.encode()).hexdigest()
        # The clocks may differ: it may also have been made a little later than now.
        age = abs(self._now() - sign_in.metadata.creation_timestamp)
        is_known = hmac.compare_digest(shown, sign_in.spec.secret_digest)
        return is_known and age <= SIGN_IN_TIME and not sign_in.metadata.leaving

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall_clock(), UTC)


def _nobody() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "no SignIn of that name and secret, or it was used, or its time is over",
        "make a new SignIn and send Authorization: SignIn <namespace>/<name>/<secret>",
        {"WWW-Authenticate": "SignIn"},
    )


def _without_policy() -> ProblemError:
    return forbidden(
        f"no tickets are given: the admission policy {SIGN_INS_POLICY} is not in force, or was made"
        f" less than {SETTLED.seconds} s before",
        "an administrator should install the chart with admissionPolicies.enabled; until then,"
        " speak as a ServiceAccount of the namespace (--service-account)",
    )
