"""Readers of MusicXML and ABC that use music21.

A part becomes a track, and a voice in it a channel, counted from the first in each bar. So two staves with two voices
each are four parts. Tied notes are joined. Grace notes, chord symbols and percussion are left out. Repeats are not
written out. Transposing instruments are read at sounding pitch. A first bar that is shorter than its meter is a pickup
and gets a meter of its own, as in MIDI files.

A file in an archive is not unpacked if it declares a size over the limit. music21 gets text in memory: it neither reads
nor leaves files.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from bachbridge.files.midi_reader import MAX_BEATS
from bachbridge.music.timeline import COMMON_TIME, DEFAULT_TEMPO_US, Meter, Tempo, TickNote, Timeline
from bachbridge_training.datasets.parsed_piece import MAX_BYTES, ParsedPiece, ParseOutcome

TICKS_PER_BEAT = 10080
"""Ticks in a quarter note: exact for 128ths, triplets, quintuplets, septuplets and nonuplets."""
_VELOCITY = 80
_MIN_BPM, _MAX_BPM = 4, 1000
_TIE_CONTINUES = ("stop", "continue")
_TUNE_START = re.compile(r"^X:", re.MULTILINE)
_MXL_CONTAINER = "META-INF/container.xml"
_MXL_ROOT_PATH = re.compile(rb"""full-path\s*=\s*["']([^"']+)""")
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)""")


def parse_musicxml(data: bytes) -> list[ParseOutcome]:
    """Parse a MusicXML score into one piece, or the reason why it is refused."""
    from music21 import converter

    text = _decode(data)
    if "<score-partwise" not in text and "<score-timewise" not in text:
        return ["is not MusicXML."]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_piece_from_score(converter.parseData(text, format="musicxml"))]


def parse_mxl(data: bytes) -> list[ParseOutcome]:
    """Parse the score in a zip archive; `META-INF/container.xml` names its file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = _score_name(archive)
        if archive.getinfo(name).file_size > MAX_BYTES:
            return [f"is too large (over {MAX_BYTES >> 20} MiB unpacked): split it into shorter files."]
        return parse_musicxml(archive.read(name))


def _score_name(archive: zipfile.ZipFile) -> str:
    names = [info.filename for info in archive.infolist()]
    if _MXL_CONTAINER in names and archive.getinfo(_MXL_CONTAINER).file_size < 1 << 16:
        roots = [root.decode() for root in _MXL_ROOT_PATH.findall(archive.read(_MXL_CONTAINER))]
        names = [name for name in roots if name in names] or names
    scores = [name for name in names if name.endswith((".xml", ".musicxml")) and not name.startswith("META-INF/")]
    if not scores:
        raise ValueError("there is no score in the archive")
    return scores[0]


def parse_abc(data: bytes) -> list[ParseOutcome]:
    """Parse all tunes of an ABC file, each from its line `X:` on."""
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n")
    starts = [match.start() for match in _TUNE_START.finditer(text)]
    if not starts:
        return ["is not ABC: no line begins with X:."]
    ends = [*starts[1:], len(text)]
    return [_parse_tune(text[start:end].strip() + "\n") for start, end in zip(starts, ends, strict=True)]


def _parse_tune(text: str) -> ParseOutcome:
    from music21 import converter

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = converter.parseData(text, format="abc")
            scores: list[Any] = list(getattr(score, "scores", ())) or [score]
            found = _piece_from_score(scores[0])
    except Exception as error:  # noqa: BLE001 # music21 raises any error for a damaged tune
        return f"cannot be read as an ABC tune ({error})."
    return found if isinstance(found, str) else replace(found, text=text)


