"""Four voices as MusicXML: soprano and alto on one staff, tenor and bass on the other, stems up and down.

Notes are split and tied, and rests fill the gaps (see `music.note_values`). Notes are spelled by their place on the
line of fifths around the key signature, and get an accidental where they differ from it or from an earlier one in the
bar. Notes shorter than a quarter are beamed within a beat. The format is MusicXML 4.0, partwise.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from math import lcm
from xml.etree.ElementTree import Element, SubElement, tostring

from bachbridge.music.harmony.spelling import SpelledPitch, key_signature_fifths, signature_alteration, spell
from bachbridge.music.notation.tuplets import TUPLET_TIMES, WrittenNote
from bachbridge.music.note_values import NoteValue, Steps, VoiceReader, beat_steps
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note
from bachbridge.music.timeline import Bar, Meter, missing_pickup_steps

_VALUE_ID = re.compile(r"v([0-3])-(\d+)-([1-9]\d*)")
_NOTE_TYPES = {1: "16th", 2: "eighth", 4: "quarter", 8: "half", 16: "whole"}
_TYPE_AND_DOTS = {steps * 3 // 2: (name, 1) for steps, name in _NOTE_TYPES.items()} | {
    steps: (name, 0) for steps, name in _NOTE_TYPES.items()
}
"""Name and dots of each note value by its steps; the grid has no dotted 16th."""
ANSWER_MARK = "Answer"
"""The words above the staff where the answer begins."""
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


def encode_musicxml(
    notes: Sequence[Note | WrittenNote],
    bars: Sequence[Bar],
    key: tuple[int, bool],
    title: str = "",
    *,
    omit_resting_voices: bool = False,
    answer_step: int | None = None,
) -> bytes:
    """Encode the score of the notes, each voice one note at a time, in the order of their starts.

    With `omit_resting_voices` the lower voice of a staff is left out of the bars in which it rests. Words stand
    at `answer_step`, where the answer begins, and a double bar line before it if that is a bar line.
    """
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = title
    part_list = SubElement(root, "part-list")
    SubElement(SubElement(part_list, "score-part", id="P1"), "part-name").text = ""
    SubElement(root, "part", id="P1").text = "\n"
    # Bars are encoded one by one: the elements of a long piece would take a gigabyte.
    head, tail = tostring(root, encoding="utf-8", xml_declaration=True).split(b"\n</part>")
    elements = _measure_elements(notes, bars, key, omit_resting_voices=omit_resting_voices, answer_step=answer_step)
    measures = (tostring(measure, encoding="us-ascii") for measure in elements)
    return b"\n".join([head, *measures, b"</part>" + tail, b""])


def _measure_elements(
    notes: Sequence[Note | WrittenNote],
    bars: Sequence[Bar],
    key: tuple[int, bool],
    *,
    omit_resting_voices: bool,
    answer_step: int | None,
) -> Iterator[Element]:
    fifths = key_signature_fifths(key)
    voices = [VoiceReader([note for note in notes if note.voice == voice]) for voice in range(len(VOICES))]
    scale = lcm(*(Fraction(time).denominator for note in notes for time in (note.start, note.length)))
    written_meter: tuple[int, int] | None = None
    for number, bar in enumerate(bars, start=0 if missing_pickup_steps(bars) else 1):
        measure = Element("measure", number=str(number), implicit="no" if number else "yes")
        meter = bar.meter if number else bars[1].meter
        if written_meter != (meter.numerator, meter.denominator):
            _add_attributes(measure, meter, scale, fifths if written_meter is None else None)
            written_meter = meter.numerator, meter.denominator
        if answer_step is not None and bar.start <= answer_step < bar.end:
            _add_answer_mark(measure, (answer_step - bar.start) * scale)
        _add_bar(measure, bar, voices, fifths, key, scale, omit_resting_voices=omit_resting_voices)
        bar_line = "light-heavy" if bar is bars[-1] else "light-light" if bar.end == answer_step else ""
        if bar_line:
            SubElement(SubElement(measure, "barline", location="right"), "bar-style").text = bar_line
        yield measure


def _add_attributes(measure: Element, meter: Meter, scale: int, fifths: int | None) -> None:
    """Add the meter and, unless `fifths` is None, the key signature and the clefs; a step has `scale` divisions."""
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(STEPS_PER_BEAT * scale)
    if fifths is not None:
        SubElement(SubElement(attributes, "key"), "fifths").text = str(fifths)
    time = SubElement(attributes, "time")
    SubElement(time, "beats").text = str(meter.numerator)
    SubElement(time, "beat-type").text = str(meter.denominator)
    if fifths is not None:
        SubElement(attributes, "staves").text = "2"
        for number, (sign, line) in enumerate((("G", 2), ("F", 4)), start=1):
            clef = SubElement(attributes, "clef", number=str(number))
            SubElement(clef, "sign").text = sign
            SubElement(clef, "line").text = str(line)


def _add_answer_mark(measure: Element, offset: int) -> None:
    """Add the words that mark the answer, `offset` divisions into the measure."""
    direction = SubElement(measure, "direction", placement="above")
    words = SubElement(SubElement(direction, "direction-type"), "words")
    words.set("font-weight", "bold")
    words.text = ANSWER_MARK
    if offset:
        SubElement(direction, "offset").text = str(offset)
    SubElement(direction, "staff").text = "1"


# ---------------------------------------------------------------- bars


def _add_bar(
    measure: Element,
    bar: Bar,
    voices: Sequence[VoiceReader],
    fifths: int,
    key: tuple[int, bool],
    scale: int,
    *,
    omit_resting_voices: bool,
) -> None:
    rows = [(voice, value) for voice in range(len(VOICES)) for value in voices[voice].note_values(bar)]
    accidentals = _bar_accidentals(rows, fifths, key)
    resting = set(range(len(VOICES))) - {voice for voice, value in rows if value.pitch is not None}
    for voice, voice_rows in groupby(rows, key=lambda row: row[0]):
        values = [value for _, value in voice_rows]
        if omit_resting_voices and voice % 2 and voice in resting:
            continue
        if voice:
            SubElement(SubElement(measure, "backup"), "duration").text = str((bar.end - bar.start) * scale)
        if voice in resting:
            _add_whole_rest(measure, bar, voice, scale)
            continue
        beams = _beams(values, bar)
        for value in values:
            name = spell(value.pitch, key) if value.pitch is not None else None
            accidental = accidentals.get((voice, value.start))
            note = _add_note(measure, value, voice, name, accidental, beams.get(value.start, ()), scale)
            if name is not None and not (omit_resting_voices and voice ^ 1 in resting):
                _add_stem(note, "down" if voice % 2 else "up")


def _bar_accidentals(
    rows: Sequence[tuple[int, NoteValue]], fifths: int, key: tuple[int, bool]
) -> dict[tuple[int, Steps], str]:
    """Return the accidentals that a bar needs, by voice and start step.

    An accidental holds for its staff and octave until the bar line.
    """
    accidentals: dict[tuple[int, Steps], str] = {}
    written: dict[tuple[int, str, int], int] = {}
    for voice, value in sorted(rows, key=lambda row: (row[1].start, row[0])):
        if value.pitch is None or value.tied_before:
            continue
        step, alter, octave = spell(value.pitch, key)
        in_key = signature_alteration(step, fifths)
        if written.get((voice // 2, step, octave), in_key) != alter:
            accidentals[voice, value.start] = _ACCIDENTALS[alter]
        written[voice // 2, step, octave] = alter
    return accidentals


def _beams(values: Sequence[NoteValue], bar: Bar) -> dict[Steps, tuple[str, ...]]:
    """Return for each beamed note, by its start step, what its beams do: first the 8ths' beam, then the 16ths'."""
    beat = beat_steps(bar)
    beams_by_start: dict[Steps, tuple[str, ...]] = {}

    def beat_and_is_short(value: NoteValue) -> tuple[int, bool]:
        is_short = (value.written or value.length) < STEPS_PER_BEAT
        return int(value.start - bar.start) // beat, value.pitch is not None and is_short

    for (_, short), run in groupby(values, key=beat_and_is_short):
        beamed = list(run)
        if not short or len(beamed) == 1:
            continue
        for index, value in enumerate(beamed):
            first, last = index == 0, index == len(beamed) - 1
            beams = ["begin" if first else "end" if last else "continue"]
            if _is_16th(value):
                left = not first and _is_16th(beamed[index - 1])
                right = not last and _is_16th(beamed[index + 1])
                alone = "forward hook" if first else "backward hook"
                beams.append("continue" if left and right else "begin" if right else "end" if left else alone)
            beams_by_start[value.start] = tuple(beams)
    return beams_by_start


def _is_16th(value: NoteValue) -> bool:
    return (value.written or value.length) == 1


# ---------------------------------------------------------------- elements


def _add_whole_rest(measure: Element, bar: Bar, voice: int, scale: int) -> None:
    note = SubElement(measure, "note")
    SubElement(note, "rest", measure="yes")
    SubElement(note, "duration").text = str((bar.end - bar.start) * scale)
    SubElement(note, "voice").text = str(voice + 1)
    SubElement(note, "staff").text = str(voice // 2 + 1)


def _add_note(
    measure: Element,
    value: NoteValue,
    voice: int,
    name: SpelledPitch | None,
    accidental: str | None,
    beams: Sequence[str],
    scale: int,
) -> Element:
    """Add one note or rest and return it; the format prescribes the order of its elements."""
    note = SubElement(measure, "note", id=value_id(voice, value.start))
    ties = [kind for kind, is_tied in (("stop", value.tied_before), ("start", value.tied_after)) if is_tied]
    if name is None:
        SubElement(note, "rest")
    else:
        pitch = SubElement(note, "pitch")
        SubElement(pitch, "step").text = name[0]
        if name[1]:
            SubElement(pitch, "alter").text = str(name[1])
        SubElement(pitch, "octave").text = str(name[2])
    SubElement(note, "duration").text = str(int(value.length * scale))
    for kind in ties:
        SubElement(note, "tie", type=kind)
    SubElement(note, "voice").text = str(voice + 1)
    note_type, dots = _TYPE_AND_DOTS[value.written or int(value.length)]
    SubElement(note, "type").text = note_type
    for _ in range(dots):
        SubElement(note, "dot")
    if accidental:
        SubElement(note, "accidental").text = accidental
    if value.tuplet:
        modification = SubElement(note, "time-modification")
        SubElement(modification, "actual-notes").text = str(value.tuplet)
        SubElement(modification, "normal-notes").text = str(TUPLET_TIMES[value.tuplet][0])
    SubElement(note, "staff").text = str(voice // 2 + 1)
    for number, action in enumerate(beams, start=1):
        SubElement(note, "beam", number=str(number)).text = action
    tuplets = [kind for kind, is_here in (("start", value.tuplet_size), ("stop", value.ends_tuplet)) if is_here]
    if ties or tuplets:
        notations = SubElement(note, "notations")
        for kind in ties:
            SubElement(notations, "tied", type=kind)
        for kind in tuplets:
            SubElement(notations, "tuplet", type=kind)
    return note


def _add_stem(note: Element, direction: str) -> None:
    """Add the direction of the stem at its place, before the staff; without one the engraver chooses."""
    stem = Element("stem")
    stem.text = direction
    note.insert([child.tag for child in note].index("staff"), stem)


def value_id(voice: int, start: Steps) -> str:
    """Return the identifier of a written value, with which it is found in a picture of the score."""
    at = Fraction(start)
    return f"v{voice}-{at.numerator}-{at.denominator}"


def parse_value_id(text: str) -> tuple[int, Fraction] | None:
    """Return voice and start (steps) of a written value's identifier; None if it is none."""
    found = _VALUE_ID.fullmatch(text)
    return None if found is None else (int(found[1]), Fraction(int(found[2]), int(found[3])))
