"""Label and field selectors."""

import re
from collections.abc import Callable
from functools import lru_cache

from tests.support.fakeapi.failures import bad_request
from tests.support.fakeapi.resources import Json, part

Matcher = Callable[[Json], bool]

_SET = re.compile(r"^\s*([^\s!=,()]+)\s+(in|notin)\s+\(([^)]*)\)\s*$")
_COMMA = re.compile(r",(?![^(]*\))")


@lru_cache(maxsize=256)
def selector(labels: str = "", fields: str = "") -> Matcher | None:
    """A test of objects for both selectors; None where both are empty."""
    tests = [_label(term) for term in _COMMA.split(labels) if term.strip()]
    tests += [_field(term) for term in fields.split(",") if term.strip()]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda data: all(test(data) for test in tests)


def _labels(data: Json) -> Json:
    return part(data, "metadata", "labels")


def _label(term: str) -> Matcher:
    in_set = _SET.match(term)
    if in_set:
        key, word, listed = in_set.groups()
        values = {value.strip() for value in listed.split(",")}
        if word == "in":
            return lambda data: _labels(data).get(key) in values
        return lambda data: _labels(data).get(key) not in values
    term = term.strip()
    if "=" in term:
        negative, key, value = _equation(term)
        if negative:
            return lambda data: _labels(data).get(key) != value
        return lambda data: _labels(data).get(key) == value
    if term.startswith("!"):
        absent = term[1:].strip()
        return lambda data: absent not in _labels(data)
    if not re.fullmatch(r"[A-Za-z0-9./_-]+", term):
        raise bad_request(f"unable to parse requirement: found {term!r}")
    return lambda data: term in _labels(data)


def _field(term: str) -> Matcher:
    negative, path, value = _equation(term.strip())
    *above, last = path.split(".")
    return lambda data: (str(part(data, *above).get(last) or "") == value) != negative


def _equation(term: str) -> tuple[bool, str, str]:
    for sign in ("!=", "==", "="):
        if sign in term:
            key, value = term.split(sign, 1)
            return sign == "!=", key.strip(), value.strip()
    raise bad_request(f"invalid selector: {term!r}")
