"""Rendering parts to a WAV file without a sound card: with fluidsynth if it and a sound font are installed, else with
the small synthesizer here.

The synthesizer adds sines. A harpsichord's string is plucked: its partials start together and decay, the high ones
faster, and stop when the key is released. An organ's pipes (8', 4', 2 2/3', 2') speak within 30 ms and sound evenly.
Every note fades in and out over a few milliseconds, because a sine that starts or stops at once clicks. Both ways give
stereo, 16 bits, 44.1 kHz, the loudest sample at `PEAK` of full scale.
"""

import os
import shutil
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bachbridge.atomic_files import atomic_output
from bachbridge.music.performance import PLAYER, Part, TimedNote, last_note_end_ns

RATE_HZ = 44_100
PEAK = 10 ** (-3 / 20)
"""-3 dB below full scale."""
_TAIL_S = 1.5
_FONT_FOLDERS = (
    "~/.local/share/soundfonts",
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
_FONT_SUFFIXES = {".sf2", ".sf3"}
_RENDERING_LIMIT_S = 120

Samples = NDArray[np.float64]


def write_wav(path: Path, parts: Sequence[Part]) -> str:
    """Render the parts to `path`; return a description of the instrument for people. Raises `BachBridgeError`."""
    program, font = shutil.which("fluidsynth"), find_sound_font()
    if program and font:
        samples = _render_with_fluidsynth(program, font, parts)
        if samples is not None:
            _write_normalized_wav(path, samples)
            return f"fluidsynth with {font.name}"
    _write_normalized_wav(path, render_parts(parts))
    return "the built-in harpsichord and organ"


def find_sound_font() -> Path | None:
    """Return the sound font named by the environment variable SOUNDFONT, or else the largest in the usual folders."""
    named = os.environ.get("SOUNDFONT")
    if named:
        return Path(named) if Path(named).is_file() else None
    folders = [Path(folder).expanduser() for folder in _FONT_FOLDERS]
    fonts = [font for folder in folders if folder.is_dir() for font in sorted(folder.iterdir())]
    fonts = [font for font in fonts if font.suffix.lower() in _FONT_SUFFIXES and font.is_file()]
    return max(fonts, key=lambda font: font.stat().st_size, default=None)


def _render_with_fluidsynth(program: str, font: Path, parts: Sequence[Part]) -> Samples | None:
    """Return samples[frame, side], or None if fluidsynth fails."""
    from bachbridge.files.midi_writer import write_midi  # mido takes 60 ms to load

    with TemporaryDirectory() as folder:
        midi, sound = Path(folder) / "in.mid", Path(folder) / "out.wav"
        write_midi(midi, parts, bpm=120)
        options = ["-n", "-i", "-q", "-r", str(RATE_HZ), "-O", "s16", "-T", "wav", "-g", "0.5", "-F", str(sound)]
        try:
            subprocess.run(
                [program, *options, str(font), str(midi)], check=True, capture_output=True, timeout=_RENDERING_LIMIT_S
            )
            return _read_wav(sound)
        except (OSError, subprocess.SubprocessError, wave.Error, EOFError):
            return None


def _read_wav(path: Path) -> Samples:
    """Return samples[frame, side], -1 to 1, of a 16-bit stereo file."""
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return frames.reshape(-1, 2) / 32768.0


def _write_normalized_wav(path: Path, samples: Samples) -> None:
    """Write samples[frame, side], scaled so that the loudest is `PEAK`."""
    loudest = float(np.max(np.abs(samples), initial=0.0))
    scaled = samples * (PEAK / loudest) if loudest > 0 else samples
    frames = np.round(scaled * 32767).astype("<i2")
    with atomic_output(path) as scratch, wave.open(str(scratch), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(frames.tobytes())


# ---------------------------------------------------------------- the built-in synthesizer


@dataclass(frozen=True, slots=True)
class Instrument:
    """A sum of partials, each a pair of number and weight, with an attack, a decay (or none) and a release."""

    partials: tuple[tuple[int, float], ...]
    attack_s: float
    release_s: float
    min_level: float
    """The level at velocity 0; at 127 it is `velocity_range` higher."""
    velocity_range: float
    decay_s: float
    """The time in which the fundamental of C4 falls to 1/e while its key is held; infinite if it does not decay."""

    def level(self, velocity: int) -> float:
        return self.min_level + self.velocity_range * velocity / 127

    def partial_decay_s(self, pitch: int, n: int) -> float:
        """Return the time in which partial `n` of a pitch falls to 1/e: high strings and high partials decay faster."""
        return self.decay_s * (261.6 / pitch_hz(pitch)) ** 0.5 / n**0.5

    def audible_partials(self, pitch: int) -> list[tuple[int, float]]:
        """Return the partials of a pitch below 16 kHz."""
        return [(n, weight) for n, weight in self.partials if n * pitch_hz(pitch) < 16_000]


def pitch_hz(pitch: int) -> float:
    """Return the frequency in equal temperament, A4 = 440 Hz."""
    return 440.0 * 2 ** ((pitch - 69) / 12)


ORGAN = Instrument(
    ((1, 1.0), (2, 0.55), (3, 0.22), (4, 0.3), (5, 0.05), (6, 0.08), (8, 0.06)), 0.03, 0.1, 0.25, 0.3, np.inf
)
"""A principal chorus: its pipes are the partials 1, 2, 3 and 4, with a little of the partials above."""
HARPSICHORD = Instrument(
    tuple((n, abs(float(np.sin(np.pi * n / 7))) / n**0.8) for n in range(1, 25)), 0.002, 0.06, 0.3, 0.7, 1.6
)
"""A string plucked at a seventh of its length, so that every seventh partial is missing."""
WOOD_BLOCK = Instrument(((1, 1.0), (3, 0.5), (5, 0.25)), 0.001, 0.03, 0.5, 1.0, 0.06)
"""A hollow block of wood that is struck: odd partials that die away at once."""
VOICE_PANS = (0.38, 0.62, 0.3, 0.7)
"""Positions of soprano, alto, tenor and bass between left (0) and right (1)."""


def render_parts(parts: Sequence[Part]) -> Samples:
    """Return samples[frame, side] of the parts by the built-in synthesizer, before normalization."""
    frames = int((last_note_end_ns(parts) / 1e9 + _TAIL_S) * RATE_HZ)
    samples = np.zeros((frames, 2))
    for part in parts:
        instrument, pan = (HARPSICHORD, 0.5) if part.voice == PLAYER else (ORGAN, VOICE_PANS[part.voice])
        sounds: dict[tuple[int, int, int], Samples] = {}
        for note in part.notes:
            alike = note.pitch, note.velocity, note.end_ns - note.start_ns
            if alike not in sounds:
                sounds[alike] = _render_note(instrument, note)[:, None] * stereo_gains(pan)
            _mix_in(samples, _frame_at(note.start_ns), sounds[alike])
    return samples


def stereo_gains(pan: float) -> Samples:
    """Return the gains of left and right for the position `pan`, at equal power."""
    return np.array([np.cos(pan * np.pi / 2), np.sin(pan * np.pi / 2)])


def _frame_at(at_ns: int) -> int:
    return at_ns * RATE_HZ // 1_000_000_000


def _mix_in(samples: Samples, at: int, sound: Samples) -> None:
    at = max(0, at)
    room = max(0, min(len(sound), len(samples) - at))
    samples[at : at + room] += sound[:room]


def _render_note(instrument: Instrument, note: TimedNote) -> Samples:
    length_s = (note.end_ns - note.start_ns) / 1e9
    seconds = np.arange(int((length_s + 0.12) * RATE_HZ) + 1) / RATE_HZ
    sound = np.zeros_like(seconds)
    for n, weight in instrument.audible_partials(note.pitch):
        decay = np.exp(-seconds / instrument.partial_decay_s(note.pitch, n))
        sound += weight * decay * np.sin(2 * np.pi * n * pitch_hz(note.pitch) * seconds)
    return instrument.level(note.velocity) * sound * _envelope(instrument, seconds, length_s)


def _envelope(instrument: Instrument, seconds: Samples, end_s: float) -> Samples:
    """Rise from 0 to 1 over the attack and fall from the note's end to 0 over the release, each along half a cosine."""
    rising = np.clip(seconds / instrument.attack_s, 0, 1)
    falling = np.clip((end_s + instrument.release_s - seconds) / instrument.release_s, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * rising)) * (0.5 - 0.5 * np.cos(np.pi * falling))
