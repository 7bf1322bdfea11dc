"""The text of bytes: which encoding they are in, and what they say in it.

In this order of trust:
1. A mark at the beginning (UTF-8, UTF-16).
2. Bytes that are UTF-8 throughout, and more than ASCII: hardly anything else is by accident.
3. UTF-16 without a mark: its zeroes stand in every second place.
4. What the text says of itself (`meta charset`, XML declaration), where the bytes fit it.
5. Nearly UTF-8: a few bad bytes in it (a log, a text that is cut) make it no other encoding.
6. What chardet takes it for, among the encodings in which people left texts; else Windows-1252.
"""

# ruff: noqa: PLC0415  (the detector is loaded only where nothing else says the encoding)

from __future__ import annotations

import codecs
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDER: Final = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "euc_kr": "cp949", "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932",
}  # fmt: skip
"""What people mean who name the narrower encoding: that of their Windows, as browsers read it."""
_KNOWN: Final = (
    "cp949", "johab", "iso2022_kr", "gb18030", "big5hkscs", "cp932", "euc_jis_2004", "iso2022_jp_2",
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8-r",
    "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-15", "tis-620",
)  # fmt: skip
"""Encodings in which people left texts; those of old Macs and DOS only fit by accident."""
_LAST: Final = "cp1252"
_WELL_FORMED: Final = 0.02
"""The most bad bytes to a letter beyond ASCII with which a text still is in an encoding."""
_MOST_JUDGED: Final = 200_000
"""Bytes by which an encoding is judged, from the first beyond ASCII on."""
_ESCAPED: Final = re.compile(rb"\x1b[$(]")
"""How the encodings of seven bits (ISO-2022) begin another alphabet."""


def decoded(content: bytes) -> str:
    """The text of bytes, in the encoding that they most likely are in."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    return content.decode(_encoding_of(content), "replace")


def _encoding_of(content: bytes) -> str:
    beyond = re.search(rb"[\x80-\xff]", content)
    start = content[beyond.start() if beyond else 0 :][:_MOST_JUDGED]
    if not start.isascii() and _badness(start, "utf-8") == 0:
        return "utf-8"
    if wide := utf_16_without_mark(content[:_MOST_JUDGED]):
        return wide
    declared = _declared(content[:_MOST_JUDGED])
    if declared and _badness(start, declared) <= _WELL_FORMED:
        return declared
    if _badness(start, "utf-8") <= _WELL_FORMED and not _ESCAPED.search(start):
        return "utf-8"
    import chardet

    found = chardet.detect(start, include_encodings=_KNOWN, compat_names=False)["encoding"]
    return _wider(found) or _LAST


def is_utf_16(content: bytes) -> bool:
    """Whether bytes are text in UTF-16, with its mark or without."""
    return content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or bool(
        utf_16_without_mark(content)
    )


def utf_16_without_mark(content: bytes) -> str:
    """`utf-16-le` or `utf-16-be`, where bytes are text in it; else empty."""
    even, odd = content[0::2].count(0), content[1::2].count(0)
    if not even + odd:
        return ""  # no other text has zeroes; one in UTF-16 has them in its spaces and line ends
    for encoding in ("utf-16-le", "utf-16-be") if odd >= even else ("utf-16-be", "utf-16-le"):
        text = content[: len(content) // 2 * 2].decode(encoding, "replace")
        strange = sum(not (c.isprintable() or c.isspace()) or c == "\ufffd" for c in text)
        if strange <= len(text) // 100:
            return encoding
    return ""


def _declared(content: bytes) -> str:
    """The encoding that a page or an XML file says it is in; empty where it says none."""
    if b"charset" not in (head := content[:4096].lower()) and b"encoding" not in head:
        return ""
    from bs4.dammit import EncodingDetector

    name = EncodingDetector.find_declared_encoding(content, is_html=True)
    # It was read as ASCII, so it is in no encoding of two bytes a letter, whatever it says.
    return "" if name is None or name.lower().startswith(("utf-16", "utf-32")) else _wider(name)


def _wider(name: str | None) -> str:
    """The encoding that is meant by a name; empty for an unknown one."""
    try:
        known = codecs.lookup(name or "").name
    except LookupError:
        return ""
    return _WIDER.get(known, known)


def _badness(content: bytes, encoding: str) -> float:
    """Bad bytes to a letter beyond ASCII; a letter that was cut off at the end is none."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = decoder.decode(content)
    bad = text.count("\ufffd")
    beyond = sum(not c.isascii() for c in text) - bad
    return bad / max(beyond, 1)


def joined(text: str) -> str:
    """A text in which letters beyond U+FFFF stand as halves, as some programs write them."""
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
