"""`stt`: speech to text. The image decodes any sound, and has no model that understands it.

1. Input without sound, or with nothing to hear in it: skipped.
2. The built-in method measures the sound and is skipped too, saying that an endpoint is wanted.
3. Method `endpoint` sends WAV pieces to the transcription endpoint; each is an item.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import modelcalls
from modelcalls import methods

import stagekit
from docpipe import inputs, outputs
from docpipe.outputs import Segment, Stt
from docpipe.pages import Sound, Task, Trouble
from docpipe.reading import isolation

STAGE = "stt"
PIECE_SECONDS = 600
"""Of one WAV piece, as `sounds` cuts them."""
LANGUAGES = {"eng": "en", "kor": "ko"}
"""The param `lang` as endpoints know it; with any other value they listen for it themselves."""
SILENT = -60.0
"""Loudness in dB below full scale under which there is nothing to hear."""


def listened(path: Path, folder: Path | None = None) -> Sound:
    """Decodes the sound; with `folder`, into WAV pieces there (16 kHz, mono, ten minutes each)."""
    task = Task("listen", str(path), "sound", folder=str(folder) if folder else "")
    answer = next(isolation.ask(task), None)
    if isinstance(answer, Sound):
        return answer
    if isinstance(answer, Trouble):
        kind = stagekit.Skip if answer.skipped else stagekit.Refused
        raise kind(answer.reason, answer.message)
    raise stagekit.Refused("BrokenSound", "the sound cannot be decoded")


def builtin(ctx: stagekit.Context, path: Path) -> Stt:
    """Measures the sound; understands nothing."""
    sound = listened(path)
    _measured(ctx, sound)
    raise stagekit.Skip(
        "NoEndpoint",
        f"{sound.seconds:g} s of sound: writing it down wants a transcription endpoint",
    )


def by_endpoint(model: modelcalls.Model, ctx: stagekit.Context, path: Path) -> Stt:
    """What the transcription endpoint hears, piece by piece."""
    language = LANGUAGES.get(ctx.param("lang", default=""), "")
    said: list[str] = []
    segments: list[Segment] = []
    with tempfile.TemporaryDirectory() as name:
        sound = listened(path, Path(name))
        _measured(ctx, sound)
        for item in ctx.items(range(len(sound.pieces)), key=lambda n: f"piece {n + 1}"):
            with item:
                start = float(item.value * PIECE_SECONDS)
                end = min(start + PIECE_SECONDS, sound.seconds)
                heard = model.transcribe(Path(name) / sound.pieces[item.value], language)
                said.append(heard.text.strip())
                segments += _segments(heard, start, end)
    text = "\n\n".join(filter(None, said))
    if said and not text:
        raise stagekit.Skip("NoSpeech", f"{sound.seconds:g} s of sound, and no word in it")
    return Stt(
        method=methods.ENDPOINT,
        seconds=sound.seconds,
        channels=sound.channels,
        rate=sound.rate,
        codec=sound.codec,
        loudness=sound.loudness,
        text=text,
        segments=segments,
        machine=model.machine,
    )


def _segments(heard: modelcalls.Transcript, start: float, end: float) -> list[Segment]:
    """A piece's segments in the time of the whole; one for all of it where none are given."""
    if not heard.segments:
        return [Segment(start, end, heard.text.strip())] if heard.text.strip() else []
    return [
        Segment(
            min(start + max(each.start, 0.0), end),
            min(start + max(each.end, 0.0), end),
            each.text.strip(),
        )
        for each in heard.segments
    ]


def _measured(ctx: stagekit.Context, sound: Sound) -> None:
    ctx.value("seconds", sound.seconds)
    ctx.value("loudness", sound.loudness)
    if sound.loudness < SILENT:
        raise stagekit.Skip(
            "Silent", f"the sound has {sound.seconds:g} s, and nothing to hear in it"
        )


def run(ctx: stagekit.Context) -> None:
    """Writes `stt.json`, where a method understands speech."""
    methods.check_asking(ctx)
    path, kind = inputs.given(ctx)
    if kind != "sound":
        raise stagekit.Skip("NoSound", f"a {kind} file has no sound")
    heard = modelcalls.run(
        ctx,
        "transcription",
        endpoint=lambda model: by_endpoint(model, ctx, path),
        builtin=lambda: builtin(ctx, path),
    )
    if not heard.text:
        return  # every piece failed: the items say why
    outputs.write(ctx.outputs, STAGE, heard)
    ctx.value("characters", len(heard.text))
    ctx.value("method", heard.method)
