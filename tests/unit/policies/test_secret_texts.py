"""Sentences that quote what others say."""

import pytest

from stagework.policies.secret_texts import without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ocr failed on gpu-1", "ocr failed on gpu-1"),
        ("GET https://ann:pw@example.org/a: 403", "GET https://***@example.org/a: 403"),
        ("https://example.org/a?token=abc&x=1", "https://example.org/a?token=***&x=1"),
        ("Authorization: Bearer eyJ.a-b_c", "Authorization: Bearer ***"),
        ("sent bearer eyJ.x to us", "sent bearer *** to us"),
        ('{"password": "hush", "user": "ann"}', '{"password": "***", "user": "ann"}'),
        ("AWS_SECRET_ACCESS_KEY=abc failed", "AWS_SECRET_ACCESS_KEY=*** failed"),
        ("client_secret=abc; api-key: def", "client_secret=***; api-key: ***"),
        ("the token of this Pod is gone", "the token of this Pod is gone"),
        ("mail me at ann@example.org", "mail me at ann@example.org"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


def test_what_is_known_as_one_is_hidden_wherever_it_stands() -> None:
    url = "slack://T0/B0/xoxb-123456"
    text = f"cannot send to {url}: xoxb-123456 is not valid"
    shown = without_secrets(text, [url, "xoxb-123456"])
    assert shown == "cannot send to ***: *** is not valid"


def test_a_short_word_is_no_secret() -> None:
    assert without_secrets("a hook is a hook", ["hook"]) == "a hook is a hook"
    assert without_secrets("a hooked hook", ["hooked"]) == "a *** hook"
