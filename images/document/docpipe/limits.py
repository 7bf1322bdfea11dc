"""How much of a document is worked on; each limit is met before the work, or ends it cleanly."""

from __future__ import annotations

from typing import Final

MOST_BYTES: Final = 512 << 20
"""Of an input file."""
MOST_PAGES: Final = 200
"""Of one document, unless `max_pages` says otherwise; the rest is refused page by page."""
MOST_PAGES_EVER: Final = 2000
"""What `max_pages` can ask for."""
MOST_PIXELS: Final = 80_000_000
"""Of a picture: A3 at 600 dots an inch has 70 million."""
LONGEST_SIDE: Final = 20_000
"""Of a picture, in pixels."""
MOST_LETTERS_A_PAGE: Final = 400_000
MOST_UNPACKED_BYTES: Final = 256 << 20
"""Of an Office document, which is a zip archive."""
MOST_RATIO: Final = 200
"""Of unpacked to packed bytes; text in XML rarely reaches 30."""
MOST_ARCHIVE_ENTRIES: Final = 20_000
MOST_ROWS: Final = 5_000
"""Of one sheet."""
MOST_COLUMNS: Final = 100
LEAST_ILLUSTRATION: Final = 100
"""Pixels of the short side of a picture within a document; smaller ones are signs, not read."""
ILLUSTRATION_SECONDS: Final = 45.0
"""For reading the pictures of a document: below PAGE_SECONDS, since all are one page's."""
MOST_SOUND_SECONDS: Final = 4 * 3600
SOUND_FILE_SECONDS: Final = 600
"""Of one WAV file, as transcription endpoints are sent them: 19 MB."""
CHILD_BYTES: Final = 900 << 20
"""Memory that a child process may fill; below a stage's own limit, so that only the child ends."""
PAGE_SECONDS: Final = 90.0
"""The longest silence of a child process before it is ended and its page given up."""
