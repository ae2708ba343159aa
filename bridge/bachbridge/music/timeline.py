"""From ticks to the grid: what a MIDI file's notes are as a phrase of 16th-note steps.

A note's start goes to the nearest step and its end to the nearest step after that; how far from its grid line it
was played stays in `offset_ns`. Bar lines follow the file's time signatures from tick 0, so a phrase is filled up to
the bar line at or after its last note: there a continuation begins.

Voices: where exactly four parts sound (a part is one channel of one track), each one note at a time or all of them
named soprano, alto, tenor and bass, every part is a voice, by name or else from the highest to the lowest. Any other
music is all voice 0, and the codec spreads it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note, Phrase, longest

DEFAULT_TEMPO_US = 500_000
"""Microseconds per quarter note before the first tempo event (the MIDI file specification's 120 bpm)."""
DEFAULT_BPM = 60e6 / DEFAULT_TEMPO_US
"""The same in quarter notes a minute: of any music that tells no tempo."""


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
    """From `tick` on a quarter note lasts `beat_us` microseconds."""

    tick: int
    beat_us: int


@dataclass(frozen=True, slots=True)
class Meter:
    """From `tick` on, which is a bar line, a bar holds `numerator` notes of 1/`denominator`."""

    tick: int
    numerator: int
    denominator: int

    @property
    def steps(self) -> int:
        """Steps in a bar, at least one (a 5/32 bar is cut to the grid)."""
        return max(1, self.numerator * 4 * STEPS_PER_BEAT // self.denominator)


def plain_meter(steps: int) -> Meter:
    """A meter whose bars have so many 16ths, in the largest beats that fill it."""
    unit = next(unit for unit in (4, 2, 1) if steps % unit == 0)
    return Meter(0, steps // unit, 16 // unit)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from step `start` to `end`, shorter than its meter where the meter changes in the middle of it."""

    start: int
    end: int
    meter: Meter


Parts = dict[tuple[int, int], list[TickNote]]
"""Notes by (track, channel)."""
COMMON_TIME = Meter(0, 4, 4)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A file's time: ticks in a quarter note, tempos and meters by tick, the first of each at tick 0."""

    ticks_per_beat: int
    tempos: tuple[Tempo, ...] = (Tempo(0, DEFAULT_TEMPO_US),)
    meters: tuple[Meter, ...] = (COMMON_TIME,)

    def step(self, tick: int) -> int:
        """The step nearest to `tick`; halfway, the later one."""
        return (2 * tick * STEPS_PER_BEAT + self.ticks_per_beat) // (2 * self.ticks_per_beat)

    def tick(self, step: int) -> int:
        """The tick nearest to the grid line of `step`."""
        return (2 * step * self.ticks_per_beat + STEPS_PER_BEAT) // (2 * STEPS_PER_BEAT)

    def beat_us(self, tick: int) -> int:
        """The tempo at `tick`, in microseconds per quarter note."""
        return self.tempos[bisect_right(self.tempos, tick, key=lambda tempo: tempo.tick) - 1].beat_us

    def meter(self, tick: int) -> Meter:
        return self.meters[bisect_right(self.meters, tick, key=lambda meter: meter.tick) - 1]

    def bar_line(self, step: int) -> int:
        """The first bar line at or after `step`, as a step."""
        meter = self.meter(self.tick(step))
        first = self.step(meter.tick)
        line = first + -(-(step - first) // meter.steps) * meter.steps
        later = [self.step(other.tick) for other in self.meters if other.tick > meter.tick]
        return min([line, *later])

    def bars(self, steps: int) -> Iterator[Bar]:
        """The bars of the first `steps` steps, the last one whole."""
        starts = [self.step(meter.tick) for meter in self.meters]
        last = max(starts[-1], steps)
        ends = [*starts[1:], last + (starts[-1] - last) % self.meters[-1].steps]
        for meter, first, end in zip(self.meters, starts, ends, strict=True):
            for start in range(first, min(end, steps), meter.steps):
                yield Bar(start, min(start + meter.steps, end), meter)


def missing_before(bars: Sequence[Bar]) -> int:
    """How many steps of the first bar come before the music: of a pick-up, which files have as a short meter alone."""
    if len(bars) < 2:
        return 0
    first, whole = bars[0].end - bars[0].start, bars[1].meter.steps
    return whole - first if 2 * first <= whole else 0


def _snapped(note: TickNote, time: Timeline, voice: int) -> Note:
    start = time.step(note.start)
    away_ticks = note.start - start * time.ticks_per_beat / STEPS_PER_BEAT
    return Note(
        start=start,
        length=max(1, time.step(note.end) - start),
        pitch=note.pitch,
        velocity=note.velocity,
        voice=voice,
        offset_ns=round(away_ticks * time.beat_us(note.start) * 1000 / time.ticks_per_beat),
    )


def _one_at_a_time(notes: Sequence[TickNote], time: Timeline) -> bool:
    """Whether no note begins while an earlier one has more than a step to go (legato players overlap a little)."""
    slack = time.ticks_per_beat / STEPS_PER_BEAT
    ordered = sorted(notes, key=lambda note: (note.start, note.end))
    return all(first.end - second.start <= slack and first.start < second.start for first, second in pairwise(ordered))


def voice_named(name: str) -> int | None:
    """The voice that a track of that name is, an index into `VOICES`."""
    name = name.strip().lower()
    return next((voice for voice, word in enumerate(VOICES) if word in name or name in {word[0], word[:3]}), None)


def parts_of(notes: Iterable[TickNote]) -> Parts:
    """The notes of each part (track, channel), the parts in the order in which they come in."""
    parts: Parts = defaultdict(list)
    for note in notes:
        parts[note.track, note.channel].append(note)
    return parts


def voices(notes: Sequence[TickNote], names: Sequence[str], time: Timeline) -> dict[tuple[int, int], int]:
    """The voice of each part (track, channel); empty where the music has no four parts."""
    parts = parts_of(notes)
    if len(parts) != len(VOICES):
        return {}
    named = {part: voice_named(names[part[0]]) for part in parts}
    if set(named.values()) == set(range(len(VOICES))):
        return {part: voice for part, voice in named.items() if voice is not None}
    if not all(_one_at_a_time(part, time) for part in parts.values()):
        return {}
    falling = sorted(parts, key=lambda part: -fmean(note.pitch for note in parts[part]))
    return {part: voice for voice, part in enumerate(falling)}


def _trimmed(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Each voice's notes cut where the voice's next note begins: on the grid one voice holds one note."""
    starts: defaultdict[int, set[int]] = defaultdict(set)
    for note in notes:
        starts[note.voice].add(note.start)
    ordered = {voice: sorted(at) for voice, at in starts.items()}

    def cut(note: Note) -> Note:
        at = ordered[note.voice]
        after = bisect_right(at, note.start)
        return replace(note, length=min(note.length, at[after] - note.start)) if after < len(at) else note

    return tuple(cut(note) for note in notes)


def phrase(notes: Sequence[TickNote], names: Sequence[str], time: Timeline) -> Phrase:
    """The notes on the grid from tick 0 to the bar line after the last; `steps_per_bar` is the last meter's."""
    voice_of = voices(notes, names, time)
    gridded = longest(_snapped(note, time, voice_of.get((note.track, note.channel), 0)) for note in notes)
    if voice_of:
        gridded = _trimmed(gridded)
    steps = time.bar_line(max((note.end for note in gridded), default=0))
    return Phrase(gridded, steps, time.meter(max(0, time.tick(steps) - 1)).steps, position=0)
