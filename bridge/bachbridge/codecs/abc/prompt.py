"""Beginning of a tune in ABC made from a player's phrase.

The meter is that of the phrase's bars. The key is the one that the player has locked, or else the phrase's likeliest,
as for the `AnswerShape`. Of chords only the top line is written. The phrase is moved to the nearest key that the
network has met in training, and to the octaves in which tunes lie. A phrase of long notes is written as one of shorter
notes (a time factor of 2, 4 or 8), so that the answer's are as long: tunes have few notes longer than a quarter.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, log2

from bachbridge.codecs.abc import grammar as abc_grammar
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE, TuneHeader, TuneNote
from bachbridge.codecs.abc.writer import BarLayout, format_line
from bachbridge.music.notes import Key, Note, Phrase, fold_into_range
from bachbridge.music.phrasing.answers.onset_pattern import phrase_onset_pattern
from bachbridge.music.tonality.phrase_key import phrase_key

_DEFAULT_UNIT_LENGTH = "1/8"
_LOWEST_PITCH, _HIGHEST_PITCH = 37, 106
"""Limits of the pitches that are written."""
_LONG_GAP, _USUAL_GAP, _MAX_TIME_FACTOR = 5.0, 2.5, 8
"""Mean steps between onsets from which a phrase is written quicker, the mean in tunes, and the largest factor."""
_LOWEST_MEAN, _HIGHEST_MEAN = 60, 82
"""Limits between which the mean pitch of a phrase is moved, by octaves."""


@dataclass(frozen=True, slots=True)
class AbcPrompt:
    """A phrase as text, `shift` semitones higher than it was played, with the length of its first bar.

    A step of the text's music is `factor` steps of the phrase; the text lasts `steps` of its own.
    """

    header: TuneHeader
    body: str
    shift: int
    first_bar_steps: Fraction
    factor: int
    steps: Fraction

    @property
    def text(self) -> str:
        return self.header.text + self.body

    @property
    def grammar_state(self) -> abc_grammar.GrammarState:
        """State of the grammar after the text."""
        start = abc_grammar.GrammarState(first_bar=self.first_bar_steps / STEPS_PER_WHOLE_NOTE)
        state = abc_grammar.state_after(self.text, start)
        assert state is not None, self.text
        return state


def make_prompt(
    phrase: Phrase, keys: Sequence[str], units: Mapping[str, str], locked_key: Key | None = None
) -> AbcPrompt:
    """Return the phrase in one of `keys` (any key, if none of them has its mode), with its meter's unit in `units`."""
    key, shift = _nearest_key(locked_key or _phrase_key(phrase), keys)
    line, factor = _top_line(phrase), _time_factor(phrase)
    shift += _octave_shift(line, shift)
    meter = _phrase_meter(phrase)
    header = TuneHeader(meter, units.get(meter, _DEFAULT_UNIT_LENGTH), key)
    steps = _at_pace(phrase.steps, factor)
    first = _first_bar_steps(phrase, header) if factor == 1 else _first_bar_at_pace(phrase, header, steps, factor)
    body = _body_text(line, shift, steps, header, first, factor)
    return AbcPrompt(header, body + ("" if body[-1:] in ("", "|") else " "), shift, first, factor, steps)


def _time_factor(phrase: Phrase) -> int:
    """Return how much slower the phrase is than tunes are: 1, 2, 4 or 8."""
    pattern = phrase_onset_pattern(phrase)
    if pattern is None or pattern.mean_gap < _LONG_GAP:
        return 1
    return min(_MAX_TIME_FACTOR, 2 ** round(log2(pattern.mean_gap / _USUAL_GAP)))


def _at_pace(step: int, factor: int) -> Fraction:
    """Return a step in the text's steps; all but the phrases that are read as they are keep to its half steps."""
    return Fraction(step) if factor == 1 else Fraction(round(2 * step / factor), 2)


def _first_bar_at_pace(phrase: Phrase, header: TuneHeader, steps: Fraction, factor: int) -> Fraction:
    """Return the steps of the text's first bar, if the last bar line of the phrase is to be one of the text's."""
    bar, in_bar = header.meter * STEPS_PER_WHOLE_NOTE, ((phrase.position or 0) + phrase.steps) % phrase.steps_per_bar
    return bar - (_at_pace(in_bar, factor) - steps) % bar


