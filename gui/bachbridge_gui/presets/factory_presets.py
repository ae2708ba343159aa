"""The presets that come with the program. Each teaches one way to play with it; they cannot be changed or deleted."""

from dataclasses import dataclass

from bachbridge.settings import Settings
from bachbridge_gui.presets.presets import Preset
from bachbridge_gui.translation import translatable


@dataclass(frozen=True, slots=True)
class FactoryPreset:
    """A preset with a line that says what to play."""

    name: str
    line: str
    settings: Settings

    @property
    def preset(self) -> Preset:
        return Preset(self.settings)


FACTORY_PRESETS = (
    FactoryPreset(
        translatable("Chorale accompanist"),
        translatable("Play a tune: three voices sound under it, as in a chorale. Press Cadence to close."),
        Settings(mode="harmonize", model="chorale-lstm", temperature=0.7),
    ),
    FactoryPreset(
        translatable("Left hand leads"),
        translatable("Hold chords below middle C: the harmony under your tune follows them."),
        Settings(mode="harmonize", model="chorale-lstm", hands="split", split_point=60, left_hand="obey"),
    ),
    FactoryPreset(
        translatable("Call and response"),
        translatable("Play a phrase and stop: it is answered. Play again, and the answer gives way to you."),
        Settings(mode="continue", model="chorale-lstm", answer="continue", close="cadence"),
    ),
    FactoryPreset(
        translatable("Trade fours"),
        translatable("At 100 bpm you play four bars, then the model plays four, for as long as you like."),
        Settings(mode="trade", model="play-bach", bpm=100.0, trade_bars=4, metronome="on"),
    ),
    FactoryPreset(
        translatable("Endless dream"),
        translatable("Play a few notes and let go: the music goes on until you play again."),
        Settings(mode="continue", model="play-bach", answer="dream", temperature=1.0),
    ),
    FactoryPreset(
        translatable("Folk tune"),
        translatable("Play the first bars of a tune: the model adds eight more in the same meter."),
        Settings(mode="continue", model="abc", answer="continue", answer_bars=8, bpm=110.0),
    ),
)
"""In the order in which they are listed, after the user's own."""


def factory_preset(name: str) -> FactoryPreset | None:
    """Return the preset of this name; None if the program has none."""
    return next((preset for preset in FACTORY_PRESETS if preset.name == name), None)
