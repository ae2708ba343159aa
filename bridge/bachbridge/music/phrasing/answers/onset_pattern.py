"""The rhythm of a phrase's last bars as a pattern that an answer repeats: the steps on which something begins."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from bachbridge.music.notes import STEPS_PER_BEAT, Phrase

_MAX_BARS = 8


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
    """Return the pattern of the last whole bars, or of a phrase that is shorter than a bar; None without any note."""
    bars = min(phrase.steps // phrase.steps_per_bar, _MAX_BARS)
    period = bars * phrase.steps_per_bar or -(-phrase.steps // STEPS_PER_BEAT) * STEPS_PER_BEAT
    starts = sorted({note.start for note in phrase.notes if note.start < phrase.steps})
    if not starts:
        return None
    window = phrase.steps - period
    onsets = tuple(start - window for start in starts if start >= window)
    return OnsetPattern(onsets or (0,), period)
