"""The port picker: which ports it offers and shows as chosen, and what a choice does to the engine."""

from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from bachbridge.protocol.events import ListPorts, Panic, PortsChanged
from bachbridge.protocol.notices import PortNames
from bachbridge_gui.setup.port_picker import LOOPBACK, OWN_INPUT, OWN_OUTPUT, PortPicker
from bachbridge_gui.state.window_prefs import WindowPrefs
from tests.support.assembled_window import WindowHarness

NAMES = PortNames(("Keystation", "Pads"), ("Organ", "Synth"))


@pytest.fixture
def picker(qtbot: QtBot) -> PortPicker:
    made = PortPicker()
    qtbot.addWidget(made)
    return made


def boxes(picker: PortPicker) -> tuple[QComboBox, QComboBox]:
    first, second = picker.findChildren(QComboBox)
    return first, second


def texts(box: QComboBox) -> list[str]:
    return [box.itemText(row) for row in range(box.count())]


def test_port_picker_offers_own_ports_first(picker: PortPicker) -> None:
    input_box, output_box = boxes(picker)
    assert (texts(input_box), texts(output_box)) == ([OWN_INPUT], [OWN_OUTPUT])
    picker.show_ports(NAMES, None, None)
    assert texts(input_box) == [OWN_INPUT, "Keystation", "Pads"]
    assert texts(output_box) == [OWN_OUTPUT, "Organ", "Synth"]
    assert (input_box.currentText(), output_box.currentText()) == (OWN_INPUT, OWN_OUTPUT)


def test_port_picker_offers_a_loopback_on_windows(qtbot: QtBot) -> None:
    made = PortPicker(platform="win32")
    qtbot.addWidget(made)
    assert [texts(box) for box in boxes(made)] == [[LOOPBACK], [LOOPBACK]]


def test_port_picker_keeps_missing_port_in_list(picker: PortPicker) -> None:
    input_box, output_box = boxes(picker)
    picker.show_ports(NAMES, "Pads", "Piano")
    assert input_box.currentText() == "Pads"
    assert output_box.currentText() == "Piano (not there)"
    assert output_box.currentData() == "Piano"


def test_port_picker_accepts_part_of_a_name(picker: PortPicker) -> None:
    input_box, output_box = boxes(picker)
    picker.show_ports(NAMES, "keyst", "synth")
    assert (input_box.currentText(), output_box.currentText()) == ("Keystation", "Synth")
    assert input_box.count() == 3


def test_port_picker_emits_both_names_when_chosen(picker: PortPicker) -> None:
    chosen: list[tuple[object, object]] = []
    picker.chosen.connect(lambda input_box, output_box: chosen.append((input_box, output_box)))
    input_box, output_box = boxes(picker)
    picker.show_ports(NAMES, "Pads", None)
    assert chosen == []
    output_box.setCurrentIndex(2)
    output_box.activated.emit(2)
    assert chosen == [("Pads", "Synth")]
    input_box.setCurrentIndex(0)
    input_box.activated.emit(0)
    assert chosen[-1] == (None, "Synth")


def test_port_picker_asks_for_names_when_shown(picker: PortPicker, qtbot: QtBot) -> None:
    with qtbot.waitSignal(picker.names_wanted, timeout=1000):
        picker.show()


def test_port_picker_ignores_mouse_wheel(picker: PortPicker) -> None:
    picker.show_ports(NAMES, None, None)
    picker.show()
    input_box, _ = boxes(picker)
    input_box.clearFocus()
    centre = QPointF(input_box.rect().center())
    wheel = QWheelEvent(
        centre,
        QPointF(input_box.mapToGlobal(input_box.rect().center())),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(input_box, wheel)
    assert input_box.currentText() == OWN_INPUT


# ---------------------------------------------------------------- in the window


def choose(opened: WindowHarness, input_name: str | None, output_name: str | None) -> None:
    input_box, output_box = boxes(opened.parts.port_picker)
    input_box.setCurrentIndex(input_box.findData(input_name))
    output_box.setCurrentIndex(output_box.findData(output_name))
    output_box.activated.emit(output_box.currentIndex())
    opened.advance()


def show_connect_page(opened: WindowHarness) -> None:
    opened.window.show_view("connect")
    opened.engine.emit(NAMES)
    opened.advance()


def test_connect_page_requests_and_shows_port_names(opened: WindowHarness) -> None:
    assert not opened.engine_received(ListPorts)
    show_connect_page(opened)
    assert opened.engine_received(ListPorts)
    assert texts(boxes(opened.parts.port_picker)[0]) == [OWN_INPUT, "Keystation", "Pads"]


def test_connect_page_requests_names_when_ports_change(opened: WindowHarness) -> None:
    show_connect_page(opened)
    request_count = len(opened.engine_received(ListPorts))
    opened.engine.feed(PortsChanged("Keystation", "BachBridge Out"))
    opened.advance()
    assert len(opened.engine_received(ListPorts)) == request_count + 1


def test_chosen_ports_restart_engine_and_are_remembered(opened: WindowHarness) -> None:
    opened.store.set("temperature", 1.25)
    show_connect_page(opened)
    choose(opened, "Pads", "Synth")
    assert opened.requested_ports == [(None, None), ("Pads", "Synth")]
    assert opened.engines[0].closed
    assert opened.started[-1][0].temperature == 1.25
    assert opened.core.is_ready
    assert boxes(opened.parts.port_picker)[0].currentData() == "Pads"
    opened.window.close()
    prefs = opened.saved[0][0]
    assert (prefs.input, prefs.output) == ("Pads", "Synth")


def test_next_window_uses_same_ports(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, prefs=WindowPrefs(welcome=False, input="Pads", output="Synth"))
    qtbot.addWidget(opened.window)
    assert opened.requested_ports == [("Pads", "Synth")]
    opened.engine.die()
    opened.advance()
    assert opened.requested_ports == [("Pads", "Synth")] * 2
    opened.window.close()


def test_choosing_same_ports_does_not_restart_engine(opened: WindowHarness) -> None:
    show_connect_page(opened)
    choose(opened, None, None)
    assert len(opened.engines) == 1


def test_same_ports_are_retried_without_midi_system(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, midi=False)
    qtbot.addWidget(opened.window)
    opened.advance()
    show_connect_page(opened)
    choose(opened, None, None)
    assert [ports for _, ports in opened.started] == [True, False, True, False]


def test_choosing_ports_silences_everything(opened: WindowHarness) -> None:
    opened.play(60, 62, 64)
    opened.store.give_command("end_phrase")
    opened.advance()
    assert opened.state.timeline.sounding_notes()
    assert opened.preview_process.sent
    show_connect_page(opened)
    choose(opened, "Pads", "Synth")
    assert opened.state.timeline.is_idle
    assert Panic() in opened.preview_process.sent
