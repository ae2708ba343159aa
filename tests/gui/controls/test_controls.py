"""The side panel: each control moves its setting and follows it, says why it cannot work, and can be learnt."""

import math
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QKeySequence, QShortcut, QWheelEvent
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
from bachbridge.protocol.events import Setting
from bachbridge.settings import Settings
from bachbridge_gui.controls.control import Control
from bachbridge_gui.controls.editors import CommandButton, Dropdown, NumberBox, SegmentedControl, Slider, Switch
from bachbridge_gui.controls.model_picker import ModelChoice, choice_from_card
from bachbridge_gui.controls.panel import ControlPanel
from bachbridge_gui.controls.section import CollapsibleSection
from bachbridge_gui.controls.tempo import TempoControls
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.presets.preset_bar import PresetBar
from bachbridge_gui.presets.presets import PresetFolder
from bachbridge_gui.settings.store import COMMANDS, SettingsStore
from bachbridge_gui.settings.targets import setting_of, value_from_controller, value_of


class Table:
    """A desk whose messages are kept, and the panel on it."""

    def __init__(self, qtbot: QtBot, folder: Path, settings: Settings | None = None) -> None:
        self.sent: list[object] = []
        self.commands: list[str] = []
        self.refused: list[str] = []
        self.desk = SettingsStore(settings or Settings(), self.sent.append)
        self.desk.command_given.connect(self.commands.append)
        self.desk.refused.connect(self.refused.append)
        self.learner = MidiLearn(self.desk)
        self.panel = ControlPanel(self.desk, self.learner, ProfileFolder(folder / "profiles"))
        self.panel.set_models([ModelChoice("chorale-lstm", "Sings."), ModelChoice("other", "Hums.")])
        qtbot.addWidget(self.panel)
        self.panel.resize(320, 800)
        self.panel.show()
        disclosure = self.panel.findChild(CollapsibleSection)
        assert disclosure
        self.disclosure = disclosure

    def control(self, target: str) -> Control:
        return next(control for control in self.panel.controls if control.spec.target == target)

    @property
    def settings(self) -> Settings:
        return self.desk.settings


@pytest.fixture
def table(qtbot: QtBot, tmp_path: Path) -> Table:
    return Table(qtbot, tmp_path)


TARGETS = (
    *("mode", "model", "temperature", "seed", "phrase_end", "silence_beats", "phrase_bars", "answer_bars", "answer"),
    *("let_finish", "voice", "key", "chord_on", "common_tones", "density", "position", "top_p", "candidates", "rules"),
    *("chord_ms", "legato_ms", "rest_bars", "bpm", "follow_clock", "beats_per_bar", "thru", "instrument"),
    "latency_ms",
    *(f"{name}.{voice}" for name in ("channels", "octaves", "levels", "harmony") for voice in range(4)),
)


def shown(control: Control) -> object:
    """What its editor shows."""
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
    """What a person does with the keyboard."""
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


def test_every_setting_has_a_control(table: Table) -> None:
    reached = {setting_of(control.spec.target) for control in table.panel.controls}
    learnt = {"end_control", "panic_control", "cadence_control", "reset_control"}
    assert set(Settings.__dataclass_fields__) - reached == learnt, "those are learnt on their buttons"
    assert {control.spec.target for control in table.panel.controls} == {
        *TARGETS,
        "end_phrase",
        "cadence",
        "reset",
        "tap",
    }


def test_the_panels_colours_are_the_palettes_alone(table: Table) -> None:
    """A widget with a style sheet of its own keeps its old colours when the theme changes under it."""
    assert not [type(widget).__name__ for widget in table.panel.findChildren(QWidget) if widget.styleSheet()]


def test_one_bar_is_not_one_bars(table: Table) -> None:
    editor = table.control("answer_bars").editor
    assert isinstance(editor, NumberBox)
    editor.box.setValue(1)
    assert editor.box.text() == "1 bar"
    table.desk.set("answer_bars", 2)
    assert editor.box.text() == "2 bars"


