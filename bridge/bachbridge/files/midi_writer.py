"""Writing MIDI files from nothing, with mido: answers, dreams, tunes, demos and the export of a session.

`write_tracks` saves a file of format 1 that fits in memory. `part_body` encodes one track, for callers that append it
to the tracks of a user's file (see `smf`). `MidiStreamWriter` saves a file of any length.
"""

import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from mido import Message, MetaMessage, MidiFile, MidiTrack

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import BachBridgeError
from bachbridge.files.smf import END_OF_TRACK_EVENT, file_header, track_header
from bachbridge.music.general_midi import ANSWER_PROGRAM, PLAYER_PROGRAM
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note, bpm_from_step_ns
from bachbridge.music.performance import PLAYER, Part
from bachbridge.music.timeline import COMMON_TIME, Meter, Tempo, meter_from_steps

TICKS_PER_BEAT = 960
MAX_BEAT_US = 0xFFFFFF
"""The longest quarter note that a tempo event can hold, in microseconds."""
_TICKS_PER_STEP = TICKS_PER_BEAT // STEPS_PER_BEAT
_RELEASE_VELOCITY = 64
_PLAYER_CHANNEL = len(VOICES)
_BYTES_BEFORE_TRACK = len(file_header(1, 1)) + len(track_header(0))

NoteRow = tuple[int, int, int, int]
"""Start and end in ticks, pitch and velocity of a note."""
TimedMessage = tuple[int, Message | MetaMessage]
"""A message and its tick, counted from the beginning of the file."""


# ---------------------------------------------------------------- whole files


def write_midi(path: Path, parts: Iterable[Part], *, bpm: float, meter: Meter = COMMON_TIME, title: str = "") -> None:
    """Write the parts as a MIDI file: tempo and meter in track 0, then one named track for each part.

    The voices are on channels 0 to 3, the player on channel 4. Raises `BachBridgeError`.
    """
    beat_us = min(round(60e6 / bpm), MAX_BEAT_US)
    tracks = [_track_from_part(part, beat_us) for part in parts]
    write_tracks(path, [conductor_track(title, beat_us, [meter]), *tracks])


def write_tracks(path: Path, tracks: Iterable[MidiTrack]) -> None:
    """Write a file of format 1 with `TICKS_PER_BEAT`; raises `BachBridgeError`."""
    with atomic_output(path) as scratch:
        _midi_file(tracks).save(scratch)


def conductor_track(title: str, beat_us: int, meters: Iterable[Meter] = (), tempos: Iterable[Tempo] = ()) -> MidiTrack:
    """Build the track with the file's title (if there is one), its first tempo, its meters and its later tempos."""
    messages: list[TimedMessage] = [(0, MetaMessage("track_name", name=title))] if title else []
    messages.append((0, MetaMessage("set_tempo", tempo=beat_us)))
    messages += [(tempo.tick, MetaMessage("set_tempo", tempo=tempo.beat_us)) for tempo in tempos]
    for meter in meters:
        event = MetaMessage("time_signature", numerator=meter.numerator, denominator=meter.denominator)
        messages.append((meter.tick, event))
    return _track_from_messages(messages)


def part_track(name: str, channel: int, program: int, notes: Iterable[NoteRow]) -> MidiTrack:
    """Build a named track with a General MIDI program and notes."""
    return _track_from_messages([*_part_header(name, channel, program), *_note_messages(channel, notes)])


def part_body(name: str, channel: int, program: int, notes: Iterable[NoteRow]) -> bytes:
    """Encode `part_track` as the body of a track chunk."""
    return encode_track(part_track(name, channel, program, notes))


def encode_track(track: MidiTrack) -> bytes:
    """Encode a track as the body of a track chunk, with its end-of-track event."""
    file = BytesIO()
    _midi_file([track]).save(file=file)
    return file.getvalue()[_BYTES_BEFORE_TRACK:]


def _midi_file(tracks: Iterable[MidiTrack]) -> MidiFile:
    return MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8", tracks=list(tracks))


def _track_from_part(part: Part, beat_us: int) -> MidiTrack:
    player = part.voice == PLAYER
    return part_track(
        part.name,
        _PLAYER_CHANNEL if player else part.voice,
        PLAYER_PROGRAM if player else ANSWER_PROGRAM,
        [(_tick_at(n.start_ns, beat_us), _tick_at(n.end_ns, beat_us), n.pitch, n.velocity) for n in part.notes],
    )


def _tick_at(at_ns: int, beat_us: int) -> int:
    return max(0, round(at_ns * TICKS_PER_BEAT / (beat_us * 1000)))


# ---------------------------------------------------------------- messages


def _part_header(name: str, channel: int, program: int) -> list[TimedMessage]:
    return [
        (0, MetaMessage("track_name", name=name)),
        (0, Message("program_change", channel=channel, program=program)),
    ]


