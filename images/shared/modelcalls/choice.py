"""Endpoint or built-in? Chosen by the stage's environment, once for a whole stage.

1. `STAGEWORK_METHOD=builtin` (the default) never asks for an endpoint.
2. `endpoint` refuses to start where the role is not set; `auto` takes the built-in method there.
3. When the endpoint stays down, `STAGEWORK_WHEN_DOWN` decides: fail, defer, or built-in from
   then on. A refusal or an unfit reply is no outage: it always fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import stagekit
from modelcalls import methods
from modelcalls.errors import EndpointUnavailable
from stagekit import contract
from stagekit.text import say

if TYPE_CHECKING:
    from modelcalls.model import Model

T = TypeVar("T")


class Choice:
    """What one stage uses for one role; may be asked for many items."""

    def __init__(self, ctx: stagekit.Context, role: str) -> None:
        self._ctx = ctx
        self._role = role
        self._used: list[str] = []
        self.model: Model | None = self._find()
        """The endpoint, or None where the built-in method does the work."""

    def run(self, *, endpoint: Callable[[Model], T], builtin: Callable[[], T]) -> T:
        """Do one piece of work by the chosen method; notes which one it was."""
        if self.model is None:
            result = builtin()
            self._note(contract.METHOD_BUILTIN)
            return result
        try:
            result = endpoint(self.model)
        except EndpointUnavailable as error:
            if self._ctx.when_down == contract.WHEN_DOWN_DEFER:
                raise stagekit.Defer(error.reason, str(error)) from None
            if self._ctx.when_down != contract.WHEN_DOWN_BUILTIN:
                raise
            say(f"{error}; the built-in method does it instead")
            self._ctx.value("fallback", error.reason)
            self.model = None
            return self.run(endpoint=endpoint, builtin=builtin)
        self._ctx.value("model_machine", self.model.machine)
        self._note(contract.METHOD_ENDPOINT)
        return result

    def _find(self) -> Model | None:
        ctx = self._ctx
        methods.check_asking(ctx)
        if ctx.method == contract.METHOD_BUILTIN:
            return None
        endpoint = ctx.endpoint(self._role)
        if endpoint is None:
            if ctx.method == contract.METHOD_AUTO:
                return None
            raise stagekit.Refused(
                "EndpointNotSet",
                f"no {self._role} endpoint is set: settings.models.{self._role}, or method auto",
            )
        # Slow to import, and most stages never need it.
        from modelcalls.model import Model  # noqa: PLC0415
        from modelcalls.patience import Patience  # noqa: PLC0415

        patience = Patience(self._role, endpoint.retries, ctx.seconds_left)
        return Model(endpoint, ctx.machine, patience)

    def _note(self, method: str) -> None:
        if method not in self._used:
            self._used.append(method)
            self._ctx.method_used = "+".join(self._used)
            self._ctx.value("method", self._ctx.method_used)


def run(
    ctx: stagekit.Context,
    role: str,
    *,
    endpoint: Callable[[Model], T],
    builtin: Callable[[], T],
) -> T:
    """One stage, one piece of work: see Choice."""
    return Choice(ctx, role).run(endpoint=endpoint, builtin=builtin)