@pytest.mark.parametrize("target", TARGETS)
def test_a_control_moves_its_setting(table: Table, target: str) -> None:
    control = table.control(target)
    start = Settings(bpm=90.0, phrase_end="bars" if target == "phrase_bars" else "silence")
    table.desk.apply_all(start)
    if control.disabled_reason:
        table.desk.set("mode", "harmonize")
    table.sent.clear()
    before = value_of(table.settings, target)
    assert control.disabled_reason == ""
    move(control)
    assert value_of(table.settings, target) != before
    assert table.refused == []
    assert len(table.sent) == 1


@pytest.mark.parametrize("target", TARGETS)
def test_a_control_follows_its_setting_and_sends_nothing_back(table: Table, target: str) -> None:
    table.learner.set_bindings([Binding(target, 20)])
    for position in (0, 40, 127):
        table.sent.clear()
        value = value_from_controller(target, position, ("chorale-lstm", "other"))
        table.learner.handle_midi(controller(0, 20, position))
        assert value_of(table.settings, target) == value
        assert len(table.sent) <= 1
        seen = shown(table.control(target))
        if isinstance(value, float):
            assert math.isclose(float(str(seen)), value, abs_tol=0.051 if target == "bpm" else 0.0051)
        else:
            assert seen == value


@pytest.mark.parametrize("command", ["end_phrase", "cadence", "reset", "tap"])
def test_buttons_give_commands(table: Table, command: str) -> None:
    table.desk.set("mode", "harmonize" if command == "cadence" else "continue")
    move(table.control(command))
    assert table.commands == [command]
    assert command in COMMANDS


def test_a_refused_value_leaves_the_control_as_the_setting_is(table: Table) -> None:
    only = Settings(harmony="s")
    table.desk.apply_all(only)
    control = table.control("harmony.0")
    assert isinstance(control.editor, Switch)
    control.editor.setEnabled(True)
    control.editor.box.click()
    assert table.settings.harmony == "s"
    assert shown(control) is True
    assert len(table.refused) == 1


# ---------------------------------------------------------------- reasons


def test_what_cannot_work_is_disabled_and_says_why(table: Table) -> None:
    cadence, end = table.control("cadence"), table.control("end_phrase")
    assert not cadence.editor.isEnabled()
    assert "Only in mode Harmonize" in cadence.editor.findChildren(QWidget)[0].toolTip()
    assert "Only in mode Harmonize" in cadence.editor.findChildren(QWidget)[0].accessibleDescription()
    assert end.editor.isEnabled()
    table.desk.set("mode", "harmonize")
    assert cadence.editor.isEnabled()
    assert "full close" in cadence.editor.findChildren(QWidget)[0].toolTip()
    assert cadence.editor.findChildren(QWidget)[0].accessibleDescription() == ""
    assert end.editor.isEnabled()
    table.desk.set("mode", "off")
    assert not end.editor.isEnabled()


def test_a_section_that_is_idle_says_so_once(table: Table) -> None:
    harmony = next(section for section in table.panel.sections if section.heading.text() == "Harmony")
    phrase = next(section for section in table.panel.sections if section.heading.text() == "Your phrase")
    assert harmony.reason_label.isVisible()
    assert not phrase.reason_label.isVisible()
    table.desk.set("mode", "harmonize")
    assert not harmony.reason_label.isVisible()
    assert not phrase.reason_label.isVisible()
    table.desk.set("mode", "off")
    assert "Nothing is answered" in phrase.reason_label.text()


def test_the_model_is_down_and_up(table: Table) -> None:
    table.panel.set_model_state(ready=False, problem="The model is starting again.")
    assert not table.control("temperature").editor.isEnabled()
    assert table.panel.model.description_label.text() == "The model is starting again."
    assert table.control("model").editor.isEnabled()
    table.panel.set_model_state(ready=True)
    assert table.control("temperature").editor.isEnabled()
    assert table.panel.model.description_label.text() == "Sings."


