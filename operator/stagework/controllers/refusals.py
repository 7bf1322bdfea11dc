"""Children that the API server has refused lately, so that it is not asked all the time."""

from collections.abc import Callable, Mapping

from stagework.plans.plan import Purpose, Refusal
from stagework.plans.refusals import believed_seconds


class Refusals:
    """By uid of the object that wanted the child; `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_uid: dict[str, dict[Purpose, tuple[Refusal, float]]] = {}

    def remember(self, uid: str, purpose: Purpose, refusal: Refusal) -> None:
        """The API server has refused this just now."""
        until = self._clock() + believed_seconds(refusal)
        self._by_uid.setdefault(uid, {})[purpose] = (refusal, until)

    def believed(self, uid: str) -> Mapping[Purpose, Refusal]:
        """Refusals that have not run out."""
        known = self._by_uid.get(uid)
        if known is None:
            return {}
        now = self._clock()
        current = {purpose: entry for purpose, entry in known.items() if entry[1] > now}
        if current:
            self._by_uid[uid] = current
        else:
            del self._by_uid[uid]
        return {purpose: refusal for purpose, (refusal, _) in current.items()}

    def forget(self, uid: str) -> None:
        """The object has left memory."""
        self._by_uid.pop(uid, None)

    def forget_all(self) -> None:
        """Leadership begins anew."""
        self._by_uid.clear()
