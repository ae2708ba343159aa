"""Which ports are used: what is offered, what is shown as chosen, and what a choice does to the engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from bachbridge.protocol.events import ListPorts, Panic, PortNames, PortsChanged
from bachbridge_gui.setup.port_picker import OWN_INPUT, OWN_OUTPUT, PortPicker
from bachbridge_gui.state.window_prefs import WindowPrefs
from tests.support.assembled_window import WindowHarness

NAMES = PortNames(("Keystation", "Pads"), ("Organ", "Synth"))


@pytest.fixture
def chooser(qtbot: QtBot) -> PortPicker:
    made = PortPicker()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def opened(tmp_path: Path, qtbot: QtBot) -> Iterator[WindowHarness]:
    made = WindowHarness(tmp_path)
    qtbot.addWidget(made.window)
    yield made
    made.window.close()


def boxes(chooser: PortPicker) -> tuple[QComboBox, QComboBox]:
    first, second = chooser.findChildren(QComboBox)
    return first, second


def texts(box: QComboBox) -> list[str]:
    return [box.itemText(row) for row in range(box.count())]


def test_our_own_ports_come_first_and_are_chosen_at_first(chooser: PortPicker) -> None:
    source, sink = boxes(chooser)
    assert (texts(source), texts(sink)) == ([OWN_INPUT], [OWN_OUTPUT])
    chooser.show_ports(NAMES, None, None)
    assert texts(source) == [OWN_INPUT, "Keystation", "Pads"]
    assert texts(sink) == [OWN_OUTPUT, "Organ", "Synth"]
    assert (source.currentText(), sink.currentText()) == (OWN_INPUT, OWN_OUTPUT)


def test_what_is_used_is_shown_and_stays_in_the_list_while_it_is_absent(chooser: PortPicker) -> None:
    source, sink = boxes(chooser)
    chooser.show_ports(NAMES, "Pads", "Piano")
    assert source.currentText() == "Pads"
    assert sink.currentText() == "Piano (not there)"
    assert sink.currentData() == "Piano"


def test_a_part_of_a_name_is_the_port_with_that_name(chooser: PortPicker) -> None:
    source, sink = boxes(chooser)
    chooser.show_ports(NAMES, "keyst", "synth")
    assert (source.currentText(), sink.currentText()) == ("Keystation", "Synth")
    assert source.count() == 3


def test_a_choice_tells_both_names_and_showing_tells_nothing(chooser: PortPicker) -> None:
    told: list[tuple[object, object]] = []
    chooser.chosen.connect(lambda source, sink: told.append((source, sink)))
    source, sink = boxes(chooser)
    chooser.show_ports(NAMES, "Pads", None)
    assert told == []
    sink.setCurrentIndex(2)
    sink.activated.emit(2)
    assert told == [("Pads", "Synth")]
    source.setCurrentIndex(0)
    source.activated.emit(0)
    assert told[-1] == (None, "Synth")


def test_names_are_asked_for_when_the_page_comes_into_sight(chooser: PortPicker, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chooser.names_wanted, timeout=1000):
        chooser.show()


def test_a_wheel_that_turns_over_the_page_chooses_no_port(chooser: PortPicker) -> None:
    chooser.show_ports(NAMES, None, None)
    chooser.show()
    source, _ = boxes(chooser)
    source.clearFocus()
    centre = QPointF(source.rect().center())
    wheel = QWheelEvent(
        centre,
        QPointF(source.mapToGlobal(source.rect().center())),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(source, wheel)
    assert source.currentText() == OWN_INPUT


# ---------------------------------------------------------------- in the window


def choose(opened: WindowHarness, source: str | None, sink: str | None) -> None:
    first, second = boxes(opened.parts.port_picker)
    first.setCurrentIndex(first.findData(source))
    second.setCurrentIndex(second.findData(sink))
    second.activated.emit(second.currentIndex())
    opened.advance()


def offered(opened: WindowHarness) -> None:
    opened.window.show_view("connect")
    opened.engine.emit(NAMES)
    opened.advance()


def test_the_page_asks_and_shows_what_there_is(opened: WindowHarness) -> None:
    assert not opened.engine_received(ListPorts)
    offered(opened)
    assert opened.engine_received(ListPorts)
    assert texts(boxes(opened.parts.port_picker)[0]) == [OWN_INPUT, "Keystation", "Pads"]


def test_while_the_page_is_shown_a_port_that_comes_is_asked_for(opened: WindowHarness) -> None:
    offered(opened)
    asked = len(opened.engine_received(ListPorts))
    opened.engine.feed(PortsChanged("Keystation", "BachBridge Out"))
    opened.advance()
    assert len(opened.engine_received(ListPorts)) == asked + 1


def test_other_ports_mean_another_engine_with_the_settings_and_are_remembered(opened: WindowHarness) -> None:
    opened.store.set("temperature", 1.25)
    offered(opened)
    choose(opened, "Pads", "Synth")
    assert opened.requested_ports == [(None, None), ("Pads", "Synth")]
    assert opened.engines[0].closed
    assert opened.started[-1][0].temperature == 1.25
    assert opened.core.is_ready
    assert boxes(opened.parts.port_picker)[0].currentData() == "Pads"
    opened.window.close()
    remembered = opened.saved[0][0]
    assert (remembered.input, remembered.output) == ("Pads", "Synth")


def test_the_next_window_takes_the_same_ports(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, prefs=WindowPrefs(welcome=False, input="Pads", output="Synth"))
    qtbot.addWidget(opened.window)
    assert opened.requested_ports == [("Pads", "Synth")]
    opened.engine.die()
    opened.advance()
    assert opened.requested_ports == [("Pads", "Synth")] * 2
    opened.window.close()


def test_the_same_ports_again_do_not_interrupt_the_music(opened: WindowHarness) -> None:
    offered(opened)
    choose(opened, None, None)
    assert len(opened.engines) == 1


def test_without_a_midi_system_the_same_ports_are_tried_again(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, midi=False)
    qtbot.addWidget(opened.window)
    opened.advance()
    offered(opened)
    choose(opened, None, None)
    assert [ports for _, ports in opened.started] == [True, False, True, False]


def test_nothing_goes_on_sounding_when_other_ports_are_chosen(opened: WindowHarness) -> None:
    opened.play(60, 62, 64)
    opened.store.give_command("end_phrase")
    opened.advance()
    assert opened.state.timeline.sounding_notes()
    assert opened.preview_process.sent
    offered(opened)
    choose(opened, "Pads", "Synth")
    assert opened.state.timeline.is_idle
    assert Panic() in opened.preview_process.sent
