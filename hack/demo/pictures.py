"""Sixty small advertisements made of the sample picture, two of them broken on purpose."""

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

SIZE: Final = (480, 360)
"""Of each picture, in pixels."""
CUT_OFF: Final = 17
"""Number of the picture of which the end is missing."""
NO_PICTURE: Final = 42
"""Number of the file that is called a picture and is a text."""
_WORDS: Final = ("Summer", "Autumn", "Winter", "Spring")
_BAND: Final = 80


def draw(source: Path, folder: Path, count: int) -> list[Path]:
    """So many pictures in the folder, PNG and JPEG by turns; each has a text of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as opened:
        base = opened.convert("RGB").resize(SIZE)
    font = ImageFont.load_default(size=36)
    files: list[Path] = []
    for number in range(1, count + 1):
        picture = base.copy()
        pen = ImageDraw.Draw(picture)
        pen.rectangle((0, SIZE[1] - _BAND, *SIZE), fill=(20, 24, 32))
        text = f"{_WORDS[number % len(_WORDS)]} sale {number}"
        pen.text((24, SIZE[1] - 62), text, fill=(255, 255, 255), font=font)
        file = folder / f"shoe-{number:02}.{'png' if number % 2 else 'jpg'}"
        picture.save(file)
        files.append(file)
    _break(files)
    return files


def _break(files: list[Path]) -> None:
    for number, file in enumerate(files, 1):
        if number == CUT_OFF:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        elif number == NO_PICTURE:
            file.write_text("This is no picture.\n")
