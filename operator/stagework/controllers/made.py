"""Children that the answers to our own creates have told of, until the statuses have them."""

from stagework.plans.made import NOTHING_MADE, Made, MadeChildren
from stagework.plans.plan import Purpose


class MadeByUs:
    """By uid of the object that they were made for."""

    def __init__(self) -> None:
        self._by_uid: dict[str, MadeChildren] = {}

    def note(self, owner_uid: str, name: str, purpose: Purpose, uid: str) -> None:
        """A child was made, or adopted."""
        self._by_uid.setdefault(owner_uid, MadeChildren()).note(name, purpose, uid)

    def note_taken(self, owner_uid: str, name: str, purpose: Purpose) -> None:
        """Somebody else's object has the name of a child."""
        self._by_uid.setdefault(owner_uid, MadeChildren()).note_taken(name, purpose)

    def view(self, owner_uid: str) -> Made:
        """What is known of an object's children."""
        children = self._by_uid.get(owner_uid)
        return children.view() if children is not None else NOTHING_MADE

    def forget(self, owner_uid: str) -> None:
        """The object has left memory."""
        self._by_uid.pop(owner_uid, None)

    def forget_all(self) -> None:
        """Leadership begins anew."""
        self._by_uid.clear()
