"""A second kind, for tests alone: a lamp shines while machines are ready and nobody has it off."""

from datetime import datetime

from stagework.api.answered import Answered
from stagework.api.base import Observed, Resource
from stagework.api.intervention import Intervention, InterventionSpec
from stagework.api.judgement import Judgement
from stagework.api.kinds import Kind
from stagework.api.observed import NodeView
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.selections import ALL_NODES, objects_of
from stagework.controllers.controller import Controller, Key, Trigger, View
from stagework.plans.interventions import Requests
from stagework.plans.plan import Plan, PlanBuilder


class LampSpec(Resource):
    watts: int = 40


class LampStatus(Observed):
    on: bool = True
    shines: bool = False
    answered: list[Answered] = []


LAMP = Kind(
    *("Lamp", "lamps", "lm", "Shines while a machine is ready.", LampSpec, LampStatus, ()),
    rules=(("!has(self.spec.watts) || self.spec.watts <= 100", "lower spec.watts to 100"),),
    verbs=("Switch",),
)


class Lamps(Controller[LampStatus]):
    kind, words, reads = LAMP, LAMP.verbs, (ALL_NODES,)

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def triggers(self) -> tuple[Trigger[NodeView]]:
        lamps, kept = objects_of(LAMP), self._cache
        return (Trigger(ALL_NODES, lambda _: (Key("Lamp", *at.name) for at in kept.all(lamps))),)

    def decide(self, view: View[LampStatus], now: datetime) -> Plan[LampStatus]:
        before = view.unwritten or LampStatus.model_validate_json(bytes(view.object.status))
        requests = Requests(view.interventions, view.object.metadata.uid, self, view.refusals)
        builder = PlanBuilder()
        on, answered = requests.apply(before.on, before.answered, builder, now)
        power = any(node.ready for node in self._cache.all(ALL_NODES))
        after = LampStatus(on=on, shines=on and power, answered=answered)
        return builder.plan(after if after != before else None, urgent=True)

    def judge(self, spec: InterventionSpec, state: bool) -> Judgement:
        return Judgement(affected=("lamp",))

    def apply(self, request: Intervention, judgement: Judgement, state: bool) -> bool:
        return not state
