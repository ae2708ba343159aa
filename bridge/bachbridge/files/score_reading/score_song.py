"""A score in MusicXML as a song: its repeats written out, with a track for each voice or staff.

Where exactly four voices sing one note at a time, each has a track; otherwise each staff of each part has one. A first
measure shorter than its meter is a pick-up, with a meter of its own as in MIDI files; two short measures that make one
bar (around a repeat) are one bar. Ties are joined.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

from bachbridge.atomic_files import read_limited_bytes
from bachbridge.errors import MidiFileError
from bachbridge.files.midi_notes import PERCUSSION_CHANNEL
from bachbridge.files.midi_reader import MAX_BEATS, MidiSong
from bachbridge.files.midi_writer import MAX_BEAT_US, TICKS_PER_BEAT, conductor_track, encode_track, part_body
from bachbridge.files.score_reading.measures import MAX_DENOMINATOR, Measure, PartReader
from bachbridge.files.score_reading.playing_order import check_played, playing_order
from bachbridge.files.score_reading.xml_stream import MAX_BYTES, MeasureStream, ScoreError, is_archive, unpack_score
from bachbridge.files.smf import TEMPO, encode_events, meta_event, walk_events
from bachbridge.music.general_midi import PIANO_PROGRAM
from bachbridge.music.notes import VOICES
from bachbridge.music.phrasing.marks import Sign, SignedLine, phrase_marks
from bachbridge.music.timeline import DEFAULT_TEMPO_US, Meter, Tempo, TickNote, Timeline, phrase_from_ticks

SCORE_SUFFIXES = (".musicxml", ".xml", ".mxl")
_EXACT_TICKS_PER_BEAT = 10080
"""Exact for tuplets of 3, 5, 7 and 9 and for 128ths, where `TICKS_PER_BEAT` is not."""
_VELOCITY = 80
_MIN_BPM, _MAX_BPM = 4, 1000
_MAX_PARTS = 64
_MAX_LINES = 256
"""Tracks of the song: as many as a MIDI file may have."""
_MAX_NAME = 200
_MAX_METER_BEATS = 255
"""The most that a MIDI file can hold."""

Line = tuple[str, str]
"""Part and voice, or part and staff."""


@dataclass(frozen=True, slots=True)
class UnrolledNote:
    """A note at its time in the whole piece, in quarter notes."""

    start: Fraction
    end: Fraction
    pitch: int
    part: str
    voice: str
    staff: str


@dataclass(frozen=True, slots=True)
class UnrolledSign:
    """A sign of the end of a phrase at its time in the whole piece; see `ScoreSign`."""

    at: Fraction
    sign: Sign
    part: str
    voice: str
    staff: str


def read_score(path: Path) -> MidiSong:
    """Read the MusicXML file at `path`, plain or in an archive; raises `MidiFileError`."""
    data = read_limited_bytes(path, MAX_BYTES, MidiFileError)
    if not data.strip():
        raise MidiFileError(f"{path} is empty: export the score again.")
    try:
        names, parts = _parse_parts(unpack_score(data) if is_archive(data) else data)
        return _song_from_parts(path, names, parts)
    except ScoreError as error:
        raise MidiFileError(f"{path} {error}") from error


def _parse_parts(data: bytes) -> tuple[dict[str, str], dict[str, list[Measure]]]:
    """Return the names and the measures of the parts by their ids."""
    names: dict[str, str] = {}
    readers: defaultdict[str, PartReader] = defaultdict(PartReader)

    def handle(part: str, element: Element) -> None:
        if element.tag == "measure":
            readers[part].read_measure(element)
            if len(readers) > _MAX_PARTS:
                raise ScoreError(f"has over {_MAX_PARTS} parts: export fewer parts.")
            return
        for entry in element.iter("score-part"):
            names[entry.get("id", "")] = " ".join(entry.findtext("part-name", "")[:_MAX_NAME].split())

    MeasureStream(handle).parse(data)
    return names, {part: reader.measures for part, reader in readers.items()}


def _song_from_parts(path: Path, names: dict[str, str], parts: dict[str, list[Measure]]) -> MidiSong:
    if not any(measure.notes for measures in parts.values() for measure in measures):
        raise ScoreError("holds no notes: choose another file.")
    order = playing_order(list(parts.values()))
    check_played(list(parts.values()), order)
    lengths = [
        _measure_length([measures[index] for measures in parts.values() if index < len(measures)])
        for index in range(_count(parts))
    ]
    starts = [Fraction(0)]
    for index in order:
        starts.append(starts[-1] + lengths[index])
        if starts[-1].denominator > MAX_DENOMINATOR:
            raise ScoreError("has measures that do not fit one another: export the score again.")
    if starts[-1] > MAX_BEATS:
        raise ScoreError(f"is over {MAX_BEATS} quarter notes long: split it into shorter files.")
    played = [note for part, measures in parts.items() for note in _played_notes(part, measures, order, starts)]
    if not played:
        raise ScoreError("plays none of its notes: correct its repeat signs.")
    ticks = TICKS_PER_BEAT
    if any((time * ticks).denominator > 1 for note in played for time in (note.start, note.end)):
        ticks = _EXACT_TICKS_PER_BEAT
    first = next(iter(parts.values()))
    meters = _meters([first[min(index, len(first) - 1)] for index in order], [lengths[i] for i in order], ticks)
    tempos = _tempos(parts, order, starts, ticks)
    signs = [sign for part, measures in parts.items() for sign in _played_signs(part, measures, order, starts)]
    return _build_song(path, names, played, signs, Timeline(ticks, tempos, meters))


def _measure_length(row: Sequence[Measure]) -> Fraction:
    """Return the length of a measure: its meter's if it fills one of the parts, else that of most parts."""
    filled = [measure.length for measure in row if measure.length]
    nominal = row[0].nominal_length
    if not filled or nominal in filled:
        return nominal
    return max(filled, key=lambda length: (filled.count(length), length))


