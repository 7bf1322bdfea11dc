"""The end of a document's demonstration: what it is, what it says, and where a word stands."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stagework.cli import replies
from stagework.cli.commands.session import Session
from stagework.cli.outputs import Fetched, Scalar
from stagework.cli.search_index import indexes, look_up
from stagework.cli.text.hits import hits_table

LONG_WORD: Final = 4
"""The demo searches for a keyword with more letters than this."""
HITS: Final = 3
"""Hits that the demo shows."""
SUMMARY_FILE: Final = "summarize.json"


def show_document(session: Session, name: str, stages: list[Fetched]) -> None:
    """Label, summary and a search; nothing for a run that has no summary."""
    summary = summary_lines(stages)
    if not summary:
        return
    values = {outputs.result.stage: outputs.result.values for outputs in stages}
    classified = values.get("classify", {})
    method = next(
        outputs.result.method for outputs in stages if outputs.result.stage == "summarize"
    )
    say = session.terminal.say
    say()
    say(f"{name} is {kind(classified)}. Its summary (method {method}):")
    for line in summary:
        say(f"  {line}")
    keywords = str(values.get("deep_summary", {}).get("keywords", "")).split(", ")
    word = next((keyword for keyword in keywords if len(keyword) > LONG_WORD), "")
    for index in indexes(stages) if word else []:
        say()
        say(f"`stagework search {name} {word}` finds:")
        session.terminal.table(hits_table(look_up(index, [word])[:HITS], [word]))


def kind(classified: Mapping[str, Scalar]) -> str:
    """What `classify` took the document for, with its article and doubt."""
    label = str(classified.get("label", ""))
    if label in {"", "unknown"}:
        return "of no known kind"
    doubt = ", probably" if classified.get("sure") is False else ""
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}{doubt}"


def summary_lines(stages: list[Fetched]) -> list[str]:
    """A summary's own sentences, a line each; the text of one that an endpoint has written."""
    files = [Path(path) for outputs in stages for path in outputs.files]
    file = next((path for path in files if path.name == SUMMARY_FILE), None)
    if file is None:
        return []
    written = replies.mapping(json.loads(file.read_text(encoding="utf-8")))
    sentences = [
        str(replies.mapping(sentence).get("text")) for sentence in written.get("sentences") or ()
    ]
    return sentences or [str(written.get("summary", ""))]
