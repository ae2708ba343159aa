"""The small synthesizer: MIDI messages in, stereo samples out. It knows no clock and no device.

The player's notes sound on the harpsichord in the middle, what BachBridge sends on the organ, each channel at its
place between left and right. A note takes a voice; of more than `VOICES` at once the one that was let go longest ago
gives way, or else the oldest. Everything that begins or ends does so along half a cosine, even what gives way or is
silenced (`_CUT`), since a leap clicks. The sum is held below full scale by a soft knee that leaves ordinary chords
alone.

`take` and `render` may be called on two threads: a lock is held only while the list of voices is touched or mixed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.files.wav import HARPSICHORD, ORGAN, PANS, RATE_HZ, Instrument, sides
from bachbridge.midi import messages as midi
from bachbridge_gui.preview.tone_cache import Mono, Tone, tone

VOICES = 32
_GAIN = 0.17
"""Of full scale, for a sine at level 1: room for eight voices."""
_KNEE = 0.7
_CUT = round(0.006 * RATE_HZ)
"""Frames in which a voice that gives way falls silent."""

Stereo = NDArray[np.float32]


@dataclass(slots=True)
class _Voice:
    """A note that sounds. `released` and `cut` count the frames since it was let go or had to give way."""

    player: bool
    channel: int
    pitch: int
    instrument: Instrument
    tone: Tone
    gains: Stereo
    age: int = 0
    released: int | None = None
    cut: int | None = None
    pedalled: bool = False
    """Let go, but held by the sustain pedal."""

    def add(self, out: Stereo) -> bool:
        """Add the next frames to out[frame, side]; False once the note is over."""
        frames = len(out)
        samples = self.tone.at(self.age, frames)
        swell = self._swell(frames)
        if swell is not None:
            samples = samples * swell[: len(samples)]
        out[: len(samples)] += samples[:, None] * self.gains
        self.age += frames
        ended = self.released is not None and self.released >= _frames(self.instrument.release_s)
        return not ended and (self.cut is None or self.cut < _CUT) and len(samples) == frames

    def _swell(self, frames: int) -> Mono | None:
        """The product of all that rises and falls in these frames; None where nothing does."""
        swell: Mono | None = None
        attack = _frames(self.instrument.attack_s)
        if self.age < attack:
            swell = 1 - _window(_falling(attack), self.age, frames)
        if self.released is not None:
            falling = _window(_falling(_frames(self.instrument.release_s)), self.released, frames)
            swell = falling if swell is None else swell * falling
            self.released += frames
        if self.cut is not None:
            falling = _window(_falling(_CUT), self.cut, frames)
            swell = falling if swell is None else swell * falling
            self.cut += frames
        return swell


class Synth:
    """`render` is for the device's thread, everything else for one other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._voices: list[_Voice] = []
        self._pedals: set[tuple[bool, int]] = set()
        self._volume = self._reached = 1.0

    @property
    def sounding(self) -> int:
        """How many notes sound or fade."""
        return len(self._voices)

    def set_volume(self, volume: float) -> None:
        """From 0 (silence) to 1."""
        self._volume = min(max(volume, 0.0), 1.0) ** 2

    def take(self, data: bytes, player: bool) -> None:
        """One message of the player's, or one that was sent."""
        match midi.decode(data):
            case midi.NoteOn(channel, pitch, velocity):
                self._strike(player, channel, pitch, velocity)
            case midi.NoteOff(channel, pitch):
                self._release(player, channel, pitch)
            case midi.Control(channel, midi.SUSTAIN, value):
                self._pedal(player, channel, value >= midi.HALF)
            case midi.Control(channel, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF):
                self._cut_all(lambda voice: (voice.player, voice.channel) == (player, channel))
            case _:
                pass

    def panic(self) -> None:
        """Everything falls silent, at once but without a click."""
        self._pedals.clear()
        self._cut_all(lambda _: True)

    def render(self, frames: int) -> Stereo:
        """The next samples[frame, side], each between -1 and 1."""
        out = np.zeros((frames, 2), np.float32)
        with self._lock:
            self._voices = [voice for voice in self._voices if voice.add(out)]
        volume = self._volume
        out *= np.linspace(self._reached, volume, frames, dtype=np.float32)[:, None]
        self._reached = volume
        return limited(out)

    def _strike(self, player: bool, channel: int, pitch: int, velocity: int) -> None:
        instrument, pan = (HARPSICHORD, 0.5) if player else (ORGAN, PANS[channel % len(PANS)])
        gains = (_GAIN * instrument.level(velocity) * sides(pan)).astype(np.float32)
        voice = _Voice(player, channel, pitch, instrument, tone(instrument, pitch), gains)
        self._release(player, channel, pitch, pedal=False)
        with self._lock:
            self._make_room()
            self._voices.append(voice)

    def _make_room(self) -> None:
        """With the lock held."""
        staying = [voice for voice in self._voices if voice.cut is None]
        if len(staying) < VOICES:
            return
        victim = next((voice for voice in staying if voice.released is not None), staying[0])
        victim.cut = 0
        if victim.age == 0:  # nobody has heard it yet
            self._voices.remove(victim)

    def _release(self, player: bool, channel: int, pitch: int, *, pedal: bool = True) -> None:
        held = pedal and (player, channel) in self._pedals
        with self._lock:
            for voice in self._voices:
                if (voice.player, voice.channel, voice.pitch, voice.released) == (player, channel, pitch, None):
                    voice.pedalled = held
                    voice.released = None if held else 0

    def _pedal(self, player: bool, channel: int, down: bool) -> None:
        (self._pedals.add if down else self._pedals.discard)((player, channel))
        with self._lock:
            for voice in self._voices:
                if not down and voice.pedalled and (voice.player, voice.channel) == (player, channel):
                    voice.pedalled, voice.released = False, 0

    def _cut_all(self, concerned: Callable[[_Voice], bool]) -> None:
        with self._lock:
            for voice in self._voices:
                if voice.cut is None and concerned(voice):
                    voice.cut = 0


def limited(samples: Stereo) -> Stereo:
    """The same up to the knee; what is louder comes ever nearer to full scale and never reaches it."""
    size = np.abs(samples)
    if float(size.max(initial=0)) <= _KNEE:
        return samples
    bent = _KNEE + (1 - _KNEE) * np.tanh((size - _KNEE) / (1 - _KNEE))
    return np.where(size > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)


def _frames(seconds: float) -> int:
    return round(seconds * RATE_HZ)


@cache
def _falling(frames: int) -> Mono:
    """Half a cosine from 1 to 0."""
    return (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, frames + 1))).astype(np.float32)


def _window(curve: Mono, frame: int, frames: int) -> Mono:
    """The curve from `frame` on; it stays at its last value."""
    return curve[np.minimum(np.arange(frame, frame + frames), len(curve) - 1)]
