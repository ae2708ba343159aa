"""MIDI channel, pitch and velocity of a voice's notes, as the settings want them."""

from bachbridge.music.notes import VOICES, fold_into_range
from bachbridge.settings import Settings

OutputNote = tuple[int, int, int]
"""MIDI channel (from 0), pitch and velocity."""


def output_note(settings: Settings, voice: int, pitch: int, velocity: int) -> OutputNote | None:
    """Return the note to send for a note of `voice`; None if the voice is switched off.

    A pitch outside MIDI's range moves back into it by octaves.
    """
    if VOICES[voice][0] not in settings.harmony:
        return None
    output_velocity = min(127, max(1, round(velocity * settings.levels[voice] / 100)))
    return settings.channels[voice] - 1, fold_into_range(pitch + 12 * settings.octaves[voice], 0, 127), output_velocity


def played_voice_channel(settings: Settings) -> int:
    """Return the channel (from 0) of the voice that the player plays."""
    return settings.channels[settings.voice_index] - 1


def player_channel(settings: Settings) -> int:
    """Return the channel (from 0) for playback of the player's notes: the first, from the fifth on, without a voice."""
    order = (*range(4, 16), *range(4))
    return next(channel for channel in order if channel + 1 not in settings.channels)
