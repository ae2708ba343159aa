"""Learnt knobs and program changes in the whole window."""

from pathlib import Path

from PyQt6.QtWidgets import QAbstractSlider
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Midi, Setting
from bachbridge.settings import Settings
from bachbridge_gui.presets.presets import Preset, PresetFolder
from tests.support.assembled_window import WindowHarness


def turn(opened: WindowHarness, controller: int, *values: int) -> None:
    for value in values:
        opened.engine.feed(Midi(midi.control_change(0, controller, value)))
        opened.advance(100_000_000)


def test_learnt_knob_moves_setting_and_slider(opened: WindowHarness) -> None:
    midi_learn = opened.midi_learn
    midi_learn.set_active(active=True)
    midi_learn.arm("temperature")
    turn(opened, 21, 5)
    assert midi_learn.badge("temperature") == "CC 21"
    midi_learn.set_active(active=False)
    (control,) = [c for c in opened.parts.controls.controls if c.spec.target == "temperature"]
    (slider,) = control.findChildren(QAbstractSlider)
    turn(opened, 21, 0, 127)
    assert opened.store.settings.temperature == 2.0
    assert slider.value() == slider.maximum()
    turn(opened, 21, 0)
    assert opened.store.settings.temperature == 0.1
    assert slider.value() == slider.minimum()
    assert opened.engine_received(Setting)[-1] == Setting("temperature", 0.1)


def test_learnt_bindings_are_kept_for_next_window(opened: WindowHarness, tmp_path: Path, qtbot: QtBot) -> None:
    opened.midi_learn.set_active(active=True)
    opened.midi_learn.arm("panic")
    opened.midi_learn.arm("temperature")
    turn(opened, 21, 5)
    opened.window.close()
    second = WindowHarness(tmp_path, prefs=opened.saved[0][0])
    qtbot.addWidget(second.window)
    assert second.midi_learn.badge("temperature") == "CC 21"
    second.window.close()


def test_program_change_applies_its_preset(tmp_path: Path, qtbot: QtBot) -> None:
    PresetFolder(tmp_path / "presets").save("Soft", Preset(Settings(bpm=90, temperature=0.4), (), 6))
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    opened.engine.feed(Midi(bytes((0xC0, 6))))
    opened.advance()
    assert (opened.store.settings.bpm, opened.store.settings.temperature) == (90, 0.4)
    assert Setting("temperature", 0.4) in opened.engine_received(Setting)
    assert opened.parts.preset_bar.preset_box.current == "Soft"
    opened.window.close()
    second = WindowHarness(tmp_path, opened.saved[0][1], opened.saved[0][0])
    qtbot.addWidget(second.window)
    assert second.parts.preset_bar.preset_box.current == "Soft"
    second.window.close()
