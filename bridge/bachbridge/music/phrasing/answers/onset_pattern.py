"""The rhythm of a phrase's last bars as a pattern that an answer repeats: the steps on which something begins."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from bachbridge.music.notes import STEPS_PER_BEAT, Phrase

_MAX_BARS, _MAX_RATE_FACTOR = 8, 1.2
"""The most bars of a pattern, and by how much its rate of onsets may differ from the whole phrase's."""


@dataclass(frozen=True, slots=True)
class OnsetPattern:
    """Onsets at the steps `onsets`, rising, of every `period` steps; step 0 is where the phrase ended."""

    onsets: tuple[int, ...]
    period: int

    def count_before(self, step: int) -> int:
        """Return the number of onsets from step 0 until before `step`."""
        rounds, rest = divmod(step, self.period)
        return rounds * len(self.onsets) + bisect_left(self.onsets, rest)

    def has_onset(self, step: int) -> bool:
        """Return True if something begins on the step."""
        return self.count_before(step + 1) > self.count_before(step)

    def next_onset(self, step: int) -> int:
        """Return the first step after `step` on which something begins."""
        rounds, rest = divmod(step, self.period)
        place = bisect_right(self.onsets, rest)
        if place == len(self.onsets):
            rounds, place = rounds + 1, 0
        return rounds * self.period + self.onsets[place]

    @property
    def mean_gap(self) -> float:
        """Mean steps from one onset to the next."""
        return self.period / len(self.onsets)


def phrase_onset_pattern(phrase: Phrase) -> OnsetPattern | None:
    """Return the pattern of the last whole bars; None without any note.

    Where they have many more or fewer onsets than the phrase, it is that of the whole phrase, rounded up to beats.
    """
    starts = sorted({note.start for note in phrase.notes if note.start < phrase.steps})
    if not starts:
        return None
    whole = -(-phrase.steps // STEPS_PER_BEAT) * STEPS_PER_BEAT
    bars = min(phrase.steps // phrase.steps_per_bar, _MAX_BARS)
    for period in (bars * phrase.steps_per_bar, whole):
        window = phrase.steps - period
        onsets = tuple(start - window for start in starts if start >= window)
        expected = len(starts) * period / phrase.steps
        if onsets and expected / _MAX_RATE_FACTOR <= len(onsets) <= expected * _MAX_RATE_FACTOR:
            return OnsetPattern(onsets, period)
    return OnsetPattern(tuple(start - (phrase.steps - whole) for start in starts), whole)
