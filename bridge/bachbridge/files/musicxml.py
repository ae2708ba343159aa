"""Four voices as MusicXML: soprano and alto on one staff, tenor and bass on the other, stems up and down.

Notes are cut and tied, and rests fill the gaps (see `pieces`). Notes are spelled by their place on the line of fifths
around the key signature, and get a sign where they differ from it or from what stood in the bar before. Notes shorter
than a quarter are beamed within a beat. (MusicXML 4.0, partwise.)
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, tostring

from bachbridge.music.note_values import NoteValue, VoiceReader, beat_steps
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note
from bachbridge.music.timeline import Bar, Meter, missing_pickup_steps

_NOTE_TYPES = {1: "16th", 2: "eighth", 4: "quarter", 8: "half", 16: "whole"}
_TYPE_AND_DOTS = {steps * 3 // 2: (name, 1) for steps, name in _NOTE_TYPES.items()} | {
    steps: (name, 0) for steps, name in _NOTE_TYPES.items()
}
"""Name and dots of the values by their steps (a dotted 16th is beyond the grid)."""
_LINE_OF_FIFTHS = "FCGDAEB"
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_MAJOR_SIGNATURES = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
"""Fifths of the key signature by tonic, the fewer signs of two."""


def encode_musicxml(
    notes: Sequence[Note],
    bars: Sequence[Bar],
    key: tuple[int, bool],
    title: str = "",
    *,
    omit_resting_voices: bool = False,
) -> bytes:
    """The whole score; each voice's notes one at a time by start. `sparse`: a lower voice that rests is not written."""
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = title
    part_list = SubElement(root, "part-list")
    SubElement(SubElement(part_list, "score-part", id="P1"), "part-name").text = ""
    SubElement(root, "part", id="P1").text = "\n"
    # Bars become bytes one by one: as elements, those of a long piece would take a gigabyte.
    head, tail = tostring(root, encoding="utf-8", xml_declaration=True).split(b"\n</part>")
    measures = (
        tostring(measure, encoding="us-ascii")
        for measure in _measure_elements(notes, bars, key, omit_resting_voices=omit_resting_voices)
    )
    return b"\n".join([head, *measures, b"</part>" + tail, b""])


def _measure_elements(
    notes: Sequence[Note], bars: Sequence[Bar], key: tuple[int, bool], *, omit_resting_voices: bool
) -> Iterator[Element]:
    fifths = key_signature_fifths(key)
    voices = [VoiceReader([note for note in notes if note.voice == voice]) for voice in range(len(VOICES))]
    told: tuple[int, int] | None = None
    for number, bar in enumerate(bars, start=0 if missing_pickup_steps(bars) else 1):
        measure = Element("measure", number=str(number), implicit="no" if number else "yes")
        meter = bar.meter if number else bars[1].meter
        if told != (meter.numerator, meter.denominator):
            _add_attributes(measure, meter, fifths if told is None else None)
            told = meter.numerator, meter.denominator
        _add_bar(measure, bar, voices, fifths, key, omit_resting_voices=omit_resting_voices)
        if bar is bars[-1]:
            SubElement(SubElement(measure, "barline", location="right"), "bar-style").text = "light-heavy"
        yield measure


def key_signature_fifths(key: tuple[int, bool]) -> int:
    """Sharps of the key signature, flats negative."""
    tonic, minor = key
    return _MAJOR_SIGNATURES[(tonic + 3 * minor) % 12]


def _add_attributes(measure: Element, meter: Meter, fifths: int | None) -> None:
    """What stands at the beginning of a bar; `fifths` None where the clefs have been told."""
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(STEPS_PER_BEAT)
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


# ---------------------------------------------------------------- what is written in a bar


def _add_bar(
    measure: Element,
    bar: Bar,
    voices: Sequence[VoiceReader],
    fifths: int,
    key: tuple[int, bool],
    *,
    omit_resting_voices: bool,
) -> None:
    rows = [(voice, piece) for voice in range(len(VOICES)) for piece in voices[voice].note_values(bar)]
    signs = _bar_accidentals(rows, fifths, key)
    for voice, pieces in groupby(rows, key=lambda row: row[0]):
        its = [piece for _, piece in pieces]
        if omit_resting_voices and voice % 2 and all(piece.pitch is None for piece in its):
            continue
        if voice:
            SubElement(SubElement(measure, "backup"), "duration").text = str(bar.end - bar.start)
        if all(piece.pitch is None for piece in its):
            _add_whole_rest(measure, bar, voice)
            continue
        beams = _beams(its, bar)
        for piece in its:
            name = _spell(piece.pitch, fifths, key) if piece.pitch is not None else None
            _add_note(measure, piece, voice, name, signs.get((voice, piece.start)), beams.get(piece.start, ()))


