"""Writer of polyphonic music as ABC that any program reads: a line for each voice, `V:` if there are several.

Notes are cut and tied as on staves (see `music.note_values`), so every bar adds up; the first may be short. The
header's fields are those of the ABC standard 2.1 (https://abcnotation.com/wiki/abc:standard:v2.1, sections 3.1 and 7):
its first line gives the version, the key comes last. A change of meter stands in the music, at the beginning of its
bar.

A line holds one note at a time. A voice in which several notes sound together becomes several lines: each note goes to
the free line whose last note was nearest. A player's legato, an overlap of a 16th, is cut.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE
from bachbridge.codecs.abc.writer import PitchSpeller
from bachbridge.music.notation.tuplets import TUPLET_TIMES, WrittenNote
from bachbridge.music.note_values import NoteValue, VoiceReader, beat_steps
from bachbridge.music.notes import VOICES, Note
from bachbridge.music.timeline import Bar, meter_from_steps, missing_pickup_steps

_UNIT_LENGTH = "1/8"
_BARS_PER_ROW = 4
_MAX_OVERLAP_STEPS = 1
"""Steps by which a note may overlap the next one of its line."""
_BASS_CLEF_BELOW = 60
"""A line whose mean pitch is lower gets the bass clef."""

MonophonicLine = list[Note | WrittenNote]
"""Notes by start, one at a time."""


@dataclass(frozen=True, slots=True)
class TuneLayout:
    """Layout of a tune: its bars, and the key and unit length as ABC writes them."""

    bars: Sequence[Bar]
    key: str
    unit: str = _UNIT_LENGTH
    double_bar_step: int | None = None
    """Step of a double bar line, where something new begins."""


def format_score(notes: Sequence[Note | WrittenNote], layout: TuneLayout, *, title: str, bpm: float) -> str:
    """Return the text of a whole file with one tune."""
    first = _meter_word(layout.bars, 0)
    head = ("%abc-2.1", "X:1", f"T:{' '.join(title.split()) or 'Tune'}", f"M:{first}", f"L:{layout.unit}")
    lines = split_lines(notes)
    voices = [
        f"{_voice_field(number, lines)}{format_voice_line(line, layout, first)}"
        for number, (_, line) in enumerate(lines)
    ]
    return "\n".join((*head, f"Q:1/4={round(bpm)}", f"K:{layout.key}", *voices)) + "\n"


def _voice_field(number: int, voice_lines: Sequence[tuple[int, MonophonicLine]]) -> str:
    """Return the field before a line's music; empty if there is only one line."""
    if len(voice_lines) == 1:
        return ""
    voice, line = voice_lines[number]
    is_four_part = sorted(voice for voice, _ in voice_lines) == [*range(len(VOICES))]
    name = f' name="{VOICES[voice].capitalize()}"' if is_four_part else ""
    clef = " clef=bass" if line and fmean(note.pitch for note in line) < _BASS_CLEF_BELOW else ""
    return f"V:{number + 1}{name}{clef}\n"


def split_lines(notes: Sequence[Note | WrittenNote]) -> list[tuple[int, MonophonicLine]]:
    """Return the notes in lines, each with its voice, the voices in order; one empty line if there are no notes."""
    voices: defaultdict[int, list[Note | WrittenNote]] = defaultdict(list)
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch)):
        if note.length > 0:
            voices[note.voice].append(note)
    return [(voice, line) for voice in sorted(voices) for line in _split_voice(voices[voice])] or [(0, [])]


def _split_voice(notes: Sequence[Note | WrittenNote]) -> list[MonophonicLine]:
    lines: list[MonophonicLine] = []
    for note in notes:
        free = [
            line for line in lines if line[-1].start < note.start and line[-1].end <= note.start + _MAX_OVERLAP_STEPS
        ]
        if not free:
            lines.append([note])
            continue
        line = min(free, key=lambda line: abs(line[-1].pitch - note.pitch))
        line[-1] = replace(line[-1], length=min(line[-1].length, note.start - line[-1].start))
        line.append(note)
    return lines


# ---------------------------------------------------------------- a line


def format_voice_line(line: MonophonicLine, layout: TuneLayout, meter: str) -> str:
    """Return a line's music in rows of bars; `meter` is the one that holds as it begins."""
    reader, speller = VoiceReader(line), PitchSpeller(layout.key)
    unit = Fraction(layout.unit) * STEPS_PER_WHOLE_NOTE
    bars: list[str] = []
    for number, bar in enumerate(layout.bars):
        word = _meter_word(layout.bars, number)
        change, meter = "" if word == meter else f"[M:{word}]", word
        speller.reset_bar()
        values = "".join(_format_value(value, bar, speller, unit) for value in reader.note_values(bar))
        bars.append(change + values + _bar_line(bar, layout))
    rows = (bars[at : at + _BARS_PER_ROW] for at in range(0, len(bars), _BARS_PER_ROW))
    return "\n".join("".join(row) for row in rows)


def _meter_word(bars: Sequence[Bar], number: int) -> str:
    """Return a bar's meter: its own for a short bar within the music, that of the others for one at either end."""
    bar = bars[number]
    if number == 0 and missing_pickup_steps(bars):
        return _meter_word(bars, 1)
    meter, steps = bar.meter, bar.end - bar.start
    is_finer_than_grid = meter.numerator * STEPS_PER_WHOLE_NOTE % meter.denominator != 0
    if is_finer_than_grid or (steps != meter.steps_per_bar and 0 < number < len(bars) - 1):
        meter = meter_from_steps(steps)
    return f"{meter.numerator}/{meter.denominator}"


def _bar_line(bar: Bar, layout: TuneLayout) -> str:
    if bar == layout.bars[-1]:
        return "|]"
    return "||" if bar.end == layout.double_bar_step else "|"


def _format_value(value: NoteValue, bar: Bar, speller: PitchSpeller, unit: Fraction) -> str:
    """Return a note or a rest, with a space before each beat, where beams end."""
    in_bar = value.start - bar.start
    space = " " if in_bar and in_bar % beat_steps(bar) == 0 else ""
    name = "z" if value.pitch is None else speller.spell_explicit(value.pitch)
    length = abc_tokens.format_length(Fraction(value.written or value.length) / unit)
    return space + _tuplet_sign(value) + name + length + "-" * value.tied_after


def _tuplet_sign(value: NoteValue) -> str:
    """Return the sign before the first note of a tuplet, such as "(3" or "(5:4:5" (ABC 2.1, section 4.13)."""
    if not value.tuplet_size:
        return ""
    time, _ = TUPLET_TIMES[value.tuplet]
    if (value.tuplet, value.tuplet_size) == (3, 3):
        return "(3"
    return f"({value.tuplet}:{time}:{value.tuplet_size}"