def _count(parts: dict[str, list[Measure]]) -> int:
    return max(map(len, parts.values()), default=0)


def _played_notes(
    part: str, measures: Sequence[Measure], order: Sequence[int], starts: Sequence[Fraction]
) -> Iterator[UnrolledNote]:
    """Yield a part's notes, tied ones joined."""
    notes: list[UnrolledNote] = []
    ending_at: dict[tuple[int, Fraction], int] = {}
    for index, begin in zip(order, starts, strict=False):
        if index >= len(measures):
            continue
        for note in sorted(measures[index].notes, key=lambda note: note.start):
            start, end = begin + note.start, begin + note.start + note.length
            before = ending_at.pop((note.pitch, start), None) if note.tied_before else None
            if before is None:
                before = len(notes)
                notes.append(UnrolledNote(start, end, note.pitch, part, note.voice, note.staff))
            else:
                notes[before] = replace(notes[before], end=end)
            ending_at[note.pitch, end] = before
    yield from notes


def _played_signs(
    part: str, measures: Sequence[Measure], order: Sequence[int], starts: Sequence[Fraction]
) -> Iterator[UnrolledSign]:
    for index, begin in zip(order, starts, strict=False):
        for sign in measures[index].signs if index < len(measures) else ():
            yield UnrolledSign(begin + sign.at, sign.sign, part, sign.voice, sign.staff)


# ---------------------------------------------------------------- time


def _meters(measures: Sequence[Measure], lengths: Sequence[Fraction], ticks: int) -> tuple[Meter, ...]:
    """Return the meters where they change; a measure of another length than its meter's has one of its own."""
    found: list[Meter] = []
    at = Fraction(0)
    index = 0
    while index < len(measures):
        meter, length, nominal = measures[index].meter, lengths[index], measures[index].nominal_length
        following = lengths[index + 1] if index + 1 < len(measures) else None
        makes_a_bar = index > 0 and following is not None and length + following == nominal
        is_last = following is None and length < nominal
        if makes_a_bar:
            index, length = index + 1, nominal
        elif length != nominal and not is_last:
            meter = _meter_of(length) or meter
        if not found or (found[-1].numerator, found[-1].denominator) != meter:
            found.append(Meter(round(at * ticks), *meter))
        at += length
        index += 1
    return tuple({meter.tick: meter for meter in found}.values())


def _meter_of(quarters: Fraction) -> tuple[int, int] | None:
    """Return the meter of a bar of this length; None if it takes notes shorter than 64ths, or too many beats."""
    units = (unit for unit in (4, 8, 16, 32, 64) if (quarters * unit / 4).denominator == 1)
    beats, unit = next(((int(quarters * unit / 4), unit) for unit in units), (0, 4))
    return (beats, unit) if 0 < beats <= _MAX_METER_BEATS else None


def _tempos(
    parts: dict[str, list[Measure]], order: Sequence[int], starts: Sequence[Fraction], ticks: int
) -> tuple[Tempo, ...]:
    marks: dict[int, int] = {0: DEFAULT_TEMPO_US}
    for measures in reversed(parts.values()):
        for index, begin in zip(order, starts, strict=False):
            for at, bpm in measures[index].tempos if index < len(measures) else ():
                if _MIN_BPM <= bpm <= _MAX_BPM:
                    marks[round((begin + at) * ticks)] = min(round(60_000_000 / bpm), MAX_BEAT_US)
    return tuple(Tempo(tick, marks[tick]) for tick in sorted(marks))