def test_the_card_of_the_model_that_is_chosen(table: Table) -> None:
    table.desk.set("model", "other")
    assert table.panel.model.description_label.text() == "Hums."
    table.desk.set("model", "gone")
    assert "not installed" in table.panel.model.description_label.text()
    assert shown(table.control("model")) == "gone"
    facts = {"tasks": ["continue", "harmonize"], "data": "Bach's chorales"}
    assert choice_from_card("x", facts).description == "Continues and harmonizes. Learnt from Bach's chorales."
    assert choice_from_card("x", {}).description == ""
    assert choice_from_card("x", {"tasks": ["continue", "mend", "vary"]}).description == "Continues, mends and varies."
    assert choice_from_card("x", facts).tasks == ("continue", "harmonize")


def offered(table: Table) -> list[str]:
    editor = table.control("answer").editor
    assert isinstance(editor, Dropdown)
    return [editor.box.itemData(index) for index in range(editor.box.count())]


def test_the_answers_are_those_that_the_model_knows(table: Table) -> None:
    choices = [ModelChoice("chorale-lstm", "", ("continue", "harmonize")), ModelChoice("other", "", ("continue",))]
    table.panel.set_models([*choices, ModelChoice("third", "")])
    assert offered(table) == ["continue", "harmonize", "dream"]
    table.desk.set("model", "third")
    assert offered(table) == ["continue", "harmonize", "vary", "dream"]
    table.desk.set("answer", "vary")
    table.desk.set("model", "other")
    assert offered(table) == ["continue", "vary", "dream"], "what is set stays in sight"
    assert table.control("answer").disabled_reason == "", "or it could not be changed"
    table.desk.set("answer", "continue")
    assert offered(table) == ["continue", "dream"]
    assert table.control("answer_bars").disabled_reason == ""
    table.desk.set("answer", "dream")
    assert table.control("answer_bars").disabled_reason == ""


def test_the_clock_takes_tap_and_tempo_away(table: Table) -> None:
    table.desk.set("bpm", 90.0)
    table.panel.set_clock(running=True)
    assert not table.control("tap").editor.isEnabled()
    assert not table.panel.tempo.source.isEnabled()
    table.desk.set("follow_clock", value=False)
    assert table.control("tap").editor.isEnabled()


def test_the_length_that_the_rule_goes_by_is_shown(table: Table) -> None:
    assert [table.control(name).isVisible() for name in ("silence_beats", "phrase_bars")] == [True, False]
    table.desk.set("phrase_end", "bars")
    assert [table.control(name).isVisible() for name in ("silence_beats", "phrase_bars")] == [False, True]


# ---------------------------------------------------------------- tempo


def test_taps_set_the_tempo(qtbot: QtBot) -> None:
    times_ns = iter(range(0, 10_000_000_000, 500_000_000))
    desk = SettingsStore(Settings(), lambda _: None)
    tempo = TempoControls(desk, MidiLearn(desk), lambda: next(times_ns))
    qtbot.addWidget(tempo)
    desk.give_command("tap")
    assert desk.settings.bpm == 0
    desk.give_command("tap")
    assert desk.settings.bpm == 120.0
    assert tempo.source.box.currentText() == "Fixed"


def test_fixed_takes_the_last_tempo_up_again(table: Table) -> None:
    table.desk.set("bpm", 77.0)
    for expected in (0.0, 77.0):
        table.panel.tempo.source.moved.emit("fixed" if expected else "playing")
        assert table.settings.bpm == expected
    assert table.control("bpm").disabled_reason == ""


# ---------------------------------------------------------------- for hands, eyes and ears


INTERACTIVE = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QSlider)
INNER = ("qt_spinbox_lineedit", "qt_scrollarea_viewport", "ScrollLeftButton", "ScrollRightButton")


