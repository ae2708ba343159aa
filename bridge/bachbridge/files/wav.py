"""A WAV file of what was played, with no sound card: by fluidsynth where the system has it and a sound font, else by
the small synthesizer here.

The synthesizer adds sines. A harpsichord's string is plucked: its partials start together and die away, the high ones
sooner, and fall silent when the key is let go. An organ's pipes (8', 4', 2 2/3', 2') speak within 30 ms and sound on
evenly. Every note swells in and out over a few milliseconds, since a sine that starts or stops at once clicks. Both
ways give stereo, 16 bits, 44.1 kHz, the loudest sample at `PEAK` of full scale.
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
    """Render the parts to `path`; returns by what it was done, for people."""
    program, font = shutil.which("fluidsynth"), find_sound_font()
    if program and font:
        samples = _render_with_fluidsynth(program, font, parts)
        if samples is not None:
            _write_normalized_wav(path, samples)
            return f"fluidsynth with {font.name}"
    _write_normalized_wav(path, render_parts(parts))
    return "the built-in harpsichord and organ"


def find_sound_font() -> Path | None:
    """The sound font named by the variable SOUNDFONT, or else the largest of those in the usual folders."""
    named = os.environ.get("SOUNDFONT")
    if named:
        return Path(named) if Path(named).is_file() else None
    folders = [Path(folder).expanduser() for folder in _FONT_FOLDERS]
    fonts = [font for folder in folders if folder.is_dir() for font in sorted(folder.iterdir())]
    fonts = [font for font in fonts if font.suffix.lower() in _FONT_SUFFIXES and font.is_file()]
    return max(fonts, key=lambda font: font.stat().st_size, default=None)


def _render_with_fluidsynth(program: str, font: Path, parts: Sequence[Part]) -> Samples | None:
    """The sound as fluidsynth renders it, or nothing if it fails."""
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
    """The samples of a 16-bit stereo file: samples[frame, side]."""
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return frames.reshape(-1, 2) / 32768.0


def _write_normalized_wav(path: Path, samples: Samples) -> None:
    """Write samples[frame, side], brought to `PEAK`."""
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
    """A sum of partials, each with its weight, which swells in, dies away (or not) and swells out."""

    partials: tuple[tuple[int, float], ...]
    attack_s: float
    release_s: float
    min_level: float
    """Its level at velocity 0; `swing` more at 127."""
    velocity_range: float
    decay_s: float
    """Within this time the fundamental of C4 falls to 1/e while its key is held; infinite: it sounds on."""

    def level(self, velocity: int) -> float:
        return self.min_level + self.velocity_range * velocity / 127

    def partial_decay_s(self, pitch: int, n: int) -> float:
        """Within which time partial `n` of a pitch falls to 1/e: high strings and high partials die sooner."""
        return self.decay_s * (261.6 / pitch_hz(pitch)) ** 0.5 / n**0.5

    def audible_partials(self, pitch: int) -> list[tuple[int, float]]:
        """The partials of a pitch that lie below 16 kHz."""
        return [(n, weight) for n, weight in self.partials if n * pitch_hz(pitch) < 16_000]


def pitch_hz(pitch: int) -> float:
    """Equal temperament, A4 = 440 Hz."""
    return 440.0 * 2 ** ((pitch - 69) / 12)


ORGAN = Instrument(
    ((1, 1.0), (2, 0.55), (3, 0.22), (4, 0.3), (5, 0.05), (6, 0.08), (8, 0.06)), 0.03, 0.1, 0.25, 0.3, np.inf
)
"""A principal chorus: its pipes are the partials 1, 2, 3 and 4, with a little of what lies above."""
HARPSICHORD = Instrument(
    tuple((n, abs(float(np.sin(np.pi * n / 7))) / n**0.8) for n in range(1, 25)), 0.002, 0.06, 0.3, 0.7, 1.6
)
"""A string plucked at a seventh of its length, so that every seventh partial is missing."""
VOICE_PANS = (0.38, 0.62, 0.3, 0.7)
"""Where soprano, alto, tenor and bass stand between left (0) and right (1)."""


def render_parts(parts: Sequence[Part]) -> Samples:
    """samples[frame, side] of the parts by the built-in synthesizer, not yet brought to a level."""
    frames = int((last_note_end_ns(parts) / 1e9 + _TAIL_S) * RATE_HZ)
    samples = np.zeros((frames, 2))
    for part in parts:
        instrument, pan = (HARPSICHORD, 0.5) if part.voice == PLAYER else (ORGAN, VOICE_PANS[part.voice])
        for note in part.notes:
            _mix_in(samples, _frame_at(note.start_ns), _render_note(instrument, note)[:, None] * stereo_gains(pan))
    return samples


def stereo_gains(pan: float) -> Samples:
    """How loud left and right are for what stands at `pan`, at equal power."""
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
        fading = np.exp(-seconds / instrument.partial_decay_s(note.pitch, n))
        sound += weight * fading * np.sin(2 * np.pi * n * pitch_hz(note.pitch) * seconds)
    return instrument.level(note.velocity) * sound * _envelope(instrument, seconds, length_s)


def _envelope(instrument: Instrument, seconds: Samples, end_s: float) -> Samples:
    """From silence to 1 over the attack, and from the note's end to silence over the release, along half a cosine."""
    rising = np.clip(seconds / instrument.attack_s, 0, 1)
    falling = np.clip((end_s + instrument.release_s - seconds) / instrument.release_s, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * rising)) * (0.5 - 0.5 * np.cos(np.pi * falling))
