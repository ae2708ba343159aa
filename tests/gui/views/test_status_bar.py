"""The status line: what it says, when it changes, and what is left out where it is narrow."""

import pytest
from PyQt6.QtCore import Qt

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import AnswerLate, Failed, Health, Received, Sent
from bachbridge.protocol.events import ModelDown, ModelUp, PortsChanged
from bachbridge_gui.state.health import EngineHealth
from bachbridge_gui.views.status_bar import GLOW_NS, StatusBar, StatusItem, status_items

MS, S = 1_000_000, 1_000_000_000
TEMPO = "96 bpm · from your playing"


@pytest.fixture
def line(qtbot) -> StatusBar:
    line = StatusBar()
    qtbot.addWidget(line)
    line.resize(900, 32)
    line.show()
    return line


def ready() -> EngineHealth:
    vitals = EngineHealth()
    vitals.handle_message(ModelUp("chorale-lstm", 1), 0)
    return vitals


def test_it_says_tempo_model_and_figures(line):
    vitals = ready()
    line.refresh(vitals, TEMPO, 0)
    assert line.text == f"{TEMPO} · chorale-lstm is ready · Nothing late · Engine idle · Model idle"
    vitals.handle_message(Sent(midi.note_on(0, 60, 80), S - MS // 2, S), S)
    vitals.handle_message(Health(1, 2, 3, 4, 4_300_000, 18_000_000), S)
    line.refresh(vitals, TEMPO, S)
    assert "Engine 0.5" in line.text
    assert "Model 4.3 / 18 ms" in line.text
    assert line.accessibleDescription() == line.text


def test_words_change_at_most_twice_a_second_and_lights_with_every_frame(line):
    vitals = ready()
    line.refresh(vitals, TEMPO, 0)
    vitals.handle_message(Received(midi.note_on(0, 60, 80), 100 * MS), 100 * MS)
    vitals.handle_message(AnswerLate(1, "late"), 100 * MS)
    line.refresh(vitals, TEMPO, 100 * MS)
    assert line.lit == (True, False)
    assert "Nothing late" in line.text
    line.refresh(vitals, TEMPO, 500 * MS)
    assert "1 event late or lost" in line.text
    assert line.lit == (False, False)


def test_a_light_glows_long_enough_to_be_seen(line):
    vitals = ready()
    vitals.handle_message(Sent(midi.note_on(0, 60, 80), 0, 0), 0)
    for now_ns, lit in ((0, True), (GLOW_NS - 1, True), (GLOW_NS, False)):
        line.refresh(vitals, TEMPO, now_ns)
        assert line.lit == (False, lit)


def test_trouble_stays_when_there_is_little_room(line):
    vitals = ready()
    vitals.handle_message(AnswerLate(1, "late"), 0)
    vitals.handle_message(ModelDown("The model stopped."), 0)
    line.refresh(vitals, TEMPO, 0)
    assert tuple(line._items_that_fit(10_000)) == status_items(vitals, TEMPO, 0)
    shown = [item.text for item in line._items_that_fit(360)]
    assert shown[:1] == ["The model stopped."]
    assert "Engine idle" not in shown
    assert [item.text for item in line._items_that_fit(10)] == ["The model stopped."]
    assert {item.text for item in status_items(vitals, TEMPO, 0) if item.is_warning} == {
        *("The model stopped.", "1 event late or lost")
    }


def test_a_loop_is_said_first():
    vitals = ready()
    for number in range(4):
        vitals.handle_message(Sent(midi.note_on(0, 60 + number, 80), 0, 0), 0)
        vitals.handle_message(Received(midi.note_on(3, 60 + number, 80), MS), 0)
    first = status_items(vitals, TEMPO, 0)[0]
    assert first.text == "MIDI loop: our output comes back to our input"
    assert first.is_warning


def test_a_fallen_engine_is_said_before_anything_else():
    vitals = ready()
    vitals.handle_message(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    vitals.handle_message(Failed("The engine has ended."), 0)
    assert status_items(vitals, TEMPO, 0)[0] == StatusItem("The engine has ended.", 0, is_warning=True)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_a_key_asks_for_the_monitor(qtbot, line, key):
    with qtbot.waitSignal(line.clicked):
        qtbot.keyClick(line, key)


def test_a_click_asks_for_the_monitor_and_other_buttons_do_not(qtbot, line):
    with qtbot.waitSignal(line.clicked):
        qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    with qtbot.assertNotEmitted(line.clicked):
        qtbot.mouseClick(line, Qt.MouseButton.RightButton)
        qtbot.keyClick(line, Qt.Key.Key_X)


def test_lit_and_unlit_look_different(line):
    vitals = ready()
    line.refresh(vitals, TEMPO, 0)
    dark = line.grab().toImage()
    vitals.handle_message(Received(midi.note_on(0, 60, 80), MS), MS)
    line.refresh(vitals, TEMPO, MS)
    assert line.grab().toImage() != dark
