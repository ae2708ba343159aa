"""The side panel's levels, the room that its controls have, and the mouse wheel over them."""

from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QApplication, QWidget

from bachbridge_gui.controls.control import Control
from tests.gui.controls.panel_rig import PanelRig


def test_panel_uses_palette_colours_only(rig: PanelRig) -> None:
    """A widget with a style sheet of its own keeps its old colours when the theme changes under it."""
    assert not [type(widget).__name__ for widget in rig.panel.findChildren(QWidget) if widget.styleSheet()]


def test_no_control_is_wider_than_panel(rig: PanelRig) -> None:
    rig.open_levels()
    QApplication.processEvents()
    for control in filter(Control.isVisible, rig.panel.controls):
        right = control.mapTo(rig.panel, QPoint(control.width(), 0)).x()
        assert right <= rig.panel.width() - 8, control.spec.target


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


def test_length_of_chosen_phrase_end_is_shown(rig: PanelRig) -> None:
    assert [rig.control(name).isVisible() for name in ("silence_beats", "phrase_bars")] == [True, False]
    rig.store.set("phrase_end", "bars")
    assert [rig.control(name).isVisible() for name in ("silence_beats", "phrase_bars")] == [False, True]


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
