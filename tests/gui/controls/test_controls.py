"""The side panel: controls change and follow their settings, show why they are disabled, and can be learnt."""

import math
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QAction, QKeySequence, QShortcut, QWheelEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPushButton,
    QScrollBar,
    QSlider,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bachbridge.midi.messages import control_change as controller
from bachbridge.protocol.effects import SettingApplied, SettingRefused
from bachbridge.protocol.events import Setting
from bachbridge.protocol.notices import EngineStarted
from bachbridge.settings import Settings, range_of
from bachbridge_gui.controls.control import Control
from bachbridge_gui.controls.editors import CommandButton, Dropdown, NumberBox, SegmentedControl, Slider, Switch
from bachbridge_gui.controls.model_picker import ModelChoice, choice_from_card
from bachbridge_gui.controls.panel import ControlPanel
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.presets.preset_bar import PresetBar
from bachbridge_gui.presets.presets import PresetFolder
from bachbridge_gui.settings.store import COMMANDS, SettingsStore
from bachbridge_gui.settings.targets import setting_of, value_from_controller, value_of


class PanelRig:
    """A store whose messages are recorded, and the panel on it."""

    def __init__(self, qtbot: QtBot, folder: Path, settings: Settings | None = None) -> None:
        self.sent: list[object] = []
        self.commands: list[str] = []
        self.refused: list[str] = []
        self.store = SettingsStore(settings or Settings(), self.sent.append)
        self.store.command_given.connect(self.commands.append)
        self.store.refused.connect(self.refused.append)
        self.learner = MidiLearn(self.store)
        self.panel = ControlPanel(self.store, self.learner, ProfileFolder(folder / "profiles"))
        self.panel.set_models([ModelChoice("chorale-lstm", "Sings."), ModelChoice("other", "Hums.")])
        qtbot.addWidget(self.panel)
        self.panel.shape.set_open(is_open=True)
        self.panel.resize(320, 800)
        self.panel.show()

    def open_levels(self) -> None:
        for level in (self.panel.shape, self.panel.setup):
            level.set_open(is_open=True)

    def control(self, target: str) -> Control:
        return next(control for control in self.panel.controls if control.spec.target == target)

    @property
    def settings(self) -> Settings:
        return self.store.settings


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> PanelRig:
    return PanelRig(qtbot, tmp_path)


TARGETS = (
    *(
        "mode",
        "model",
        "temperature",
        "seed",
        "start",
        "phrase_end",
        "foresee_end",
        "silence_beats",
        "phrase_bars",
        "answer_bars",
        "close",
        "answer",
    ),
    *(
        "sound",
        "sound_font",
        "trade_bars",
        "duet_voice",
        "counterpoint",
        "let_finish",
        "answer_pedal",
        "voice",
        "key",
        "chord_on",
        "common_tones",
        "density",
        "position",
        "top_p",
        "candidates",
        "rules",
    ),
    *(
        "chord_ms",
        "legato_ms",
        "rest_bars",
        "bpm",
        "tempo_hint",
        "follow_clock",
        "meter",
        "link",
        "link_start_stop",
        "clock_out",
        "thru",
        "instrument",
    ),
    *("latency_ms", "metronome", "count_in_bars", "metronome_channel", "click_accent", "click_note"),
    "click_velocity",
    *("hands", "split_point", "melody_channel", "chord_channel", "left_keys", "left_hand", "ignored_channels"),
    *("velocity_curve", "transpose", "latch"),
    *(f"{name}.{voice}" for name in ("channels", "octaves", "levels", "harmony") for voice in range(4)),
)


_HANDS = {
    "split_point": "split",
    "left_hand": "split",
    "melody_channel": "channels",
    "chord_channel": "channels",
    "left_keys": "lowest",
}
"""The way of telling the hands apart with which a control has an effect."""


def shown(control: Control) -> object:
    """Return the value that the control's editor shows."""
    match control.editor:
        case NumberBox() | Slider():
            return control.editor.box.value()
        case Dropdown():
            return control.editor.box.currentData()
        case Switch():
            return control.editor.box.isChecked()
        case SegmentedControl():
            return next(segment.text().lower() for segment in control.editor.segments if segment.isChecked())
        case CommandButton():
            return None


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


