"""Everything a person can set, in one frozen value; the command line's options and the window's controls are its fields."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The session's settings. Beats are quarter notes, channels are 1-based here (0-based on the wire)."""

    mode: str = "continue"
    """One of `MODES`."""
    model: str = "chorale-lstm"
    temperature: float = 0.9
    top_p: float = 0.95
    bpm: float = 0.0
    """0: estimate the tempo from what is played."""
    beats_per_bar: int = 4
    phrase_end: str = "silence"
    """One of `PHRASE_ENDS`; a control message and the command `EndPhrase` end a phrase under each of them."""
    silence_beats: float = 4.0
    phrase_bars: int = 4
    """Length of a phrase in bars where `phrase_end` is "bars"."""
    end_control: int = 80
    """Controller number whose value of 64 or more ends the phrase; -1: none."""
    answer_bars: int = 0
    """0: as long as the phrase."""
    let_finish: bool = False
    """Whether the answer goes on when the player plays again."""
    thru: bool = False
    channels: tuple[int, ...] = (1, 2, 3, 4)
    """MIDI channel of soprano, alto, tenor and bass."""
    seed: int = -1
    """-1: a new one for each phrase."""


MODES = ("continue", "off")
PHRASE_ENDS = ("silence", "pedal", "bars", "control")

