"""The key that the player's tune is in, as it is played (see `music.tonality.key_belief`).

Notes that begin together are a chord: the highest is the tune's, the others count less. The key that is named changes
only when another one has become clearly likelier, so that a name does not flicker.
"""

from bachbridge.music.frames import REST, pitch_index
from bachbridge.music.notes import Key, key_to_number
from bachbridge.music.tonality.key_belief import NO_BELIEF, KeyBelief

_TOGETHER_NS = 40_000_000
"""Notes that begin within this time begin together."""
_MAX_HELD_STEPS = 9
_PAUSE_STEPS = 16
"""A silence after which another tune begins."""
_MIN_NOTES = 3
"""Onsets before which no key is named."""
_CLEAR_LEAD = 0.1
_MIDDLE_OCTAVE = 60


class TuneKey:
    """The belief, and the key that is named. Used on the engine's thread only."""

    __slots__ = ("_belief", "_named", "_onset_count", "_onsets", "_rest_ns", "_struck_ns")

    def __init__(self) -> None:
        self._belief: KeyBelief = NO_BELIEF
        self._onsets: list[tuple[int, int]] = []
        """Notes that were not counted yet, as (time in ns, pitch)."""
        self._struck_ns, self._rest_ns, self._onset_count = 0, 0, 0
        self._named: Key | None = None

    def add(self, now_ns: int, pitch: int) -> None:
        """Note the beginning of a note; it is counted at the next `update`."""
        self._onsets.append((now_ns, pitch))

    def update(self, now_ns: int, step_ns: int) -> None:
        """Count the notes that began before now; a step lasts `step_ns`."""
        while self._onsets and now_ns - self._onsets[0][0] >= _TOGETHER_NS:
            begin_ns = self._onsets[0][0]
            together = [pitch for at_ns, pitch in self._onsets if at_ns - begin_ns < _TOGETHER_NS]
            del self._onsets[: len(together)]
            self._count(begin_ns, together, step_ns)
        self._choose_key()

    def _count(self, at_ns: int, pitches: list[int], step_ns: int) -> None:
        belief, steps = self._belief, round((at_ns - self._struck_ns) / step_ns)
        if belief.has_begun and steps >= _PAUSE_STEPS:
            belief = belief.after_step(REST, onset=False).after_pause()
        elif belief.has_begun:
            held = pitch_index(_MIDDLE_OCTAVE + belief.pitch_class)
            for _ in range(min(steps - 1, _MAX_HELD_STEPS)):
                belief = belief.after_step(held, onset=False)
        for pitch in sorted(pitches)[:-1]:
            belief = belief.after_chord_note(pitch % 12) if belief.has_begun else belief
        self._belief = belief.after_step(pitch_index(_MIDDLE_OCTAVE + max(pitches) % 12), onset=True)
        self._struck_ns, self._onset_count = at_ns, self._onset_count + len(pitches)

    def _choose_key(self) -> None:
        likeliest = self._belief.key
        if self._onset_count < _MIN_NOTES or likeliest is None:
            return
        lead = self._belief.confidence - self.confidence_of(self._named)
        if self._named is None or lead > _CLEAR_LEAD:
            self._named = likeliest

    @property
    def key(self) -> Key | None:
        """The key that is named; None before a few notes."""
        return self._named

    def confidence_of(self, key: Key | None) -> float:
        """Return the probability of a key."""
        return 0.0 if key is None else float(self._belief.probabilities[key_to_number(key)])
