"""Cron fields as the old scheduler took them, as one cron expression.

A field that is not given is every value of it where something smaller is given, and its first value
where something larger is: `hour=2` is 02:00 each day, `minute=5` five past each hour. Days of the
week are counted from 0 for Monday, as there; names mean what they say.
"""

import re
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ORDINALS: Final = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}
_DAY_OR_NUMBER: Final = re.compile(r"[a-z]+|\d+")
_DAYS_OR_STAR: Final = re.compile(r"\*|\w+(-\w+)?")
Field = int | str | None


def expression(
    *,
    minute: Field = None,
    hour: Field = None,
    day: Field = None,
    month: Field = None,
    day_of_week: Field = None,
) -> str:
    """The cron expression; raises ValueError for what has none."""
    days, weekday = _day(day)
    if weekday and day_of_week is not None:
        raise ValueError(f"day={day!r} names a day of the week: leave day_of_week out")
    weekdays = weekday or ("*" if day_of_week is None else weekday_field(day_of_week))
    is_daily = any(field is not None for field in (hour, day, month, day_of_week))
    is_monthly = month is not None and day is None and day_of_week is None
    hours = hour if hour is not None else "*" if minute is not None or not is_daily else 0
    minutes = minute if minute is not None else 0 if is_daily else "*"
    date = days or ("1" if is_monthly else "*")
    return f"{minutes} {hours} {date} {'*' if month is None else month} {weekdays}"


def weekday_field(given: int | str) -> str:
    """Days of the week as cron counts them: 1 is Monday, 7 is Sunday."""
    text = str(given).strip().lower()
    if text == "*":
        return text
    return ",".join(map(_item, text.split(",")))


def _item(text: str) -> str:
    days, slash, step = text.partition("/")
    if _DAYS_OR_STAR.fullmatch(days) is None:
        raise ValueError(f"day_of_week: {text!r} is no day and no range of days")
    return f"{_DAY_OR_NUMBER.sub(_as_cron, days)}{slash}{step}"


def _as_cron(found: re.Match[str]) -> str:
    word = found[0]
    number = DAYS.index(word) if word in DAYS else int(word) if word.isdigit() else -1
    if number not in range(len(DAYS)):
        raise ValueError(f"day_of_week: {word!r} is no day: 0 (Monday) to 6 (Sunday), mon to sun")
    return str(number + 1)


def _day(day: Field) -> tuple[str, str]:
    """The field of the day of the month; instead of it that of the day of the week, as in
    `2nd tue`.
    """
    if day is None:
        return "", ""
    text = str(day).strip().lower()
    if text == "last":
        return "L", ""
    ordinal, _, weekday = text.partition(" ")
    if weekday in DAYS and ordinal == "last":
        return "", f"{DAYS.index(weekday) + 1}L"
    if weekday in DAYS and ordinal in _ORDINALS:
        return "", f"{DAYS.index(weekday) + 1}#{_ORDINALS[ordinal]}"
    return text, ""
