"""The settings in force, combined from the user's choice and the shared tempo."""

from dataclasses import replace

from bachbridge.settings import Settings, range_of

_MIN_BPM, _MAX_BPM = range_of("bpm")


class ActiveSettings:
    """Shared by the session and its modes. Used on the engine's thread only."""

    __slots__ = ("_bpm_source", "awaits_start", "chosen", "current")

    def __init__(self, settings: Settings) -> None:
        self.chosen = settings
        """The settings as the user chose them."""
        self.current = settings if settings.start != "auto" else replace(settings, start="beat")
        """The settings in force."""
        self._bpm_source = ""
        self.awaits_start = False
        """True while a phrase waits for the DAW's next Start to be answered."""

    def update(self, bpm: float, bpm_source: str, *, has_shared_grid: bool) -> None:
        """Put the chosen settings in force, with the shared tempo in them and with the answer's start decided.

        `bpm_source` is "clock" or "link"; empty if there is no shared tempo.
        """
        settings = self.chosen
        self._bpm_source = bpm_source
        if self._bpm_source:
            settings = replace(settings, bpm=min(max(bpm, _MIN_BPM), _MAX_BPM))
        if settings.start == "auto":
            settings = replace(settings, start="bar" if has_shared_grid or self.awaits_start else "beat")
        self.current = settings

    @property
    def tempo_source(self) -> str:
        """Source of the tempo, as in `BarStarted`: "clock", "link", "set" or "playing"."""
        return self._bpm_source or ("set" if self.current.bpm else "playing")
