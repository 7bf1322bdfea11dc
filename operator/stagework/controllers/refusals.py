"""Children that the API server has refused lately, so that it is not asked all the time."""

from collections.abc import Callable, Mapping

from stagework.plans import refusals as rule
from stagework.plans.plan import Purpose, Refusal


class Refusals:
    """By uid of the object that wanted the child; `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_uid: dict[str, rule.Refusals] = {}

    def remember(self, uid: str, purpose: Purpose, refusal: Refusal) -> None:
        """The API server has refused this just now."""
        known = self._by_uid.setdefault(uid, rule.Refusals())
        known.note(purpose, refusal, self._clock())

    def believed(self, uid: str) -> Mapping[Purpose, Refusal]:
        """Refusals that have not run out."""
        known = self._by_uid.get(uid)
        believed = known.believed(self._clock()) if known is not None else {}
        if not believed:
            self._by_uid.pop(uid, None)
        return believed

    def forget(self, uid: str) -> None:
        """The object has left memory."""
        self._by_uid.pop(uid, None)

    def forget_all(self) -> None:
        """Leadership begins anew."""
        self._by_uid.clear()