def interactive(root: QWidget) -> list[QWidget]:
    found = [part for part in root.findChildren(QWidget) if isinstance(part, INTERACTIVE)]
    return [part for part in found if part.objectName() not in INNER and not isinstance(part, QScrollBar)]


def test_every_control_has_a_name_and_says_what_one_will_hear(table: Table, tmp_path: Path, qtbot: QtBot) -> None:
    bar = PresetBar(table.desk, table.learner, PresetFolder(tmp_path / "presets"))
    qtbot.addWidget(bar)
    for root in (table.panel, bar):
        parts = interactive(root)
        assert len(parts) > 3
        assert [part for part in parts if not part.accessibleName() or len(part.toolTip()) < 10] == []


def test_names_are_told_apart(table: Table) -> None:
    names = [part.accessibleName() for part in interactive(table.panel) if part.isEnabled()]
    twice = {name for name in names if names.count(name) > 1}
    assert twice <= {control.spec.label for control in table.panel.controls if isinstance(control.editor, Slider)}


def test_the_tab_key_reaches_every_control(table: Table, qtbot: QtBot) -> None:
    table.desk.set("bpm", 90.0)
    table.disclosure.button.setChecked(True)
    table.panel.activateWindow()
    qtbot.waitUntil(table.panel.isActiveWindow)
    reached: set[QWidget] = set()
    for _ in range(200):
        widget = QApplication.focusWidget()
        if widget is not None:
            reached.add(widget)
        QtBot.keyClick(widget or table.panel, Qt.Key.Key_Tab)
    for control in table.panel.controls:
        if control.isVisible() and control.editor.isEnabled():
            assert any(control.isAncestorOf(widget) for widget in reached), control.spec.target
    assert any(table.panel.learn_bar.isAncestorOf(widget) for widget in reached)


def test_the_wheel_passes_over_what_has_no_focus(table: Table) -> None:
    for target in ("silence_beats", "temperature", "model", "levels.1"):
        control = table.control(target)
        for part in control.editor.findChildren(QWidget):
            where, down = QPointF(4, 4), QPoint(0, -120)
            none = Qt.KeyboardModifier.NoModifier
            event = QWheelEvent(
                where, where, QPoint(), down, Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False
            )
            QApplication.sendEvent(part, event)
    assert table.sent == []


def test_nothing_is_wider_than_the_panel(table: Table) -> None:
    table.disclosure.button.setChecked(True)
    QApplication.processEvents()
    for control in filter(Control.isVisible, table.panel.controls):
        right = control.mapTo(table.panel, QPoint(control.width(), 0)).x()
        assert right <= table.panel.width() - 8, control.spec.target


# ---------------------------------------------------------------- learning


def test_a_control_learns_its_knob(table: Table) -> None:
    table.learner.set_active(active=True)
    control = table.control("density")
    assert control.learn_overlay.isVisible()
    QtBot.mouseClick(control.learn_overlay, Qt.MouseButton.LeftButton)
    assert (
        "inner voices" in table.panel.learn_bar.status_label.text()
        or "density" in table.panel.learn_bar.status_label.text()
    )
    table.learner.handle_midi(controller(3, 21, 5))
    assert control.badge.text() == "CC 21"
    table.learner.set_active(active=False)
    assert not control.learn_overlay.isVisible()
    table.learner.handle_midi(controller(3, 21, 127))
    assert table.settings.density == 1.0
    assert "CC 21" in control.toolTip()


def test_escape_cancels_a_step_at_a_time(table: Table) -> None:
    table.learner.set_active(active=True)
    spot = table.control("key").learn_overlay
    QtBot.keyClick(spot, Qt.Key.Key_Return)
    assert table.learner.armed_target == "key"
    QtBot.keyClick(spot, Qt.Key.Key_Escape)
    assert (table.learner.armed_target, table.learner.active) == (None, True)
    QtBot.keyClick(spot, Qt.Key.Key_Escape)
    assert not table.learner.active


