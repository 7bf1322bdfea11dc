"""By how much is a slot put off, so that not everything begins on the hour?"""

import hashlib
from datetime import datetime, timedelta


def jitter(uid: str, slot: datetime, longest_seconds: int) -> timedelta:
    """Always the same for a slot, whoever asks and however often; spread evenly over slots."""
    if not longest_seconds:
        return timedelta()
    digest = hashlib.sha256(f"{uid}\x1f{int(slot.timestamp())}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8], "big") % (longest_seconds + 1))