# ---------------------------------------------------------------- tracks


def _build_song(
    path: Path, names: dict[str, str], played: Sequence[UnrolledNote], signs: Sequence[UnrolledSign], time: Timeline
) -> MidiSong:
    line_of = _voice_line if _has_four_voices(played) else _staff_line
    lines: defaultdict[Line, list[UnrolledNote]] = defaultdict(list)
    for note in played:
        lines[line_of(note)].append(note)
    if len(lines) > _MAX_LINES:
        raise ScoreError(f"has over {_MAX_LINES} staves or voices: export fewer parts.")
    places = {name: place for place, name in enumerate(names)}
    ordered = sorted(lines, key=lambda line: (places.get(line[0], len(places)), line[1]))
    channels = [channel for channel in range(16) if channel != PERCUSSION_CHANNEL]
    track_names, bodies, notes = [path.stem], [_conductor(path.stem, time)], list[TickNote]()
    signed, signs_of = list[SignedLine](), _signs_by_line(signs, line_of, time.ticks_per_beat)
    for track, line in enumerate(ordered, start=1):
        channel = channels[(track - 1) % len(channels)]
        row = [
            TickNote(round(n.start * time.ticks_per_beat), round(n.end * time.ticks_per_beat), n.pitch, 0, 0, 0)
            for n in lines[line]
        ]
        tracked = [replace(note, velocity=_VELOCITY, track=track, channel=channel) for note in set(row)]
        notes += tracked
        signed.append(SignedLine(tracked, [*signs_of[line], *signs_of[line[0], ""]]))
        name = names.get(line[0], "")
        track_names.append(name)
        rows = sorted((note.start, note.end, note.pitch, _VELOCITY) for note in set(row))
        bodies.append(part_body(name, channel, PIANO_PROGRAM, rows))
    notes.sort(key=lambda note: (note.start, note.track, note.channel, note.pitch))
    phrase = phrase_from_ticks(notes, track_names, time)
    marks = phrase_marks(signed, time.ticks_per_beat)
    return MidiSong(
        path, tuple(notes), phrase, time, tuple(track_names), time.ticks_per_beat, tuple(bodies), phrase_marks=marks
    )


def _signs_by_line(
    signs: Sequence[UnrolledSign], line_of: Callable[[UnrolledNote | UnrolledSign], Line], ticks_per_beat: int
) -> defaultdict[Line, list[tuple[int, Sign]]]:
    """Return the signs of each line with their ticks; those of a whole part belong to its line without a name."""
    found: defaultdict[Line, list[tuple[int, Sign]]] = defaultdict(list)
    for sign in signs:
        found[line_of(sign)].append((round(sign.at * ticks_per_beat), sign.sign))
    return found


def _conductor(title: str, time: Timeline) -> bytes:
    """Encode the track with the title, the meters and the tempos."""
    body = encode_track(conductor_track(title, time.tempos[0].beat_us, time.meters))
    events = [(event.tick, body[begin:end]) for event, begin, end in walk_events(body)][:-1]
    events += [(tempo.tick, meta_event(TEMPO, tempo.beat_us.to_bytes(3))) for tempo in time.tempos[1:]]
    return encode_events(sorted(events, key=lambda event: event[0]))


def _voice_line(note: UnrolledNote | UnrolledSign) -> Line:
    return note.part, note.voice


def _staff_line(note: UnrolledNote | UnrolledSign) -> Line:
    return note.part, note.staff


def _has_four_voices(played: Sequence[UnrolledNote]) -> bool:
    """Return True if there are four voices, each with one note at a time."""
    voices = _group(played, _voice_line)
    return len(voices) == len(VOICES) and all(_is_one_at_a_time(notes) for notes in voices.values())


def _group(played: Sequence[UnrolledNote], line_of: Callable[[UnrolledNote], Line]) -> dict[Line, list[UnrolledNote]]:
    groups: defaultdict[Line, list[UnrolledNote]] = defaultdict(list)
    for note in played:
        groups[line_of(note)].append(note)
    return groups


def _is_one_at_a_time(notes: Sequence[UnrolledNote]) -> bool:
    ordered = sorted(notes, key=lambda note: note.start)
    return all(one.end <= other.start for one, other in pairwise(ordered))
