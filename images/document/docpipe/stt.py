"""`stt`: speech to text. The image decodes any sound, and has no model that understands it.

1. Input without sound, or with nothing to hear in it: skipped.
2. The built-in method measures the sound and is skipped too, saying that an endpoint is wanted.
   A method with an endpoint is one more entry in `METHODS`; `listened` gives it WAV pieces.
"""

from __future__ import annotations

from pathlib import Path

import stagekit
from docpipe import isolation, methods, outputs, sources
from docpipe.outputs import Stt
from docpipe.pages import Sound, Task, Trouble

STAGE = "stt"
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
    ctx.value("seconds", sound.seconds)
    ctx.value("loudness", sound.loudness)
    if sound.loudness < SILENT:
        raise stagekit.Skip(
            "Silent", f"the sound has {sound.seconds:g} s, and nothing to hear in it"
        )
    raise stagekit.Skip(
        "NoEndpoint",
        f"{sound.seconds:g} s of sound: writing it down wants a transcription endpoint",
    )


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `stt.json`, where a method understands speech."""
    method = methods.chosen(ctx, METHODS)
    path, kind = sources.given(ctx)
    if kind != "sound":
        raise stagekit.Skip("NoSound", f"a {kind} file has no sound")
    heard = method(ctx, path)
    outputs.write(ctx.outputs, STAGE, heard)
    ctx.value("characters", len(heard.text))
    ctx.value("method", heard.method)