SpelledPitch = tuple[str, int, int]
"""A pitch as written: step, alteration, octave."""


def _spell(pitch: int, fifths: int, key: tuple[int, bool]) -> SpelledPitch:
    """The name that lies between three fifths below the key's and its raised notes (of a minor key, one further)."""
    lowest = fifths - 3 + key[1]
    place = lowest + (pitch * 7 - lowest) % 12
    step, alter = _LINE_OF_FIFTHS[(place + 1) % 7], (place + 1) // 7
    return step, alter, (pitch - alter) // 12 - 1


def _bar_accidentals(
    rows: Sequence[tuple[int, NoteValue]], fifths: int, key: tuple[int, bool]
) -> dict[tuple[int, int], str]:
    """The signs by voice and start that a bar needs: a sign holds for its staff and octave until the bar line."""
    signs: dict[tuple[int, int], str] = {}
    written: dict[tuple[int, str, int], int] = {}
    for voice, piece in sorted(rows, key=lambda row: (row[1].start, row[0])):
        if piece.pitch is None or piece.tied_before:
            continue
        step, alter, octave = _spell(piece.pitch, fifths, key)
        usual = (fifths + 6 - _LINE_OF_FIFTHS.index(step)) // 7
        if written.get((voice // 2, step, octave), usual) != alter:
            signs[voice, piece.start] = _ACCIDENTALS[alter]
        written[voice // 2, step, octave] = alter
    return signs


def _beams(pieces: Sequence[NoteValue], bar: Bar) -> dict[int, tuple[str, ...]]:
    """For each beamed note's start, what its beams do, the 8ths' first."""
    beat = beat_steps(bar)
    found: dict[int, tuple[str, ...]] = {}

    def group(piece: NoteValue) -> tuple[int, bool]:
        return (piece.start - bar.start) // beat, piece.pitch is not None and piece.length < STEPS_PER_BEAT

    for (_, short), run in groupby(pieces, key=group):
        its = list(run)
        if not short or len(its) == 1:
            continue
        for index, piece in enumerate(its):
            first, last = index == 0, index == len(its) - 1
            beams = ["begin" if first else "end" if last else "continue"]
            if piece.length == 1:
                left, right = not first and its[index - 1].length == 1, not last and its[index + 1].length == 1
                alone = "forward hook" if first else "backward hook"
                beams.append("continue" if left and right else "begin" if right else "end" if left else alone)
            found[piece.start] = tuple(beams)
    return found


# ---------------------------------------------------------------- elements


def _add_whole_rest(measure: Element, bar: Bar, voice: int) -> None:
    note = SubElement(measure, "note")
    SubElement(note, "rest", measure="yes")
    SubElement(note, "duration").text = str(bar.end - bar.start)
    SubElement(note, "voice").text = str(voice + 1)
    SubElement(note, "staff").text = str(voice // 2 + 1)


def _add_note(
    measure: Element, piece: NoteValue, voice: int, name: SpelledPitch | None, sign: str | None, beams: Sequence[str]
) -> None:
    """One note or rest, its elements in the order that the format wants."""
    note = SubElement(measure, "note")
    ties = [kind for kind, wanted in (("stop", piece.tied_before), ("start", piece.tied_after)) if wanted]
    if name is None:
        SubElement(note, "rest")
    else:
        pitch = SubElement(note, "pitch")
        SubElement(pitch, "step").text = name[0]
        if name[1]:
            SubElement(pitch, "alter").text = str(name[1])
        SubElement(pitch, "octave").text = str(name[2])
    SubElement(note, "duration").text = str(piece.length)
    for kind in ties:
        SubElement(note, "tie", type=kind)
    SubElement(note, "voice").text = str(voice + 1)
    kind, dots = _TYPE_AND_DOTS[piece.length]
    SubElement(note, "type").text = kind
    for _ in range(dots):
        SubElement(note, "dot")
    if sign:
        SubElement(note, "accidental").text = sign
    if name is not None:
        SubElement(note, "stem").text = "down" if voice % 2 else "up"
    SubElement(note, "staff").text = str(voice // 2 + 1)
    for number, does in enumerate(beams, start=1):
        SubElement(note, "beam", number=str(number)).text = does
    if ties:
        notations = SubElement(note, "notations")
        for kind in ties:
            SubElement(notations, "tied", type=kind)
