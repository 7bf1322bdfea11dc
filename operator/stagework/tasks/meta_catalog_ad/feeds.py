"""Products of a catalogue feed, CSV or XML, as flat objects: no clock, no request.

XML is parsed by defusedxml: no entities, no document types, nothing from outside. RSS has `item`,
Atom has `entry`; names lose their namespace (`g:price` is `price`), and of several of one name the
first one counts.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final, Literal, cast
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_ITEMS: Final = frozenset({"item", "entry"})
_DELIMITERS: Final = ",\t;|"


class FeedError(Exception):
    """The feed cannot be read; the text says why."""


def products(feed: bytes, form: Literal["auto", "csv", "xml"]) -> list[object]:
    """Every product, field to text; raises FeedError."""
    start = feed.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_xml = form == "xml" or (form == "auto" and start.startswith(b"<"))
    return list(_of_xml(start) if is_xml else _of_csv(feed))


def _of_xml(feed: bytes) -> Iterator[object]:
    try:
        root: Element = fromstring(feed, forbid_dtd=True)
    except DefusedXmlException as error:
        raise FeedError(f"the feed is XML that is never parsed: {type(error).__name__}") from error
    except ParseError as error:
        raise FeedError(f"the feed is no well-formed XML: {error}") from error
    except (ValueError, LookupError) as error:
        raise FeedError(f"the feed has an encoding that is not known: {error}") from error
    found = [element for element in root.iter() if _local(element) in _ITEMS]
    if not found:
        raise FeedError("the feed is XML without any item or entry")
    for element in found:
        yield _fields(element)


def _fields(item: Element) -> dict[str, str]:
    fields: dict[str, str] = {}
    for child in item:
        # Atom's links are attributes; everything else is text.
        text = (child.text or "").strip() or child.get("href", "")
        fields.setdefault(_local(child), text)
    return fields


def _local(element: Element) -> str:
    """The name without its namespace; comments and instructions have none."""
    tag = cast("object", element.tag)
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _of_csv(feed: bytes) -> Iterator[object]:
    try:
        text = feed.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FeedError(f"the feed is not UTF-8: {error.reason} at byte {error.start}") from error
    # Exports of some shops have a line on their version first.
    lines = [line for line in io.StringIO(text) if not line.startswith("#")]
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(_DELIMITERS, key=header.count)
    if not header.count(delimiter):
        raise FeedError("the feed is neither XML nor CSV with a header of several columns")
    reader = csv.DictReader(lines, delimiter=delimiter, restval="", strict=True)
    try:
        for row in reader:
            yield {
                name.strip().removeprefix("g:"): (value or "").strip()
                for name, value in row.items()
                if isinstance(name, str)
            }
    except csv.Error as error:
        raise FeedError(f"line {reader.line_num} of the feed: {error}") from error
