"""The turns of one run's stages, within what the run may have at work at once.

Which turns are given depends on all runs, so the slot ledger is asked; where it gives more of them
than the run has room for, it is asked again for less, before anything follows from that.
"""

from collections.abc import Callable, Mapping, Sequence

from stagework.api.stage_status import States
from stagework.policies.parallelism import AtLimit, within_limit
from stagework.policies.slots.request import SlotRequest
from stagework.policies.slots.turn import Granted, Turn

RunTurn = Turn | AtLimit
"""A turn, a place in a queue, or that the run has no room for it."""
RunTurns = Mapping[str, RunTurn]
"""By stage."""


def turns_of(
    wanted: Sequence[SlotRequest],
    states: States,
    limit: int | None,
    ask: Callable[[Sequence[SlotRequest]], Mapping[str, Turn]],
) -> RunTurns:
    """The turns of all that wants one. `ask` replaces all that the run requests of the ledger."""
    if limit is None or not states:  # before it is accepted nothing follows from its turns
        return ask(wanted)
    requests = first_requests(wanted, states, limit)
    turns = ask(requests)
    granted = frozenset(name for name, turn in turns.items() if isinstance(turn, Granted))
    fewer = within(requests, states, limit, granted)
    if len(fewer) < len(requests):
        requests, turns = fewer, ask(fewer)
    kept = {request.stage for request in requests}
    left = [request.stage for request in wanted if request.stage not in kept]
    with_turn = (name for name, turn in turns.items() if isinstance(turn, Granted))
    at_work = [*_at_work(states), *with_turn]
    return {**turns, **dict.fromkeys(left, AtLimit(limit, tuple(dict.fromkeys(at_work))))}


def within(
    requests: Sequence[SlotRequest], states: States, limit: int | None, granted: frozenset[str]
) -> tuple[SlotRequest, ...]:
    """What the run may request: what it has at work, and what there is room for besides.

    `granted`: stages that have been given a turn.
    """
    if limit is None:
        return tuple(requests)
    at_work = _at_work(states)
    bound = {request.stage for request in requests if request.holds} | {*at_work}
    waiting = [request.stage for request in requests if request.stage not in bound]
    waiting.sort(key=lambda name: name not in granted)
    kept = bound.union(within_limit(limit, at_work, waiting, granted))
    return tuple(request for request in requests if request.stage in kept)


def first_requests(
    wanted: Sequence[SlotRequest], states: States, limit: int | None
) -> tuple[SlotRequest, ...]:
    """What a run requests before it is known whose turn it is."""
    return within(wanted, states, limit, _begun(states))


def _begun(states: States) -> frozenset[str]:
    """Stages whose turn has come, and that have no Pod yet."""
    return frozenset(name for name, stage in states.items() if stage.starting and not stage.pod)


def _at_work(states: States) -> tuple[str, ...]:
    """Stages with a chosen Pod that has not ended, as far as is known."""
    return tuple(name for name, stage in states.items() if stage.pod and not stage.ended)
