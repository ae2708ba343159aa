"""A control changes its setting, follows it, and gives it its default back."""

import math

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QAction
from pytestqt.qtbot import QtBot

from bachbridge.midi.messages import control_change as controller
from bachbridge.settings import Settings, range_of
from bachbridge_gui.controls.control import Control
from bachbridge_gui.controls.editors import CommandButton, Dropdown, NumberBox, SegmentedControl, Slider, Switch
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.settings.targets import setting_of, value_from_controller, value_of
from tests.gui.controls.panel_rig import PanelRig, shown_value

TARGETS = (
    "mode", "model", "temperature", "seed", "start", "phrase_end", "foresee_end", "silence_beats", "phrase_bars",
    "answer_bars", "close", "answer", "sound", "sound_font", "trade_bars", "duet_voice", "counterpoint", "let_finish",
    "answer_pedal", "voice", "key", "chord_on", "common_tones", "density", "position", "top_p", "candidates", "rules",
    "chord_ms", "legato_ms", "rest_bars", "bpm", "tempo_hint", "follow_clock", "meter", "link", "link_start_stop",
    "clock_out", "thru", "instrument", "latency_ms", "metronome", "count_in_bars", "metronome_channel", "click_accent",
    "click_note", "click_velocity", "hands", "split_point", "melody_channel", "chord_channel", "left_keys",
    "left_hand", "ignored_channels", "velocity_curve", "transpose", "latch",
    "channels.0", "channels.1", "channels.2", "channels.3", "octaves.0", "octaves.1", "octaves.2", "octaves.3",
    "levels.0", "levels.1", "levels.2", "levels.3", "harmony.0", "harmony.1", "harmony.2", "harmony.3",
)  # fmt: skip

_HANDS = {
    "split_point": "split",
    "left_hand": "split",
    "melody_channel": "channels",
    "chord_channel": "channels",
    "left_keys": "lowest",
}
"""The way of telling the hands apart with which a control has an effect."""


def move(control: Control) -> None:
    """Change the value as a person does with the keyboard."""
    match control.editor:
        case NumberBox():
            up = control.editor.box.value() < control.editor.box.maximum()
            control.editor.box.stepBy(1 if up else -1)
        case Slider():
            QtBot.keyClick(control.editor.slider, Qt.Key.Key_Left)
        case Dropdown():
            QtBot.keyClick(control.editor.box, Qt.Key.Key_Down)
        case Switch():
            QtBot.keyClick(control.editor.box, Qt.Key.Key_Space)
        case SegmentedControl():
            QtBot.keyClick(control.editor.segments[1], Qt.Key.Key_Space)
        case CommandButton():
            QtBot.keyClick(control.editor.button, Qt.Key.Key_Space)


def test_every_setting_has_a_control(rig: PanelRig) -> None:
    reached = {setting_of(control.spec.target) for control in rig.panel.controls}
    buttons = {"end", "panic", "cadence", "reset", "tap", "start"}
    assert set(Settings.__dataclass_fields__) - reached == {f"{name}_control" for name in buttons}, (
        "those are learnt on their buttons"
    )
    assert {control.spec.target for control in rig.panel.controls} == {
        *TARGETS,
        "end_phrase",
        "cadence",
        "reset",
        "tap",
        "start_playing",
        "stop_playing",
    }


def test_suffix_of_one_bar_is_singular(rig: PanelRig) -> None:
    editor = rig.control("answer_bars").editor
    assert isinstance(editor, NumberBox)
    editor.box.setValue(1)
    assert editor.box.text() == "1 bar"
    rig.store.set("answer_bars", 2)
    assert editor.box.text() == "2 bars"


