"""Children that the answers to our own creates have told of, until the statuses have them."""

from stagework.plans.made import NOTHING_MADE, Made, MadeChildren
from stagework.plans.plan import Action, Create, DryRun, Refusal


class MadeByUs:
    """By uid of the object that they were made for."""

    def __init__(self) -> None:
        self._by_uid: dict[str, MadeChildren] = {}

    def note(self, owner_uid: str, action: Create, uid: str) -> bool:
        """A child was made, or adopted; True: in the place of one that has gone."""
        if action.purpose is None:
            return False
        children = self._by_uid.setdefault(owner_uid, MadeChildren())
        return children.note(action.name, action.purpose, uid, action.resource.kind)

    def note_refused(self, owner_uid: str, action: Action, refusal: Refusal) -> bool:
        """An action was refused; True: somebody else has a child's name, and the next is tried."""
        create = action.create if isinstance(action, DryRun) else action
        if refusal.cause != "NameTaken" or not isinstance(create, Create):
            return False
        if create.purpose is None:
            return False
        children = self._by_uid.setdefault(owner_uid, MadeChildren())
        return children.note_taken(create.name, create.purpose)

    def note_done(self, owner_uid: str, action: Action, uid: str) -> str:
        """What an action that was done tells of a child; `uid`: of the one that exists by it, empty
        where none does.

        Answers why it is not done again; empty: nothing stands against that.
        """
        create = action.create if isinstance(action, DryRun) else action
        if not isinstance(create, Create) or create.purpose is None:
            return ""
        if uid:
            # Whoever removes it (the garbage collector of its owner) would do so for ever.
            again = self.note(owner_uid, create, uid)
            kind = create.resource.kind
            return f"{kind} {create.name} is removed as soon as it is made" if again else ""
        if isinstance(action, DryRun):
            children = self._by_uid.setdefault(owner_uid, MadeChildren())
            children.note_accepted(create.name, create.purpose)
        return ""

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
