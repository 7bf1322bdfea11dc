"""Who asks: by the whole name, for one that is cut could be somebody else's."""

import ast
from pathlib import Path

import pytest

from stagework import web
from stagework.api.intervention import REQUESTER_LETTERS
from stagework.web.errors import ProblemError
from stagework.web.user import User


def test_names_that_begin_alike_stay_two_names() -> None:
    begin = "https://login.example.org/" + "x" * 200
    assert User(f"{begin}#ann").requester != User(f"{begin}#bob").requester


def test_a_name_without_room_is_refused_not_cut() -> None:
    assert User("x" * REQUESTER_LETTERS).requester == "x" * REQUESTER_LETTERS
    with pytest.raises(ProblemError) as caught:
        _ = User("x" * (REQUESTER_LETTERS + 1)).requester
    assert caught.value.status == 403


def test_whoever_writes_down_who_asks_writes_the_whole_name() -> None:
    written = [
        ast.unparse(given.value)
        for path in Path(web.__path__[0]).rglob("*.py")
        for given in ast.walk(ast.parse(path.read_text()))
        if isinstance(given, ast.keyword) and given.arg == "requestedBy"
    ]
    assert written
    assert [value for value in written if not value.endswith(".requester")] == []
