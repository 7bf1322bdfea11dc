"""What is done about an object that cannot be read, or about which deciding fails.

Its controller says so in the status. What people have asked of it is refused, with the fault and
what to do about it: nobody else would ever answer.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.controllers.controller import Controller, Key, OtherVersion, Unreadable
from stagework.controllers.decoding import notes_of
from stagework.controllers.requests import requests_for
from stagework.plans.interventions import NoDecision, refuse_without_decision
from stagework.plans.plan import Plan


def without_decision(
    cache: Cache,
    controller: Controller[Any],
    known: OwnObject,
    error: Exception,
    now: datetime,
) -> Plan[Any] | None:
    """The plan after such an error; None: there is nothing (more) to say."""
    match error:
        case OtherVersion():
            why = NoDecision("NotUnderstood", str(error))
            plan = controller.not_understood(known, why.fault, now)
        case Unreadable():
            why = NoDecision("InvalidSpec", str(error))
            plan = controller.unreadable(known, why.fault, now)
        case _:
            why = NoDecision("CannotBePlanned", f"{type(error).__name__}: {error}")
            plan = controller.undecidable(known, why.fault, now)
    requests = requests_for(cache, Key(controller.kind.kind, *known.name))
    uid = known.metadata.uid
    answers = refuse_without_decision(requests, notes_of(known), uid, why, now)
    if not answers:
        return plan
    said: Plan[Any] = Plan() if plan is None else plan
    return replace(said, afterwards=(*said.afterwards, *answers))
