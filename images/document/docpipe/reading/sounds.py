"""Sound by ffmpeg's libraries (PyAV): measured, and cut into WAV files of 16 kHz. Child only."""

from __future__ import annotations

import math
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

import stagekit
from docpipe import limits
from docpipe.pages import Answer, Sound, Task

RATE: Final = 16_000
"""Samples a second, one channel: what transcription wants."""


def listen(task: Task, path: Path) -> Iterator[Answer]:
    """Decodes all sound; stores WAV files in `task.folder` where one is given."""
    try:
        yield _heard(task, path)
    except FFmpegError as error:
        raise stagekit.Refused(
            "BrokenSound", "the sound file is truncated or damaged: upload the whole file"
        ) from error


def _heard(task: Task, path: Path) -> Sound:
    with av.open(str(path), mode="r") as container:
        if not container.streams.audio:
            raise stagekit.Skip("NoSound", "the file has pictures, but no sound")
        stream = container.streams.audio[0]
        context = stream.codec_context
        resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
        files = _WavFiles(Path(task.folder) if task.folder else None)
        for frame in container.decode(stream):
            for part in resampler.resample(frame):
                files.add(np.asarray(part.to_ndarray(), dtype=np.int16).reshape(-1))
            if files.count > limits.MOST_SOUND_SECONDS * RATE:
                hours = limits.MOST_SOUND_SECONDS // 3600
                raise stagekit.Refused(
                    "SoundTooLong", f"more than {hours} hours of sound: split it"
                )
        for part in resampler.resample(None):
            files.add(np.asarray(part.to_ndarray(), dtype=np.int16).reshape(-1))
        files.close()
        if not files.count:
            raise stagekit.Skip("NoSound", "the file's sound track is empty")
        return Sound(
            round(files.count / RATE, 2),
            context.channels,
            context.sample_rate,
            context.name,
            round(files.loudness, 1),
            files.names,
        )


class _WavFiles:
    """Counts samples, sums their power, and writes WAV files."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: wave.Wave_write | None = None
        self._power = 0.0
        self.count = 0
        self.names: list[str] = []

    @property
    def loudness(self) -> float:
        """The mean loudness in dB below full scale; -120 for silence."""
        power = self._power / max(self.count, 1)
        return max(10 * math.log10(power), -120.0) if power > 0 else -120.0

    def add(self, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
        """Samples that follow those before."""
        self._power += float(np.square(samples.astype(np.float64) / 32768).sum())
        if self._folder is not None:
            if self.count // (limits.SOUND_FILE_SECONDS * RATE) >= len(self.names):
                self._begin(self._folder)
            assert self._file is not None  # noqa: S101  (begun with the first sample)
            self._file.writeframes(samples.tobytes())
        self.count += samples.size

    def _begin(self, folder: Path) -> None:
        self.close()
        self.names.append(f"{len(self.names) + 1:03}.wav")
        self._file = wave.open(str(folder / self.names[-1]), "wb")  # noqa: SIM115
        self._file.setnchannels(1)
        self._file.setsampwidth(2)
        self._file.setframerate(RATE)

    def close(self) -> None:
        """Completes the last file."""
        if self._file is not None:
            self._file.close()
            self._file = None
