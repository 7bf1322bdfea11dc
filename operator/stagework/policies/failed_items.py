"""Have more items of a batch failed than a person allows?"""

_ALL = 100


def too_many(limit: str | None, failed: int, total: int) -> bool:
    """`limit`: a number, or a share of all such as `5%`; None: never."""
    if limit is None:
        return False
    if limit.endswith("%"):
        return failed * _ALL > int(limit[:-1]) * total
    return failed > int(limit)
