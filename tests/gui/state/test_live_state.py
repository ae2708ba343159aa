"""The word for what BachBridge is doing, from the messages of the engine."""

from datetime import UTC, datetime

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import AnswerStarted, Message, PhraseEnded, Received, Sent
from bachbridge.protocol.events import ModelDown, ModelUp
from bachbridge.settings import Settings
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.live_state import LiveState, current_live_state

SECOND_NS = 1_000_000_000
ON, OFF = midi.note_on(0, 62, 80), midi.note_off(0, 62)


def live_states(*messages: Message) -> list[LiveState]:
    """Return the state after each message; they come a second apart."""
    state = AppState(Settings(), lambda: datetime(2026, 1, 1, tzinfo=UTC))
    found: list[LiveState] = []
    for second, message in enumerate(messages):
        state.handle_messages([message], second * SECOND_NS)
        found.append(current_live_state(state, second * SECOND_NS))
    return found


def test_live_state_of_phrase_and_answer():
    phrase = Phrase((Note(0, 4, 62, 80),), 4)
    found = live_states(
        ModelUp("chorale-lstm", 125_000_000),
        Received(ON, SECOND_NS),
        Received(OFF, 2 * SECOND_NS),
        PhraseEnded(phrase, 2 * SECOND_NS, 100_000_000, "silence"),
        AnswerStarted(1, 5 * SECOND_NS, 3),
        Sent(ON, 5 * SECOND_NS, 5 * SECOND_NS),
        Received(midi.note_on(0, 70, 80), 6 * SECOND_NS),
    )
    assert found == [
        LiveState.LISTENING,
        LiveState.PLAYER,
        LiveState.LISTENING,
        LiveState.THINKING,
        LiveState.ANSWERING,
        LiveState.ANSWERING,
        LiveState.TOGETHER,
    ]


def test_live_state_without_model_is_getting_ready():
    assert live_states(ModelDown("gone"), ModelUp("x", 125_000_000), ModelDown("gone")) == [
        LiveState.LOADING,
        LiveState.LISTENING,
        LiveState.LOADING,
    ]