def test_panel_uses_palette_colours_only(rig: PanelRig) -> None:
    """A widget with a style sheet of its own keeps its old colours when the theme changes under it."""
    assert not [type(widget).__name__ for widget in rig.panel.findChildren(QWidget) if widget.styleSheet()]


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
        seen = shown(rig.control(target))
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
    assert shown(control) is True
    assert len(rig.refused) == 1


# ---------------------------------------------------------------- reasons


def test_control_without_effect_is_disabled_with_reason(rig: PanelRig) -> None:
    cadence, end = rig.control("cadence"), rig.control("end_phrase")
    assert not cadence.editor.isEnabled()
    assert "Only in mode Harmonize" in cadence.editor.findChildren(QWidget)[0].toolTip()
    assert "Only in mode Harmonize" in cadence.editor.findChildren(QWidget)[0].accessibleDescription()
    assert end.editor.isEnabled()
    rig.store.set("mode", "harmonize")
    assert cadence.editor.isEnabled()
    assert "to a cadence" in cadence.editor.findChildren(QWidget)[0].toolTip()
    assert cadence.editor.findChildren(QWidget)[0].accessibleDescription() == ""
    assert end.editor.isEnabled()
    rig.store.set("mode", "off")
    assert not end.editor.isEnabled()


def test_disabled_section_shows_reason_once(rig: PanelRig) -> None:
    harmony = next(section for section in rig.panel.sections if section.heading.text() == "Harmony")
    phrase = next(section for section in rig.panel.sections if section.heading.text() == "Your phrase")
    assert harmony.reason_label.isVisible()
    assert not phrase.reason_label.isVisible()
    rig.store.set("mode", "harmonize")
    assert not harmony.reason_label.isVisible()
    assert not phrase.reason_label.isVisible()
    rig.store.set("mode", "off")
    assert "Nothing sounds" in phrase.reason_label.text()


def test_panel_shows_model_state(rig: PanelRig) -> None:
    rig.panel.set_model_state(ready=False, problem="The model is starting again.")
    assert not rig.control("temperature").editor.isEnabled()
    assert rig.panel.model.description_label.text() == "The model is starting again."
    assert rig.control("model").editor.isEnabled()
    rig.panel.set_model_state(ready=True)
    assert rig.control("temperature").editor.isEnabled()
    assert rig.panel.model.description_label.text() == "Sings."


def test_panel_describes_chosen_model(rig: PanelRig) -> None:
    rig.store.set("model", "other")
    assert rig.panel.model.description_label.text() == "Hums."
    rig.store.set("model", "gone")
    assert "not installed" in rig.panel.model.description_label.text()
    assert shown(rig.control("model")) == "gone"
    facts = {"tasks": ["continue", "harmonize"], "data": "Bach's chorales"}
    assert choice_from_card("x", facts).description == "Continues and harmonizes. Trained on Bach's chorales."
    assert choice_from_card("x", {}).description == ""
    assert choice_from_card("x", {"tasks": ["continue", "mend", "vary"]}).description == "Continues, mends and varies."
    assert choice_from_card("x", facts).tasks == ("continue", "harmonize")


def offered_answers(rig: PanelRig) -> list[str]:
    editor = rig.control("answer").editor
    assert isinstance(editor, Dropdown)
    return [editor.box.itemData(index) for index in range(editor.box.count())]


def test_answers_are_those_of_the_model(rig: PanelRig) -> None:
    choices = [ModelChoice("chorale-lstm", "", ("continue", "harmonize")), ModelChoice("other", "", ("continue",))]
    rig.panel.set_models([*choices, ModelChoice("third", "")])
    assert offered_answers(rig) == ["continue", "harmonize", "dream"]
    rig.store.set("model", "third")
    assert offered_answers(rig) == ["continue", "harmonize", "vary", "dream"]
    rig.store.set("answer", "vary")
    rig.store.set("model", "other")
    assert offered_answers(rig) == ["continue", "vary", "dream"], "what is set stays in sight"
    assert rig.control("answer").disabled_reason == "", "or it could not be changed"
    rig.store.set("answer", "continue")
    assert offered_answers(rig) == ["continue", "dream"]
    assert rig.control("answer_bars").disabled_reason == ""
    rig.store.set("answer", "dream")
    assert rig.control("answer_bars").disabled_reason == ""