def test_escape_is_no_panic_while_learning(table: Table, qtbot: QtBot) -> None:
    button = QPushButton("Panic", table.panel)
    button.show()
    spot = LearnOverlay(button, "panic", table.learner)
    QShortcut(QKeySequence("Esc"), table.panel, lambda: table.desk.give_command("panic"))
    table.panel.activateWindow()
    qtbot.waitUntil(table.panel.isActiveWindow)
    assert not spot.isVisible()
    table.panel.learn_bar.learn_button.click()
    table.panel.learn_bar.learn_button.setFocus()
    assert spot.geometry() == button.rect()
    QtBot.mouseClick(spot, Qt.MouseButton.LeftButton)
    assert table.learner.armed_target == "panic"
    for widget in (spot, table.panel.learn_bar.learn_button):
        widget.setFocus()
        QtBot.keyClick(widget, Qt.Key.Key_Escape)
    assert not table.learner.active
    assert table.commands == []
    QtBot.keyClick(table.panel.learn_bar.learn_button, Qt.Key.Key_Escape)
    assert table.commands == ["panic"]


def test_what_is_disabled_can_be_learnt_all_the_same(table: Table) -> None:
    assert not table.control("cadence").editor.isEnabled()
    table.learner.set_active(active=True)
    QtBot.mouseClick(table.control("cadence").learn_overlay, Qt.MouseButton.LeftButton)
    table.learner.handle_midi(controller(0, 44, 127))
    assert table.settings.cadence_control == 44
    assert Setting("cadence_control", 44) in table.sent
    assert table.control("cadence").badge.text() == "CC 44"


def test_the_menu_learns_and_forgets(table: Table) -> None:
    control = table.control("temperature")
    control.make_menu().actions()[0].trigger()
    table.learner.handle_midi(controller(0, 21, 5))
    forget = control.make_menu().actions()[1]
    assert forget.text() == "Forget CC 21"
    forget.trigger()
    assert table.learner.bindings == ()
    assert not control.badge.isVisible()
    assert not control.make_menu().actions()[1].isEnabled()


def test_conflicts_stand_in_the_panel(table: Table) -> None:
    says = table.panel.learn_bar.status_label
    assert not says.isVisible()
    table.learner.set_bindings([Binding("density", 21), Binding("position", 21)])
    assert "moves both" in says.text()
    table.learner.unbind("density")
    assert not says.isVisible()
    table.learner.set_bindings([Binding("density", 21)])
    table.desk.set("panic_control", 21)
    assert "panic" in says.text()


# ---------------------------------------------------------------- profiles and presets


def typed(edit: QLineEdit, text: str) -> None:
    edit.clear()
    QtBot.keyClicks(edit, text)
    QtBot.keyClick(edit, Qt.Key.Key_Return)


def test_profiles_are_named_in_place(table: Table, tmp_path: Path) -> None:
    box = table.panel.learn_bar.profile_box
    assert box
    table.learner.set_bindings([Binding("density", 21)])
    box.save_as.trigger()
    assert box.edit.isVisible()
    typed(box.edit, "Mine")
    assert box.current == "Mine"
    assert ProfileFolder(tmp_path / "profiles").load("Mine").bindings == (Binding("density", 21),)
    table.learner.set_bindings([])
    table.desk.set("panic_control", 5)
    box.combo.textActivated.emit("Mine")
    assert table.learner.bindings == (Binding("density", 21),)
    assert table.settings.panic_control == 83
    box.rename.trigger()
    typed(box.edit, "Yours")
    box.delete.trigger()
    assert box.current == ""
    box.undo.trigger()
    assert (box.current, ProfileFolder(tmp_path / "profiles").names()) == ("Yours", ["Yours"])