def _note_messages(channel: int, notes: Iterable[NoteRow]) -> list[TimedMessage]:
    """Notes as messages: first the note-offs, so that at one tick they come first and a repeated note sounds again."""
    offs: list[TimedMessage] = []
    ons: list[TimedMessage] = []
    for start, end, pitch, velocity in _end_repeated_notes(notes):
        ons.append((start, Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        off = Message("note_off", channel=channel, note=pitch, velocity=_RELEASE_VELOCITY)
        offs.append((max(end, start + 1), off))
    return [*offs, *ons]


def _end_repeated_notes(notes: Iterable[NoteRow]) -> list[NoteRow]:
    """Notes in the given order, each ended at the latest where its pitch begins again.

    Without this the note-off of the first note would end the second one.
    """
    rows = list(notes)
    next_start: dict[int, int] = {}
    for index in sorted(range(len(rows)), key=lambda index: rows[index][0], reverse=True):
        start, end, pitch, velocity = rows[index]
        following = next_start.get(pitch, end)
        rows[index] = (start, min(end, following) if start < following else end, pitch, velocity)
        next_start[pitch] = start
    return rows


def _track_from_messages(messages: Iterable[TimedMessage], first_tick: int = 0) -> MidiTrack:
    """Sort the messages by tick (stably) and set each one's time to the ticks since the one before."""
    track, last_tick = MidiTrack(), first_tick
    for tick, message in sorted(messages, key=lambda timed: timed[0]):
        message.time, last_tick = tick - last_tick, tick
        track.append(message)
    return track


# ---------------------------------------------------------------- files of any length


@dataclass(slots=True)
class _VoiceTrack:
    """The scratch file that holds a voice's encoded events up to `last_tick`."""

    file: IO[bytes]
    last_tick: int = 0


class MidiStreamWriter:
    """Writes a MIDI file whose length is limited by the disk, not by the memory.

    Each voice's track grows in a scratch file of its own. They are joined at the end, because a MIDI file states the
    length of each track before the track. mido encodes one stretch of music at a time: its own tracks are lists in
    memory. Use the writer in a `with` block, which deletes the scratch files.
    """

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
        """Append a stretch of notes that begins at `first_step`, where the stretch before it ended.

        The notes may come in any order; none may last beyond its stretch. Raises `BachBridgeError` if the disk is full.
        """
        voices: dict[int, list[NoteRow]] = {}
        for note in notes:
            start = max(self._start_tick(note, first_step), _TICKS_PER_STEP * first_step)
            end = _TICKS_PER_STEP * (first_step + note.end)
            voices.setdefault(note.voice, []).append((start, end, note.pitch, note.velocity))
        try:
            for voice, rows in voices.items():
                self._append_messages(self._voice_track(voice), _note_messages(voice, rows))
        except OSError as error:
            raise BachBridgeError(f"the music cannot be stored ({error.strerror}): make room on the disk.") from error

    def save(self, path: Path, *, title: str, steps_per_bar: int, program: int) -> None:
        """Write the file, with one track for each voice that had notes; raises `BachBridgeError`."""
        beat_us = round(60e6 / bpm_from_step_ns(self._step_ns))
        conductor = encode_track(conductor_track(title, beat_us, [meter_from_steps(steps_per_bar)]))
        with atomic_output(path) as scratch, scratch.open("wb") as file:
            file.write(file_header(TICKS_PER_BEAT, 1 + len(self._tracks)))
            file.write(track_header(len(conductor)) + conductor)
            for voice, track in sorted(self._tracks.items()):
                name = VOICES[voice].capitalize() if len(self._tracks) > 1 else title
                header = _encode_without_end(_part_header(name, voice, program))
                file.write(track_header(len(header) + track.file.tell() + len(END_OF_TRACK_EVENT)) + header)
                track.file.seek(0)
                shutil.copyfileobj(track.file, file)
                file.write(END_OF_TRACK_EVENT)

    @staticmethod
    def _append_messages(track: _VoiceTrack, messages: Sequence[TimedMessage]) -> None:
        track.file.write(_encode_without_end(messages, track.last_tick))
        track.last_tick = max(tick for tick, _ in messages)

    def _start_tick(self, note: Note, first_step: int) -> int:
        return round(_TICKS_PER_STEP * (first_step + note.start + note.offset_ns / self._step_ns))

    def _voice_track(self, voice: int) -> _VoiceTrack:
        if voice not in self._tracks:
            file = TemporaryFile()  # noqa: SIM115 # `_scratch_files` closes it
            self._tracks[voice] = _VoiceTrack(self._scratch_files.enter_context(file))
        return self._tracks[voice]


def _encode_without_end(messages: Iterable[TimedMessage], first_tick: int = 0) -> bytes:
    return encode_track(_track_from_messages(messages, first_tick)).removesuffix(END_OF_TRACK_EVENT)
