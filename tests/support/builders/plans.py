"""What a plan does, in the words of tests: names and uids instead of actions."""

from typing import Any

from stagework.api.intervention import InterventionStatus
from stagework.api.resources import ApiResource
from stagework.plans.plan import Answer, Create, Delete, Plan


def created(plan: Plan[Any]) -> list[str]:
    """Stages whose Jobs are made."""
    made = [action.purpose for action in plan.actions if isinstance(action, Create)]
    return [purpose.name for purpose in made if purpose is not None]


def deleted(plan: Plan[Any], resource: ApiResource) -> list[str]:
    """Uids of the objects of a resource that are removed, before the status or after it."""
    removed = [a.target for a in (*plan.actions, *plan.afterwards) if isinstance(a, Delete)]
    return [target.uid for target in removed if target.resource == resource]


def answers(plan: Plan[Any]) -> list[InterventionStatus]:
    """Answers to Interventions, in the order in which they are given."""
    return [action.status for action in plan.afterwards if isinstance(action, Answer)]