def test_escape_leaves_the_name_alone(table: Table) -> None:
    box = table.panel.learn_bar.profile_box
    assert box
    box.save_as.trigger()
    QtBot.keyClicks(box.edit, "abc")
    QtBot.keyClick(box.edit, Qt.Key.Key_Escape)
    assert not box.edit.isVisible()
    assert box.combo.count() == 0


def test_a_name_that_is_refused_leaves_what_was_chosen(table: Table) -> None:
    box = table.panel.learn_bar.profile_box
    assert box
    for name in ("Mine", "a/b"):
        box.save_as.trigger()
        typed(box.edit, name)
    assert "cannot be called" in table.panel.learn_bar.status_label.text()
    assert box.current == box.combo.currentText() == "Mine"


def test_a_damaged_profile_stands_in_the_panel(table: Table, tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/Bad.json").write_text("{", encoding="utf-8")
    box = table.panel.learn_bar.profile_box
    assert box
    box.chosen.emit("Bad")
    assert "damaged" in table.panel.learn_bar.status_label.text()


@pytest.fixture
def bar(table: Table, tmp_path: Path, qtbot: QtBot) -> PresetBar:
    made = PresetBar(table.desk, table.learner, PresetFolder(tmp_path / "presets"))
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_preset_brings_everything_back(table: Table, bar: PresetBar) -> None:
    table.desk.set("temperature", 1.5)
    table.learner.set_bindings([Binding("density", 21)])
    bar.preset_box.save_as.trigger()
    typed(bar.preset_box.edit, "Evening")
    table.desk.set("temperature", 0.5)
    table.desk.set("latency_ms", 30)
    table.learner.set_bindings([])
    assert bar.choose("Evening")
    assert table.settings.temperature == 1.5
    assert table.learner.bindings == (Binding("density", 21),)
    assert table.settings.latency_ms == 30, "the latency is the output's"


def test_a_program_calls_a_preset(table: Table, bar: PresetBar) -> None:
    for name, temperature in (("One", 1.1), ("Two", 1.2)):
        table.desk.set("temperature", temperature)
        bar.save(name)
        bar.preset_box.show_current(name)
        bar.refresh()
        bar.program_box.setValue(5)
    assert PresetFolder(bar._presets._json_store.folder).names_by_program() == {4: "Two"}
    table.desk.set("temperature", 0.4)
    table.learner.handle_midi(bytes((0xC0, 4)))
    assert table.settings.temperature == 1.2
    assert (bar.preset_box.current, bar.program_box.value()) == ("Two", 5)
    bar.save("Two")
    assert bar.program_box.value() == 5, "saving over keeps the program"


def test_files_go_out_and_in(table: Table, bar: PresetBar, tmp_path: Path) -> None:
    said: list[str] = []
    bar.refused.connect(said.append)
    assert not bar.export_action.isEnabled()
    assert not bar.program_box.isEnabled()
    table.desk.set("temperature", 1.5)
    bar.save("Evening")
    bar.preset_box.show_current("Evening")
    assert bar.export_file(tmp_path / "out")
    table.desk.set("temperature", 0.5)
    assert bar.import_file(tmp_path / "out.bachbridge.json")
    assert (bar.preset_box.current, table.settings.temperature) == ("out", 1.5)
    assert said == []
    (tmp_path / "bad.json").write_text("[]", encoding="utf-8")
    assert not bar.import_file(tmp_path / "bad.json")
    assert len(said) == 1
    assert table.settings.temperature == 1.5


def test_deleting_a_preset_can_be_undone(bar: PresetBar) -> None:
    bar.save("Evening")
    bar.preset_box.show_current("Evening")
    bar.preset_box.delete.trigger()
    assert bar.preset_box.combo.count() == 0
    bar.preset_box.undo.trigger()
    assert bar.preset_box.current == "Evening"
    assert isinstance(bar.program_box, QSpinBox)
    assert bar.program_box.isEnabled()
