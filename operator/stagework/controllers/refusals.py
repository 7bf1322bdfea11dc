"""What the API server has refused lately, so that it is not asked all the time."""

from collections.abc import Callable, Mapping

from stagework.plans import refusals as rule
from stagework.plans.plan import ActionKey, Refusal


class Refusals:
    """By uid of the object for which something was to be done; `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_uid: dict[str, rule.Refusals] = {}

    def remember(self, uid: str, action: ActionKey, refusal: Refusal) -> rule.Noted:
        """The API server has refused this just now."""
        known = self._by_uid.setdefault(uid, rule.Refusals())
        return known.note(action, refusal, self._clock())

    def done(self, uid: str, action: ActionKey) -> bool:
        """The action was done; True: it had been refused before."""
        known = self._by_uid.get(uid)
        return known is not None and known.done(action)

    def pause(self, uid: str, action: ActionKey) -> float:
        """Seconds for which it is of no use to try this action; 0: try."""
        known = self._by_uid.get(uid)
        return known.pause(action, self._clock()) if known is not None else 0.0

    def next_due(self, uid: str) -> float | None:
        """Seconds until one more may be tried again; None: nothing waits for that."""
        known = self._by_uid.get(uid)
        return known.next_due(self._clock()) if known is not None else None

    def known(self, uid: str) -> Mapping[ActionKey, Refusal]:
        """All that was refused for the object and not done since."""
        known = self._by_uid.get(uid)
        kept = known.known(self._clock()) if known is not None else {}
        if not kept:
            self._by_uid.pop(uid, None)
        return kept

    def forget(self, uid: str) -> None:
        """The object has left memory."""
        self._by_uid.pop(uid, None)

    def forget_all(self) -> None:
        """Leadership begins anew."""
        self._by_uid.clear()
