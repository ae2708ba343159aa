"""The settings in force, combined from the user's choice and the tempo of the DAW's MIDI clock."""

from dataclasses import replace

from bachbridge.settings import Settings


class ActiveSettings:
    """Shared by the session and its modes. Used on the engine's thread only."""

    __slots__ = ("chosen", "current")

    def __init__(self, settings: Settings) -> None:
        self.chosen = settings
        """The settings as the user chose them."""
        self.current = settings
        """The settings in force."""

    def update(self, clock_bpm: float) -> None:
        """Put the chosen settings in force, with the clock's tempo if it runs (not 0) and is followed."""
        follows_clock = self.chosen.follow_clock and clock_bpm > 0
        self.current = replace(self.chosen, bpm=clock_bpm) if follows_clock else self.chosen

    @property
    def tempo_source(self) -> str:
        """Source of the tempo, as in `BarStarted`: "clock", "set" or "playing"."""
        if self.current.bpm != self.chosen.bpm:
            return "clock"
        return "set" if self.current.bpm else "playing"
