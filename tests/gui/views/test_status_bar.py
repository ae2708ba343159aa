"""The status bar: its items, when it changes, and which items it drops when it is narrow."""

from dataclasses import replace

import pytest
from PyQt6.QtCore import Qt

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import AnswerLate, FeedbackLoop
from bachbridge.protocol.events import ModelDown, ModelUp, PortsChanged
from bachbridge.protocol.notices import Failed, Health, Received, Sent
from bachbridge_gui.state.health import EngineHealth
from bachbridge_gui.views.status_bar import (
    GLOW_NS,
    LOOP_TEXT,
    StatusBar,
    StatusItem,
    StatusTexts,
    status_items,
    timing_text,
)

MS_NS, SECOND_NS = 1_000_000, 1_000_000_000
TEMPO = StatusTexts("Listening", "96 bpm, from your playing")


@pytest.fixture
def status_bar(qtbot) -> StatusBar:
    status_bar = StatusBar()
    qtbot.addWidget(status_bar)
    status_bar.resize(900, 32)
    status_bar.show()
    return status_bar


def health_with_model() -> EngineHealth:
    health = EngineHealth()
    health.handle_message(ModelUp("chorale-lstm", 1), 0)
    return health


def test_status_bar_speaks_in_plain_words(status_bar):
    health = health_with_model()
    status_bar.refresh(health, TEMPO, 0)
    assert status_bar.text == "Listening · 96 bpm, from your playing · In time"
    assert status_bar.accessibleDescription() == status_bar.text


def test_status_bar_keeps_figures_for_its_tool_tip(status_bar):
    health = health_with_model()
    health.handle_message(Sent(midi.note_on(0, 60, 80), SECOND_NS - MS_NS // 2, SECOND_NS), SECOND_NS)
    health.handle_message(Health(1, 2, 3, 4, 4_300_000, 18_000_000), SECOND_NS)
    status_bar.refresh(health, TEMPO, SECOND_NS)
    assert "ms" not in status_bar.text
    assert timing_text(health, SECOND_NS) in status_bar.toolTip()
    assert "within 0.5" in status_bar.toolTip()
    assert "4.3 ms for half of its answers, and at most 18 ms" in status_bar.toolTip()


def test_status_bar_text_changes_less_often_than_lights(status_bar):
    health = health_with_model()
    status_bar.refresh(health, TEMPO, 0)
    health.handle_message(Received(midi.note_on(0, 60, 80), 100 * MS_NS), 100 * MS_NS)
    health.handle_message(AnswerLate(1, "late"), 100 * MS_NS)
    status_bar.refresh(health, TEMPO, 100 * MS_NS)
    assert status_bar.lit == (True, False)
    assert "In time" in status_bar.text
    status_bar.refresh(health, TEMPO, 500 * MS_NS)
    assert "1 note late or lost" in status_bar.text
    assert status_bar.lit == (False, False)


def test_status_bar_light_stays_lit_for_glow_time(status_bar):
    health = health_with_model()
    health.handle_message(Sent(midi.note_on(0, 60, 80), 0, 0), 0)
    for now_ns, lit in ((0, True), (GLOW_NS - 1, True), (GLOW_NS, False)):
        status_bar.refresh(health, TEMPO, now_ns)
        assert status_bar.lit == (False, lit)


def test_status_bar_keeps_warnings_when_narrow(status_bar):
    health = health_with_model()
    health.handle_message(AnswerLate(1, "late"), 0)
    health.handle_message(ModelDown("The model stopped."), 0)
    status_bar.refresh(health, TEMPO, 0)
    assert tuple(status_bar._items_that_fit(10_000)) == status_items(health, TEMPO, 0)
    shown = [item.text for item in status_bar._items_that_fit(360)]
    assert shown[:1] == ["The model stopped."]
    assert "In time" not in shown
    assert [item.text for item in status_bar._items_that_fit(10)] == ["The model stopped."]
    assert {item.text for item in status_items(health, TEMPO, 0) if item.is_warning} == {
        "The model stopped.",
        "1 note late or lost in the last minute",
    }


def test_status_items_start_with_loop_warning():
    health = health_with_model()
    health.handle_message(FeedbackLoop(is_there=True), 0)
    first = status_items(health, TEMPO, 0)[0]
    assert first.text == LOOP_TEXT
    assert first.is_warning


def test_status_items_start_with_engine_failure():
    health = health_with_model()
    health.handle_message(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    health.handle_message(Failed("The engine has ended."), 0)
    assert status_items(health, TEMPO, 0)[0] == StatusItem("The engine has ended.", 0, is_warning=True)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_status_bar_key_emits_clicked(qtbot, status_bar, key):
    with qtbot.waitSignal(status_bar.clicked):
        qtbot.keyClick(status_bar, key)


def test_status_bar_only_left_click_emits_clicked(qtbot, status_bar):
    with qtbot.waitSignal(status_bar.clicked):
        qtbot.mouseClick(status_bar, Qt.MouseButton.LeftButton)
    with qtbot.assertNotEmitted(status_bar.clicked):
        qtbot.mouseClick(status_bar, Qt.MouseButton.RightButton)
        qtbot.keyClick(status_bar, Qt.Key.Key_X)


def test_status_bar_paints_lit_light_differently(status_bar):
    health = health_with_model()
    status_bar.refresh(health, TEMPO, 0)
    dark = status_bar.grab().toImage()
    health.handle_message(Received(midi.note_on(0, 60, 80), MS_NS), MS_NS)
    status_bar.refresh(health, TEMPO, MS_NS)
    assert status_bar.grab().toImage() != dark


def test_status_bar_shows_each_chord_at_once(status_bar):
    health = health_with_model()
    status_bar.refresh(health, replace(TEMPO, harmony="G major: I (G)"), 0)
    assert status_bar.text.endswith("· G major: I (G)")
    status_bar.refresh(health, replace(TEMPO, harmony="G major: V65 (D7/F#)"), 10 * MS_NS)
    assert status_bar.text.endswith("· G major: V65 (D7/F#)")
    status_bar.refresh(health, TEMPO, 20 * MS_NS)
    assert "major" not in status_bar.text
