"""A file in four voices of which some notes are drawn anew, while all else stays to the tick.

On the grid each voice is read as a melody is: moved by octaves if it sings elsewhere, gaps of up to a beat closed.
Notes are erased whole: a region takes the notes that begin in it, and whatever sounds into it from before stays. In the
tracks the erased notes' events are replaced by those of the new ones; no other event changes its tick or its data.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import MidiSong
from bachbridge.files.smf import TickNoteTuple, encode_file, replace_notes
from bachbridge.music import bar_ranges, timeline
from bachbridge.music.frames import REST, UNKNOWN, Bools, Ints, notes_from_frames
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note
from bachbridge.music.timeline import Bar, TickNote
from bachbridge.music.voice_assignment import frames_from_line

_MAX_OUT_OF_RANGE_SHARE = 0.5
"""The share of a voice that may lie outside its range before it is moved, for then it no longer fits the others."""


@dataclass(frozen=True, slots=True)
class FourPartSong:
    """The file, its bars, and for each voice its part (track, channel), its notes, and its shift to where it sings.

    `classes[step, voice]` and `struck[step, voice]` are the voices where they sing; `began[step, voice]` is the step at
    which the note of a cell begins (-1: a rest).
    """

    midi_song: MidiSong
    bars: tuple[Bar, ...]
    track_channels: tuple[tuple[int, int], ...]
    voice_notes: tuple[tuple[Note, ...], ...]
    voice_shifts: tuple[int, ...]
    pitch_index: Ints
    onsets: Bools
    onset_step: Ints

    @property
    def is_rest(self) -> Bools:
        return self.pitch_index == REST


def parse_four_parts(song: MidiSong) -> FourPartSong:
    """The file's four voices; raises `MidiFileError` where there are not just four."""
    voices = timeline.part_voices(song.notes, song.track_names, song.timeline)
    if not voices:
        raise MidiFileError(
            f"{song.path} is not in four voices: give a file in which {', '.join(VOICES[:-1])} and {VOICES[-1]} have "
            "each a track or a channel of its own and sing one note at a time."
        )
    lines = tuple(
        _highest_of_each_chord([note for note in song.phrase.notes if note.voice == voice])
        for voice in range(len(VOICES))
    )
    steps = max(note.end for note in song.phrase.notes)
    prompts = [
        frames_from_line(line, voice, steps, tolerance=_MAX_OUT_OF_RANGE_SHARE) for voice, line in enumerate(lines)
    ]
    classes = np.stack([prompt.pitch_indices[:, voice] for voice, prompt in enumerate(prompts)], axis=1)
    struck = np.stack([prompt.onsets[:, voice] for voice, prompt in enumerate(prompts)], axis=1)
    onsets = np.where(struck, np.arange(steps, dtype=np.int32)[:, None], -1)
    began = np.where(classes > REST, np.maximum.accumulate(onsets, axis=0), -1).astype(np.int32)
    return FourPartSong(
        midi_song=song,
        bars=tuple(song.timeline.bars(steps)),
        track_channels=tuple(sorted(voices, key=lambda part: voices[part])),
        voice_notes=lines,
        voice_shifts=tuple(prompt.shift for prompt in prompts),
        pitch_index=classes,
        onsets=struck,
        onset_step=began,
    )