def phrase_to_tune(phrase: Phrase) -> str:
    """Return the top line of a phrase as a tune in its own key; its last bar is filled with a rest."""
    header = TuneHeader(_phrase_meter(phrase), _DEFAULT_UNIT_LENGTH, abc_tokens.format_key(_phrase_key(phrase)))
    first, bar = _first_bar_steps(phrase, header), header.meter * STEPS_PER_WHOLE_NOTE
    bars = max(0, ceil((phrase.steps - first) / bar))
    body = _body_text(_top_line(phrase), 0, first + bars * bar, header, first)
    return header.text + body.removesuffix("|") + "|]\n"


def _first_bar_steps(phrase: Phrase, header: TuneHeader) -> Fraction:
    """Return the steps of the phrase's first bar."""
    bar = header.meter * STEPS_PER_WHOLE_NOTE
    return bar - (phrase.position or 0) % bar


def _body_text(
    line: Sequence[Note], shift: int, end: Fraction, header: TuneHeader, first: Fraction, factor: int = 1
) -> str:
    """Return a line, `shift` semitones higher and quicker by `factor`, as music up to the text's step `end`."""
    beat = Fraction(6 if abc_tokens.is_compound(header.meter_word) else 4)
    notes = [
        TuneNote(
            _at_pace(note.start, factor),
            _at_pace(note.end, factor) - _at_pace(note.start, factor),
            fold_into_range(note.pitch + shift, _LOWEST_PITCH, _HIGHEST_PITCH),
        )
        for note in line
        if _at_pace(note.end, factor) > _at_pace(note.start, factor)
    ]
    return format_line(
        notes,
        end,
        header.key,
        BarLayout(header.meter * STEPS_PER_WHOLE_NOTE, beat, header.unit * STEPS_PER_WHOLE_NOTE, first),
    )


def _nearest_key(key: Key, keys: Sequence[str]) -> tuple[str, int]:
    """Return the nearest of the keys with that mode, and the semitones by which it lies higher."""
    tonic, minor = key
    known = [name for name in keys if abc_tokens.has_mode(name, minor=minor)] or [abc_tokens.format_key(key)]
    shifts = {name: (abc_tokens.tonic_pitch_class(name) - tonic + 6) % 12 - 6 for name in known}
    name = min(known, key=lambda name: abs(shifts[name]))
    return name, shifts[name]


def _octave_shift(line: Sequence[Note], shift: int) -> int:
    """Return the semitones, in whole octaves, by which a line must be moved besides `shift`."""
    mean = sum(note.pitch for note in line) / len(line) + shift if line else _LOWEST_MEAN
    if mean < _LOWEST_MEAN:
        return -12 * int((mean - _LOWEST_MEAN) // 12)
    return 12 * int((_HIGHEST_MEAN - mean) // 12) if mean > _HIGHEST_MEAN else 0


def _top_line(phrase: Phrase) -> list[Note]:
    """Return the highest sounding notes as a line: the next note cuts a note, and lower ones under it are left out."""
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


def _phrase_key(phrase: Phrase) -> Key:
    """Return the likeliest key of the phrase; C major without any note."""
    return phrase_key(phrase.notes) or (0, False)


def _phrase_meter(phrase: Phrase) -> str:
    """Return the meter of the phrase's bars."""
    steps = phrase.steps_per_bar
    if steps == 12:
        return "6/8" if _has_dotted_beats(phrase) else "3/4"
    if steps == 24:
        return "12/8"
    beats, unit = (steps // 4, 4) if steps % 4 == 0 else (steps // 2, 8) if steps % 2 == 0 else (steps, 16)
    word = f"{beats}/{unit}"
    return word if word in abc_tokens.METERS else "4/4"


def _has_dotted_beats(phrase: Phrase) -> bool:
    """Return True if bars of 12 steps are two dotted quarters; False for three quarters, also where it is unclear.

    It is decided by where the longer notes begin, measured from one onset to the next.
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
