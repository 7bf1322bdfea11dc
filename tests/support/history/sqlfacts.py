"""A FactStore over a database, as the API service stands between the two."""

from collections.abc import Sequence

from stagework.api.facts import AnyFact, decoded, encoded
from stagework.history.errors import FactRefused, HistoryUnavailable
from stagework.history.store import History
from stagework.service_client.facts import NeverTaken
from stagework.service_client.results import LookupFailed


class DatabaseFacts:
    """Posts go straight into history, as far as JSON carries them."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.refused = 0
        """Posts that the database did not take."""

    async def post(self, facts: Sequence[AnyFact]) -> None:
        try:
            await self.history.record(decoded(encoded(facts)))
        except FactRefused as error:
            raise NeverTaken(str(error)) from error
        except HistoryUnavailable as error:
            self.refused += 1
            raise LookupFailed(str(error)) from error
