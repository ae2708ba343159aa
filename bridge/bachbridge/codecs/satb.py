"""Four voices on the 16th grid, as the causal chorale network reads and writes them.

A step is a frame of four classes (0 = rest, 1 to 46 = MIDI pitch 36 to 81), voices in the order of `music.VOICES`, and
for each voice whether it is struck there or held from the step before. What the network is told before it chooses
frame `t` is a row of feature ids into one shared table: for each voice the class it had, whether it was struck or
held, and for how long it has lain; then the phase in the beat, the position in the bar and the bar's length. What is
not known (attacks in data that has none, bar lines without a clock) has ids of its own, which the network has met in
training.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.notes import STEPS_PER_BEAT, VOICE_RANGES, VOICES, Note, Phrase

REST = 0
LOWEST_PITCH, HIGHEST_PITCH = 36, 81
PITCH_INDEX_COUNT = HIGHEST_PITCH - LOWEST_PITCH + 2
UNKNOWN = -1
"""In place of a class: not yet chosen, or not given."""

PIECE_START, UNKNOWN_PAST = PITCH_INDEX_COUNT, PITCH_INDEX_COUNT + 1
"""In place of a voice's class before the first step: the piece begins here, or what was before is unknown."""
_HELD_BUCKETS = np.array([1, 2, 3, 4, 5, 7, 9, 13, 17])
"""How long a voice has lain, in steps: the lower bounds of the buckets."""
_MAX_BAR_STEPS = 48
_KNOWN_BAR_STEPS = (8, 12, 16, 24)

_FIELD_SIZES = (PITCH_INDEX_COUNT + 2, 3, len(_HELD_BUCKETS) + 1) * len(VOICES) + (
    STEPS_PER_BEAT,
    _MAX_BAR_STEPS + 1,
    len(_KNOWN_BAR_STEPS) + 2,
)
_FIELD_OFFSETS = np.cumsum((0, *_FIELD_SIZES[:-1])).astype(np.int32)
FIELD_COUNT = len(_FIELD_SIZES)
TABLE_ROWS = int(sum(_FIELD_SIZES))
"""Rows of the table that the ids point into."""

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frame:
    """One step: `classes[voice]` and whether each voice is `struck` there (a rest is never struck)."""

    pitch_indices: tuple[int, ...]
    onsets: tuple[bool, ...]


def pitch_index(pitch: int) -> int:
    """The class of a MIDI pitch from `LOWEST` to `HIGHEST`."""
    return pitch - LOWEST_PITCH + 1


def midi_pitch(index: int) -> int:
    """The MIDI pitch of a class that is not `REST`."""
    return index + LOWEST_PITCH - 1


# ---------------------------------------------------------------- what the network is told


@dataclass(frozen=True, slots=True)
class FrameContext:
    """All that the ids of the next step are made from.

    Step 0 lies `position` steps into a bar; where that is unknown (None), on a beat.
    """

    previous_frame: Frame | None = None
    held_steps: tuple[int, ...] = (0,) * len(VOICES)
    step: int = 0
    position: int | None = None
    steps_per_bar: int = 16

    def after(self, frame: Frame) -> "FrameContext":
        """The context one step on, once `frame` is chosen."""
        going_on = [
            self.previous_frame is not None and now == then and not struck
            for now, struck, then in zip(
                frame.pitch_indices, frame.onsets, (self.previous_frame or frame).pitch_indices, strict=True
            )
        ]
        lain = tuple(count + 1 if on else 1 for count, on in zip(self.held_steps, going_on, strict=True))
        return replace(self, previous_frame=frame, held_steps=lain, step=self.step + 1)

    def feature_ids(self) -> Ints:
        """`ids[1, field]` for the network."""
        row: list[int] = []
        for voice in range(len(VOICES)):
            if self.previous_frame is None:
                row += (PIECE_START, 0, 0)
            else:
                row += (
                    self.previous_frame.pitch_indices[voice],
                    2 if self.previous_frame.onsets[voice] else 1,
                    int(np.searchsorted(_HELD_BUCKETS, self.held_steps[voice], side="right")),
                )
        row.append(((self.position or 0) + self.step) % STEPS_PER_BEAT)
        if self.position is None:
            row += (0, 0)
        else:
            row += (
                1 + (self.position + self.step) % self.steps_per_bar % _MAX_BAR_STEPS,
                _bar_length_id(self.steps_per_bar),
            )
        return (np.array([row], dtype=np.int32) + _FIELD_OFFSETS).astype(np.int32)


def _bar_length_id(steps_per_bar: int) -> int:
    return 1 + (_KNOWN_BAR_STEPS.index(steps_per_bar) if steps_per_bar in _KNOWN_BAR_STEPS else len(_KNOWN_BAR_STEPS))


