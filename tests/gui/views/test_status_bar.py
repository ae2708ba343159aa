"""The status line: what it says, when it changes, and what is left out where it is narrow."""

import pytest
from PyQt6.QtCore import Qt

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Failed, Health, Missed, ModelDown, ModelUp, PortsChanged, Received, Sent
from bachbridge_gui.state.health import Vitals
from bachbridge_gui.views.status_bar import GLOW_NS, Item, StatusLine, items

MS, S = 1_000_000, 1_000_000_000
TEMPO = "96 bpm · from your playing"


@pytest.fixture
def line(qtbot) -> StatusLine:
    line = StatusLine()
    qtbot.addWidget(line)
    line.resize(900, 32)
    line.show()
    return line


def ready() -> Vitals:
    vitals = Vitals()
    vitals.take(ModelUp("chorale-lstm", 1), 0)
    return vitals


def test_it_says_tempo_model_and_figures(line):
    vitals = ready()
    line.refresh(vitals, TEMPO, 0)
    assert line.text == f"{TEMPO} · chorale-lstm is ready · Nothing late · Engine idle · Model idle"
    vitals.take(Sent(midi.note_on(0, 60, 80), S - MS // 2, S), S)
    vitals.take(Health(1, 2, 3, 4, 4_300_000, 18_000_000), S)
    line.refresh(vitals, TEMPO, S)
    assert "Engine 0.5" in line.text
    assert "Model 4.3 / 18 ms" in line.text
    assert line.accessibleDescription() == line.text


def test_words_change_at_most_twice_a_second_and_lights_with_every_frame(line):
    vitals = ready()
    line.refresh(vitals, TEMPO, 0)
    vitals.take(Received(midi.note_on(0, 60, 80), 100 * MS), 100 * MS)
    vitals.take(Missed(1, "late"), 100 * MS)
    line.refresh(vitals, TEMPO, 100 * MS)
    assert line.lit == (True, False)
    assert "Nothing late" in line.text
    line.refresh(vitals, TEMPO, 500 * MS)
    assert "1 event late or lost" in line.text
    assert line.lit == (False, False)


def test_a_light_glows_long_enough_to_be_seen(line):
    vitals = ready()
    vitals.take(Sent(midi.note_on(0, 60, 80), 0, 0), 0)
    for now_ns, lit in ((0, True), (GLOW_NS - 1, True), (GLOW_NS, False)):
        line.refresh(vitals, TEMPO, now_ns)
        assert line.lit == (False, lit)


def test_trouble_stays_when_there_is_little_room(line):
    vitals = ready()
    vitals.take(Missed(1, "late"), 0)
    vitals.take(ModelDown("The model stopped."), 0)
    line.refresh(vitals, TEMPO, 0)
    assert tuple(line._fitting(10_000)) == items(vitals, TEMPO, 0)
    shown = [item.text for item in line._fitting(360)]
    assert shown[:1] == ["The model stopped."]
    assert "Engine idle" not in shown
    assert [item.text for item in line._fitting(10)] == ["The model stopped."]
    assert {item.text for item in items(vitals, TEMPO, 0) if item.trouble} == {
        *("The model stopped.", "1 event late or lost")
    }


def test_a_loop_is_said_first():
    vitals = ready()
    for number in range(4):
        vitals.take(Sent(midi.note_on(0, 60 + number, 80), 0, 0), 0)
        vitals.take(Received(midi.note_on(3, 60 + number, 80), MS), 0)
    first = items(vitals, TEMPO, 0)[0]
    assert first.text == "Our output comes back: a loop"
    assert first.trouble


def test_a_fallen_engine_is_said_before_anything_else():
    vitals = ready()
    vitals.take(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    vitals.take(Failed("The engine has ended."), 0)
    assert items(vitals, TEMPO, 0)[0] == Item("The engine has ended.", 0, trouble=True)


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
    vitals.take(Received(midi.note_on(0, 60, 80), MS), MS)
    line.refresh(vitals, TEMPO, MS)
    assert line.grab().toImage() != dark
