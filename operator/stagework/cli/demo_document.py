"""The end of a document's demonstration: what it is, what it says, and where a word stands."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stagework.cli import replies
from stagework.cli.commands.search import hits_table, indexes, look_up
from stagework.cli.session import Session
from stagework.cli.text.values import Fetched, Scalar

LONG_WORD: Final = 4
"""The demo searches for a keyword with more letters than this."""
HITS: Final = 3
"""Hits that the demo shows."""
SUMMARY_FILE: Final = "summarize.json"


def show_document(session: Session, name: str, stages: list[Fetched]) -> None:
    """Label, summary and a search; nothing for a run that has no summary."""
    said = summary_lines(stages)
    if not said:
        return
    values = {each.result.stage: each.result.values for each in stages}
    about = values.get("classify", {})
    method = next(each.result.method for each in stages if each.result.stage == "summarize")
    say = session.terminal.say
    say()
    say(f"{name} is {kind(about)}. Its summary (method {method}):")
    for line in said:
        say(f"  {line}")
    keywords = str(values.get("deep_summary", {}).get("keywords", "")).split(", ")
    word = next((each for each in keywords if len(each) > LONG_WORD), "")
    for index in indexes(stages) if word else []:
        say()
        say(f"`stagework search {name} {word}` finds:")
        session.terminal.table(hits_table(look_up(index, [word])[:HITS]))


def kind(about: Mapping[str, Scalar]) -> str:
    """What `classify` took the document for, with its article and doubt."""
    label = str(about.get("label", ""))
    if label in {"", "unknown"}:
        return "of no known kind"
    doubt = ", probably" if about.get("sure") is False else ""
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}{doubt}"


def summary_lines(stages: list[Fetched]) -> list[str]:
    """A summary's own sentences, a line each; the text of one that an endpoint has written."""
    files = [Path(path) for each in stages for path in each.files]
    found = next((path for path in files if path.name == SUMMARY_FILE), None)
    if found is None:
        return []
    told = replies.mapping(json.loads(found.read_text(encoding="utf-8")))
    sentences = [str(replies.mapping(each).get("text")) for each in told.get("sentences") or ()]
    return sentences or [str(told.get("summary", ""))]