def held_steps(pitch_indices: Ints, onsets: Bools) -> Ints:
    """For how many steps each voice has lain at the end of each step, `lain[step, voice]`."""
    fresh = onsets.copy()
    fresh[0] = True
    fresh[1:] |= pitch_indices[1:] != pitch_indices[:-1]
    index = np.arange(len(pitch_indices), dtype=np.int32)[:, None]
    begun = np.maximum.accumulate(np.where(fresh, index, 0), axis=0)
    return index - begun + 1


def feature_ids(
    pitch_indices: Ints,
    onsets: Bools | None,
    position: Ints | None,
    steps_per_bar: Ints,
    phase: int = 0,
    first_index: int = PIECE_START,
) -> Ints:
    """`ids[step, field]` for whole pieces: row `t` tells what is known before frame `t` is chosen.

    `struck` or `position` None: not known; `position[step]` lies in a bar of `steps_per_bar[step]`. `phase` is the
    first step's place in its beat; `first` is `START` or `PAST`.
    """
    steps = len(pitch_indices)
    rows = np.zeros((steps, FIELD_COUNT), np.int32)
    known = onsets if onsets is not None else np.zeros(pitch_indices.shape, bool)
    buckets = np.searchsorted(_HELD_BUCKETS, held_steps(pitch_indices, known), side="right")
    states = np.zeros(pitch_indices.shape, np.int32) if onsets is None else np.where(onsets, 2, 1)
    for voice in range(len(VOICES)):
        rows[0, 3 * voice] = first_index
        rows[1:, 3 * voice] = pitch_indices[:-1, voice]
        rows[1:, 3 * voice + 1] = states[:-1, voice]
        rows[1:, 3 * voice + 2] = buckets[:-1, voice]
    base = 3 * len(VOICES)
    rows[:, base] = (phase + np.arange(steps)) % STEPS_PER_BEAT
    if position is not None:
        rows[:, base + 1] = 1 + position % _MAX_BAR_STEPS
        rows[:, base + 2] = np.vectorize(_bar_length_id, otypes=[np.int32])(steps_per_bar)
    return rows + _FIELD_OFFSETS


def previous_pitch_indices(ids: Ints) -> Ints:
    """The classes of the frame before, `[..., voice]`, from `ids[..., field]`; `START` or `PAST` if there is none."""
    voices = slice(0, 3 * len(VOICES), 3)
    return ids[..., voices] - _FIELD_OFFSETS[voices]


# ---------------------------------------------------------------- frames to notes


def notes_from_frames(pitch_indices: Ints, onsets: Bools) -> tuple[Note, ...]:
    """Frames as notes by start and voice: a note lasts until its voice is struck again, moves or rests."""
    lengths: dict[tuple[int, int], int] = {}
    begun = [0] * len(VOICES)
    for step, voice in np.argwhere(pitch_indices > REST).tolist():
        if step == 0 or onsets[step, voice] or pitch_indices[step, voice] != pitch_indices[step - 1, voice]:
            begun[voice] = step
        lengths[begun[voice], voice] = step - begun[voice] + 1
    return tuple(
        Note(start, length, midi_pitch(int(pitch_indices[start, voice])), voice=voice)
        for (start, voice), length in sorted(lengths.items())
    )


# ---------------------------------------------------------------- from a player's phrase


@dataclass(frozen=True, slots=True)
class ChoralePrompt:
    """A phrase for the network: `classes[step, voice]` (`UNKNOWN` where nothing is given) and `struck[step, voice]`.

    It was moved by `shift` semitones (whole octaves) to lie where the chorales lie; the answer is to be moved back.
    """

    pitch_indices: Ints
    onsets: Bools
    shift: int

    def pitch_index(self, note: Note) -> int:
        """The class that stands for one of the phrase's notes."""
        return pitch_index(_fold_pitch(note.pitch + self.shift))


_LEGATO_GAP_STEPS = STEPS_PER_BEAT
"""Gaps up to this length between notes of one voice are closed: staccato is a touch, not a rest."""
_BASS_LINE_BELOW = 55
"""A line whose middle lies below this is a bass (G3 is where tenor and bass hand over to the upper voices)."""
_SOPRANO_PITCHES = (60, 81)
_MAX_SHIFT = 60
"""Semitones by which a line may have to be moved."""


def encode_phrase(phrase: Phrase) -> ChoralePrompt:
    """The phrase as the network takes it.

    Where the notes have voices it is taken as written; a keyboard's notes are given octave, voices and legato.
    """
    voices = any(note.voice for note in phrase.notes)
    lines = phrase.notes if voices else _assign_voices(phrase.notes)
    shift = 0 if voices else _octave_shift(lines)
    classes = np.full((phrase.steps, len(VOICES)), UNKNOWN, np.int32)
    struck = np.zeros(classes.shape, bool)
    for voice in sorted({note.voice for note in lines}):
        line = [replace(note, pitch=note.pitch + shift) for note in lines if note.voice == voice]
        _write_voice(classes[:, voice], struck[:, voice], line, max_gap=0 if voices else _LEGATO_GAP_STEPS)
    return ChoralePrompt(classes, struck, shift)


