"""A MIDI file's time, and its notes as a phrase on the grid of 16th-note steps.

A note's start goes to the nearest step and its end to the nearest step after that; its distance from the grid line
stays in `offset_ns`. Bar lines follow the file's time signatures from tick 0. A phrase is filled up to the bar line at
or after its last note, where a continuation begins.

Voices: a part is one channel of one track. Where exactly four parts sound, and either all are named soprano, alto,
tenor and bass or each plays one note at a time, every part is a voice, by name or else from the highest to the lowest.
In any other music all notes are voice 0, and the codec assigns them to voices.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note, Phrase, keep_longest_notes

DEFAULT_TEMPO_US = 500_000
"""Microseconds per quarter note before the first tempo event (the MIDI file specification's 120 bpm)."""
MAX_METER_NUMERATOR = 32
DEFAULT_BPM = 60e6 / DEFAULT_TEMPO_US
"""Quarter notes a minute of `DEFAULT_TEMPO_US`; the tempo of any music that gives none."""


@dataclass(frozen=True, slots=True)
class TickNote:
    """A note of a file, in its ticks; `track` counts the file's tracks and `channel` the 16 channels, both from 0."""

    start: int
    end: int
    pitch: int
    velocity: int
    track: int
    channel: int


@dataclass(frozen=True, slots=True)
class Tempo:
    """A tempo: from `tick` on a quarter note lasts `beat_us` microseconds."""

    tick: int
    beat_us: int


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter: from `tick` on, which is a bar line, a bar holds `numerator` notes of 1/`denominator`."""

    tick: int
    numerator: int
    denominator: int

    @property
    def steps_per_bar(self) -> int:
        """Steps in a bar, at least one (a 5/32 bar is cut to the grid)."""
        return max(1, self.numerator * 4 * STEPS_PER_BEAT // self.denominator)

    @property
    def text(self) -> str:
        """The meter as people write it: "3/4"."""
        return f"{self.numerator}/{self.denominator}"

    @property
    def steps_per_beat(self) -> int:
        """Steps in a beat: one unit of the meter, or three units in a compound meter such as 6/8, 9/8 or 12/8."""
        is_compound = self.denominator >= 8 and self.numerator > 3 and self.numerator % 3 == 0
        return max(1, (3 if is_compound else 1) * 4 * STEPS_PER_BEAT // self.denominator)


def parse_meter(text: str) -> Meter | None:
    """Return the meter that a person writes as "3/4"; None if it is none that the 16th grid can hold.

    The numerator runs from 1 to `MAX_METER_NUMERATOR`, the denominator is 2, 4, 8 or 16.
    """
    numerator, _, denominator = text.partition("/")
    if not (numerator.strip().isdecimal() and denominator.strip() in ("2", "4", "8", "16")):
        return None
    return Meter(0, int(numerator), int(denominator)) if 1 <= int(numerator) <= MAX_METER_NUMERATOR else None


def meter_from_steps(steps_per_bar: int) -> Meter:
    """Return a meter whose bars have `steps_per_bar` 16ths, in the largest beats that fill them."""
    unit = next(unit for unit in (4, 2, 1) if steps_per_bar % unit == 0)
    return Meter(0, steps_per_bar // unit, 16 // unit)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from step `start` to `end`, shorter than its meter where the meter changes in the middle of it."""

    start: int
    end: int
    meter: Meter


NotesByPart = dict[tuple[int, int], list[TickNote]]
"""Notes by (track, channel)."""
COMMON_TIME = Meter(0, 4, 4)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A file's time: ticks in a quarter note, tempos and meters by tick, the first of each at tick 0."""

    ticks_per_beat: int
    tempos: tuple[Tempo, ...] = (Tempo(0, DEFAULT_TEMPO_US),)
    meters: tuple[Meter, ...] = (COMMON_TIME,)

    def step_at_tick(self, tick: int) -> int:
        """Return the step nearest to `tick`; halfway, the later one."""
        return (2 * tick * STEPS_PER_BEAT + self.ticks_per_beat) // (2 * self.ticks_per_beat)

    def tick_at_step(self, step: int) -> int:
        """Return the tick nearest to the grid line of `step`."""
        return (2 * step * self.ticks_per_beat + STEPS_PER_BEAT) // (2 * STEPS_PER_BEAT)

    def beat_us_at(self, tick: int) -> int:
        """Return the tempo at `tick`, in microseconds per quarter note."""
        return self.tempos[bisect_right(self.tempos, tick, key=lambda tempo: tempo.tick) - 1].beat_us

    def meter_at(self, tick: int) -> Meter:
        return self.meters[bisect_right(self.meters, tick, key=lambda meter: meter.tick) - 1]

    def next_bar_line(self, step: int) -> int:
        """Return the first bar line at or after `step`, as a step."""
        meter = self.meter_at(self.tick_at_step(step))
        first = self.step_at_tick(meter.tick)
        line = first + -(-(step - first) // meter.steps_per_bar) * meter.steps_per_bar
        later = [self.step_at_tick(other.tick) for other in self.meters if other.tick > meter.tick]
        return min([line, *later])

    def steps_into_bar(self, step: int) -> int:
        """Return the steps from the last bar line at or before `step`."""
        meter = self.meter_at(self.tick_at_step(step))
        return (step - self.step_at_tick(meter.tick)) % meter.steps_per_bar

    def bars(self, steps: int) -> Iterator[Bar]:
        """Yield the bars of the first `steps` steps, the last one whole."""
        starts = [self.step_at_tick(meter.tick) for meter in self.meters]
        last = max(starts[-1], steps)
        ends = [*starts[1:], last + (starts[-1] - last) % self.meters[-1].steps_per_bar]
        for meter, first, end in zip(self.meters, starts, ends, strict=True):
            for start in range(first, min(end, steps), meter.steps_per_bar):
                yield Bar(start, min(start + meter.steps_per_bar, end), meter)


def missing_pickup_steps(bars: Sequence[Bar]) -> int:
    """Return the steps by which the first bar is too short, if it is a pick-up; else 0.

    Files show a pick-up only by a short meter: the first bar is at most half as long as the second.
    """
    if len(bars) < 2:
        return 0
    first, whole = bars[0].end - bars[0].start, bars[1].meter.steps_per_bar
    return whole - first if 2 * first <= whole else 0


def _quantized(note: TickNote, timeline: Timeline, voice: int) -> Note:
    start = timeline.step_at_tick(note.start)
    offset_ticks = note.start - start * timeline.ticks_per_beat / STEPS_PER_BEAT
    return Note(
        start=start,
        length=max(1, timeline.step_at_tick(note.end) - start),
        pitch=note.pitch,
        velocity=note.velocity,
        voice=voice,
        offset_ns=round(offset_ticks * timeline.beat_us_at(note.start) * 1000 / timeline.ticks_per_beat),
    )


def is_monophonic(notes: Sequence[TickNote], timeline: Timeline) -> bool:
    """Return True if no note begins while an earlier one has over a step to go (legato players overlap a little)."""
    slack = timeline.ticks_per_beat / STEPS_PER_BEAT
    ordered = sorted(notes, key=lambda note: (note.start, note.end))
    return all(first.end - second.start <= slack and first.start < second.start for first, second in pairwise(ordered))


def voice_from_name(name: str) -> int | None:
    """Return the voice that a track's name stands for, an index into `VOICES`; None for any other name."""
    name = name.strip().lower()
    return next((voice for voice, word in enumerate(VOICES) if word in name or name in {word[0], word[:3]}), None)


def notes_by_part(notes: Iterable[TickNote]) -> NotesByPart:
    """Return the notes of each part (track, channel), the parts in the order in which they enter."""
    parts: NotesByPart = defaultdict(list)
    for note in notes:
        parts[note.track, note.channel].append(note)
    return parts


def part_voices(
    notes: Sequence[TickNote], track_names: Sequence[str], timeline: Timeline
) -> dict[tuple[int, int], int]:
    """Return the voice of each part (track, channel); empty where the music is not in four parts."""
    parts = notes_by_part(notes)
    if len(parts) != len(VOICES):
        return {}
    named = {part: voice_from_name(track_names[part[0]]) for part in parts}
    if set(named.values()) == set(range(len(VOICES))):
        return {part: voice for part, voice in named.items() if voice is not None}
    if not all(is_monophonic(part, timeline) for part in parts.values()):
        return {}
    by_height = sorted(parts, key=lambda part: -fmean(note.pitch for note in parts[part]))
    return {part: voice for voice, part in enumerate(by_height)}


def _without_overlaps(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Cut each note where its voice's next note begins: on the grid one voice holds one note."""
    starts: defaultdict[int, set[int]] = defaultdict(set)
    for note in notes:
        starts[note.voice].add(note.start)
    ordered = {voice: sorted(at) for voice, at in starts.items()}

    def cut(note: Note) -> Note:
        at = ordered[note.voice]
        after = bisect_right(at, note.start)
        return replace(note, length=min(note.length, at[after] - note.start)) if after < len(at) else note

    return tuple(cut(note) for note in notes)


def phrase_from_ticks(notes: Sequence[TickNote], track_names: Sequence[str], timeline: Timeline) -> Phrase:
    """Return the notes on the grid from tick 0 to the bar line after the last; `steps_per_bar` is the last meter's.

    After a pick-up the music ends where the last bar lacks the pick-up's beats: there its continuation begins.
    """
    voice_of = part_voices(notes, track_names, timeline)
    gridded = keep_longest_notes(
        _quantized(note, timeline, voice_of.get((note.track, note.channel), 0)) for note in notes
    )
    if voice_of:
        gridded = _without_overlaps(gridded)
    line = timeline.next_bar_line(max((note.end for note in gridded), default=0))
    bar = timeline.meter_at(max(0, timeline.tick_at_step(line) - 1)).steps_per_bar
    steps = line - _lacking_steps(gridded, line, timeline)
    position = -line % bar if missing_pickup_steps(list(timeline.bars(line))) else 0
    return Phrase(gridded, steps, bar, position)


def _lacking_steps(notes: Sequence[Note], line: int, timeline: Timeline) -> int:
    """Return the steps before the bar line `line` that belong to the pick-up of what follows; 0 without a pick-up.

    A pick-up is a short first bar, or notes after rests in a whole one if exactly as much is lacking at the end.
    """
    bars = list(timeline.bars(line))
    if len(bars) < 2 or not notes:
        return 0
    end, first = max(note.end for note in notes), min(note.start for note in notes)
    if missing_pickup_steps(bars):
        length = bars[0].end - bars[0].start
        return length if end <= line - length else 0
    length = bars[0].end - first
    is_pickup = 0 < 2 * length <= bars[0].end - bars[0].start
    return length if is_pickup and end == line - length else 0
