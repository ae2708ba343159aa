"""A MIDI file of any length in the making, whose size is the disk's affair and not the memory's.

Every voice's track grows in a scratch file of its own; only at the end are they put one after another, since a MIDI
file says before each track how long it is. Notes come in stretches, one after another in time. Within a stretch they
may come in any order, and no note outlasts its stretch.
"""

import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from bachbridge.atomic_files import whole_file
from bachbridge.engine.session_log import TICKS_PER_BEAT
from bachbridge.errors import BachBridgeError
from bachbridge.files.smf import (
    METER,
    TEMPO,
    TRACK_NAME,
    file_head,
    meta,
    part_events,
    part_head,
    timed,
    track_chunk,
    track_end,
    track_head,
)
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note, bpm_of
from bachbridge.music.timeline import plain_meter

_TICKS_PER_STEP = TICKS_PER_BEAT // STEPS_PER_BEAT


@dataclass(slots=True)
class _Reel:
    """A voice's events so far, up to the tick `last`."""

    file: IO[bytes]
    last: int = 0


class Tape:
    """Used within a `with`, which throws the scratch files away."""

    __slots__ = ("_files", "_reels", "_step_ns")

    def __init__(self, step_ns: int) -> None:
        self._step_ns = step_ns
        self._files = ExitStack()
        self._reels: dict[int, _Reel] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def add(self, notes: Iterable[Note], origin: int) -> None:
        """A stretch of notes that begins at step `origin`, where the one before ended."""
        voices: dict[int, list[tuple[int, int, int, int]]] = {}
        for note in notes:
            start = max(self._tick(note, origin), _TICKS_PER_STEP * origin)
            end = _TICKS_PER_STEP * (origin + note.end)
            voices.setdefault(note.voice, []).append((start, end, note.pitch, note.velocity))
        try:
            for voice, rows in voices.items():
                self._write(self._reel(voice), part_events(voice, rows))
        except OSError as error:
            raise BachBridgeError(f"no more music can be kept ({error.strerror}): make room on the disk.") from error

    def save(self, path: Path, *, title: str, steps_per_bar: int, program: int) -> None:
        """Write the file, a track for each voice that had notes."""
        beat_us, meter = round(60e6 / bpm_of(self._step_ns)), plain_meter(steps_per_bar)
        conductor = track_chunk(
            [
                (0, meta(TRACK_NAME, title.encode())),
                (0, meta(TEMPO, beat_us.to_bytes(3))),
                (0, meta(METER, bytes((meter.numerator, meter.denominator.bit_length() - 1, 24, 8)))),
            ]
        )
        with whole_file(path) as scratch, scratch.open("wb") as file:
            file.write(file_head(TICKS_PER_BEAT, 1 + len(self._reels)))
            file.write(track_head(len(conductor)) + conductor)
            for voice, reel in sorted(self._reels.items()):
                name = VOICES[voice].capitalize() if len(self._reels) > 1 else title
                self._wind(file, reel, timed(part_head(name, voice, program), 0))

    @staticmethod
    def _write(reel: _Reel, events: list[tuple[int, bytes]]) -> None:
        reel.file.write(timed(events, reel.last))
        reel.last = events[-1][0]

    def _tick(self, note: Note, origin: int) -> int:
        return round(_TICKS_PER_STEP * (origin + note.start + note.offset_ns / self._step_ns))

    def _reel(self, voice: int) -> _Reel:
        if voice not in self._reels:
            file = TemporaryFile()  # noqa: SIM115 # the stack closes it
            self._reels[voice] = _Reel(self._files.enter_context(file))
        return self._reels[voice]

    @staticmethod
    def _wind(file: IO[bytes], reel: _Reel, head: bytes) -> None:
        """A voice's track on to the end of the file."""
        end = track_end()
        file.write(track_head(len(head) + reel.file.tell() + len(end)) + head)
        reel.file.seek(0)
        shutil.copyfileobj(reel.file, file)
        file.write(end)