def test_running_clock_disables_tap_and_tempo(rig: PanelRig) -> None:
    rig.store.set("bpm", 90.0)
    rig.panel.set_clock(running=True)
    assert not rig.control("tap").editor.isEnabled()
    assert not rig.panel.tempo.source.isEnabled()
    rig.store.set("follow_clock", value=False)
    assert rig.control("tap").editor.isEnabled()


def test_length_of_chosen_phrase_end_is_shown(rig: PanelRig) -> None:
    assert [rig.control(name).isVisible() for name in ("silence_beats", "phrase_bars")] == [True, False]
    rig.store.set("phrase_end", "bars")
    assert [rig.control(name).isVisible() for name in ("silence_beats", "phrase_bars")] == [False, True]


# ---------------------------------------------------------------- tempo


def test_tempo_of_the_engine_is_shown(rig: PanelRig) -> None:
    rig.store.handle_message(SettingApplied("bpm", 120.0))
    assert rig.settings.bpm == shown(rig.control("bpm")) == 120.0
    assert rig.panel.tempo.source.box.currentText() == "Fixed"
    assert rig.sent == []


def test_late_reports_of_own_changes_move_nothing(rig: PanelRig) -> None:
    for bpm in (100.0, 101.0, 400.0, 102.0):
        rig.store.set("bpm", bpm)
    for report in (SettingApplied("bpm", 100.0), SettingRefused("bpm", "no"), SettingApplied("bpm", 102.0)):
        rig.store.handle_message(report)
        assert rig.settings.bpm == 102.0
    rig.store.handle_message(SettingApplied("bpm", 90.0))
    assert rig.settings.bpm == 90.0


def test_new_engine_answers_no_old_change(rig: PanelRig) -> None:
    rig.store.set("bpm", 100.0)
    rig.store.handle_message(EngineStarted(again=True))
    rig.store.handle_message(SettingApplied("bpm", 90.0))
    assert rig.settings.bpm == 90.0


def test_start_needs_a_tempo_and_no_clock(rig: PanelRig) -> None:
    start = rig.control("start_playing")
    assert "No tempo is set" in start.disabled_reason
    rig.store.set("bpm", 90.0)
    assert start.disabled_reason == ""
    rig.panel.set_clock(running=True)
    assert "clock" in start.disabled_reason


def test_clicks_can_be_chosen_unless_metronome_is_off(rig: PanelRig) -> None:
    names = ("count_in_bars", "metronome_channel", "click_accent", "click_note", "click_velocity")
    assert [rig.control(name).disabled_reason for name in names] == [""] * 5
    rig.store.set("metronome", "off")
    assert all("off" in rig.control(name).disabled_reason for name in names)


def test_fixed_restores_last_tempo(rig: PanelRig) -> None:
    rig.store.set("bpm", 77.0)
    for expected in (0.0, 77.0):
        rig.panel.tempo.source.moved.emit("fixed" if expected else "playing")
        assert rig.settings.bpm == expected
    assert rig.control("bpm").disabled_reason == ""


# ---------------------------------------------------------------- accessibility


INTERACTIVE = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QSlider)
INNER = ("qt_spinbox_lineedit", "qt_scrollarea_viewport", "ScrollLeftButton", "ScrollRightButton")


def interactive(root: QWidget) -> list[QWidget]:
    found = [part for part in root.findChildren(QWidget) if isinstance(part, INTERACTIVE)]
    return [part for part in found if part.objectName() not in INNER and not isinstance(part, QScrollBar)]


def test_every_control_has_name_and_tooltip(rig: PanelRig, tmp_path: Path, qtbot: QtBot) -> None:
    bar = PresetBar(rig.store, rig.learner, PresetFolder(tmp_path / "presets"))
    qtbot.addWidget(bar)
    for root in (rig.panel, bar):
        parts = interactive(root)
        assert len(parts) > 3
        assert [part for part in parts if not part.accessibleName() or len(part.toolTip()) < 10] == []


def test_accessible_names_are_distinct(rig: PanelRig) -> None:
    names = [part.accessibleName() for part in interactive(rig.panel) if part.isEnabled()]
    twice = {name for name in names if names.count(name) > 1}
    assert twice <= {control.spec.label for control in rig.panel.controls if isinstance(control.editor, Slider)}


