"""Spans of time as people read them, in the manner of `kubectl get`: short, two units at most."""

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def short(seconds: float) -> str:
    """`45s`, `3m10s`, `25m`, `4h5m`, `30h`, `3d4h`, `20d`; negative spans (clock skew) are `0s`."""
    whole = max(0, int(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 10 * _MINUTE:
        return _pair(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _pair(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _pair(whole, _DAY, "d", _HOUR, "h")
    return f"{whole // _DAY}d"


def _pair(seconds: int, big: int, big_word: str, small: int, small_word: str) -> str:
    rest = seconds % big // small
    return f"{seconds // big}{big_word}" + (f"{rest}{small_word}" if rest else "")
