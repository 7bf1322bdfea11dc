"""Questions to the API service: asked once, and again after a pause where it could not say."""

from datetime import datetime

from stagework.plans.batch.snapshot import BatchSnapshot, Unavailable, is_due
from stagework.plans.plan import PlanBuilder, Question


class Asking:
    """What one decision asks, and whether anybody could not say; used within that decision."""

    def __init__(self, snapshot: BatchSnapshot, builder: PlanBuilder, now: datetime) -> None:
        self._snapshot = snapshot
        self._builder = builder
        self._now = now
        self.unavailable: Unavailable | None = None
        """One of the answers that could not be given."""

    def ask(self, question: Question) -> object | None:
        """The answer; None: there is none yet, or it could not be given."""
        answer: object = self._snapshot.answers.get(question)
        if answer is None:
            self._builder.questions.append(question)
            return None
        due = is_due(answer, self._now)
        if due is not None:
            if due <= self._now:
                self._builder.questions.append(question)
            else:
                self._builder.wake(due)
        if isinstance(answer, Unavailable):
            self.unavailable = answer
            return None
        return answer
