"""The side panel in learn mode: controls are learnt and forgotten, and Esc goes back one step."""

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from bachbridge.midi.messages import control_change as controller
from bachbridge.protocol.events import Setting
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from tests.gui.controls.panel_rig import PanelRig


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
