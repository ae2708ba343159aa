"""MIDI profiles and presets: named in place, chosen, exported, imported, and deleted with undo."""

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.presets.preset_bar import PresetBar
from bachbridge_gui.presets.presets import PresetFolder
from tests.gui.controls.panel_rig import PanelRig


@pytest.fixture
def bar(rig: PanelRig, tmp_path: Path, qtbot: QtBot) -> PresetBar:
    made = PresetBar(rig.store, rig.learner, PresetFolder(tmp_path / "presets"))
    qtbot.addWidget(made)
    made.show()
    return made


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
