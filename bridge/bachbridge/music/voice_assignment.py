"""Frames of what a player gives: a phrase or a line, its notes assigned to the four voices.

Music that has voices is taken as written. A keyboard's notes are assigned by their place in the chord in which they
begin, moved by whole octaves to where Bach's chorales lie, and small gaps between them are closed.

`files.score_layout` assigns notes for a printed score by another rule, the nearest voice that is free: there no note
may move, and a line is to stay on one staff.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.music.frames import REST, UNKNOWN, Bools, Ints, folded_pitch_index
from bachbridge.music.notes import STEPS_PER_BEAT, VOICE_RANGES, VOICES, Note, Phrase, best_octave_shift

_LEGATO_GAP_STEPS = STEPS_PER_BEAT
"""Gaps up to this length between notes of one voice are closed: staccato is a touch, not a rest."""
_BASS_LINE_BELOW = 55
"""A line whose median pitch is lower is a bass (at G3, tenor and bass hand over to the upper voices)."""
_SOPRANO, _BASS = 0, len(VOICES) - 1
_MAX_SHIFT_OCTAVES = 5
_VOICES_BY_CHORD_SIZE = {1: (0,), 2: (0, 3), 3: (0, 1, 3), 4: (0, 1, 2, 3)}


@dataclass(frozen=True, slots=True)
class GivenFrames:
    """Given cells: `pitch_indices[step, voice]` (`UNKNOWN` where nothing is given) and `onsets[step, voice]`.

    They lie `shift` semitones (whole octaves) above what was played; an answer to them is to be moved back.
    """

    pitch_indices: Ints
    onsets: Bools
    shift: int

    def pitch_index(self, note: Note) -> int:
        """Return the pitch index that stands for one of the phrase's notes."""
        return folded_pitch_index(note.pitch + self.shift)


def frames_from_phrase(phrase: Phrase) -> GivenFrames:
    """Frames of a phrase: as written where its notes have voices, else assigned to voices, moved and made legato."""
    has_voices = any(note.voice for note in phrase.notes)
    notes = phrase.notes if has_voices else _assign_voices(phrase.notes)
    shift = 0 if has_voices else _octave_shift(notes)
    given = _empty_frames(phrase.steps, shift)
    for voice in sorted({note.voice for note in notes}):
        line = [note for note in notes if note.voice == voice]
        _write_voice(given, voice, line, max_gap=0 if has_voices else _LEGATO_GAP_STEPS)
    return given


def frames_from_line(notes: Sequence[Note], voice: int, steps: int, *, tolerance: float = 0.0) -> GivenFrames:
    """Frames of one line, its notes one at a time, given to `voice`: moved by octaves to its range, made legato.

    The line is not moved if no more than the share `tolerance` of its duration lies outside the voice's range.
    """
    low, high = VOICE_RANGES[voice]

    def steps_inside(shift: int) -> int:
        return sum(note.length for note in notes if low <= note.pitch + shift <= high)

    duration = sum(note.length for note in notes)
    shift = 0
    if duration - steps_inside(0) > tolerance * duration:
        shift = best_octave_shift(steps_inside, _MAX_SHIFT_OCTAVES)
    given = _empty_frames(steps, shift)
    _write_voice(given, voice, notes, max_gap=_LEGATO_GAP_STEPS)
    return given


def _empty_frames(steps: int, shift: int) -> GivenFrames:
    shape = steps, len(VOICES)
    return GivenFrames(np.full(shape, UNKNOWN, np.int32), np.zeros(shape, bool), shift)


def _write_voice(given: GivenFrames, voice: int, notes: Sequence[Note], max_gap: int) -> None:
    """Write one voice's notes; a voice with notes rests where it is silent for more than `max_gap` steps."""
    pitch_indices, onsets = given.pitch_indices[:, voice], given.onsets[:, voice]
    pitch_indices[:] = REST
    starts = [note.start for note in notes[1:]] + [len(pitch_indices)]
    for note, following in zip(notes, starts, strict=True):
        end = following if following - note.end <= max_gap else note.end
        pitch_indices[note.start : min(end, following)] = given.pitch_index(note)
        onsets[note.start] = True


def _octave_shift(notes: Sequence[Note]) -> int:
    """Semitones, in whole octaves, by which the leading line must move to be a soprano (or a bass) of the chorales."""
    soprano = [note.pitch for note in notes if note.voice == _SOPRANO]
    leading = soprano or [note.pitch for note in notes]
    low, high = VOICE_RANGES[_SOPRANO if soprano else _BASS]
    middle = float(np.median(leading)) if leading else low
    if low <= middle <= high:
        return 0
    return 12 * round(((low + high) / 2 - middle) / 12)


def _assign_voices(notes: Sequence[Note]) -> list[Note]:
    """Assign a keyboard's notes, by onset: the highest to the soprano, the lowest to the bass.

    A lone line is a soprano, or a bass if it lies low; in a texture of several notes each note's voice follows from
    its place among the notes that sound when it begins.
    """
    chords = _sounding_chords(notes)
    if all(len(chord) == 1 for chord in chords):
        low = bool(notes) and float(np.median([note.pitch for note in notes])) < _BASS_LINE_BELOW
        return [replace(note, voice=_BASS if low else _SOPRANO) for note in notes]
    voices = {(note.start, note.pitch): _voice_in_chord(note, chord) for note, chord in zip(notes, chords, strict=True)}
    kept = [replace(note, voice=v) for note in notes if (v := voices[note.start, note.pitch]) is not None]
    return _make_monophonic(kept)


def _sounding_chords(notes: Sequence[Note]) -> list[list[Note]]:
    """For each note, in order of onset, all notes that sound when it begins."""
    chords: list[list[Note]] = []
    sounding: list[Note] = []
    for index, note in enumerate(notes):
        sounding = [other for other in sounding if other.end > note.start]
        together = [other for other in notes[index : index + 2 * len(VOICES)] if other.start == note.start]
        chords.append([*(other for other in sounding if other not in together), *together])
        sounding.append(note)
    return chords


def _voice_in_chord(note: Note, chord: Sequence[Note]) -> int | None:
    """Return the voice of `note` among all that sound at its onset; None if no voice is left for it."""
    pitches = sorted({other.pitch for other in chord}, reverse=True)
    if len(pitches) > len(VOICES):
        pitches = [*pitches[:3], pitches[-1]]
    return _VOICES_BY_CHORD_SIZE[len(pitches)][pitches.index(note.pitch)] if note.pitch in pitches else None


def _make_monophonic(notes: Sequence[Note]) -> list[Note]:
    """Keep one note of each voice at each onset: the lowest of the bass, the highest of the other voices."""
    kept: dict[tuple[int, int], Note] = {}
    for note in notes:
        rival = kept.get((note.voice, note.start))
        outer = rival is None or (note.pitch < rival.pitch if note.voice == _BASS else note.pitch > rival.pitch)
        if outer:
            kept[note.voice, note.start] = note
    return sorted(kept.values(), key=lambda note: (note.start, note.voice))
