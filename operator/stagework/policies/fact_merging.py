"""Of two facts about the same row, which one counts, field by field?

In this order:
1. when an attempt was queued is kept once it is known: whoever sees it later only guesses;
2. that another attempt has followed stays true;
3. whether and how something has ended is the newer one's, for a person's Retry may take an end
   back; but where no end is known every end counts: the clock of whoever saw it may be behind;
4. of everything else of an attempt the newer one counts as far as it knows, and the older one for
   the rest;
5. of a run or an Intervention everything goes with its end: a fact about them is whole.
"""

from typing import Final, TypeVar

from stagework.api.facts import AnyFact, AttemptFact, InterventionFact

FIRST_WINS: Final = frozenset({"queued"})
"""Rule 1."""
STAYS_TRUE: Final = frozenset({"followed"})
"""Rule 2."""
OF_END: Final = frozenset({"ended", "outcome"})
"""Rule 3."""
LATEST: Final = "at"
"""When something was last heard of the row."""

FactT = TypeVar("FactT", bound=AnyFact)


def merged(known: FactT, come: FactT) -> FactT:
    """The row after `come` has joined `known`; both have one key."""
    newer, older = (come, known) if come.at >= known.at else (known, come)
    ending = come if newer is come or _ends(known, come) else known
    if not isinstance(come, AttemptFact):
        return ending
    # Asked for all the time: the values as they are, and only what differs is looked at.
    values, others = dict(newer.__dict__), older.__dict__
    for name, value in values.items():
        if value is None or value == "":
            values[name] = others[name]
    for name in OF_END:
        values[name] = ending.__dict__[name]
    for name in FIRST_WINS:
        first = known.__dict__[name]
        values[name] = first if first is not None else come.__dict__[name]
    for name in STAYS_TRUE:
        values[name] = known.__dict__[name] or come.__dict__[name]
    return type(newer).unchecked(values)


def _ends(known: AnyFact, come: AnyFact) -> bool:
    if isinstance(known, InterventionFact) or isinstance(come, InterventionFact):
        return False
    return known.ended is None and come.ended is not None
