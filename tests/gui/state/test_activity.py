"""The state of the dialogue and its words, from the messages of the engine."""

from datetime import UTC, datetime

import pytest

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import AnswerEnded, AnswerStarted, PhraseEnded
from bachbridge.protocol.events import Answer, AskRefused, ModelDown, ModelUp
from bachbridge.protocol.notices import EngineEnded, Message, Received, Sent
from bachbridge.settings import Settings
from bachbridge_gui.state.activity import LiveState
from bachbridge_gui.state.app_state import AppState

S = 1_000_000_000
STEP_NS = S // 8
PHRASE = PhraseEnded(Phrase((Note(0, 4, 60),), 32, 16), 0, STEP_NS, "silence")
READY = ModelUp("chorale-lstm", STEP_NS)
ON, OFF = midi.note_on(0, 62, 80), midi.note_off(0, 62)


def state_after(*messages: Message, settings: Settings | None = None) -> AppState:
    """Return the state after these messages, which come a second apart."""
    state = AppState(settings or Settings(answer_bars=4), lambda: datetime(2026, 1, 1, tzinfo=UTC))
    for second, message in enumerate(messages):
        state.handle_messages([message], second * S)
    return state


def test_activity_state_follows_phrase_and_answer() -> None:
    messages = (
        READY,
        Received(ON, S),
        Received(OFF, 2 * S),
        PHRASE,
        AnswerStarted(1, 5 * S, 3),
        Sent(ON, 5 * S, 5 * S),
        Received(midi.note_on(0, 70, 80), 6 * S),
    )
    found = [state_after(*messages[: n + 1]).activity.state(n * S) for n in range(len(messages))]
    assert found == [
        LiveState.LISTENING,
        LiveState.PLAYER,
        LiveState.PLAYER,
        LiveState.THINKING,
        LiveState.THINKING,
        LiveState.ANSWERING,
        LiveState.TOGETHER,
    ]
    assert state_after(*messages[:3]).activity.state(4 * S) is LiveState.LISTENING


def test_activity_without_model_is_getting_ready() -> None:
    messages = (ModelDown("gone"), READY, ModelDown("gone"))
    found = [state_after(*messages[: n + 1]).activity.state(n * S) for n in range(len(messages))]
    assert found == [LiveState.LOADING, LiveState.LISTENING, LiveState.LOADING]


def test_activity_counts_the_bars_that_are_left() -> None:
    activity = state_after(READY, PHRASE, AnswerStarted(1, 5 * S)).activity
    assert activity.text(4 * S) == "Thinking …"
    assert activity.text(5 * S) == "Answering, 4 bars left"
    assert activity.text(12 * S) == "Answering, 1 bar left"
    activity.handle_message(AnswerEnded(1, (), interrupted=False), 13 * S)
    assert activity.text(13 * S) == "Listening"
    dream = state_after(READY, PHRASE, AnswerStarted(1, 5 * S), settings=Settings(answer="dream"))
    assert dream.activity.text(5 * S) == "Dreaming"


def test_activity_trusts_the_last_part_of_the_answer() -> None:
    activity = state_after(READY, PHRASE, AnswerStarted(1, 5 * S), Answer(1, (), 32, final=True)).activity
    assert activity.text(5 * S) == "Answering, 2 bars left"
    assert activity.text(10 * S) == "Answering"


@pytest.mark.parametrize("end", [AskRefused(1, "no"), ModelDown("no"), EngineEnded("")])
def test_activity_stops_thinking_when_no_answer_will_come(end: AskRefused | ModelDown | EngineEnded) -> None:
    found = state_after(READY, PHRASE, end).activity.state(2 * S)
    assert found is (LiveState.LISTENING if isinstance(end, AskRefused) else LiveState.LOADING)


def test_activity_listens_when_the_player_goes_on() -> None:
    activity = state_after(READY, PHRASE, Received(ON, 2 * S), Received(OFF, 2 * S)).activity
    assert activity.text(3 * S) == "You play"
    assert activity.text(60 * S) == "Listening"


def test_activity_is_not_patient_for_ever() -> None:
    assert state_after(READY, PHRASE).activity.text(30 * S) == "Listening"
    off = state_after(READY, Received(ON, S), settings=Settings(mode="off")).activity
    assert off.text(S) == "You play; mode Off answers nothing"
    assert state_after(READY, settings=Settings(mode="off")).activity.text(0) == "Off: nothing is answered"


def test_activity_words_agree_with_the_sign() -> None:
    """The text begins with the word of the sign, in every state of a dialogue."""
    messages = (READY, Received(ON, S), Received(OFF, 2 * S), PHRASE, AnswerStarted(1, 5 * S), Sent(ON, 5 * S, 5 * S))
    for end in range(1, len(messages) + 1):
        state = state_after(*messages[:end])
        for at_ns in (end * S, 8 * S):
            assert state.activity.text(at_ns).startswith(state.activity.state(at_ns).value)
