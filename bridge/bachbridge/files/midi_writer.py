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

from bachbridge.atomic_files import atomic_output
from bachbridge.engine.session_log import TICKS_PER_BEAT
from bachbridge.errors import BachBridgeError
from bachbridge.files.smf import (
    TEMPO,
    TIME_SIGNATURE,
    TRACK_NAME,
    encode_events,
    end_of_track,
    file_header,
    meta_event,
    note_events,
    part_header_events,
    track_body,
    track_header,
)
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note, bpm_from_step_ns
from bachbridge.music.timeline import meter_from_steps

_TICKS_PER_STEP = TICKS_PER_BEAT // STEPS_PER_BEAT


@dataclass(slots=True)
class _VoiceTrack:
    """A voice's events so far, up to the tick `last`."""

    file: IO[bytes]
    last_tick: int = 0


class MidiStreamWriter:
    """Used within a `with`, which throws the scratch files away."""

    __slots__ = ("_scratch_files", "_step_ns", "_tracks")

    def __init__(self, step_ns: int) -> None:
        self._step_ns = step_ns
        self._scratch_files = ExitStack()
        self._tracks: dict[int, _VoiceTrack] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scratch_files.close()

    def add_notes(self, notes: Iterable[Note], first_step: int) -> None:
        """A stretch of notes that begins at step `origin`, where the one before ended."""
        voices: dict[int, list[tuple[int, int, int, int]]] = {}
        for note in notes:
            start = max(self._tick_at(note, first_step), _TICKS_PER_STEP * first_step)
            end = _TICKS_PER_STEP * (first_step + note.end)
            voices.setdefault(note.voice, []).append((start, end, note.pitch, note.velocity))
        try:
            for voice, rows in voices.items():
                self._append_events(self._track(voice), note_events(voice, rows))
        except OSError as error:
            raise BachBridgeError(f"no more music can be kept ({error.strerror}): make room on the disk.") from error

    def save(self, path: Path, *, title: str, steps_per_bar: int, program: int) -> None:
        """Write the file, a track for each voice that had notes."""
        beat_us, meter = round(60e6 / bpm_from_step_ns(self._step_ns)), meter_from_steps(steps_per_bar)
        conductor = track_body(
            [
                (0, meta_event(TRACK_NAME, title.encode())),
                (0, meta_event(TEMPO, beat_us.to_bytes(3))),
                (0, meta_event(TIME_SIGNATURE, bytes((meter.numerator, meter.denominator.bit_length() - 1, 24, 8)))),
            ]
        )
        with atomic_output(path) as scratch, scratch.open("wb") as file:
            file.write(file_header(TICKS_PER_BEAT, 1 + len(self._tracks)))
            file.write(track_header(len(conductor)) + conductor)
            for voice, reel in sorted(self._tracks.items()):
                name = VOICES[voice].capitalize() if len(self._tracks) > 1 else title
                self._append_track(file, reel, encode_events(part_header_events(name, voice, program), 0))

    @staticmethod
    def _append_events(reel: _VoiceTrack, events: list[tuple[int, bytes]]) -> None:
        reel.file.write(encode_events(events, reel.last_tick))
        reel.last_tick = events[-1][0]

    def _tick_at(self, note: Note, origin: int) -> int:
        return round(_TICKS_PER_STEP * (origin + note.start + note.offset_ns / self._step_ns))

    def _track(self, voice: int) -> _VoiceTrack:
        if voice not in self._tracks:
            file = TemporaryFile()  # noqa: SIM115 # the stack closes it
            self._tracks[voice] = _VoiceTrack(self._scratch_files.enter_context(file))
        return self._tracks[voice]

    @staticmethod
    def _append_track(file: IO[bytes], reel: _VoiceTrack, head: bytes) -> None:
        """A voice's track on to the end of the file."""
        end = end_of_track()
        file.write(track_header(len(head) + reel.file.tell() + len(end)) + head)
        reel.file.seek(0)
        shutil.copyfileobj(reel.file, file)
        file.write(end)
