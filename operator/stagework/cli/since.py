"""`--since`: how long ago, or a moment."""

import re
from datetime import datetime, timedelta
from typing import Final

from stagework.cli.errors import CommandError

_SPAN: Final = re.compile(r"(\d{1,9})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FORMS: Final = "30m, 24h, 7d, or a time such as 2026-11-30T09:00:00+09:00"


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that is meant; raises CommandError. A time without a zone is in that of `now`."""
    span = _SPAN.fullmatch(text.strip())
    try:
        if span is not None:
            return now - timedelta(seconds=int(span[1]) * _SECONDS[span[2]])
        given = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise CommandError(f"--since {text!r} is no time: write {_FORMS}") from error
    return given if given.tzinfo is not None else given.replace(tzinfo=now.tzinfo)
