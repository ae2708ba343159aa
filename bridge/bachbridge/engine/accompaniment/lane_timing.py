"""When the lane of a duet strikes: with the player, or on lines of the grid.

Note against note, the lane strikes at the moment of the player's note. In the other species it strikes on its lines. If
the player may be about to play there too, because he has just let go of his key or because his note has lasted as long
as the one before, the lane waits for him a little: a note that is struck together with his is known to fit.
"""

from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.counterpoint.species import Species, species_of
from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.settings import Settings

_PATIENCE_NS = 40_000_000
"""The lane waits no longer than this for the player's note, and no longer than a quarter of a step."""
_MIN_NOTE_NS = 62_000_000
"""The lane strikes again no sooner than this: the keys of a chord are one note."""


class LaneTiming:
    """The lane's species and what is known of the player's pace. Used on the engine's thread only."""

    __slots__ = ("_last_length", "_note_step", "_settings", "_struck_ns", "species")

    def __init__(self, settings: Settings) -> None:
        self._note_step = self._last_length = 0
        """Step of the player's last note, and the steps between it and the one before."""
        self._struck_ns: int | None = None
        self.apply_settings(settings)

    def apply_settings(self, settings: Settings) -> None:
        self._settings = settings
        self.species: Species | None = species_of(settings.counterpoint, max(STEPS_PER_BEAT, settings.steps_per_beat))
        """The species of the lane; None if the voice moves freely."""

    @property
    def rest_steps(self) -> int:
        """Steps without a key of the player's after which the voice falls silent."""
        return self.species.beat_steps if self.species else self._settings.steps_per_bar

    @property
    def strikes_with_player(self) -> bool:
        return self.species is not None and self.species.strikes_with_player()

    def note_on(self, step: int) -> None:
        """Note the step of the player's note."""
        self._last_length, self._note_step = step - self._note_step, step

    def struck(self, now_ns: int) -> None:
        """Note when the lane has struck."""
        self._struck_ns = now_ns

    def soonest_strike_ns(self, now_ns: int) -> int:
        """Return when the lane may strike again, not before `now_ns`."""
        return now_ns if self._struck_ns is None else max(now_ns, self._struck_ns + _MIN_NOTE_NS)

    def patience_ns(self, grid: Grid, step: int, silent_since_step: int | None) -> int:
        """Return how long the lane waits on the line of `step` for the player's note.

        `silent_since_step` is the step at which he released his last key; None while he holds one.
        """
        species = self.species
        if species is None or species.strikes_with_player():
            return 0
        place = species.place(step % self._settings.steps_per_bar)
        if not (species.strikes_at(place) or species.may_break_at(place)):
            return 0
        is_expected = step - self._note_step == self._last_length
        is_released = silent_since_step is not None and (place == 0 or silent_since_step == step)
        return min(_PATIENCE_NS, grid.step_ns // 4) if is_released or is_expected else 0

    def is_timely(self, grid: Grid, late_ns: int) -> bool:
        """Return True if the voice may still move so long after its line."""
        return late_ns < (grid.step_ns // 2 if self.species else grid.step_ns // 4)