PARSERS: dict[str, Callable[[bytes], list[ParseOutcome]]] = {
    "musicxml": parse_musicxml,
    "mxl": parse_mxl,
    "abc": parse_abc,
}
"""The parser of each format."""


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    named = _ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    for encoding in ("utf-8-sig", named[1].decode() if named else "latin-1"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


# ---------------------------------------------------------------- from music21's score


def _piece_from_score(score: Any) -> ParseOutcome:
    parts = list(score.parts) or [score]
    score.toSoundingPitch(inPlace=True)
    notes = [note for track, part in enumerate(parts) for note in _join_tied_notes(_timed_elements(part), track)]
    if not notes:
        return "holds no notes."
    if max(note.end for note in notes) > MAX_BEATS * TICKS_PER_BEAT:
        return f"is too large (over {MAX_BEATS} beats long): split it into shorter files."
    time = Timeline(TICKS_PER_BEAT, tuple(_tempos(parts)), tuple(_meters(parts[0])))
    notes.sort(key=lambda note: (note.start, note.track, note.channel, note.pitch))
    return ParsedPiece(tuple(notes), time, tuple(str(part.partName or part.id) for part in parts))


def _tick(quarters: Any) -> int:
    return round(Fraction(quarters) * TICKS_PER_BEAT)


def _timed_elements(part: Any) -> Iterator[tuple[int, int, int, Any]]:
    """Yield start, end (ticks), voice and the element of every note or chord with pitches."""
    for element in part.recurse().notes:
        classes = element.classSet
        if (
            element.duration.isGrace
            or "ChordSymbol" in classes
            or "Unpitched" in classes
            or "PercussionChord" in classes
        ):
            continue
        start = Fraction(element.getOffsetInHierarchy(part))
        container = element.activeSite
        voice = 0
        if container is not None and "Voice" in container.classSet and container.activeSite is not None:
            voices = container.activeSite.voices
            voice = next((number for number, other in enumerate(voices) if other is container), 0)
        yield _tick(start), _tick(start + Fraction(element.quarterLength)), min(voice, 15), element


def _join_tied_notes(elements: Iterable[tuple[int, int, int, Any]], track: int) -> list[TickNote]:
    """Return the notes of one part; tied notes become one note in the voice where it began."""
    kept: list[TickNote] = []
    tieable: dict[tuple[int, int], int] = {}
    """Index in `kept` of the note that ends there, by pitch and end."""
    for start, end, voice, element in sorted(elements, key=lambda item: item[:3]):
        for note in element.notes if "ChordBase" in element.classSet else (element,):
            pitch = int(note.pitch.midi)
            tie = note.tie or element.tie
            before = tieable.pop((pitch, start), None) if tie and tie.type in _TIE_CONTINUES else None
            if before is None:
                before = len(kept)
                kept.append(TickNote(start, max(end, start + 1), pitch, _VELOCITY, track, voice))
            else:
                kept[before] = replace(kept[before], end=end)
            tieable[pitch, end] = before
    return [note for note in kept if 0 <= note.pitch < 128]


def _meters(part: Any) -> Iterator[Meter]:
    """Yield the meters where they change; a pickup gets its own before the first."""
    measures = list(part.getElementsByClass("Measure"))
    last = COMMON_TIME
    if not measures:  # music21 does not divide a tune of two bars
        signs = [_time_signature(part)] if hasattr(part, "timeSignature") else []
        yield next((Meter(0, int(sign.numerator), int(sign.denominator)) for sign in signs if sign), COMMON_TIME)
        return
    if _time_signature(measures[0]) is None:
        yield COMMON_TIME
    for number, measure in enumerate(measures):
        tick, sign = _tick(measure.offset), _time_signature(measure)
        if sign is not None:
            last = Meter(tick, int(sign.numerator), int(sign.denominator))
        if number == 0 and len(measures) > 1:
            size = Fraction(measures[1].offset)
            short = _pickup_meter(size) if 0 < size < Fraction(last.numerator * 4, last.denominator) else None
            if short:
                yield short
                yield replace(last, tick=_tick(size))
                continue
        if sign is not None:
            yield last


def _time_signature(measure: Any) -> Any:
    sign = measure.timeSignature
    return sign if sign is not None and sign.numerator and sign.denominator <= 64 else None


def _pickup_meter(quarters: Fraction) -> Meter | None:
    for denominator in (4, 8, 16, 32, 64):
        beats = quarters * denominator / 4
        if beats.denominator == 1:
            return Meter(0, int(beats), denominator)
    return None


def _tempos(parts: Iterable[Any]) -> Iterator[Tempo]:
    """Yield the tempos; the first is at tick 0."""
    marks: dict[int, int] = {0: DEFAULT_TEMPO_US}
    for part in parts:
        for mark in part.recurse().getElementsByClass("MetronomeMark"):
            bpm = mark.getQuarterBPM()
            if bpm is not None and _MIN_BPM <= bpm <= _MAX_BPM:
                marks[_tick(mark.getOffsetInHierarchy(part))] = round(60_000_000 / bpm)
    for tick in sorted(marks):
        yield Tempo(tick, marks[tick])
