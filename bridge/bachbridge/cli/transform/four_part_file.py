"""A file in four voices of which some notes are regenerated, while all others keep their ticks.

On the grid each voice is read like a melody: moved by octaves if it lies outside its range, gaps of up to a beat
closed. Notes are erased whole: a region covers the notes that begin in it, and a note that sounds into it from before
stays. In the tracks the erased notes' events are replaced by those of the new ones; no other event changes its tick or
its data.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import MidiSong, parse_midi
from bachbridge.files.smf import TickNoteTuple, encode_file, replace_notes
from bachbridge.files.staff_voices import split_into_voices
from bachbridge.music import bar_ranges, timeline
from bachbridge.music.frames import REST, UNKNOWN, Bools, Ints, notes_from_frames
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note
from bachbridge.music.timeline import Bar, TickNote
from bachbridge.music.voice_assignment import frames_from_line

_MAX_OUT_OF_RANGE_SHARE = 0.5
"""Share of a voice that may lie outside its range before it is moved: a moved voice no longer fits the others."""


@dataclass(frozen=True, slots=True)
class FourPartSong:
    """A file with its bars and, for each voice, its (track, channel), its notes and its shift into the voice's range.

    `pitch_index[step, voice]` and `onsets[step, voice]` hold the voices after that shift, in semitones;
    `onset_step[step, voice]` is the step at which the cell's note begins (-1: a rest).
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
    """Find the file's four voices; raises `MidiFileError` if it has no four."""
    path, split = song.path, split_into_voices(song)
    if split is None:
        raise MidiFileError(
            f"{path} is not in four voices: give a file in which {', '.join(VOICES[:-1])} and {VOICES[-1]} each "
            "have a track or a channel of their own and sound one note at a time, or two of them share a staff."
        )
    song = split
    voices = timeline.part_voices(song.notes, song.track_names, song.timeline)
    voice_notes = tuple(
        _highest_of_each_chord([note for note in song.phrase.notes if note.voice == voice])
        for voice in range(len(VOICES))
    )
    steps = max(note.end for note in song.phrase.notes)
    prompts = [
        frames_from_line(notes, voice, steps, tolerance=_MAX_OUT_OF_RANGE_SHARE)
        for voice, notes in enumerate(voice_notes)
    ]
    pitch_index = np.stack([prompt.pitch_indices[:, voice] for voice, prompt in enumerate(prompts)], axis=1)
    onsets = np.stack([prompt.onsets[:, voice] for voice, prompt in enumerate(prompts)], axis=1)
    own_step = np.where(onsets, np.arange(steps, dtype=np.int32)[:, None], -1)
    onset_step = np.where(pitch_index > REST, np.maximum.accumulate(own_step, axis=0), -1).astype(np.int32)
    return FourPartSong(
        midi_song=song,
        bars=tuple(song.timeline.bars(steps)),
        track_channels=tuple(sorted(voices, key=lambda part: voices[part])),
        voice_notes=voice_notes,
        voice_shifts=tuple(prompt.shift for prompt in prompts),
        pitch_index=pitch_index,
        onsets=onsets,
        onset_step=onset_step,
    )


def song_of_one_voice(song: MidiSong, voice: int) -> MidiSong | None:
    """Return the song with the notes of one of its four voices alone; None if it is not in four voices."""
    split = split_into_voices(song)
    if split is None:
        return None
    voices = timeline.part_voices(split.notes, split.track_names, split.timeline)
    removed: defaultdict[int, set[tuple[int, int, int]]] = defaultdict(set)
    for note in split.notes:
        if voices[note.track, note.channel] != voice:
            removed[note.track].add((note.start, note.channel, note.pitch))
    kept = {note.track for note in split.notes if voices[note.track, note.channel] == voice}
    bodies = [
        replace_notes(body, removed[track], []) if removed[track] else body
        for track, body in enumerate(split.track_bodies)
        if track in kept or not removed[track]
    ]
    one_voice = parse_midi(split.path, encode_file(split.division, bodies))
    return replace(one_voice, warning=song.warning, phrase_marks=song.phrase_marks)


