"""Note values of music that was played: players lift a key before the next note, and play triplets between the 16ths.

A note is written up to the next note of its voice, or up to a beat, if only a short gap is left before it: a 16th at
most, or a quarter of the written value. Longer rests are rests. Notes that end with a beat stay as they are. So music
that is exactly on the grid, without such gaps, does not change.

A beat of a quarter note with three onsets is a triplet if these lie clearly nearer to thirds of the beat than to 16ths.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import zip_longest

from bachbridge.music.notation.tuplets import WrittenNote, is_divisible
from bachbridge.music.note_values import Steps, beat_steps
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note
from bachbridge.music.timeline import Bar

_MAX_GAP_STEPS = 1
_MAX_GAP_SHARE = 0.25
"""The longest gap that is closed: in steps, or as a share of the value that is written then."""
_EIGHTH_STEPS = 2
_TRIPLET_NOTES = 3
_TRIPLET_CELL = Fraction(STEPS_PER_BEAT, _TRIPLET_NOTES)
_MAX_TRIPLET_ERROR_STEPS = 0.3
"""The largest distance of an onset from the triplet's grid."""
_MAX_ERROR_RATIO = 0.5
"""A triplet's error is at most this share of the error on 16ths."""


def values_as_written(notes: Sequence[Note | WrittenNote], bars: Sequence[Bar]) -> list[Note | WrittenNote]:
    """Return the notes, sorted by start and one at a time in each voice, with short gaps between them closed."""
    written: list[Note | WrittenNote] = []
    starts = [bar.start for bar in bars]
    for voice in range(len(VOICES)):
        line = [note for note in notes if note.voice == voice]
        for note, after in zip_longest(line, line[1:]):
            bar = bars[max(0, bisect_right(starts, note.end) - 1)] if bars else None
            end = _written_end(note.start, note.end, after.start if after else None, bar)
            written.append(_with_length(note, end - note.start))
    return sorted(written, key=lambda note: (note.start, note.voice))


def _with_length(note: Note | WrittenNote, length: Steps) -> Note | WrittenNote:
    if isinstance(note, WrittenNote):
        return replace(note, length=Fraction(length))
    return replace(note, length=int(length))


def _written_end(start: Steps, end: Steps, following: Steps | None, bar: Bar | None) -> Steps:
    """Return the end of a note as it is written. `bar` is the one in which it ends, and None after the last."""
    if bar is None or (end - bar.start) % beat_steps(bar) == 0 or Fraction(end).denominator > 1:
        return end
    beat = beat_steps(bar)
    next_beat = bar.start + -(-(end - bar.start) // beat) * beat
    next_eighth = end + (bar.start - end) % _EIGHTH_STEPS
    on_eighth = next_eighth == end
    lines: set[Steps] = {next_eighth} if on_eighth else {next_eighth, next_beat}
    if following is not None:
        lines.add(following)
    candidates: list[Steps] = sorted(lines, reverse=True)
    for line in candidates:
        gap = line - end
        allowed = _MAX_GAP_STEPS if line - start > _MAX_GAP_STEPS else 0
        is_short = gap <= allowed or (gap < beat and gap <= _MAX_GAP_SHARE * (line - start))
        if gap >= 0 and is_short and (following is None or line <= following):
            return line
    return end


def with_triplets(notes: Sequence[Note], bars: Sequence[Bar], step_ns: int) -> list[Note | WrittenNote]:
    """Return the notes, those in triplets moved to their grid, by the micro-timing of notes with steps of `step_ns`."""
    if step_ns <= 0:
        return list(notes)
    places = _triplet_places(notes, bars, step_ns)
    return [_on_triplet(note, *places[note.start]) if note.start in places else note for note in notes]


def _on_triplet(note: Note, place: Fraction, beat_end: Steps) -> WrittenNote:
    """Return the note at its place; it lasts a third of the beat, or, if it goes on longer, to its end after it."""
    length = note.end - place if note.end > beat_end else _TRIPLET_CELL
    return WrittenNote(place, length, note.pitch, note.voice)


def _triplet_places(notes: Sequence[Note], bars: Sequence[Bar], step_ns: int) -> dict[int, tuple[Fraction, Steps]]:
    """Return the place and the end of the beat of each onset in a triplet, by the step to which it was rounded."""
    played: dict[int, float] = {}
    for note in notes:
        played.setdefault(note.start, note.start + note.offset_ns / step_ns)
    beats: defaultdict[Steps, list[int]] = defaultdict(list)
    for start, at in played.items():
        bar = next((bar for bar in bars if bar.start <= start < bar.end), None)
        if bar is not None and is_divisible(bar):
            nearest = max(at, bar.start)
            beats[bar.start + int((nearest + 0.4 - bar.start) // STEPS_PER_BEAT) * STEPS_PER_BEAT].append(start)
    places: dict[int, tuple[Fraction, Steps]] = {}
    for beat, starts in beats.items():
        if len(starts) == _TRIPLET_NOTES and _is_triplet([played[start] - beat for start in sorted(starts)]):
            places |= {
                start: (beat + index * _TRIPLET_CELL, beat + STEPS_PER_BEAT)
                for index, start in enumerate(sorted(starts))
            }
    return places


def _is_triplet(places: Sequence[float]) -> bool:
    """Return True if three places in a beat, in steps, are nearer to thirds of it than to 16ths."""
    errors = [abs(place - index * float(_TRIPLET_CELL)) for index, place in enumerate(places)]
    plain = [abs(place - round(place)) for place in places]
    return max(errors) <= _MAX_TRIPLET_ERROR_STEPS and sum(errors[1:]) <= _MAX_ERROR_RATIO * sum(plain[1:])