def test_tab_key_reaches_every_control(rig: PanelRig, qtbot: QtBot) -> None:
    rig.store.set("bpm", 90.0)
    rig.open_levels()
    rig.panel.activateWindow()
    qtbot.waitUntil(rig.panel.isActiveWindow)
    reached: set[QWidget] = set()
    for _ in range(200):
        widget = QApplication.focusWidget()
        if widget is not None:
            reached.add(widget)
        QtBot.keyClick(widget or rig.panel, Qt.Key.Key_Tab)
    for control in rig.panel.controls:
        if control.isVisible() and control.editor.isEnabled():
            assert any(control.isAncestorOf(widget) for widget in reached), control.spec.target
    assert any(rig.panel.learn_bar.isAncestorOf(widget) for widget in reached)


def test_wheel_ignores_controls_without_focus(rig: PanelRig) -> None:
    for target in ("silence_beats", "temperature", "model", "levels.1"):
        control = rig.control(target)
        for part in control.editor.findChildren(QWidget):
            where, down = QPointF(4, 4), QPoint(0, -120)
            none = Qt.KeyboardModifier.NoModifier
            event = QWheelEvent(
                where, where, QPoint(), down, Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False
            )
            QApplication.sendEvent(part, event)
    assert rig.sent == []


def test_no_control_is_wider_than_panel(rig: PanelRig) -> None:
    rig.open_levels()
    QApplication.processEvents()
    for control in filter(Control.isVisible, rig.panel.controls):
        right = control.mapTo(rig.panel, QPoint(control.width(), 0)).x()
        assert right <= rig.panel.width() - 8, control.spec.target


# ---------------------------------------------------------------- levels and defaults


def test_controls_for_playing_are_large_and_always_open(rig: PanelRig) -> None:
    for level in (rig.panel.shape, rig.panel.setup):
        level.set_open(is_open=False)
    visible = {control.spec.target for control in rig.panel.controls if control.isVisible()}
    assert visible == {"mode", "end_phrase", "cadence", "reset", "model", "temperature", "key"}
    QApplication.processEvents()
    for target in visible:
        assert rig.control(target).editor.height() >= 40, target


def test_level_reports_only_what_a_person_does(rig: PanelRig) -> None:
    opened: list[bool] = []
    rig.panel.setup.toggled.connect(opened.append)
    rig.panel.setup.set_open(is_open=True)
    assert rig.control("latency_ms").isVisible()
    rig.panel.setup.button.click()
    assert not rig.control("latency_ms").isVisible()
    assert opened == [False]


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


# ---------------------------------------------------------------- names of models


def test_models_are_listed_by_names_for_people(rig: PanelRig) -> None:
    card = {"tasks": ["continue"]}
    titled = card | {"title": "My\nmodel", "summary": "Plays <b>waltzes</b>."}
    cards = {"chorale-lstm": card, "mine": titled, "plain": card}
    rig.panel.set_models([choice_from_card(name, card) for name, card in cards.items()])
    box = rig.panel.model.dropdown.box
    assert [box.itemText(row) for row in range(box.count())] == ["Chorale", "My model", "plain"]
    assert [box.itemData(row, Qt.ItemDataRole.ToolTipRole) for row in range(box.count())] == list(cards)
    rig.store.set("model", "mine")
    assert rig.panel.model.description_label.text() == "Plays <b>waltzes</b>."
    assert box.currentText() == "My model"


def test_listen_button_plays_the_example(rig: PanelRig) -> None:
    rig.panel.model.listen_button.click()
    assert rig.commands == ["example"]


# ---------------------------------------------------------------- learning


def test_control_learns_a_knob(rig: PanelRig) -> None:
    rig.learner.set_active(active=True)
    control = rig.control("density")
    assert control.learn_overlay.isVisible()
    QtBot.mouseClick(control.learn_overlay, Qt.MouseButton.LeftButton)
    assert (
        "inner voices" in rig.panel.learn_bar.status_label.text()
        or "density" in rig.panel.learn_bar.status_label.text()
    )
    rig.learner.handle_midi(controller(3, 21, 5))
    assert control.badge.text() == "CC 21"
    rig.learner.set_active(active=False)
    assert not control.learn_overlay.isVisible()
    rig.learner.handle_midi(controller(3, 21, 127))
    assert rig.settings.density == 1.0
    assert "CC 21" in control.toolTip()