def encode_line(notes: Sequence[Note], voice: int, steps: int, *, tolerance: float = 0.0) -> ChoralePrompt:
    """One line, its notes one at a time, given to `voice`: moved by octaves to where it sings, small gaps closed.

    It is not moved if no more than the share `tolerated` of what it sings lies outside the voice's range.
    """
    low, high = VOICE_RANGES[voice]

    def outside(shift: int) -> int:
        return sum(note.length for note in notes if not low <= note.pitch + shift <= high)

    shift = 0
    if outside(0) > tolerance * sum(note.length for note in notes):
        shift = min(sorted(range(-_MAX_SHIFT, _MAX_SHIFT + 1, 12), key=abs), key=outside)
    classes = np.full((steps, len(VOICES)), UNKNOWN, np.int32)
    struck = np.zeros(classes.shape, bool)
    moved = [replace(note, pitch=note.pitch + shift) for note in notes]
    _write_voice(classes[:, voice], struck[:, voice], moved, max_gap=_LEGATO_GAP_STEPS)
    return ChoralePrompt(classes, struck, shift)


def _write_voice(pitch_indices: Ints, onsets: Bools, notes: Sequence[Note], max_gap: int) -> None:
    """Write one voice's notes; a voice that was played at all rests where it is silent for more than `legato` steps."""
    pitch_indices[:] = REST
    starts = [note.start for note in notes[1:]] + [len(pitch_indices)]
    for note, following in zip(notes, starts, strict=True):
        end = following if following - note.end <= max_gap else note.end
        pitch_indices[note.start : min(end, following)] = pitch_index(_fold_pitch(note.pitch))
        onsets[note.start] = True


def _fold_pitch(pitch: int) -> int:
    """The pitch, moved by octaves into the classes' range."""
    below, above = max(0, LOWEST_PITCH - pitch), max(0, pitch - HIGHEST_PITCH)
    return pitch + 12 * -(-below // 12) - 12 * -(-above // 12)


def _octave_shift(notes: Sequence[Note]) -> int:
    """By how many semitones, in octaves, the leading line must move to be a soprano (or a bass) of the chorales."""
    leading = [note.pitch for note in notes if note.voice == 0] or [note.pitch for note in notes]
    low, high = _SOPRANO_PITCHES if any(note.voice == 0 for note in notes) else VOICE_RANGES[-1]
    middle = float(np.median(leading)) if leading else low
    if low <= middle <= high:
        return 0
    return 12 * round(((low + high) / 2 - middle) / 12)


def _assign_voices(notes: Sequence[Note]) -> list[Note]:
    """Notes of a keyboard given to voices: by onset, the highest to the soprano, the lowest to the bass.

    A lone line is a soprano, or a bass if it lies low; in a texture of several notes each note's voice follows from
    its place among what sounds with it when it begins.
    """
    chords = _sounding_chords(notes)
    if all(len(chord) == 1 for chord in chords):
        low = bool(notes) and float(np.median([note.pitch for note in notes])) < _BASS_LINE_BELOW
        return [replace(note, voice=3 if low else 0) for note in notes]
    placed = {(note.start, note.pitch): _voice_in_chord(note, chord) for note, chord in zip(notes, chords, strict=True)}
    kept = [replace(note, voice=v) for note in notes if (v := placed[note.start, note.pitch]) is not None]
    return _make_monophonic(kept)


def _sounding_chords(notes: Sequence[Note]) -> list[list[Note]]:
    """For each note, in order of onset, all that sound when it begins."""
    chords: list[list[Note]] = []
    sounding: list[Note] = []
    for index, note in enumerate(notes):
        sounding = [other for other in sounding if other.end > note.start]
        together = [other for other in notes[index : index + 2 * len(VOICES)] if other.start == note.start]
        chords.append([*(other for other in sounding if other not in together), *together])
        sounding.append(note)
    return chords


_VOICES_BY_CHORD_SIZE = {1: (0,), 2: (0, 3), 3: (0, 1, 3), 4: (0, 1, 2, 3)}


def _voice_in_chord(note: Note, chord: Sequence[Note]) -> int | None:
    """The voice of `note` among all that sound at its onset; None if there is no voice left for it."""
    pitches = sorted({other.pitch for other in chord}, reverse=True)
    if len(pitches) > len(VOICES):
        pitches = [*pitches[:3], pitches[-1]]
    return _VOICES_BY_CHORD_SIZE[len(pitches)][pitches.index(note.pitch)] if note.pitch in pitches else None


def _make_monophonic(notes: Sequence[Note]) -> list[Note]:
    """A voice sings one note at a time: each ends where its voice's next begins; of two at once the outer stays."""
    kept: dict[tuple[int, int], Note] = {}
    for note in notes:
        rival = kept.get((note.voice, note.start))
        outer = rival is None or (note.pitch < rival.pitch if note.voice == 3 else note.pitch > rival.pitch)
        if outer:
            kept[note.voice, note.start] = note
    return sorted(kept.values(), key=lambda note: (note.start, note.voice))
