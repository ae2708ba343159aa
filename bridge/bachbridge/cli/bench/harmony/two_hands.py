"""Tunes with a left hand, and tunes of which each note is the top of a chord, as `bench --harmony` plays them.

A line of the table is a key, a tune and the left hand's chords: three pitches and a length in 16ths each. The left hand
strikes the chords, or breaks them in one of the usual ways.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from bachbridge.cli.bench.harmony.melodies import HandChord, Melody, melodies, parse_notes
from bachbridge.cli.bench.harmony.touch import Touch
from bachbridge.music.notes import STEPS_PER_BEAT, Note

_TUNES = """
C; E5/4 D5/2 C5/2 G5/8 D5/4 E5/2 D5/2 B4/8 C5/4 E5/4 A5/4 G5/4 F5/4 A5/4 C6/4 A5/4 G5/4 F5/4 D5/4 B4/4 C5/16;
   C3+E3+G3/16 B2+D3+G3/16 A2+C3+E3/16 F2+A2+C3/16 G2+B2+D3/16 C3+E3+G3/16
A minor; A4/4 C5/4 E5/8 F5/4 E5/2 D5/2 A5/8 G#5/4 B5/4 E5/8 C5/4 B4/2 C5/2 A4/8 A4/4 C5/4 B4/4 D5/4 E5/8 C5/4 G5/4
   G#5/4 E5/4 B4/4 G#4/4 A4/16;
   A2+C3+E3/16 D3+F3+A3/16 E3+G#3+B3/16 A2+C3+E3/16 F2+A2+C3/8 G2+B2+D3/8 C3+E3+G3/16 E2+G#2+B2/16 A2+C3+E3/16
G; B4/4 D5/4 G5/4 F#5/4 E5/4 G5/4 C6/8 A5/4 F#5/4 D5/4 F#5/4 G5/8 D5/8 B4/4 E5/4 G5/4 E5/4 C#5/4 E5/4 A5/4 G5/4
   F#5/4 A5/4 D5/4 C5/4 B4/16;
   G2+B2+D3/16 C3+E3+G3/16 D3+F#3+A3/16 G2+B2+D3/16 E3+G3+B3/16 A2+C#3+E3/16 D3+F#3+A3/16 G2+B2+D3/16
F; C5/4 F5/4 A5/4 G5/4 F5/4 D5/4 Bb5/8 G5/4 E5/4 C5/4 Bb4/4 A4/8 C5/8 D5/4 F5/4 A5/4 F5/4 Bb5/4 A5/2 G5/2 D5/8
   E5/4 G5/4 C6/4 Bb5/4 A5/16;
   A2+C3+F3/16 Bb2+D3+F3/16 C3+E3+Bb3/16 F2+A2+C3/16 D3+F3+A3/16 G2+Bb2+D3/16 C3+E3+G3/16 F2+A2+C3/16
