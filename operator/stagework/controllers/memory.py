"""What is remembered of objects between two reconciles, by uid; all of it can be had again."""

from stagework.cluster.cache.own_objects import OwnObject
from stagework.controllers.lookups import Lookups
from stagework.controllers.made import MadeByUs
from stagework.controllers.refusals import Refusals
from stagework.controllers.status_writer import StatusWriter


class Memory:
    """Statuses that wait, refusals, answers, children made, and what goes with its namespace."""

    def __init__(self, statuses: StatusWriter, refusals: Refusals, lookups: Lookups) -> None:
        self.statuses = statuses
        self.refusals = refusals
        self.lookups = lookups
        self.made = MadeByUs()
        self._terminating: set[str] = set()

    def is_terminating(self, known: OwnObject) -> bool:
        """Whether the object's namespace is being deleted: nothing can be made for it any more."""
        return known.metadata.uid in self._terminating

    def leave_alone(self, known: OwnObject) -> None:
        """It goes with its namespace. By uid: the namespace may be made anew under its name."""
        self._terminating.add(known.metadata.uid)

    def evict(self, uid: str) -> None:
        """Nothing more is to come of the object; whatever aims at it loads it again."""
        for part in (self.statuses, self.refusals, self.lookups, self.made):
            part.forget(uid)

    def forget(self, uid: str) -> None:
        """The object is gone."""
        self.evict(uid)
        self._terminating.discard(uid)

    def forget_all(self) -> None:
        """Leadership begins anew."""
        for part in (self.statuses, self.refusals, self.lookups, self.made):
            part.forget_all()
        self._terminating.clear()
