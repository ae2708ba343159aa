"""Sound fonts: which file is taken, what happens to a damaged one, and how one sounds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bachbridge.errors import BachBridgeError
from bachbridge.files.sound.instruments import RATE_HZ
from bachbridge.files.sound.sound_fonts import check_sound_font, choose_sound_font
from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Setting
from bachbridge_gui.preview.font_synth import FontSynth, load_fluidsynth
from bachbridge_gui.preview.process import apply_message
from bachbridge_gui.preview.sound_source import SoundSource
from tests.gui.preview.tiny_sound_font import write_tiny_sound_font

Damage = Callable[[bytes], bytes]
DAMAGES: dict[str, Damage] = {
    "empty": lambda _: b"",
    "text": lambda _: b"no sound at all" * 9,
    "cut": lambda data: data[: len(data) // 2],
    "cut at the end": lambda data: data[:-1],
    "other RIFF": lambda data: data.replace(b"sfbk", b"WAVE"),
    "no tables": lambda data: data.replace(b"pdta", b"junk"),
    "huge chunk": lambda data: data[:16] + b"\xff\xff\xff\x7f" + data[20:],
}


@pytest.fixture
def font(tmp_path: Path) -> Path:
    return write_tiny_sound_font(tmp_path / "sine.sf2")


def needs_fluidsynth() -> None:
    try:
        load_fluidsynth()
    except BachBridgeError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_font_is_refused_in_a_sentence(font: Path, damage: str) -> None:
    check_sound_font(font)
    font.write_bytes(DAMAGES[damage](font.read_bytes()))
    with pytest.raises(BachBridgeError, match=r"sine\.sf2 .*another sound font; .*\.$"):
        check_sound_font(font)


def test_font_that_is_too_large_is_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge.sf2"
    with huge.open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(BachBridgeError, match="larger than 1 GiB"):
        check_sound_font(huge)


def test_choose_sound_font_follows_the_setting(font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDFONT", str(font))
    assert choose_sound_font("auto") == choose_sound_font(str(font)) == font
    assert choose_sound_font("none") is None
    with pytest.raises(BachBridgeError, match="cannot be read"):
        choose_sound_font(str(font.with_name("missing.sf2")))


@pytest.mark.parametrize("from_player", [True, False])
def test_font_synth_plays_notes_until_they_end(font: Path, from_player: bool) -> None:
    needs_fluidsynth()
    synth = FontSynth(font, "organ")
    assert np.abs(synth.render(441)).max() < 1e-4  # FluidSynth's dither
    synth.handle_midi(midi.note_on(2, 57, 100), from_player)
    sound = synth.render(RATE_HZ // 2)
    spectrum = np.abs(np.fft.rfft(sound[4410:].sum(axis=1)))
    hz = np.fft.rfftfreq(RATE_HZ // 2 - 4410, 1 / RATE_HZ)
    assert abs(hz[spectrum.argmax()] - 220) < 4
    synth.handle_midi(midi.note_off(2, 57), from_player)
    synth.render(3 * RATE_HZ)
    assert synth.sounding_count == 0
    synth.close()


def test_font_synth_panic_and_volume_silence(font: Path) -> None:
    needs_fluidsynth()
    synth = FontSynth(font, "choir")
    synth.handle_midi(midi.control_change(0, midi.SUSTAIN, 127), from_player=True)
    synth.handle_midi(midi.note_on(0, 60, 100), from_player=True)
    synth.render(4410)
    synth.set_volume(0)
    synth.render(441)
    assert not synth.render(441).any()
    synth.panic()
    synth.render(3 * RATE_HZ)
    assert synth.sounding_count == 0
    synth.close()


def test_sound_source_plays_before_and_after_loading(font: Path) -> None:
    needs_fluidsynth()
    reports: list[tuple[str, str]] = []
    source = SoundSource(lambda name, problem: reports.append((name, problem)))
    source.handle_midi(midi.note_on(0, 60, 90), from_player=False)
    assert source.render(4410).any()
    apply_message(source, Setting("sound_font", str(font)))
    source.wait_for_font(10)
    assert reports == [("sine.sf2", "")]
    source.handle_midi(midi.note_off(0, 60), from_player=False)
    source.render(2 * RATE_HZ)
    assert source.sounding_count == 0
    source.handle_midi(midi.note_on(0, 60, 90), from_player=False)
    assert source.render(4410).any()
    source.panic()


def test_sound_source_reports_why_a_font_is_not_used(font: Path) -> None:
    font.write_bytes(b"broken")
    reports: list[tuple[str, str]] = []
    source = SoundSource(lambda name, problem: reports.append((name, problem)))
    source.set_font(str(font))
    source.wait_for_font(10)
    ((name, problem),) = reports
    assert (name, problem.startswith("sine.sf2 is not a sound font")) == ("", True)
    source.handle_midi(midi.note_on(0, 60, 90), from_player=False)
    assert source.render(4410).any()
