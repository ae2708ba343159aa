"""A file in four voices of which some notes are drawn anew, while all else stays to the tick.

On the grid each voice is read as a melody is: moved by octaves if it sings elsewhere, gaps of up to a beat closed.
Notes are erased whole: a region takes the notes that begin in it, and whatever sounds into it from before stays. In the
tracks the erased notes' events are replaced by those of the new ones; no other event changes its tick or its data.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import infill_grid, satb
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import MidiSong
from bachbridge.files.smf import Played, file_bytes, with_notes
from bachbridge.music import bar_ranges, timeline
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note
from bachbridge.music.timeline import Bar, TickNote
from bachbridge.music.voice_leading import Bools, Ints

_TOLERATED = 0.5
"""The share of a voice that may lie outside its range before it is moved, for then it no longer fits the others."""


@dataclass(frozen=True, slots=True)
class Quartet:
    """The file, its bars, and for each voice its part (track, channel), its notes, and its shift to where it sings.

    `classes[step, voice]` and `struck[step, voice]` are the voices where they sing; `began[step, voice]` is the step at
    which the note of a cell begins (-1: a rest).
    """

    song: MidiSong
    bars: tuple[Bar, ...]
    parts: tuple[tuple[int, int], ...]
    lines: tuple[tuple[Note, ...], ...]
    shifts: tuple[int, ...]
    classes: Ints
    struck: Bools
    began: Ints

    @property
    def rests(self) -> Bools:
        return self.classes == satb.REST


def quartet_of(song: MidiSong) -> Quartet:
    """The file's four voices; raises `MidiFileError` where there are not just four."""
    voices = timeline.voices(song.notes, song.names, song.time)
    if not voices:
        raise MidiFileError(
            f"{song.path} is not in four voices: give a file in which {', '.join(VOICES[:-1])} and {VOICES[-1]} have "
            "each a track or a channel of its own and sing one note at a time."
        )
    lines = tuple(_single([note for note in song.phrase.notes if note.voice == voice]) for voice in range(len(VOICES)))
    steps = max(note.end for note in song.phrase.notes)
    prompts = [satb.line(line, voice, steps, tolerated=_TOLERATED) for voice, line in enumerate(lines)]
    classes = np.stack([prompt.classes[:, voice] for voice, prompt in enumerate(prompts)], axis=1)
    struck = np.stack([prompt.struck[:, voice] for voice, prompt in enumerate(prompts)], axis=1)
    onsets = np.where(struck, np.arange(steps, dtype=np.int32)[:, None], -1)
    began = np.where(classes > satb.REST, np.maximum.accumulate(onsets, axis=0), -1).astype(np.int32)
    return Quartet(
        song=song,
        bars=tuple(song.time.bars(steps)),
        parts=tuple(sorted(voices, key=lambda part: voices[part])),
        lines=lines,
        shifts=tuple(prompt.shift for prompt in prompts),
        classes=classes,
        struck=struck,
        began=began,
    )


def _single(line: Sequence[Note]) -> tuple[Note, ...]:
    """Of notes that a voice begins together, the highest."""
    return tuple({note.start: note for note in sorted(line, key=lambda note: (note.start, note.pitch))}.values())


# ---------------------------------------------------------------- what is erased


def in_region(quartet: Quartet, wanted: Bools, *, silence: bool) -> Bools:
    """`open[step, voice]`: the notes that begin in `wanted[step, voice]`, and the rests there.

    Before the first note of all nothing is sung, and where all voices rest only if there is to be no `silence`.
    """
    begins = np.take_along_axis(wanted, np.maximum(quartet.began, 0), axis=0)
    still: Bools = np.all(quartet.rests, axis=1)
    first = int(np.argmin(still))
    if not silence:
        still[first:] = False
    return np.where(quartet.rests, wanted & ~still[:, None], begins)


def by_notes(quartet: Quartet, chosen: set[tuple[int, int]]) -> Bools:
    """`open[step, voice]`: the notes that `chosen` names by step and voice."""
    rows = [[(int(began), voice) in chosen for voice, began in enumerate(row)] for row in quartet.began]
    return np.array(rows, np.bool_)


