"""The harmony of the player's left hand: the keys that it holds, and the pattern in which it breaks the chord.

Nothing is held back: a single key is a harmony of one pitch class, and each further one changes it. The pattern is
remembered for a moment after the keys went up. Keys that are left over from an earlier chord count only if they stay
down: otherwise they were played legato.
"""

from collections.abc import Callable, Iterable

from bachbridge.engine.input.broken_chords import KeyStroke, Strokes, continue_pattern, counted_pitches, quick_ns
from bachbridge.engine.input.chord_onsets import STRUM_NS
from bachbridge.engine.input.roles import LeftHand, left_hand_of
from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.protocol.effects import Effect

_MEMORY_BEATS = 1.5
"""Time for which the pattern is remembered after the last key went up."""
_LEGATO_NS = 120_000_000
"""Keys of an earlier chord that are down for longer than this under a new one belong to it."""
_HELD_CHORD = 2
"""Keys that are held as a chord, to which a single one is added."""


class LeftHandPattern:
    """The session's part that knows the left hand's harmony. Used on the engine's thread only."""

    __slots__ = ("_beat_ns", "_before", "_changed", "_held", "_held_on_counts", "_silent_since_ns", "_strokes")

    def __init__(self, changed: Callable[[int, LeftHand | None], list[Effect]]) -> None:
        """`changed` obeys the harmony after it has changed without a message of the player."""
        self._changed = changed
        self._beat_ns = 0
        self.clear()

    def clear(self) -> None:
        """Forget all keys."""
        self._held: frozenset[int] = frozenset()
        self._strokes: Strokes = ()
        self._before: Strokes = ()
        """The pattern before its last stroke, which further keys may join."""
        self._held_on_counts = True
        """False while keys of an earlier chord may have been played legato."""
        self._silent_since_ns: int | None = None
        """When the last key went up; None while a key is down or nothing is remembered."""

    def follow(self, now_ns: int, pitches: Iterable[int], grid: Grid) -> LeftHand | None:
        """Return the harmony now that the left hand holds these pitches; the grid tells the beats."""
        held = frozenset(pitches)
        if held == self._held:
            return self._harmony
        self._beat_ns = STEPS_PER_BEAT * grid.step_ns
        is_on_beat = grid.nearest_step(now_ns) % STEPS_PER_BEAT == 0
        for pitch in sorted(held - self._held):
            self._press(now_ns, pitch, is_on_beat=is_on_beat)
        self._silent_since_ns = None if held else now_ns
        self._held = held
        return self._harmony

    def _press(self, now_ns: int, pitch: int, *, is_on_beat: bool) -> None:
        last = self._strokes[-1] if self._strokes else None
        if last and now_ns - last.on_ns < STRUM_NS:
            stroke = KeyStroke(last.on_ns, tuple(sorted({*last.pitches, pitch})))
        else:
            stroke, self._before = KeyStroke(now_ns, (pitch,)), self._strokes
        self._strokes = continue_pattern(self._before, stroke, self._beat_ns, is_on_beat=is_on_beat)
        if len(self._strokes) == 1:
            is_added = len(stroke.pitches) == 1 and len(self._held - {pitch}) >= _HELD_CHORD
            self._held_on_counts = is_added

    @property
    def _held_on(self) -> frozenset[int]:
        """Keys that are down and belong to no stroke of the pattern."""
        return self._held - {pitch for stroke in self._strokes for pitch in stroke.pitches}

    @property
    def _harmony(self) -> LeftHand | None:
        if not self._strokes:
            return None
        pitches = counted_pitches(self._strokes)
        return left_hand_of([*pitches, *self._held_on] if self._held_on_counts else pitches)

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When the harmony changes unless a key moves (ns), or None."""
        if not self._strokes:
            return None
        times = (self._forget_ns(), self._count_held_on_ns(), self._count_passing_ns())
        return min((time_ns for time_ns in times if time_ns is not None), default=None)

    def _forget_ns(self) -> int | None:
        """Timer: forgets the pattern."""
        return None if self._silent_since_ns is None else self._silent_since_ns + round(_MEMORY_BEATS * self._beat_ns)

    def _count_held_on_ns(self) -> int | None:
        """Timer: counts the keys of an earlier chord that are still down."""
        return None if self._held_on_counts or not self._held_on else self._strokes[-1].on_ns + _LEGATO_NS

    def _count_passing_ns(self) -> int | None:
        """Timer: lets a passing note that stays be the bass."""
        last = self._strokes[-1] if self._strokes else None
        if last is None or last.counts or not self._held.issuperset(last.pitches):
            return None
        if last.pitches[0] % 12 in {pitch % 12 for pitch in counted_pitches(self._strokes)}:
            return None  # the bass's fifth
        return last.on_ns + quick_ns(self._beat_ns)

    def advance(self, now_ns: int) -> list[Effect]:
        """Change the harmony as the timers that are due say."""
        if is_due(now_ns, self._forget_ns()):
            self.clear()
            return self._changed(now_ns, None)
        if is_due(now_ns, self._count_passing_ns()):
            last = self._strokes[-1]
            self._strokes = self._before = (KeyStroke(last.on_ns, last.pitches),)
        if is_due(now_ns, self._count_held_on_ns()):
            self._held_on_counts = True
        return self._changed(now_ns, self._harmony)