"""
_SPLIT = (("hands", "split"), ("split_point", 62), ("left_hand", "obey"))
_LOWEST = (("hands", "lowest"), ("left_hand", "obey"))
_TOUCH_TUNES = 6
"""How many of the folk and pop tunes are played with a touch of their own."""
_MIN_BELOW = 3
"""Semitones between the top of a chord and the key below it."""

Pattern = Callable[[HandChord], list[Note]]


def _struck(chord: HandChord) -> list[Note]:
    """The chord on every half note."""
    return _notes(chord, [chord.pitches], 2 * STEPS_PER_BEAT)


def _alberti(chord: HandChord) -> list[Note]:
    """Eighths: lowest, highest, middle, highest."""
    low, middle, high = chord.pitches
    return _notes(chord, [(low,), (high,), (middle,), (high,)], STEPS_PER_BEAT // 2)


def _arpeggio(chord: HandChord) -> list[Note]:
    """Eighths in open position, from an octave lower up to the middle and down again."""
    low, middle, high = chord.pitches
    strokes = [(pitch,) for pitch in (low - 12, high - 12, low, middle, low, high - 12)]
    return _notes(chord, strokes, STEPS_PER_BEAT // 2)


def _waltz(chord: HandChord) -> list[Note]:
    """Quarters: the bass an octave lower, and the rest of the chord three times."""
    low, *rest = chord.pitches
    return _notes(chord, [(low - 12,), *[tuple(rest)] * 3], STEPS_PER_BEAT)


def _stride(chord: HandChord) -> list[Note]:
    """Quarters: bass, chord, the fifth or third below the bass, chord."""
    low, _, high = chord.pitches
    return _notes(chord, [(low - 12,), chord.pitches, (high - 24,), chord.pitches], STEPS_PER_BEAT)


def _notes(chord: HandChord, strokes: list[tuple[int, ...]], length: int) -> list[Note]:
    """Repeat the strokes, each of `length` steps, until the chord ends."""
    return [
        Note(chord.start + place * length, length, pitch)
        for place in range(chord.length // length)
        for pitch in strokes[place % len(strokes)]
    ]


_PATTERNS: dict[str, Pattern] = {
    "left chords": _struck,
    "Alberti": _alberti,
    "arpeggio": _arpeggio,
    "waltz bass": _waltz,
    "stride": _stride,
}


def _parse(text: str) -> tuple[str, tuple[Note, ...], tuple[HandChord, ...]]:
    """Return the key, the tune and the left hand's chords."""
    key, tune, hand = text.split(";")
    chords: list[HandChord] = []
    step = 0
    for names, length in re.findall(r"(\S+)/(\d+)", hand):
        pitches = tuple(parse_notes(f"{name}/1")[0].pitch for name in names.split("+"))
        chords.append(HandChord(step, int(length), pitches))
        step += int(length)
    return key.strip(), parse_notes(tune), tuple(chords)


def _keys_under_tune(notes: tuple[Note, ...], chords: tuple[HandChord, ...]) -> tuple[Note, ...]:
    """Return two keys of the present chord under each note of the tune, as one hand plays them."""
    under: list[Note] = []
    for note in notes:
        chord = next(chord for chord in chords if chord.start <= note.start < chord.start + chord.length)
        classes = {pitch % 12 for pitch in chord.pitches} - {note.pitch % 12}
        below = [pitch for pitch in range(note.pitch - _MIN_BELOW, note.pitch - 12, -1) if pitch % 12 in classes]
        under += [Note(note.start, note.length, pitch) for pitch in below[:2]]
    return tuple(under)


@cache
def cases() -> tuple[Melody, ...]:
    """Return all tunes, group by group: first those that are played alone."""
    parsed = [_parse(text) for text in re.findall(r"\S[^;]*;[^;]*;\s*(?:\S+\+\S+\s*)+", _TUNES)]
    found = list(melodies())
    for group, pattern in _PATTERNS.items():
        for key, notes, chords in parsed:
            lower = tuple(note for chord in chords for note in pattern(chord))
            found.append(Melody(group, key, notes, lower, chords, _SPLIT))
    struck = [melody for melody in found if melody.group == "left chords"]
    found += [replace(melody, group="lowest keys", settings=_LOWEST) for melody in struck]
    for group, touch in (
        ("block chords", Touch(spread_ms=30)),
        ("rolled down", Touch(spread_ms=90, order="down")),
    ):
        found += [Melody(group, key, tune, _keys_under_tune(tune, hand), touch=touch) for key, tune, hand in parsed]
    plain = [melody for melody in melodies() if melody.group in ("folk", "pop")][::2][:_TOUCH_TUNES]
    for group, touch in (("sloppy legato", Touch(overlap_ms=(20, 60))), ("jitter 20 ms", Touch(jitter_ms=20.0))):
        found += [replace(melody, group=group, touch=touch) for melody in plain]
    return tuple(found)
