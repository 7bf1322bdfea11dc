"""Which notifications are a reason to read the table."""

import pytest

from stagework.listener.hints import wants_a_run


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        ('{"id": "1", "status": "queued"}', True),
        ('{"id": "1", "status": "running"}', False),
        ('{"id": "1", "status": "done"}', False),
        ('{"id": "1"}', True),
        ("3b87ab59", True),
        ("[1]", True),
        ("", True),
    ],
)
def test_only_what_may_want_a_run_is_a_hint(payload: str, wanted: bool) -> None:
    assert wants_a_run(payload) is wanted
