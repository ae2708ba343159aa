"""The style of the harmony: one value that the settings, the planner and the samplers share."""

from dataclasses import dataclass
from typing import Literal, cast

from bachbridge.music.notes import VOICE_LEADING_RULES, Key
from bachbridge.music.tonality.key_names import parse_key, parse_mode_final
from bachbridge.music.voice_leading import parse_rules
from bachbridge.settings import Settings

RepeatMode = Literal["model", "hold", "strike"]


@dataclass(frozen=True, slots=True)
class Style:
    """The values that steer a choice among chords.

    `position` runs from -1 (as close as possible) to 1 (as wide as possible), `density` from -1 (the inner voices stay
    still while the given voice is held) to 1 (they move as often as they can). `cadence` leads to a full close in
    `key`; a key of None is found from the music. In a mode, `key` is the major key with its notes and `final` the pitch
    class on which it rests (-1: the key's tonic). `repeat` says which voices repeat a note that stays: those that the
    model chooses ("model"), none ("hold"), or all, together with the given voice ("strike"). `randomness` runs from 0
    (take the best candidate) to 1 (draw as the model would among the chords that the rules allow). With the defaults,
    which were found on the validation pieces, the harmony moves and clashes about as much as Bach's.
    """

    temperature: float = 0.9
    top_p: float = 0.95
    candidates: int = 8
    rules: frozenset[str] = frozenset(VOICE_LEADING_RULES)
    key: Key | None = None
    position: float = 0.0
    density: float = 0.0
    cadence: bool = False
    repeat: RepeatMode = "model"
    randomness: float = 0.5
    final: int = -1


def style_from_settings(settings: Settings, *, cadence: bool) -> Style:
    """Return the style that the settings ask for; `cadence` says whether a full close is wanted now."""
    return Style(
        temperature=settings.temperature,
        top_p=settings.top_p,
        candidates=settings.candidates,
        rules=parse_rules(settings.rules),
        key=parse_key(settings.key),
        position=settings.position,
        density=settings.density,
        cadence=cadence,
        repeat=cast("RepeatMode", settings.common_tones),
        final=parse_mode_final(settings.key),
    )
