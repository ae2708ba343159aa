"""A player's phrase as the beginning of a tune in ABC.

The meter is that of the phrase's bars. The key is the one that the player has locked, or else it is estimated
(`key_of`) from what began before the last bar line, so that it changes but once a bar. Of chords the top line is
written. The phrase is moved to the nearest key that the network has met in training, and to the octaves in which tunes
lie.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np

from bachbridge.codecs.abc import grammar as abc_grammar
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import STEPS, Header, Sung
from bachbridge.codecs.abc.writer import Measure, line_text
from bachbridge.music.notes import Key, Note, Phrase
from bachbridge.music.voice_leading import key_of

_DEFAULT_UNIT = "1/8"
_LOWEST, _HIGHEST = 36, 107
"""The pitches that can be written."""
_LOW, _HIGH = 60, 82
"""Between these the middle of a phrase is moved, by octaves."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A phrase as text, `shift` semitones higher than it was played; `first`: the steps of its first bar."""

    header: Header
    body: str
    shift: int
    first: Fraction

    @property
    def text(self) -> str:
        return self.header.text + self.body

    @property
    def state(self) -> abc_grammar.State:
        """The grammar after it."""
        begun = abc_grammar.State(first=self.first / STEPS)
        state = abc_grammar.read(self.text, begun)
        assert state is not None, self.text
        return state


def opening(phrase: Phrase, keys: Sequence[str], units: Mapping[str, str], locked: Key | None = None) -> Opening:
    """The phrase in one of `keys` (any, if none of them has its mode), with the unit length that its meter has."""
    key, shift = _home(locked or _key_of(phrase), keys)
    line = _top_line(phrase)
    shift += _octaves(line, shift)
    meter = _meter_of(phrase)
    header = Header(meter, units.get(meter, _DEFAULT_UNIT), key)
    first = _first(phrase, header)
    body = _body(line, shift, Fraction(phrase.steps), header, first)
    return Opening(header, body + ("" if body[-1:] in ("", "|") else " "), shift, first)


def tune_of(phrase: Phrase) -> str:
    """The top line of a phrase as a tune in its own key; its last bar is filled with a rest."""
    header = Header(_meter_of(phrase), _DEFAULT_UNIT, abc_tokens.key_called(_key_of(phrase)))
    first, bar = _first(phrase, header), header.meter * STEPS
    bars = max(0, ceil((phrase.steps - first) / bar))
    body = _body(_top_line(phrase), 0, first + bars * bar, header, first)
    return header.text + body.removesuffix("|") + "|]\n"


def _first(phrase: Phrase, header: Header) -> Fraction:
    """The steps of the phrase's first bar."""
    bar = header.meter * STEPS
    return bar - (phrase.position or 0) % bar


def _body(line: Sequence[Note], shift: int, end: Fraction, header: Header, first: Fraction) -> str:
    """A line, `shift` semitones higher, as music up to step `end`."""
    beat = Fraction(6 if abc_tokens.is_compound(header.meter_word) else 4)
    sung = [Sung(Fraction(note.start), Fraction(note.length), _folded(note.pitch + shift)) for note in line]
    return line_text(sung, end, header.key, Measure(header.meter * STEPS, beat, header.unit * STEPS, first))


def _home(key: Key, keys: Sequence[str]) -> tuple[str, int]:
    """The nearest of the keys with that mode, and by how many semitones it lies higher."""
    tonic, minor = key
    known = [name for name in keys if abc_tokens.is_of_mode(name, minor=minor)] or [abc_tokens.key_called(key)]
    shifts = {name: (abc_tokens.tonic(name) - tonic + 6) % 12 - 6 for name in known}
    name = min(known, key=lambda name: abs(shifts[name]))
    return name, shifts[name]


def _octaves(line: Sequence[Note], shift: int) -> int:
    """By how much more a line is to be moved."""
    middle = sum(note.pitch for note in line) / len(line) + shift if line else _LOW
    return -12 * int((middle - _LOW) // 12) if middle < _LOW else 12 * int((_HIGH - middle) // 12) * (middle > _HIGH)


def _top_line(phrase: Phrase) -> list[Note]:
    """The highest of what sounds, as a line: a note is cut by the next one, and a lower one under it left out."""
    line: list[Note] = []
    for note in sorted(phrase.notes, key=lambda note: (note.start, -note.pitch)):
        start, end = max(0, note.start), min(note.end, phrase.steps)
        if end <= start or (
            line and (line[-1].start == start or (line[-1].pitch > note.pitch and line[-1].end >= end))
        ):
            continue
        if line and line[-1].end > start:
            line[-1] = Note(line[-1].start, start - line[-1].start, line[-1].pitch)
        line.append(Note(start, end - start, note.pitch))
    return line


def _key_of(phrase: Phrase) -> Key:
    """The key of what began before the last bar line, or of all there is in the first bar."""
    in_bar = (phrase.steps + (phrase.position or 0)) % phrase.steps_per_bar
    told = [note for note in phrase.notes if note.start < phrase.steps - in_bar] or list(phrase.notes)
    weights = np.zeros(12)
    for note in told:
        weights[note.pitch % 12] += note.length
    return key_of(weights) if weights.min() < weights.max() else (0, False)


def _meter_of(phrase: Phrase) -> str:
    """The meter of the phrase's bars."""
    steps = phrase.steps_per_bar
    if steps == 12:
        return "6/8" if _is_compound(phrase) else "3/4"
    if steps == 24:
        return "12/8"
    over, of = (steps // 4, 4) if steps % 4 == 0 else (steps // 2, 8) if steps % 2 == 0 else (steps, 16)
    word = f"{over}/{of}"
    return word if word in abc_tokens.METERS else "4/4"


def _is_compound(phrase: Phrase) -> bool:
    """Whether bars of 12 steps are two dotted quarters, or three quarters where nothing tells.

    What tells is where the longer notes begin, counted from one onset to the next.
    """
    onsets = sorted({note.start for note in phrase.notes})
    longer = [
        ((begin + (phrase.position or 0)) % 12, after - begin)
        for begin, after in pairwise([*onsets, phrase.steps])
        if after - begin >= 4
    ]
    dotted = sum(place % 6 == 0 and steps == 6 for place, steps in longer)
    places = Counter(place for place, _ in longer)
    return places[6] + dotted > places[4] + places[8]


def _folded(pitch: int) -> int:
    """Within what can be written, by octaves."""
    while pitch < _LOWEST + 1:
        pitch += 12
    while pitch > _HIGHEST - 1:
        pitch -= 12
    return pitch
