"""Text from elsewhere (stages, the kubelet, people), made fit for a status: cleaned and shortened.

What enters a status as a reason for something goes through `causes.sentence`, which uses these.

The lengths that the CRDs state are characters; ours are bytes of UTF-8, which is never more: so a
status is never refused for its length, and an object stays small in every language.
"""

import re
from typing import Final

MESSAGE_BYTES = 512
"""Longest message of a stage or run."""
SHORT_BYTES = 128
"""Longest name or short sentence."""
_LONGEST_LETTER = 4
"""Bytes of UTF-8."""
_LEFT_OUT = " … "
REASON_LETTERS = 63
"""Longest reason."""
NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"
"""Stands where the API server was given bytes that are no UTF-8."""
_TERMINAL: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
)
"""What a terminal obeys: colours and cursors, titles and other strings, all other escapes."""
OVER_QUOTA = "exceeded quota"
"""The API server says so, in a refusal as in an Event, where a ResourceQuota is in the way."""


def cut(text: str, limit_bytes: int) -> str:
    """At most so many bytes of UTF-8, never half a character."""
    return text.encode(errors="replace")[:limit_bytes].decode(errors="ignore")


def one_line(text: str, limit_bytes: int = MESSAGE_BYTES) -> str:
    """One printable line: control characters and line breaks become single spaces.

    Terminal sequences go as a whole. What stands for bytes that were no UTF-8 becomes a question
    mark, which every terminal shows.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit_bytes and "  " not in text:
        return text.strip()
    text = _TERMINAL.sub("", text).replace(NO_CHARACTER, "?")
    line = "".join(character if character.isprintable() else " " for character in text)
    return cut(" ".join(line.split()), limit_bytes)


def printable(line: str) -> str:
    """A line of somebody's log, safe for a terminal; its blanks and tabs stay.

    Of what was written over itself (a progress bar) the last counts.
    """
    written = [part for part in line.split("\r") if part]
    kept = _TERMINAL.sub("", written[-1]) if written else ""
    return "".join(letter if letter == "\t" or letter.isprintable() else "?" for letter in kept)


def shortened(text: str, limit_bytes: int) -> str:
    """One line; of one that is too long the middle is left out, for causes never stand there.

    What went wrong stands at the beginning of a sentence (people, the API server) or at its end
    (chains of causes).
    """
    whole = one_line(text, len(text) * _LONGEST_LETTER)
    size = len(whole.encode())
    if size <= limit_bytes:
        return whole
    room = limit_bytes - len(_LEFT_OUT.encode())
    if room <= 0:
        return cut(whole, limit_bytes)
    head = cut(whole, room - room // 2)
    tail = whole.encode()[-(room // 2) :].decode(errors="ignore") if room > 1 else ""
    return f"{head.rstrip()}{_LEFT_OUT}{tail.lstrip()}"


def reason_word(text: str) -> str:
    """A CamelCase word of letters and digits; empty where nothing usable is left."""
    word = "".join(character for character in text if character.isascii() and character.isalnum())[
        :REASON_LETTERS
    ]
    return word if word[:1].isalpha() else ""
