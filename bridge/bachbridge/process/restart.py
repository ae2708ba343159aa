"""Pauses before a dead child process is started again; they grow while it keeps dying."""

from collections.abc import Sequence


class RestartBackoff:
    """A count of a child's deaths since it last worked. It has no lock: use it on one thread at a time."""

    def __init__(self, pauses_s: Sequence[float], *, max_deaths: int | None = None) -> None:
        """Pause for `pauses_s[n]` after death `n`, then always for the last of them; give up after `max_deaths`."""
        self._pauses_s, self._max_deaths = tuple(pauses_s), max_deaths
        self._deaths = 0

    @property
    def has_given_up(self) -> bool:
        return self._max_deaths is not None and self._deaths >= self._max_deaths

    def record_death(self) -> float:
        """Count a death; return the pause before the child is to be started again (s)."""
        pause_s = self._pauses_s[min(self._deaths, len(self._pauses_s) - 1)]
        self._deaths += 1
        return pause_s

    def reset(self) -> None:
        """Forget the deaths, because the child works or a person wants another try."""
        self._deaths = 0