@pytest.mark.parametrize("target", TARGETS)
def test_control_changes_its_setting(rig: PanelRig, target: str) -> None:
    control = rig.control(target)
    start = Settings(
        bpm=90.0,
        phrase_end="bars" if target == "phrase_bars" else "silence",
        link=target == "link_start_stop",
        hands=_HANDS.get(target, "melody"),
        chord_channel=7,
    )
    rig.store.apply_all(start)
    if control.disabled_reason:
        rig.store.set(
            "mode", {"trade_bars": "trade", "duet_voice": "duet", "counterpoint": "duet"}.get(target, "harmonize")
        )
    rig.sent.clear()
    before = value_of(rig.settings, target)
    assert control.disabled_reason == ""
    move(control)
    assert value_of(rig.settings, target) != before
    assert rig.refused == []
    assert len(rig.sent) == 1


@pytest.mark.parametrize("target", TARGETS)
def test_control_follows_its_setting_without_sending(rig: PanelRig, target: str) -> None:
    rig.learner.set_bindings([Binding(target, 20)])
    for position in (0, 40, 127):
        rig.sent.clear()
        value = value_from_controller(target, position, ("chorale-lstm", "other"))
        rig.learner.handle_midi(controller(0, 20, position))
        assert value_of(rig.settings, target) == value
        assert len(rig.sent) <= 1
        seen = shown_value(rig.control(target))
        if isinstance(value, float):
            assert math.isclose(float(str(seen)), value, abs_tol=0.051 if target in ("bpm", "tempo_hint") else 0.0051)
        else:
            assert seen == value


@pytest.mark.parametrize("command", ["end_phrase", "cadence", "reset", "tap", "start_playing", "stop_playing"])
def test_buttons_give_commands(rig: PanelRig, command: str) -> None:
    rig.store.set("mode", "harmonize" if command == "cadence" else "continue")
    rig.store.set("bpm", 90.0)
    move(rig.control(command))
    assert rig.commands == [command]
    assert command in COMMANDS


def test_control_shows_old_value_after_refusal(rig: PanelRig) -> None:
    only = Settings(harmony="s")
    rig.store.apply_all(only)
    control = rig.control("harmony.0")
    assert isinstance(control.editor, Switch)
    control.editor.setEnabled(True)
    control.editor.box.click()
    assert rig.settings.harmony == "s"
    assert shown_value(control) is True
    assert len(rig.refused) == 1


@pytest.mark.parametrize("target", TARGETS)
def test_reset_restores_the_default(rig: PanelRig, target: str) -> None:
    control = rig.control(target)
    assert not control.is_changed
    rig.learner.set_bindings([Binding(target, 20)])
    for position in (0, 127, 60):
        rig.learner.handle_midi(controller(0, 20, position))
        assert control.is_changed is (value_of(rig.settings, target) != value_of(Settings(), target))
    control.reset_value()
    assert rig.refused == []
    assert value_of(rig.settings, target) == value_of(Settings(), target)
    assert not control.is_changed


def test_menu_resets_a_changed_control(rig: PanelRig) -> None:
    control = rig.control("temperature")

    def reset() -> QAction:
        (found,) = [action for action in control.make_menu().actions() if action.text().startswith("Reset")]
        return found

    assert not reset().isEnabled()
    rig.store.set("temperature", 1.3)
    assert reset().text() == f"Reset to {Settings().temperature:g}"
    assert "Changed" in control.toolTip()
    reset().trigger()
    assert rig.settings.temperature == Settings().temperature


def test_double_click_on_label_resets(rig: PanelRig) -> None:
    rig.store.set("temperature", 1.3)
    QtBot.mouseDClick(rig.control("temperature"), Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert rig.settings.temperature == Settings().temperature


def test_slider_jumps_to_where_it_is_pressed(rig: PanelRig) -> None:
    editor = rig.control("temperature").editor
    assert isinstance(editor, Slider)
    QtBot.mousePress(editor.slider, Qt.MouseButton.LeftButton, pos=QPoint(editor.slider.width() - 2, 20))
    assert rig.settings.temperature == range_of("temperature")[1]
    QtBot.mouseRelease(editor.slider, Qt.MouseButton.LeftButton, pos=QPoint(editor.slider.width() - 2, 20))
