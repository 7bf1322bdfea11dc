"""What a stage that waits for a slot is told: its place, and who holds the slots."""

from stagework.policies.slots.turn import Holder, Queued, Standing

NAMED = 3
"""So many holders are told by name."""
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def queue_sentence(turn: Queued) -> str:
    """Such as `waits for a gpu slot: 4th of 34; 2 of 2 taken by ad-7 (overlay, 10 s) and one of
    another namespace`.
    """
    article = "an" if turn.machine[:1] in {*"aeiou"} else "a"
    standing = turn.standing
    parts = (_place(standing), _taken(standing))
    return f"waits for {article} {turn.machine} slot: " + "; ".join(parts)


def _place(standing: Standing) -> str:
    if not standing.position:
        return "its place is told in a moment"
    about = "about " if standing.far else ""
    length = f"about {standing.length}" if standing.is_long else str(standing.length)
    place = f"{about}{_ordinal(standing.position)} of {length}"
    takers = [f"{standing.namespaces} namespaces"] if standing.namespaces > 1 else []
    if standing.shared:
        takers.append("the batches of this one" if takers else "batches")
    return f"{place}, {' and '.join(takers)} take turns" if takers else place


def _taken(standing: Standing) -> str:
    text = f"{standing.taken} of {standing.slots} taken"
    named = [_held(holder) for holder in standing.holders[:NAMED]]
    more = len(standing.holders) - NAMED
    if more > 0:
        named.append(f"{_count(more)} more")
    if standing.others:
        another = "another namespace" if standing.others == 1 else "other namespaces"
        named.append(f"{_count(standing.others)} of {another}")
    if not named:
        return text
    *first, last = named
    return f"{text} by {', '.join(first)} and {last}" if first else f"{text} by {last}"


def _held(holder: Holder) -> str:
    return f"{holder.run} ({holder.stage}, {_span(holder.seconds)})"


def _span(seconds: int) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _count(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _ordinal(number: int) -> str:
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{_ENDINGS.get(number % 10, 'th')}"
