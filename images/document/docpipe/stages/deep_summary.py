"""`deep_summary`: section by section, each in its own most salient sentences; sections are items.

A document without headings is taken in parts of about equal length. Method `endpoint` asks the chat
endpoint about each section; keywords are counted all the same.
"""

from __future__ import annotations

import modelcalls
import stagefiles
from modelcalls import methods

import stagekit
from docpipe import inputs, prompts
from docpipe.encoding import comparison
from docpipe.outputs import DeepSummary, Heading, Markdown, Section, Summarize
from docpipe.text import keywords, salience, sentences

STAGE = "deep_summary"
TEXT = "deep_summary.md"
PART = 4000
"""Characters of a part, where there are no headings."""


def sections_of(text: str, about: Markdown) -> list[tuple[Heading, str]]:
    """Headings with the text below each, up to the next one; those with nothing to say left out."""
    heads = list(about.headings)
    if len(heads) < 2:
        count = max(round(len(text) / PART), 1)
        step = -(-len(text) // count)
        starts = [0, *(_paragraph_from(text, n * step) for n in range(1, count))]
        heads = [Heading(1, f"Part {n}", at) for n, at in enumerate(dict.fromkeys(starts), start=1)]
    elif heads[0].start > 200:
        heads.insert(0, Heading(1, about.title, 0))
    ends = [head.start for head in heads[1:]] + [len(text)]
    bodies = [(head, text[head.start : end]) for head, end in zip(heads, ends, strict=True)]
    return [(head, body) for head, body in bodies if sentences.sentences(body)]


def _paragraph_from(text: str, at: int) -> int:
    end = text.find("\n\n", at)
    return end + 2 if end >= 0 else at


def builtin(body: str, by: comparison.Comparison) -> str:
    """One sentence for each 600 characters of a section, one to three."""
    chosen = salience.most_salient(
        sentences.sentences(body), _count(body), lambda texts: comparison.encode(texts, by)
    )
    return " ".join(sentence.text for sentence, _ in chosen)


def by_endpoint(model: modelcalls.Model, heading: str, body: str) -> str:
    """As many sentences of the chat endpoint's own."""
    task = modelcalls.system(prompts.SUMMARIZE.format(count=_count(body)))
    excerpt = prompts.shortened([sentence.text for sentence in sentences.sentences(body)])
    material = modelcalls.user(f"{heading}\n\n{excerpt}")
    return model.ask([task, material], prompts.summary()).summary


def _count(body: str) -> int:
    return min(max(len(body) // 600, 1), 3)


def summarized(ctx: stagekit.Context, text: str, about: Markdown) -> DeepSummary | None:
    """All sections by the chosen method; None where every one failed."""
    by = comparison.comparison_for(text)
    choice = modelcalls.Choice(ctx, "chat")
    endpoint = choice.model  # it is gone from the choice after a fallback
    parts = sections_of(text, about)
    if not parts:
        raise stagekit.Skip("NoSentences", "the document has no sentences to choose from")
    words = keywords.keywords([body for _, body in parts], 5)
    sections: list[Section] = []
    for item in ctx.items(range(len(parts)), key=lambda n: f"{n + 1} {parts[n][0].text}"):
        with item:
            head, body = parts[item.value]
            summary = choice.run(
                endpoint=lambda model, h=head, b=body: by_endpoint(model, h.text, b),
                builtin=lambda b=body: builtin(b, by),
            )
            sections.append(
                Section(
                    head.text,
                    head.level,
                    inputs.pages_between(about, head.start, head.start + len(body)),
                    len(body),
                    summary,
                    words[item.value],
                )
            )
    if not sections:
        return None
    used = ctx.method_used.split("+")
    return DeepSummary(
        method=ctx.method_used,
        compared_by=by if methods.BUILTIN in used else None,
        overview=_overview(ctx),
        keywords=keywords.keywords([text], 10)[0],
        sections=sections,
        machine=endpoint.machine if endpoint and methods.ENDPOINT in used else None,
    )


def _overview(ctx: stagekit.Context) -> str:
    """What `summarize` found; deep goes on from there."""
    if not stagefiles.is_left_by(ctx, "summarize"):
        return ""
    return stagefiles.left_by(ctx, "summarize", Summarize).summary


def as_markdown(title: str, made: DeepSummary) -> str:
    """The summary for people."""
    lines = [f"# {title or 'Summary'}", "", made.overview, "", f"*{', '.join(made.keywords)}*", ""]
    for section in made.sections:
        where = f" (p. {section.pages[0]})" if section.pages else ""
        lines += [f"## {section.heading}{where}", "", section.summary, ""]
    return "\n".join(lines)


def run(ctx: stagekit.Context) -> None:
    """Writes `deep_summary.json` and `deep_summary.md`."""
    methods.check_asking(ctx)
    text, about = inputs.document(ctx)
    made = summarized(ctx, text, about)
    if made is None:
        return  # every section failed: the items say why
    stagefiles.write(ctx, STAGE, made)
    (ctx.outputs / TEXT).write_text(as_markdown(about.title, made), encoding="utf-8")
    ctx.value("sections", len(made.sections))
    ctx.value("keywords", ", ".join(made.keywords)[:200])
    ctx.value("method", made.method)
