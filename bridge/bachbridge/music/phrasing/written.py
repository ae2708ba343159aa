"""Where the phrases of a melody end, as far as the file or the playing shows it: written signs and rests.

A rest shows an end if it lasts a beat or more. Where more than a third of the notes are followed by such rests, they
belong to the rhythm, and only those twice as long as most of them count. Punctuation of the words is a hint: in
43 chorales of the training and validation parts, 62 % of the commas and 72 % of the stronger signs stand at a fermata.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase
from bachbridge.music.phrasing.marks import PhraseMark, Sign
from bachbridge.music.timeline import Timeline

_HINT_NATS: Mapping[Sign, float] = {"comma": 2.5, "stop": 3.0, "line": 4.0}
"""Log odds for an end that the sign adds."""
_CERTAIN_SIGNS: tuple[Sign, ...] = ("fermata", "breath", "caesura")
_MIN_REST_STEPS, _MAX_REST_STEPS = STEPS_PER_BEAT, 3 * STEPS_PER_BEAT // 2
"""Bounds of the beat that a rest must last: an 8th of 3/8 is too short for it, and a half of 2/2 longer than needed."""
_MAX_RESTING_SHARE = 1 / 3
_MAX_BARS = 8
"""The longest phrase, in bars, that written signs leave as it is."""
_ENOUGH_NATS = 3.0
"""A hint that is strong enough where nothing else is known."""


@dataclass(frozen=True, slots=True)
class WrittenEnds:
    """Steps at which the last notes of phrases begin: those that are `certain`, and hints for others, in nats.

    `is_complete`: the file shows all ends, so none need be predicted.
    """

    certain: tuple[int, ...]
    hints: Mapping[int, float] = field(default_factory=dict[int, float])
    is_complete: bool = False

    @property
    def shown(self) -> tuple[int, ...]:
        """The certain ends and those with a strong hint."""
        return tuple(sorted({*self.certain, *(step for step, nats in self.hints.items() if nats >= _ENOUGH_NATS)}))


def written_ends(marks: Sequence[PhraseMark], melody: Sequence[Note], timeline: Timeline) -> WrittenEnds:
    """Return the ends in a melody, one note at a time on the grid; the last note is always one."""
    if not melody:
        return WrittenEnds(())
    starts = [note.start for note in melody]
    pitches = {(note.start, note.pitch) for note in melody}
    signed: set[int] = set()
    hints: dict[int, float] = {}
    for mark in marks:
        own = [step for tick, pitch in mark.notes if (step := timeline.step_at_tick(tick), pitch) in pitches]
        index = bisect_right(starts, own[-1] if own else timeline.step_at_tick(mark.tick)) - 1
        if index < 0 or not (own or mark.is_shared):
            continue
        if mark.sign in _CERTAIN_SIGNS:
            signed.add(starts[index])
        elif mark.sign in _HINT_NATS:
            hints[starts[index]] = _HINT_NATS[mark.sign]
    beat = timeline.meter_at(timeline.tick_at_step(starts[-1])).steps_per_beat
    certain = tuple(sorted({*signed, *ends_before_rests(melody, beat)}))
    bar = timeline.meter_at(timeline.tick_at_step(starts[-1])).steps_per_bar
    longest = max(after - before for before, after in pairwise([starts[0], *certain]))
    return WrittenEnds(certain, hints, bool(signed - {starts[-1]}) and longest <= _MAX_BARS * bar)


def ends_before_rests(melody: Sequence[Note], steps_per_beat: int) -> tuple[int, ...]:
    """Return the starts of the notes before rests that show an end, and of the last note."""
    if not melody:
        return ()
    shortest = min(max(steps_per_beat, _MIN_REST_STEPS), _MAX_REST_STEPS)
    rests = {note.start: after.start - note.end for note, after in pairwise(melody)}
    long_rests = [steps for steps in rests.values() if steps >= shortest]
    if len(long_rests) > _MAX_RESTING_SHARE * len(melody):
        shortest = 2 * median(long_rests)
    return (*(start for start, steps in rests.items() if steps >= shortest), melody[-1].start)


def top_line(phrase: Phrase) -> tuple[Note, ...]:
    """Return the melody of a played phrase, one note at a time.

    Of notes that begin together the highest counts. A lower note that begins while another sounds is left out, unless
    the greater part of it comes after that one's end.
    """
    line: list[Note] = []
    for note in {note.start: note for note in sorted(phrase.notes, key=lambda note: (note.start, note.pitch))}.values():
        if line and line[-1].end > note.start:
            top = line[-1]
            if note.pitch < top.pitch and top.end - note.start > max(1, note.end - top.end):
                continue
            line[-1] = replace(top, length=note.start - top.start)
        line.append(note)
    return tuple(line)


def played_phrase_ends(phrase: Phrase) -> tuple[int, ...]:
    """Return the ends that a played phrase shows: its rests of a beat and more, and its own end."""
    return ends_before_rests(top_line(phrase), STEPS_PER_BEAT)
