"""What would a Reprocess, or a Stop, of a batch change? The same code answers previews."""

from collections.abc import Sequence
from typing import Final

from stagework.api.intervention import RefusedStage
from stagework.api.judgement import Judgement, refused_whole
from stagework.api.text import cut

NOT_FROZEN: Final = "NotFrozen"
"""The list of items is not known yet: nothing has been run that could be run again."""
NOTHING_TO_REPROCESS: Final = "NothingToReprocess"
"""No item is as the request wants it, or those that are run again already."""
UNKNOWN_ITEM: Final = "UnknownItem"
"""The batch has no item of that id, or it has not ended yet."""
TOO_MANY_ROUNDS: Final = "TooManyRounds"
"""As many rounds wait already as a batch may have; ask again once some have ended."""
STOP_FOLLOWS: Final = "StopFollows"
"""A Stop was asked for behind it, before it was known which items it is about; ask again."""
ALREADY_ENDED: Final = "AlreadyEnded"
"""Nothing of it runs or waits: there is nothing to stop."""
ROUNDS_WAITING: Final = 20
"""Rounds that may wait."""
_SHOWN: Final = 64
_ID_BYTES: Final = 63


def judge_reprocess(items: int, unknown: Sequence[str]) -> Judgement:
    """`items`: so many would be run again; `unknown`: ids that were named in vain."""
    refused = tuple(
        RefusedStage(stage=cut(name, _ID_BYTES), reason=UNKNOWN_ITEM) for name in unknown[:_SHOWN]
    )
    if not items:
        return Judgement(refused=refused) if refused else refused_whole(NOTHING_TO_REPROCESS)
    word = "item" if items == 1 else "items"
    return Judgement((f"{items} {word}",), refused, items=items)


def judge_stop(*, active: bool) -> Judgement:
    """`active`: something of it runs or waits."""
    return Judgement(("the batch",)) if active else refused_whole(ALREADY_ENDED)
