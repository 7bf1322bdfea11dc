"""Text from elsewhere (stages, the kubelet, people), made fit for a status.

The lengths that the CRDs state are characters; ours are bytes of UTF-8, which is never more: so a
status is never refused for its length, and an object stays small in every language.
"""

MESSAGE_BYTES = 128
"""Longest message of a stage."""
REASON_LETTERS = 63
"""Longest reason."""


def cut(text: str, limit_bytes: int) -> str:
    """At most so many bytes of UTF-8, never half a character."""
    return text.encode(errors="replace")[:limit_bytes].decode(errors="ignore")


def one_line(text: str, limit_bytes: int = MESSAGE_BYTES) -> str:
    """One printable line: control characters and line breaks become single spaces."""
    if text.isascii() and text.isprintable() and len(text) <= limit_bytes and "  " not in text:
        return text.strip()
    line = "".join(character if character.isprintable() else " " for character in text)
    return cut(" ".join(line.split()), limit_bytes)


def reason_word(text: str) -> str:
    """A CamelCase word of letters and digits; empty where nothing usable is left."""
    word = "".join(character for character in text if character.isascii() and character.isalnum())[
        :REASON_LETTERS
    ]
    return word if word[:1].isalpha() else ""
