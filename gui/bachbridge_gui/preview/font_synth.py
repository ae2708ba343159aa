"""A sound font played by FluidSynth: MIDI messages in, stereo samples out, like `synth`.

FluidSynth is a library of the system, reached by pyfluidsynth through ctypes, which lets go of Python's lock while it
renders. Where it is missing, the built-in instruments play. The player's channels are FluidSynth's channels 16 to 31,
so that they have an instrument of their own. FluidSynth has its own lock, so messages and rendering need none here.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.errors import BachBridgeError
from bachbridge.files.sound.instruments import GENERAL_MIDI_PROGRAMS, RATE_HZ, VOICE_PANS, player_sound
from bachbridge.install_advice import install_advice
from bachbridge.midi import messages as midi
from bachbridge_gui.preview.audio_device import stderr_silenced
from bachbridge_gui.preview.synth import PERCUSSION_CHANNEL, StereoSamples

_CHANNELS = 16
_PERCUSSION_BANK = 128
_PAN, _PAN_MAX = 10, 127
_GAIN = 0.55
_POLYPHONY = 96
_FAILED = -1
_ROOM = {"roomsize": 0.35, "damping": 0.3, "width": 0.8, "level": 0.35}


def load_fluidsynth() -> Any:
    """Import pyfluidsynth; `BachBridgeError` if it or the system's library is missing."""
    try:
        return importlib.import_module("fluidsynth")
    except ModuleNotFoundError as error:
        raise BachBridgeError(f"Sound fonts need one more package: {install_advice('gui')}.") from error
    except (ImportError, OSError, AttributeError) as error:
        raise BachBridgeError(
            "Sound fonts need FluidSynth: install the system's package fluidsynth; the built-in instruments play until "
            "then."
        ) from error


class FontSynth:
    """Call `render` on the device's thread and all other methods on one other thread."""

    def __init__(self, font: Path, sound: str) -> None:
        """Load the sound font; raises `BachBridgeError`."""
        library = load_fluidsynth()
        with stderr_silenced():
            options: dict[str, Any] = {"synth.polyphony": _POLYPHONY, "synth.chorus.active": 0}
            self._fluid = library.Synth(_GAIN, RATE_HZ, 2 * _CHANNELS, **options)
            self._font_id = int(self._fluid.sfload(str(font)))
        if self._font_id == _FAILED:
            self._fluid.delete()
            raise BachBridgeError(
                f"The sound font {font.name} cannot be loaded: choose another one; the built-in instruments play until "
                "then."
            )
        self._fluid.set_reverb(**_ROOM)
        self._target_volume = self._current_volume = 1.0
        for channel in range(_CHANNELS):
            self._fluid.cc(channel, _PAN, round(VOICE_PANS[channel % len(VOICE_PANS)] * _PAN_MAX))
        self.set_sound(sound)

    @property
    def sounding_count(self) -> int:
        """Number of FluidSynth's voices that sound or fade out."""
        return int(self._fluid.get_active_voice_count())

    def set_sound(self, name: str) -> None:
        """Play the next notes on this instrument of General MIDI."""
        for channel in range(_CHANNELS):
            self._select_program(channel, GENERAL_MIDI_PROGRAMS[name])
            self._select_program(_CHANNELS + channel, GENERAL_MIDI_PROGRAMS[player_sound(name)])
        self._select(PERCUSSION_CHANNEL, _PERCUSSION_BANK, 0)

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 (silence) to 1."""
        self._target_volume = min(max(volume, 0.0), 1.0) ** 2

    def handle_midi(self, data: bytes, from_player: bool) -> None:
        """Play one message of the player, or one that BachBridge sent."""
        first = _CHANNELS if from_player else 0
        match midi.decode(data):
            case midi.NoteOn(channel, pitch, velocity):
                self._fluid.noteon(first + channel, pitch, velocity)
            case midi.NoteOff(channel, pitch):
                self._fluid.noteoff(first + channel, pitch)
            case midi.ControlChange(channel, midi.SUSTAIN | midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF as number, value):
                self._fluid.cc(first + channel, number, value)
            case _:
                pass

    def panic(self) -> None:
        """Release the pedals and let all notes end."""
        for channel in range(2 * _CHANNELS):
            self._fluid.cc(channel, midi.SUSTAIN, 0)
            self._fluid.cc(channel, midi.ALL_NOTES_OFF, 0)

    def render(self, frames: int) -> StereoSamples:
        """Return the next samples[frame, side], each between -1 and 1."""
        samples = self._fluid.get_samples(frames).reshape(-1, 2).astype(np.float32) / 32768
        volume = self._target_volume
        samples *= np.linspace(self._current_volume, volume, frames, dtype=np.float32)[:, None]
        self._current_volume = volume
        return samples

    def close(self) -> None:
        self._fluid.delete()

    def _select_program(self, channel: int, program: int) -> None:
        """Select the program, or the first one that a font without it has."""
        if not self._select(channel, 0, program):
            any(self._select(channel, 0, other) for other in range(128))

    def _select(self, channel: int, bank: int, program: int) -> bool:
        """Select a preset; False if the font has none there."""
        if self._fluid.sfpreset_name(self._font_id, bank, program) is None:
            return False
        return self._fluid.program_select(channel, self._font_id, bank, program) != _FAILED
