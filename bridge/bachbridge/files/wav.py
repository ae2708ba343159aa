"""Rendering parts to a WAV file without a sound card: with fluidsynth if it and a sound font are installed, else with
the built-in instruments in a small room.

Every note fades in and out over a few milliseconds, because a sine that starts or stops at once clicks. Both ways give
stereo, 16 bits, 44.1 kHz, the loudest sample at `PEAK` of full scale.
"""

import shutil
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bachbridge.atomic_files import atomic_output
from bachbridge.files.sound.instruments import (
    HARPSICHORD,
    ORGAN,
    RATE_HZ,
    VOICE_PANS,
    Instrument,
    stereo_gains,
    velocity_layer,
)
from bachbridge.files.sound.room import Room
from bachbridge.files.sound.sound_fonts import find_sound_font
from bachbridge.files.sound.tones import cached_tone
from bachbridge.music.performance import PLAYER, Part, TimedNote, last_note_end_ns

PEAK = 10 ** (-3 / 20)
"""-3 dB below full scale."""
_TAIL_S = 1.5
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


# ---------------------------------------------------------------- the built-in instruments


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
    wet = samples.astype(np.float32)
    Room().add_to(wet)
    return wet.astype(np.float64)


def _frame_at(at_ns: int) -> int:
    return at_ns * RATE_HZ // 1_000_000_000


def _mix_in(samples: Samples, at: int, sound: Samples) -> None:
    at = max(0, at)
    room = max(0, min(len(sound), len(samples) - at))
    samples[at : at + room] += sound[:room]


def _render_note(instrument: Instrument, note: TimedNote) -> Samples:
    length_s = (note.end_ns - note.start_ns) / 1e9
    frames = int((length_s + instrument.release_s) * RATE_HZ) + 1
    sound = cached_tone(instrument, note.pitch, velocity_layer(note.velocity)).samples_from(0, frames)
    seconds = np.arange(len(sound)) / RATE_HZ
    return instrument.level(note.velocity) * sound * _envelope(instrument, seconds, length_s)


def _envelope(instrument: Instrument, seconds: Samples, end_s: float) -> Samples:
    """Rise from 0 to 1 over the attack and fall from the note's end to 0 over the release, each along half a cosine."""
    rising = np.clip(seconds / instrument.attack_s, 0, 1)
    falling = np.clip((end_s + instrument.release_s - seconds) / instrument.release_s, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * rising)) * (0.5 - 0.5 * np.cos(np.pi * falling))