def _highest_of_each_chord(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Of notes that a voice begins together, the highest."""
    return tuple({note.start: note for note in sorted(notes, key=lambda note: (note.start, note.pitch))}.values())


# ---------------------------------------------------------------- what is erased


def mask_region(four_parts: FourPartSong, region_mask: Bools, *, include_silence: bool) -> Bools:
    """`open[step, voice]`: the notes that begin in `wanted[step, voice]`, and the rests there.

    Before the first note of all nothing is sung, and where all voices rest only if there is to be no `silence`.
    """
    begins = np.take_along_axis(region_mask, np.maximum(four_parts.onset_step, 0), axis=0)
    still: Bools = np.all(four_parts.is_rest, axis=1)
    first = int(np.argmin(still))
    if not include_silence:
        still[first:] = False
    return np.where(four_parts.is_rest, region_mask & ~still[:, None], begins)


def mask_notes(four_parts: FourPartSong, note_starts: set[tuple[int, int]]) -> Bools:
    """`open[step, voice]`: the notes that `chosen` names by step and voice."""
    rows = [[(int(began), voice) in note_starts for voice, began in enumerate(row)] for row in four_parts.onset_step]
    return np.array(rows, np.bool_)


def masked_canvas(four_parts: FourPartSong, masked: Bools) -> Canvas:
    """The task: all that is not open is given."""
    steps = len(masked)
    position, lengths = bar_ranges.bar_positions(four_parts.bars)
    return Canvas(
        pitch_indices=np.where(masked, UNKNOWN, four_parts.pitch_index).astype(np.int32),
        onsets=four_parts.onsets & ~masked,
        place=infill_grid.place_features(position[:steps], lengths[:steps]),
        logit_mask=infill_grid.voice_range_mask(steps),
    )


# ---------------------------------------------------------------- what is drawn


def generated_notes(four_parts: FourPartSong, masked: Bools, pitch_index: Ints, onsets: Bools) -> tuple[Note, ...]:
    """The notes of the open cells where the voice lies in the file, as loud as it was; what stays is never tied on."""
    fresh = masked.copy()
    fresh[1:] &= ~masked[:-1]
    sung = [note for note in notes_from_frames(pitch_index, onsets | fresh) if masked[note.start, note.voice]]
    return tuple(
        replace(
            note,
            pitch=_fold_into_midi_range(note.pitch - four_parts.voice_shifts[note.voice]),
            velocity=_note_at_or_before(four_parts.voice_notes[note.voice], note.start).velocity,
        )
        for note in sung
    )


def _fold_into_midi_range(pitch: int) -> int:
    """The pitch, moved by octaves to one that MIDI has."""
    return pitch % 12 if pitch < 0 else pitch - 12 * max(0, -(-(pitch - 127) // 12))


def _note_at_or_before(notes: Sequence[Note], step: int) -> Note:
    """The last note that begins up to `step`, or the first of all."""
    return max((note for note in notes if note.start <= step), key=lambda note: note.start, default=notes[0])


def kept_and_generated_notes(four_parts: FourPartSong, masked: Bools, generated: Sequence[Note]) -> tuple[Note, ...]:
    """What stays and what is new, by start and voice."""
    kept = [note for line in four_parts.voice_notes for note in line if not masked[note.start, note.voice]]
    return tuple(sorted((*kept, *generated), key=lambda note: (note.start, note.voice)))


def erased_notes(four_parts: FourPartSong, masked: Bools) -> list[TickNote]:
    """The file's notes that do not stay."""
    voice_of = {part: voice for voice, part in enumerate(four_parts.track_channels)}
    return [
        note
        for note in four_parts.midi_song.notes
        if masked[four_parts.midi_song.timeline.step_at_tick(note.start), voice_of[note.track, note.channel]]
    ]


def midi_with_generated_notes(four_parts: FourPartSong, masked: Bools, generated: Sequence[Note]) -> bytes:
    """The file's bytes with the open cells' notes replaced; tracks in which nothing is open stay byte for byte."""
    gone: defaultdict[int, set[tuple[int, int, int]]] = defaultdict(set)
    for note in erased_notes(four_parts, masked):
        gone[note.track].add((note.start, note.channel, note.pitch))
    played: defaultdict[int, list[TickNoteTuple]] = defaultdict(list)
    for voice, (track, channel) in enumerate(four_parts.track_channels):
        lost = gone[track]
        stays = [
            note
            for note in four_parts.midi_song.notes
            if (note.track, note.channel) == (track, channel) and (note.start, channel, note.pitch) not in lost
        ]
        played[track] += _notes_in_ticks(
            four_parts, stays, [note for note in generated if note.voice == voice], channel
        )
    chunks = [
        replace_notes(body, gone[track], played[track]) if gone[track] or played[track] else body
        for track, body in enumerate(four_parts.midi_song.track_bodies)
    ]
    return encode_file(four_parts.midi_song.division, chunks)


def _notes_in_ticks(
    four_parts: FourPartSong, kept: Sequence[TickNote], generated: Sequence[Note], channel: int
) -> list[TickNoteTuple]:
    """The new notes of a voice in ticks, up to where the music ended.

    A neighbour that stays and was played beside the grid is not run into.
    """
    time = four_parts.midi_song.timeline
    half = time.ticks_per_beat // (2 * STEPS_PER_BEAT)
    starts = np.array([note.start for note in kept], np.int64)
    ends = np.array([note.end for note in kept], np.int64)
    last = max(note.end for note in four_parts.midi_song.notes)
    rows: list[TickNoteTuple] = []
    for note in generated:
        start, end = time.tick_at_step(note.start), min(time.tick_at_step(note.end), last)
        reaching = ends[(starts < start) & (ends > start) & (ends <= start + half)]
        coming = starts[(starts < end) & (starts >= end - half)]
        begin = int(reaching.max(initial=start))
        rows.append((begin, max(begin + 1, int(coming.min(initial=end))), channel, note.pitch, note.velocity))
    return rows
