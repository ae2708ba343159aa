"""The words for what the program does now."""

import pytest

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import AnswerEnded, AnswerStarted, EngineEnded, PhraseEnded, Received
from bachbridge.protocol.events import Answer, AskRefused, ModelDown
from bachbridge.settings import Settings
from bachbridge_gui.state.activity import LISTENING_TEXT, THINKING_TEXT, Activity

S = 1_000_000_000
STEP_NS = S // 8
PHRASE = PhraseEnded(Phrase((Note(0, 4, 60),), 32, 16), 0, STEP_NS, "silence")
SETTINGS = Settings(answer_bars=4)


def asked() -> Activity:
    activity = Activity()
    activity.handle_message(PHRASE, 4 * S)
    return activity


def test_activity_follows_the_dialogue() -> None:
    activity = Activity()
    assert activity.text(SETTINGS, 0) == LISTENING_TEXT
    activity.handle_message(Received(midi.note_on(0, 60, 80), S), S)
    assert activity.text(SETTINGS, S) == "Hearing you play"
    assert activity.text(Settings(mode="harmonize"), S) == "Playing along"
    assert activity.text(SETTINGS, 3 * S) == LISTENING_TEXT
    activity.handle_message(PHRASE, 4 * S)
    assert activity.text(SETTINGS, 4 * S) == THINKING_TEXT
    activity.handle_message(AnswerStarted(1, 5 * S), 4 * S)
    assert activity.text(SETTINGS, 4 * S) == THINKING_TEXT
    assert activity.text(SETTINGS, 5 * S) == "Answering, 4 bars left"
    assert activity.text(SETTINGS, 12 * S) == "Answering, 1 bar left"
    assert activity.text(Settings(answer="dream"), 5 * S) == "Dreaming"
    activity.handle_message(AnswerEnded(1, (), interrupted=False), 13 * S)
    assert activity.text(SETTINGS, 13 * S) == LISTENING_TEXT


def test_activity_trusts_the_last_part_of_the_answer() -> None:
    activity = asked()
    activity.handle_message(AnswerStarted(1, 5 * S), 4 * S)
    activity.handle_message(Answer(1, (), 32, final=True), 5 * S)
    assert activity.text(SETTINGS, 5 * S) == "Answering, 2 bars left"
    assert activity.text(SETTINGS, 10 * S) == "Answering"


@pytest.mark.parametrize("end", [AskRefused(1, "no"), ModelDown("no"), EngineEnded("")])
def test_activity_stops_thinking_when_no_answer_will_come(end: AskRefused | ModelDown | EngineEnded) -> None:
    activity = asked()
    activity.handle_message(end, 4 * S)
    assert activity.text(SETTINGS, 4 * S) == LISTENING_TEXT


def test_activity_listens_when_the_player_goes_on() -> None:
    activity = asked()
    activity.handle_message(Received(midi.note_on(0, 62, 80), 5 * S), 5 * S)
    assert activity.text(SETTINGS, 5 * S) == "Hearing you play"
    assert activity.text(SETTINGS, 60 * S) == LISTENING_TEXT


def test_activity_is_not_patient_for_ever() -> None:
    assert asked().text(SETTINGS, 30 * S) == LISTENING_TEXT
    assert Activity().text(Settings(mode="off"), 0) == "Off: nothing is answered"
