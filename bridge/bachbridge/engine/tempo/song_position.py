"""Song positions as DAWs send them: a hint, of which the unit is not sure.

MIDI counts 16ths, which are six pulses. Ardour 7 counts in pulses, and continues only on quarter notes. The unit shows
where a DAW continues from the place at which it has stopped, and in a position that is no whole number of quarters.
"""

PULSES_PER_STEP = 6
PULSES_PER_QUARTER = 24


class SongPositionHint:
    """The pulse index at which the clock will continue. Used on the engine's thread only."""

    __slots__ = ("_announced", "_stopped_index", "_unit")

    def __init__(self) -> None:
        self._announced: int | None = None
        self._stopped_index = 0
        """Index of the pulse that would have been next when the clock stopped."""
        self._unit = PULSES_PER_STEP
        """Pulses in a unit of the announced position."""

    def stop_at(self, next_index: int) -> None:
        """Remember where the clock has stopped: before the pulse `next_index`."""
        self._announced, self._stopped_index = None, next_index

    def announce(self, position: int) -> None:
        """Remember the position that the DAW announces for its next Continue."""
        self._announced = position
        if position % PULSES_PER_QUARTER:
            self._unit = PULSES_PER_STEP
            return
        near = [unit for unit in (1, PULSES_PER_STEP) if self._is_near_stop(position * unit)]
        if len(near) == 1:
            self._unit = near[0]

    def resumed_index(self) -> int:
        """Return the index of the first pulse after Continue, and forget what was announced."""
        announced, self._announced = self._announced, None
        if announced is not None:
            return announced * self._unit
        quarter = PULSES_PER_QUARTER if self._unit == 1 else 1
        return -(-self._stopped_index // quarter) * quarter

    def _is_near_stop(self, index: int) -> bool:
        """Return True if the index is the place of the last stop, or the quarter note after it."""
        return self._stopped_index > PULSES_PER_QUARTER and 0 <= index - self._stopped_index + 1 <= PULSES_PER_QUARTER