def _highest_of_each_chord(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Return the notes of a voice, of those that begin together only the highest."""
    return tuple({note.start: note for note in sorted(notes, key=lambda note: (note.start, note.pitch))}.values())


# ---------------------------------------------------------------- choosing the notes to erase


def mask_region(four_parts: FourPartSong, region_mask: Bools, *, keep_silence: bool) -> Bools:
    """Return `masked[step, voice]`: the notes that begin in `region_mask[step, voice]`, and the rests there.

    Rests before the first note of all are never masked, and with `keep_silence` neither are steps without any note.
    """
    begins_in_region = np.take_along_axis(region_mask, np.maximum(four_parts.onset_step, 0), axis=0)
    stays_silent: Bools = np.all(four_parts.is_rest, axis=1)
    first = int(np.argmin(stays_silent))
    if not keep_silence:
        stays_silent[first:] = False
    return np.where(four_parts.is_rest, region_mask & ~stays_silent[:, None], begins_in_region)


def mask_notes(four_parts: FourPartSong, note_starts: set[tuple[int, int]]) -> Bools:
    """Return `masked[step, voice]`: the notes whose start step and voice are in `note_starts`."""
    rows = [
        [(int(onset), voice) in note_starts for voice, onset in enumerate(onset_steps)]
        for onset_steps in four_parts.onset_step
    ]
    return np.array(rows, np.bool_)


def masked_canvas(four_parts: FourPartSong, masked: Bools) -> Canvas:
    """Return the canvas for the model: cells in `masked[step, voice]` are unknown, all others given."""
    steps = len(masked)
    position, steps_per_bar = bar_ranges.bar_positions(four_parts.bars)
    return Canvas(
        pitch_indices=np.where(masked, UNKNOWN, four_parts.pitch_index).astype(np.int32),
        onsets=four_parts.onsets & ~masked,
        place=infill_grid.place_features(position[:steps], steps_per_bar[:steps]),
        logit_mask=infill_grid.voice_range_mask(steps),
    )


# ---------------------------------------------------------------- the generated notes


def generated_notes(four_parts: FourPartSong, masked: Bools, pitch_index: Ints, onsets: Bools) -> tuple[Note, ...]:
    """Return the notes of the masked cells, where the voice lies in the file and as loud as it was there.

    A note that stays is never extended into a masked cell.
    """
    region_starts = masked.copy()
    region_starts[1:] &= ~masked[:-1]
    notes = notes_from_frames(pitch_index, onsets | region_starts)
    return tuple(
        replace(
            note,
            pitch=_fold_into_midi_range(note.pitch - four_parts.voice_shifts[note.voice]),
            velocity=_note_at_or_before(four_parts.voice_notes[note.voice], note.start).velocity,
        )
        for note in notes
        if masked[note.start, note.voice]
    )


def _fold_into_midi_range(pitch: int) -> int:
    """Move the pitch by octaves into 0 to 127."""
    return pitch % 12 if pitch < 0 else pitch - 12 * max(0, -(-(pitch - 127) // 12))


def _note_at_or_before(notes: Sequence[Note], step: int) -> Note:
    """Return the last note that begins up to `step`, or else the first note."""
    return max((note for note in notes if note.start <= step), key=lambda note: note.start, default=notes[0])


def kept_and_generated_notes(four_parts: FourPartSong, masked: Bools, generated: Sequence[Note]) -> tuple[Note, ...]:
    """Return all notes of the new piece, by start and voice."""
    kept = [note for notes in four_parts.voice_notes for note in notes if not masked[note.start, note.voice]]
    return tuple(sorted((*kept, *generated), key=lambda note: (note.start, note.voice)))


def erased_notes(four_parts: FourPartSong, masked: Bools) -> list[TickNote]:
    """Return the file's notes that do not stay."""
    voice_of = {part: voice for voice, part in enumerate(four_parts.track_channels)}
    return [
        note
        for note in four_parts.midi_song.notes
        if masked[four_parts.midi_song.timeline.step_at_tick(note.start), voice_of[note.track, note.channel]]
    ]


def midi_with_generated_notes(four_parts: FourPartSong, masked: Bools, generated: Sequence[Note]) -> bytes:
    """Encode the file with the masked cells' notes replaced; tracks without masked cells stay byte for byte."""
    removed: defaultdict[int, set[tuple[int, int, int]]] = defaultdict(set)
    for note in erased_notes(four_parts, masked):
        removed[note.track].add((note.start, note.channel, note.pitch))
    added: defaultdict[int, list[TickNoteTuple]] = defaultdict(list)
    for voice, (track, channel) in enumerate(four_parts.track_channels):
        kept = [
            note
            for note in four_parts.midi_song.notes
            if (note.track, note.channel) == (track, channel)
            and (note.start, channel, note.pitch) not in removed[track]
        ]
        voice_notes = [note for note in generated if note.voice == voice]
        added[track] += _notes_in_ticks(four_parts, kept, voice_notes, channel)
    bodies = [
        replace_notes(body, removed[track], added[track]) if removed[track] or added[track] else body
        for track, body in enumerate(four_parts.midi_song.track_bodies)
    ]
    return encode_file(four_parts.midi_song.division, bodies)


def _notes_in_ticks(
    four_parts: FourPartSong, kept: Sequence[TickNote], generated: Sequence[Note], channel: int
) -> list[TickNoteTuple]:
    """Return a voice's new notes in ticks, none beyond the end of the music.

    They do not overlap a neighbour that stays and was played up to half a step off the grid.
    """
    time = four_parts.midi_song.timeline
    half_step = time.ticks_per_beat // (2 * STEPS_PER_BEAT)
    starts = np.array([note.start for note in kept], np.int64)
    ends = np.array([note.end for note in kept], np.int64)
    last = max(note.end for note in four_parts.midi_song.notes)
    rows: list[TickNoteTuple] = []
    for note in generated:
        start, end = time.tick_at_step(note.start), min(time.tick_at_step(note.end), last)
        ends_before = ends[(starts < start) & (ends > start) & (ends <= start + half_step)]
        starts_after = starts[(starts < end) & (starts >= end - half_step)]
        begin = int(ends_before.max(initial=start))
        rows.append((begin, max(begin + 1, int(starts_after.min(initial=end))), channel, note.pitch, note.velocity))
    return rows
