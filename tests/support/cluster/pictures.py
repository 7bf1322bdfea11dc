"""Small real pictures, each another one, and ways in which files that should be one are not."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

SIZE: Final = (64, 48)


@dataclass(frozen=True)
class Broken:
    """A file that is no whole picture."""

    content: bytes
    reason: str
    """As `item_script.py` says it."""


def picture(number: int) -> bytes:
    """A PNG with its number in it."""
    colour = (number * 37 % 256, number * 91 % 256, number * 13 % 256)
    image = Image.new("RGB", SIZE, colour)
    ImageDraw.Draw(image).text((4, 16), str(number), fill=(255, 255, 255))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def name_of(number: int) -> str:
    """Its file's name, which becomes the item's id."""
    return f"picture-{number:04}.png"


def broken(number: int) -> Broken:
    """One of four ways, by turns."""
    whole = picture(number)
    ways = (
        Broken(whole[: len(whole) // 2], "TruncatedPicture"),
        Broken(b"", "EmptyPicture"),
        Broken(b"This is no picture.\n", "NotAPicture"),
        Broken(whole[:-1], "TruncatedPicture"),
    )
    return ways[number % len(ways)]


def numbered(count: int, without: Mapping[int, Broken]) -> dict[str, bytes]:
    """So many files by name; those of `without` are broken."""
    return {
        name_of(number): without[number].content if number in without else picture(number)
        for number in range(count)
    }