def canvas_of(quartet: Quartet, open_: Bools) -> Canvas:
    """The task: all that is not open is given."""
    steps = len(open_)
    position, lengths = bar_ranges.places(quartet.bars)
    return Canvas(
        classes=np.where(open_, satb.UNKNOWN, quartet.classes).astype(np.int32),
        struck=quartet.struck & ~open_,
        place=infill_grid.places(position[:steps], lengths[:steps]),
        allowed=infill_grid.within_ranges(steps),
    )


# ---------------------------------------------------------------- what is drawn


def new_notes(quartet: Quartet, open_: Bools, classes: Ints, struck: Bools) -> tuple[Note, ...]:
    """The notes of the open cells where the voice lies in the file, as loud as it was; what stays is never tied on."""
    fresh = open_.copy()
    fresh[1:] &= ~open_[:-1]
    sung = [note for note in satb.notes_of(classes, struck | fresh) if open_[note.start, note.voice]]
    return tuple(
        replace(
            note,
            pitch=_audible(note.pitch - quartet.shifts[note.voice]),
            velocity=_before(quartet.lines[note.voice], note.start).velocity,
        )
        for note in sung
    )


def _audible(pitch: int) -> int:
    """The pitch, moved by octaves to one that MIDI has."""
    return pitch % 12 if pitch < 0 else pitch - 12 * max(0, -(-(pitch - 127) // 12))


def _before(line: Sequence[Note], step: int) -> Note:
    """The last note that begins up to `step`, or the first of all."""
    return max((note for note in line if note.start <= step), key=lambda note: note.start, default=line[0])


def all_notes(quartet: Quartet, open_: Bools, new: Sequence[Note]) -> tuple[Note, ...]:
    """What stays and what is new, by start and voice."""
    kept = [note for line in quartet.lines for note in line if not open_[note.start, note.voice]]
    return tuple(sorted((*kept, *new), key=lambda note: (note.start, note.voice)))


def erased(quartet: Quartet, open_: Bools) -> list[TickNote]:
    """The file's notes that do not stay."""
    voice_of = {part: voice for voice, part in enumerate(quartet.parts)}
    return [
        note
        for note in quartet.song.notes
        if open_[quartet.song.time.step(note.start), voice_of[note.track, note.channel]]
    ]


def written(quartet: Quartet, open_: Bools, new: Sequence[Note]) -> bytes:
    """The file's bytes with the open cells' notes replaced; tracks in which nothing is open stay byte for byte."""
    gone: defaultdict[int, set[tuple[int, int, int]]] = defaultdict(set)
    for note in erased(quartet, open_):
        gone[note.track].add((note.start, note.channel, note.pitch))
    played: defaultdict[int, list[Played]] = defaultdict(list)
    for voice, (track, channel) in enumerate(quartet.parts):
        lost = gone[track]
        stays = [
            note
            for note in quartet.song.notes
            if (note.track, note.channel) == (track, channel) and (note.start, channel, note.pitch) not in lost
        ]
        played[track] += _in_ticks(quartet, stays, [note for note in new if note.voice == voice], channel)
    chunks = [
        with_notes(body, gone[track], played[track]) if gone[track] or played[track] else body
        for track, body in enumerate(quartet.song.chunks)
    ]
    return file_bytes(quartet.song.division, chunks)


def _in_ticks(quartet: Quartet, stays: Sequence[TickNote], new: Sequence[Note], channel: int) -> list[Played]:
    """The new notes of a voice in ticks, up to where the music ended.

    A neighbour that stays and was played beside the grid is not run into.
    """
    time = quartet.song.time
    half = time.ticks_per_beat // (2 * STEPS_PER_BEAT)
    starts = np.array([note.start for note in stays], np.int64)
    ends = np.array([note.end for note in stays], np.int64)
    last = max(note.end for note in quartet.song.notes)
    rows: list[Played] = []
    for note in new:
        start, end = time.tick(note.start), min(time.tick(note.end), last)
        reaching = ends[(starts < start) & (ends > start) & (ends <= start + half)]
        coming = starts[(starts < end) & (starts >= end - half)]
        begin = int(reaching.max(initial=start))
        rows.append((begin, max(begin + 1, int(coming.min(initial=end))), channel, note.pitch, note.velocity))
    return rows