def test_escape_cancels_one_step_at_a_time(rig: PanelRig) -> None:
    rig.learner.set_active(active=True)
    spot = rig.control("key").learn_overlay
    QtBot.keyClick(spot, Qt.Key.Key_Return)
    assert rig.learner.armed_target == "key"
    QtBot.keyClick(spot, Qt.Key.Key_Escape)
    assert (rig.learner.armed_target, rig.learner.active) == (None, True)
    QtBot.keyClick(spot, Qt.Key.Key_Escape)
    assert not rig.learner.active


def test_escape_is_not_panic_while_learning(rig: PanelRig, qtbot: QtBot) -> None:
    button = QPushButton("Panic", rig.panel)
    button.show()
    spot = LearnOverlay(button, "panic", rig.learner)
    QShortcut(QKeySequence("Esc"), rig.panel, lambda: rig.store.give_command("panic"))
    rig.panel.activateWindow()
    qtbot.waitUntil(rig.panel.isActiveWindow)
    assert not spot.isVisible()
    rig.panel.learn_bar.learn_button.click()
    rig.panel.learn_bar.learn_button.setFocus()
    assert spot.geometry() == button.rect()
    QtBot.mouseClick(spot, Qt.MouseButton.LeftButton)
    assert rig.learner.armed_target == "panic"
    for widget in (spot, rig.panel.learn_bar.learn_button):
        widget.setFocus()
        QtBot.keyClick(widget, Qt.Key.Key_Escape)
    assert not rig.learner.active
    assert rig.commands == []
    QtBot.keyClick(rig.panel.learn_bar.learn_button, Qt.Key.Key_Escape)
    assert rig.commands == ["panic"]


def test_disabled_control_can_be_learnt(rig: PanelRig) -> None:
    assert not rig.control("cadence").editor.isEnabled()
    rig.learner.set_active(active=True)
    QtBot.mouseClick(rig.control("cadence").learn_overlay, Qt.MouseButton.LeftButton)
    rig.learner.handle_midi(controller(0, 44, 127))
    assert rig.settings.cadence_control == 44
    assert Setting("cadence_control", 44) in rig.sent
    assert rig.control("cadence").badge.text() == "CC 44"


def test_the_menu_learns_and_forgets(rig: PanelRig) -> None:
    control = rig.control("temperature")
    control.make_menu().actions()[0].trigger()
    rig.learner.handle_midi(controller(0, 21, 5))
    forget = control.make_menu().actions()[1]
    assert forget.text() == "Forget CC 21"
    forget.trigger()
    assert rig.learner.bindings == ()
    assert not control.badge.isVisible()
    assert not control.make_menu().actions()[1].isEnabled()


def test_panel_shows_conflicts(rig: PanelRig) -> None:
    says = rig.panel.learn_bar.status_label
    assert not says.isVisible()
    rig.learner.set_bindings([Binding("density", 21), Binding("position", 21)])
    assert "moves both" in says.text()
    rig.learner.unbind("density")
    assert not says.isVisible()
    rig.learner.set_bindings([Binding("density", 21)])
    rig.store.set("panic_control", 21)
    assert "panic" in says.text()


# ---------------------------------------------------------------- profiles and presets


def typed(edit: QLineEdit, text: str) -> None:
    edit.clear()
    QtBot.keyClicks(edit, text)
    QtBot.keyClick(edit, Qt.Key.Key_Return)


def test_profiles_are_named_in_place(rig: PanelRig, tmp_path: Path) -> None:
    box = rig.panel.learn_bar.profile_box
    assert box
    rig.learner.set_bindings([Binding("density", 21)])
    box.save_as.trigger()
    assert box.edit.isVisible()
    typed(box.edit, "Mine")
    assert box.current == "Mine"
    assert ProfileFolder(tmp_path / "profiles").load("Mine").bindings == (Binding("density", 21),)
    rig.learner.set_bindings([])
    rig.store.set("panic_control", 5)
    box.combo.activated.emit(box.combo.findData("Mine"))
    assert rig.learner.bindings == (Binding("density", 21),)
    assert rig.settings.panic_control == 83
    box.rename.trigger()
    typed(box.edit, "Yours")
    box.delete.trigger()
    assert box.current == ""
    box.undo.trigger()
    assert (box.current, ProfileFolder(tmp_path / "profiles").names()) == ("Yours", ["Yours"])


