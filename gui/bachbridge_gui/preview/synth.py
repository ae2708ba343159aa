"""A small synthesizer: MIDI messages in, stereo samples out. It knows no clock and no device.

BachBridge's notes sound on the chosen instrument, each channel at its place between left and right, and the player's in
the middle on another one; on the percussion channel of General MIDI they are strokes on a wood block. All are in one
small room. Each note takes a voice. If more than `MAX_VOICES` sound at once, the note that was released longest ago
gives way, or else the oldest one. Every attack and release follows half a cosine, even that of a note which gives way
or is silenced (`_CUT_FRAMES`), because a jump clicks. A soft knee keeps the sum below full scale and leaves ordinary
chords alone.

`handle_midi` and `render` may be called on two threads: a lock is held only while the list of voices is changed or
mixed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.files.sound.instruments import (
    INSTRUMENTS,
    RATE_HZ,
    VOICE_PANS,
    WOOD_BLOCK,
    Instrument,
    player_sound,
    stereo_gains,
    velocity_layer,
)
from bachbridge.files.sound.room import Room
from bachbridge.files.sound.tones import MonoSamples, Tone, cached_tone
from bachbridge.midi import messages as midi

MAX_VOICES = 32
PERCUSSION_CHANNEL = 9
_WOOD_BLOCK_PITCHES = {76: 93, 77: 86}
"""The pitch at which the high and the low wood block of General MIDI sound; other percussion notes sound as written."""
_GAIN = 0.17
"""Share of full scale for a sine at level 1: room for eight voices."""
_KNEE = 0.7
_CUT_FRAMES = round(0.006 * RATE_HZ)
"""Frames in which a note that gives way fades out."""

StereoSamples = NDArray[np.float32]


@dataclass(slots=True)
class _SynthVoice:
    """A sounding note. `released_frames` and `cut_frames` count from its release and from when it had to give way."""

    from_player: bool
    channel: int
    pitch: int
    instrument: Instrument
    tone: Tone
    gains: StereoSamples
    age_frames: int = 0
    released_frames: int | None = None
    cut_frames: int | None = None
    pedalled: bool = False
    """Released, but held by the sustain pedal."""

    def mix_into(self, out: StereoSamples) -> bool:
        """Add the next frames to out[frame, side]; False once the note is over."""
        frames = len(out)
        samples = self.tone.samples_from(self.age_frames, frames)
        envelope = self._envelope(frames)
        if envelope is not None:
            samples = samples * envelope[: len(samples)]
        out[: len(samples)] += samples[:, None] * self.gains
        self.age_frames += frames
        ended = self.released_frames is not None and self.released_frames >= _frame_count(self.instrument.release_s)
        return not ended and (self.cut_frames is None or self.cut_frames < _CUT_FRAMES) and len(samples) == frames

    def _envelope(self, frames: int) -> MonoSamples | None:
        """Product of all fades in these frames, envelope[frame]; None if there is no fade."""
        envelope: MonoSamples | None = None
        attack = _frame_count(self.instrument.attack_s)
        if self.age_frames < attack:
            envelope = 1 - _curve_section(_fade_out(attack), self.age_frames, frames)
        if self.released_frames is not None:
            fade_out = _curve_section(_fade_out(_frame_count(self.instrument.release_s)), self.released_frames, frames)
            envelope = fade_out if envelope is None else envelope * fade_out
            self.released_frames += frames
        if self.cut_frames is not None:
            fade_out = _curve_section(_fade_out(_CUT_FRAMES), self.cut_frames, frames)
            envelope = fade_out if envelope is None else envelope * fade_out
            self.cut_frames += frames
        return envelope


class Synth:
    """Call `render` on the device's thread and all other methods on one other thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._voices: list[_SynthVoice] = []
        self._pedals_down: set[tuple[bool, int]] = set()
        self._target_volume = self._current_volume = 1.0
        self._room = Room()
        self._sound = "organ"

    def set_sound(self, name: str) -> None:
        """Play the next notes on this one of `INSTRUMENTS`."""
        self._sound = name if name in INSTRUMENTS else self._sound

    @property
    def sounding_count(self) -> int:
        """Number of notes that sound or fade out."""
        return len(self._voices)

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 (silence) to 1."""
        self._target_volume = min(max(volume, 0.0), 1.0) ** 2

    def handle_midi(self, data: bytes, from_player: bool) -> None:
        """Play one message of the player, or one that BachBridge sent."""
        match midi.decode(data):
            case midi.NoteOn(channel, pitch, velocity):
                self._note_on(from_player, channel, pitch, velocity)
            case midi.NoteOff(channel, pitch):
                self._note_off(from_player, channel, pitch)
            case midi.ControlChange(channel, midi.SUSTAIN, value):
                self._set_pedal(from_player, channel, value >= midi.SWITCH_THRESHOLD)
            case midi.ControlChange(channel, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF):
                self._cut_matching(lambda voice: (voice.from_player, voice.channel) == (from_player, channel))
            case _:
                pass

    def panic(self) -> None:
        """Silence everything at once, but without a click."""
        self._pedals_down.clear()
        self._cut_matching(lambda _: True)
        self._room.cut()

    def render(self, frames: int) -> StereoSamples:
        """Return the next samples[frame, side], each between -1 and 1."""
        out = np.zeros((frames, 2), np.float32)
        with self._lock:
            self._voices = [voice for voice in self._voices if voice.mix_into(out)]
        self._room.add_to(out)
        volume = self._target_volume
        out *= np.linspace(self._current_volume, volume, frames, dtype=np.float32)[:, None]
        self._current_volume = volume
        return soft_limit(out)

    def _note_on(self, from_player: bool, channel: int, pitch: int, velocity: int) -> None:
        instrument, pan, tone_pitch = self._instrument_of(from_player, channel, pitch)
        gains = (_GAIN * instrument.level(velocity) * stereo_gains(pan)).astype(np.float32)
        tone = cached_tone(instrument, tone_pitch, velocity_layer(velocity))
        voice = _SynthVoice(from_player, channel, pitch, instrument, tone, gains)
        self._note_off(from_player, channel, pitch, use_pedal=False)
        with self._lock:
            self._make_room()
            self._voices.append(voice)

    def _make_room(self) -> None:
        """Let a note give way if all voices are taken. Call it with the lock held."""
        staying = [voice for voice in self._voices if voice.cut_frames is None]
        if len(staying) < MAX_VOICES:
            return
        victim = next((voice for voice in staying if voice.released_frames is not None), staying[0])
        victim.cut_frames = 0
        if victim.age_frames == 0:  # it was never heard, so nothing can click
            self._voices.remove(victim)

    def _note_off(self, from_player: bool, channel: int, pitch: int, *, use_pedal: bool = True) -> None:
        held = use_pedal and (from_player, channel) in self._pedals_down
        with self._lock:
            for voice in self._voices:
                if (voice.from_player, voice.channel, voice.pitch, voice.released_frames) == (
                    from_player,
                    channel,
                    pitch,
                    None,
                ):
                    voice.pedalled = held
                    voice.released_frames = None if held else 0

    def _set_pedal(self, from_player: bool, channel: int, down: bool) -> None:
        (self._pedals_down.add if down else self._pedals_down.discard)((from_player, channel))
        with self._lock:
            for voice in self._voices:
                if not down and voice.pedalled and (voice.from_player, voice.channel) == (from_player, channel):
                    voice.pedalled, voice.released_frames = False, 0

    def _cut_matching(self, matches: Callable[[_SynthVoice], bool]) -> None:
        with self._lock:
            for voice in self._voices:
                if voice.cut_frames is None and matches(voice):
                    voice.cut_frames = 0

    def _instrument_of(self, from_player: bool, channel: int, pitch: int) -> tuple[Instrument, float, int]:
        """Return a note's instrument, its place between left (0) and right (1), and the pitch at which it sounds."""
        if from_player:
            return INSTRUMENTS[player_sound(self._sound)], 0.5, pitch
        if channel == PERCUSSION_CHANNEL:
            return WOOD_BLOCK, 0.5, _WOOD_BLOCK_PITCHES.get(pitch, pitch)
        return INSTRUMENTS[self._sound], VOICE_PANS[channel % len(VOICE_PANS)], pitch


def soft_limit(samples: StereoSamples) -> StereoSamples:
    """Bend samples above the knee smoothly, so that they approach full scale and never reach it."""
    level = np.abs(samples)
    if float(level.max(initial=0)) <= _KNEE:
        return samples
    bent = _KNEE + (1 - _KNEE) * np.tanh((level - _KNEE) / (1 - _KNEE))
    return np.where(level > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)


def _frame_count(seconds: float) -> int:
    return round(seconds * RATE_HZ)


@cache
def _fade_out(frames: int) -> MonoSamples:
    """Return half a cosine from 1 to 0."""
    return (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, frames + 1))).astype(np.float32)


def _curve_section(curve: MonoSamples, frame: int, frames: int) -> MonoSamples:
    """Return the curve from `frame` on; after its end it keeps its last value."""
    return curve[np.minimum(np.arange(frame, frame + frames), len(curve) - 1)]
