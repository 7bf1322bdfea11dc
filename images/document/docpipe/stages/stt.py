"""`stt`: speech to text. The image decodes any sound, and has no model that understands it.

1. Input without sound, or with nothing to hear in it: skipped.
2. The built-in method measures the sound and is skipped too, saying that an endpoint is wanted.
3. Method `endpoint` sends WAV files to the transcription endpoint; each is an item.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import modelcalls
import stagefiles
from modelcalls import methods

import stagekit
from docpipe import inputs, limits
from docpipe.outputs import Segment, Stt
from docpipe.pages import Failure, Sound, Task
from docpipe.reading import isolation

STAGE = "stt"
LANGUAGES = {"eng": "en", "kor": "ko"}
"""The param `lang` as endpoints know it; with any other value they listen for it themselves."""
SILENT = -60.0
"""Loudness in dB below full scale under which there is nothing to hear."""


def listened(path: Path, folder: Path | None = None) -> Sound:
    """Decodes the sound; with `folder`, into WAV files there (16 kHz, mono, ten minutes each)."""
    task = Task("listen", str(path), "sound", folder=str(folder) if folder else "")
    answer = next(isolation.ask(task), None)
    if isinstance(answer, Sound):
        return answer
    if isinstance(answer, Failure):
        raise isolation.ending(answer)
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
    """What the transcription endpoint hears, file by file."""
    language = LANGUAGES.get(ctx.param("lang", default=""), "")
    texts: list[str] = []
    segments: list[Segment] = []
    with tempfile.TemporaryDirectory() as name:
        sound = listened(path, Path(name))
        _measured(ctx, sound)
        for item in ctx.items(range(len(sound.files)), key=lambda n: f"piece {n + 1}"):
            with item:
                start = float(item.value * limits.SOUND_FILE_SECONDS)
                end = min(start + limits.SOUND_FILE_SECONDS, sound.seconds)
                heard = model.transcribe(Path(name) / sound.files[item.value], language)
                texts.append(heard.text.strip())
                segments += _segments(heard, start, end)
    text = "\n\n".join(filter(None, texts))
    if texts and not text:
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
    """A file's segments in the time of the whole; one for all of it where none are given."""
    if not heard.segments:
        return [Segment(start, end, heard.text.strip())] if heard.text.strip() else []
    return [
        Segment(
            min(start + max(segment.start, 0.0), end),
            min(start + max(segment.end, 0.0), end),
            segment.text.strip(),
        )
        for segment in heard.segments
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
    path, kind = inputs.source(ctx)
    if kind != "sound":
        raise stagekit.Skip("NoSound", f"a {kind} file has no sound")
    heard = modelcalls.run(
        ctx,
        "transcription",
        endpoint=lambda model: by_endpoint(model, ctx, path),
        builtin=lambda: builtin(ctx, path),
    )
    if not heard.text:
        return  # every file failed: the items say why
    stagefiles.write(ctx, STAGE, heard)
    ctx.value("characters", len(heard.text))
    ctx.value("method", heard.method)
