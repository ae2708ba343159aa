"""Every control of the side panel and the preset bar has a name and a tooltip, and Tab reaches it."""

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bachbridge_gui.controls.editors import Slider
from bachbridge_gui.presets.preset_bar import PresetBar
from bachbridge_gui.presets.presets import PresetFolder
from tests.gui.controls.panel_rig import PanelRig

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
