"""Notes of any voices as a tune in ABC, for any program that reads it: a line for each voice, `V:` where several are.

Notes are cut and tied as on staves (see `pieces`), so that every bar adds up; the first may be short. The header's
fields are those of the ABC standard 2.1 (https://abcnotation.com/wiki/abc:standard:v2.1, sections 3.1 and 7): its first
line tells the version, the key comes last. A change of meter stands in the music, at the beginning of its bar.

A line holds one note at a time. A voice in which several sound together becomes several lines: each note goes to the
free line whose last note was nearest. A player's legato, an overlap of a 16th, is cut.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE
from bachbridge.codecs.abc.writer import PitchSpeller
from bachbridge.music.note_values import NoteValue, VoiceReader, beat_steps
from bachbridge.music.notes import VOICES, Note
from bachbridge.music.timeline import Bar, meter_from_steps, missing_pickup_steps

_UNIT_LENGTH = "1/8"
_BARS_PER_ROW = 4
_MAX_OVERLAP_STEPS = 1
"""The steps by which a note may overlap the next one of its line."""
_BASS_CLEF_BELOW = 60
"""Below this a line's mean wants the bass clef."""

MonophonicLine = list[Note]
"""Notes by start, one at a time."""


@dataclass(frozen=True, slots=True)
class TuneLayout:
    """Between what the notes stand: the bars, a key and a unit length as ABC writes them; `join`: a double bar line."""

    bars: Sequence[Bar]
    key: str
    unit: str = _UNIT_LENGTH
    double_bar_step: int | None = None
    """The step at which something new begins."""


def format_score(notes: Sequence[Note], layout: TuneLayout, *, title: str, bpm: float) -> str:
    """A whole file with one tune."""
    first = _meter_word(layout.bars, 0)
    head = ("%abc-2.1", "X:1", f"T:{' '.join(title.split()) or 'Tune'}", f"M:{first}", f"L:{layout.unit}")
    found = split_lines(notes)
    voices = [
        f"{_voice_field(number, found)}{format_voice_line(line, layout, first)}"
        for number, (_, line) in enumerate(found)
    ]
    return "\n".join((*head, f"Q:1/4={round(bpm)}", f"K:{layout.key}", *voices)) + "\n"


def _voice_field(number: int, voice_lines: Sequence[tuple[int, MonophonicLine]]) -> str:
    """What stands before a line's music: nothing, where it is alone."""
    if len(voice_lines) == 1:
        return ""
    voice, line = voice_lines[number]
    named = sorted(voice for voice, _ in voice_lines) == [*range(len(VOICES))]
    name = f' name="{VOICES[voice].capitalize()}"' if named else ""
    clef = " clef=bass" if line and fmean(note.pitch for note in line) < _BASS_CLEF_BELOW else ""
    return f"V:{number + 1}{name}{clef}\n"


def split_lines(notes: Sequence[Note]) -> list[tuple[int, MonophonicLine]]:
    """The notes in lines, each with its voice, the voices in order; one empty line if there are no notes."""
    voices: defaultdict[int, list[Note]] = defaultdict(list)
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch)):
        if note.length > 0:
            voices[note.voice].append(note)
    return [(voice, line) for voice in sorted(voices) for line in _split_voice(voices[voice])] or [(0, [])]


def _split_voice(notes: Sequence[Note]) -> list[MonophonicLine]:
    found: list[MonophonicLine] = []
    for note in notes:
        free = [
            line for line in found if line[-1].start < note.start and line[-1].end <= note.start + _MAX_OVERLAP_STEPS
        ]
        if not free:
            found.append([note])
            continue
        line = min(free, key=lambda line: abs(line[-1].pitch - note.pitch))
        line[-1] = replace(line[-1], length=min(line[-1].length, note.start - line[-1].start))
        line.append(note)
    return found


# ---------------------------------------------------------------- a line


def format_voice_line(line: MonophonicLine, layout: TuneLayout, meter: str) -> str:
    """A line's music, rows of bars; `meter` is the one that holds as it begins."""
    cursor, spelling = VoiceReader(line), PitchSpeller(layout.key)
    unit = Fraction(layout.unit) * STEPS_PER_WHOLE_NOTE
    told: list[str] = []
    for number, bar in enumerate(layout.bars):
        word = _meter_word(layout.bars, number)
        change, meter = "" if word == meter else f"[M:{word}]", word
        spelling.reset_bar()
        pieces = "".join(_format_piece(piece, bar, spelling, unit) for piece in cursor.note_values(bar))
        told.append(change + pieces + _bar_line(bar, layout))
    rows = (told[at : at + _BARS_PER_ROW] for at in range(0, len(told), _BARS_PER_ROW))
    return "\n".join("".join(row) for row in rows)


def _meter_word(bars: Sequence[Bar], number: int) -> str:
    """A bar's meter. A short one at the beginning or the end has that of the others, one amid the music its own."""
    bar = bars[number]
    if number == 0 and missing_pickup_steps(bars):
        return _meter_word(bars, 1)
    meter, steps = bar.meter, bar.end - bar.start
    beyond = meter.numerator * STEPS_PER_WHOLE_NOTE % meter.denominator != 0
    if beyond or (steps != meter.steps_per_bar and 0 < number < len(bars) - 1):
        meter = meter_from_steps(steps)
    return f"{meter.numerator}/{meter.denominator}"


def _bar_line(bar: Bar, layout: TuneLayout) -> str:
    if bar == layout.bars[-1]:
        return "|]"
    return "||" if bar.end == layout.double_bar_step else "|"


def _format_piece(piece: NoteValue, bar: Bar, speller: PitchSpeller, unit: Fraction) -> str:
    """A note or a rest, with a space before each beat, where beams end."""
    away = piece.start - bar.start
    space = " " if away and away % beat_steps(bar) == 0 else ""
    name = "z" if piece.pitch is None else speller.spell_explicit(piece.pitch)
    return space + name + abc_tokens.format_length(Fraction(piece.length) / unit) + "-" * piece.tied_after
