"""What chunks of earlier batches have cost, as far as enough of them have ended to tell."""

from stagework.api.batch_book import Costs
from stagework.api.history import LikeBatches
from stagework.history.items import Items
from stagework.policies.chunks.fit import fit
from stagework.policies.chunks.no_eta import FEWEST_ENDED


async def costs_of(items: Items, like: LikeBatches, *, but: str) -> dict[str, Costs]:
    """By machine class; nothing of the batch `but`. Raises HistoryError."""
    found = await items.costs(like, but=but)
    fits = {machine: fit(chunks, None) for machine, chunks in found.items()}
    return {
        machine: Costs(fitted.fixed_seconds, fitted.item_seconds)
        for machine, fitted in fits.items()
        if fitted is not None and fitted.ended >= FEWEST_ENDED
    }
