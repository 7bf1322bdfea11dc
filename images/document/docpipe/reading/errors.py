"""Errors of a page or a document, as answers of the child process."""

from __future__ import annotations

import stagekit
from docpipe.pages import Failure


def failure(number: int, error: BaseException) -> Failure:
    """The error as an answer about page `number`; 0 is the whole document."""
    if isinstance(error, stagekit.Refused):
        return Failure(number, error.reason, error.message)
    if isinstance(error, stagekit.Skip):
        return Failure(number, error.reason, error.message, refused=False, skipped=True)
    what = "page" if number else "document"
    if isinstance(error, MemoryError):
        return Failure(number, "TooMuchMemory", f"the {what} wants more memory than it may have")
    if isinstance(error, RecursionError):
        return Failure(number, "NestedTooDeep", f"the {what} is nested without end")
    # What a parser says of itself helps nobody who only has the document: it is in the log.
    message = f"the {what} is damaged inside ({type(error).__name__}): save it anew and upload it"
    return Failure(number, f"Broken{what.title()}", message)
