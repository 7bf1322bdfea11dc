"""A second kind, for tests alone: a lamp shines while machines are ready and nobody has it off."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from stagework.api.answered import Answered
from stagework.api.base import Observed, Resource
from stagework.api.intervention import Intervention, InterventionSpec
from stagework.api.kinds import Kind
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.selections import ALL_NODES, objects_of
from stagework.controllers.controller import Controller, Key, Trigger, View
from stagework.plans.interventions import Requests
from stagework.plans.plan import Plan, PlanBuilder
from stagework.policies.interventions import Judgement


class LampSpec(Resource):
    watts: int = 40


class LampStatus(Observed):
    on: bool = True
    shines: bool = False
    answered: list[Answered] = []


LAMP = Kind(
    kind="Lamp",
    plural="lamps",
    short="lm",
    summary="Shines while a machine is ready.",
    spec=LampSpec,
    status=LampStatus,
    columns=(),
    rules=(("!has(self.spec.watts) || self.spec.watts <= 100", "lower spec.watts to 100"),),
    verbs=("Switch",),
)


class Switch:
    """What may be asked of a lamp."""

    words = LAMP.verbs

    def judge(self, _spec: InterventionSpec, _state: bool) -> Judgement:
        return Judgement(affected=("lamp",))

    def apply(self, _request: Intervention, _judgement: Judgement, state: bool) -> bool:
        return not state


class Lamps(Controller[LampStatus]):
    kind = LAMP

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def triggers(self) -> Iterable[Trigger[Any]]:
        return (Trigger(ALL_NODES, lambda _: self._all()),)

    async def decide(self, view: View[LampStatus], now: datetime) -> Plan[LampStatus]:
        before = view.unwritten or LampStatus.model_validate_json(bytes(view.object.status))
        builder = PlanBuilder()
        requests = Requests(view.interventions, view.object.metadata.uid, Switch())
        on, answered = requests.carry_out(before.on, before.answered, builder, now)
        power = any(node.ready for node in self._cache.all(ALL_NODES))
        after = LampStatus(on=on, shines=on and power, answered=answered)
        status = after if after != before else None
        return Plan(status=status, urgent=True, afterwards=tuple(builder.afterwards))

    def _all(self) -> list[Key]:
        return [Key(LAMP.kind, *lamp.name) for lamp in self._cache.all(objects_of(LAMP))]
