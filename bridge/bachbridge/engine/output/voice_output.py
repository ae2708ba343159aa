"""How a voice sounds: on which channel, in which octave and how loud, or not at all, as the settings have it."""

from bachbridge.music.notes import VOICES, fold_into_range
from bachbridge.settings import Settings

OutputNote = tuple[int, int, int]
"""MIDI channel (from 0), pitch and velocity."""


def output_note(settings: Settings, voice: int, pitch: int, velocity: int) -> OutputNote | None:
    """What is sent for a note of that voice; None where the voice is switched off.

    A pitch that leaves MIDI's range by its octaves goes back by as many as it takes.
    """
    if VOICES[voice][0] not in settings.harmony:
        return None
    loud = min(127, max(1, round(velocity * settings.levels[voice] / 100)))
    return settings.channels[voice] - 1, fold_into_range(pitch + 12 * settings.octaves[voice], 0, 127), loud


def player_channel(settings: Settings) -> int:
    """The channel (from 0) of what is played in the player's stead: the first from the fifth on that no voice has."""
    order = (*range(4, 16), *range(4))
    return next(channel for channel in order if channel + 1 not in settings.channels)
