import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from bachbridge.files import wav as wav_file
from bachbridge.files.sound.sound_fonts import find_sound_font
from bachbridge.files.wav import render_parts, write_wav
from bachbridge.music.performance import PLAYER, Part, TimedNote

MS = 1_000_000
PARTS = [
    Part(PLAYER, (TimedNote(0, 300 * MS, 72, 90), TimedNote(300 * MS, 600 * MS, 74, 60))),
    *(Part(voice, (TimedNote(700 * MS, 1200 * MS, 67 - 7 * voice, 80),)) for voice in range(4)),
]


def read_wav(path: Path) -> wav_file.Samples:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44_100)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32768


def loudness(samples: wav_file.Samples, start_s: float, end_s: float) -> float:
    return float(np.sqrt(np.mean(samples[int(start_s * 44_100) : int(end_s * 44_100)] ** 2)))


@pytest.fixture
def built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDFONT", "/nowhere.sf2")


@pytest.mark.usefixtures("built_in")
def test_built_in_instruments_sound_only_where_notes_are(tmp_path: Path):
    assert "built-in" in write_wav(tmp_path / "a.wav", PARTS)
    samples = read_wav(tmp_path / "a.wav")
    assert abs(np.abs(samples).max() - wav_file.PEAK) < 0.001
    assert loudness(samples, 0.05, 0.25) > 0.01
    assert loudness(samples, 0.75, 1.15) > 0.05
    assert 0 < loudness(samples, 1.5, 1.8) < 0.1 * loudness(samples, 0.75, 1.15)  # the room
    assert loudness(samples, 2.5, 2.7) == 0


def test_render_parts_makes_no_clicks():
    """A sudden start or stop would leap by much more than the steepest slope of the sound itself."""
    for voice in (PLAYER, 0):
        samples = render_parts([Part(voice, (TimedNote(0, 500 * MS, 60, 100),))])
        jumps = np.abs(np.diff(samples[:, 0]))
        inside = jumps[2000:15000].max()
        for at in (0, 22_050, 22_050 + 2646, 22_050 + 4410):
            assert jumps[max(0, at - 50) : at + 50].max() <= inside * 1.2


def test_player_decays_and_answer_does_not():
    """The harpsichord decays while its key is held, the organ does not."""
    level_ratios: list[float] = []
    for voice in (PLAYER, 2):
        samples = render_parts([Part(voice, (TimedNote(0, 1000 * MS, 60, 100),))])
        level_ratios.append(loudness(samples, 0.8, 0.95) / loudness(samples, 0.05, 0.2))
    assert level_ratios[0] < 0.6
    assert level_ratios[1] > 0.9


@pytest.mark.parametrize("voice", [PLAYER, 0])
@pytest.mark.parametrize("pitch", [36, 69, 96])
def test_render_parts_plays_the_right_pitch(voice: int, pitch: int):
    samples = render_parts([Part(voice, (TimedNote(0, 1000 * MS, pitch, 100),))])[:44_100].sum(axis=1)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    expected_hz = 440 * 2 ** ((pitch - 69) / 12)
    near = spectrum[int(expected_hz * 0.97) : int(expected_hz * 1.03) + 2]
    assert near.max() > 0.2 * spectrum.max()
    assert spectrum[: int(expected_hz * 0.9)].max() < 0.01 * spectrum.max()


@pytest.mark.usefixtures("built_in")
def test_write_wav_writes_silence_without_notes(tmp_path: Path):
    write_wav(tmp_path / "a.wav", [Part(PLAYER, ())])
    assert not read_wav(tmp_path / "a.wav").any()


def test_find_sound_font_reads_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    font = tmp_path / "a.sf2"
    font.touch()
    monkeypatch.setenv("SOUNDFONT", str(font))
    assert find_sound_font() == font


def test_write_wav_falls_back_if_fluidsynth_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program, font = tmp_path / "fluidsynth", tmp_path / "a.sf2"
    font.touch()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("SOUNDFONT", str(font))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "built-in" in write_wav(tmp_path / "a.wav", PARTS)


@pytest.mark.skipif(not (shutil.which("fluidsynth") and find_sound_font()), reason="needs fluidsynth and a sound font")
def test_fluidsynth_renders_the_same_length(tmp_path: Path):
    assert "fluidsynth" in write_wav(tmp_path / "a.wav", PARTS)
    samples = read_wav(tmp_path / "a.wav")
    assert abs(np.abs(samples).max() - wav_file.PEAK) < 0.001
    assert loudness(samples, 0.05, 0.25) > 0.003
    assert loudness(samples, 0.75, 1.15) > 0.01
    assert 1.2 < len(samples) / 44_100 < 8