def test_escape_keeps_the_name(rig: PanelRig) -> None:
    box = rig.panel.learn_bar.profile_box
    assert box
    box.save_as.trigger()
    QtBot.keyClicks(box.edit, "abc")
    QtBot.keyClick(box.edit, Qt.Key.Key_Escape)
    assert not box.edit.isVisible()
    assert box.combo.count() == 0


def test_refused_name_keeps_the_choice(rig: PanelRig) -> None:
    box = rig.panel.learn_bar.profile_box
    assert box
    for name in ("Mine", "a/b"):
        box.save_as.trigger()
        typed(box.edit, name)
    assert "cannot be called" in rig.panel.learn_bar.status_label.text()
    assert box.current == box.combo.currentText() == "Mine"


def test_panel_reports_damaged_profile(rig: PanelRig, tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/Bad.json").write_text("{", encoding="utf-8")
    box = rig.panel.learn_bar.profile_box
    assert box
    box.chosen.emit("Bad")
    assert "damaged" in rig.panel.learn_bar.status_label.text()


@pytest.fixture
def bar(rig: PanelRig, tmp_path: Path, qtbot: QtBot) -> PresetBar:
    made = PresetBar(rig.store, rig.learner, PresetFolder(tmp_path / "presets"))
    qtbot.addWidget(made)
    made.show()
    return made


def test_preset_restores_settings_and_bindings(rig: PanelRig, bar: PresetBar) -> None:
    rig.store.set("temperature", 1.5)
    rig.learner.set_bindings([Binding("density", 21)])
    bar.preset_box.save_as.trigger()
    typed(bar.preset_box.edit, "Evening")
    rig.store.set("temperature", 0.5)
    rig.store.set("latency_ms", 30)
    rig.learner.set_bindings([])
    assert bar.choose("Evening")
    assert rig.settings.temperature == 1.5
    assert rig.learner.bindings == (Binding("density", 21),)
    assert rig.settings.latency_ms == 30, "the latency is the output's"


def test_program_change_recalls_preset(rig: PanelRig, bar: PresetBar) -> None:
    for name, temperature in (("One", 1.1), ("Two", 1.2)):
        rig.store.set("temperature", temperature)
        bar.save(name)
        bar.preset_box.show_current(name)
        bar.refresh()
        bar.program_box.setValue(5)
    assert PresetFolder(bar._presets._json_store.folder).names_by_program() == {4: "Two"}
    rig.store.set("temperature", 0.4)
    rig.learner.handle_midi(bytes((0xC0, 4)))
    assert rig.settings.temperature == 1.2
    assert (bar.preset_box.current, bar.program_box.value()) == ("Two", 5)
    bar.save("Two")
    assert bar.program_box.value() == 5, "saving over keeps the program"


def test_presets_are_exported_and_imported(rig: PanelRig, bar: PresetBar, tmp_path: Path) -> None:
    refusals: list[str] = []
    bar.refused.connect(refusals.append)
    assert not bar.export_action.isEnabled()
    assert not bar.program_box.isEnabled()
    rig.store.set("temperature", 1.5)
    bar.save("Evening")
    bar.preset_box.show_current("Evening")
    assert bar.export_file(tmp_path / "out")
    rig.store.set("temperature", 0.5)
    assert bar.import_file(tmp_path / "out.bachbridge.json")
    assert (bar.preset_box.current, rig.settings.temperature) == ("out", 1.5)
    assert refusals == []
    (tmp_path / "bad.json").write_text("[]", encoding="utf-8")
    assert not bar.import_file(tmp_path / "bad.json")
    assert len(refusals) == 1
    assert rig.settings.temperature == 1.5


def test_deleting_a_preset_can_be_undone(bar: PresetBar) -> None:
    bar.save("Evening")
    bar.preset_box.show_current("Evening")
    bar.preset_box.delete.trigger()
    assert bar.preset_box.combo.findData("Evening") < 0
    bar.preset_box.undo.trigger()
    assert bar.preset_box.current == "Evening"
    assert isinstance(bar.program_box, QSpinBox)
    assert bar.program_box.isEnabled()
