"""What the terminal tells of the engine's messages."""

import pytest

from bachbridge.cli.play.terminal import TerminalReporter
from bachbridge.errors import BachBridgeError
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.events import (
    AnswerEnded,
    AnswerLate,
    AnswerStarted,
    Failed,
    Health,
    Message,
    ModelDown,
    ModelUp,
    PhraseEnded,
    PortsChanged,
    Received,
    Sent,
    Status,
)
from bachbridge.settings import Settings

PHRASE = Phrase(tuple(Note(4 * n, 4, 60 + n) for n in range(4)), steps=16)
STEP_NS = 125_000_000


def told(*messages: Message) -> tuple[list[str], str]:
    """The sentences, and the status line at the end."""
    telling = TerminalReporter(Settings())
    sentences = [telling.handle_message(message) for message in messages]
    return [sentence for sentence in sentences if sentence], telling.status_line()


def test_a_dialogue_is_told_in_sentences() -> None:
    sentences, status = told(
        PortsChanged("DAW out", "DAW in"),
        ModelUp("chorale-lstm", 200_000),
        Status("model", "chorale-lstm is ready"),
        Received(bytes.fromhex("903c40"), 0),
        PhraseEnded(PHRASE, 0, STEP_NS, "silence"),
        AnswerStarted(1, 2_000_000_000),
        Sent(bytes.fromhex("903c40"), 0, 100),
        Health(8, 200_000, 1_100_000, 1_300_000),
        AnswerEnded(1, PHRASE.notes, interrupted=False),
    )
    assert sentences == [
        'Listening to "DAW out", playing to "DAW in".',
        "Model: chorale-lstm is ready.",
        "Heard 4 notes in 1 bar at 120 bpm, ended by silence: C4 C#4 D4 Eb4",
        "Answered with 4 notes.",
    ]
    for fact in ("continue", "chorale-lstm", "120 bpm", "1.1 ms"):
        assert fact in status


def test_the_condition_follows_the_dialogue() -> None:
    opened = PortsChanged("a", "b"), ModelUp("chorale-lstm", 1)
    received, heard, answering = Received(b"", 0), PhraseEnded(PHRASE, 0, STEP_NS, "pedal"), AnswerStarted(1, 0)
    assert "starting" in told()[1]
    assert "ready" in told(*opened)[1]
    assert "listening" in told(*opened, received)[1]
    assert "answering" in told(*opened, received, heard, answering)[1]
    assert "ready" in told(*opened, received, heard, answering, AnswerEnded(1, (), interrupted=False))[1]


def test_what_went_wrong_is_told_too() -> None:
    sentences, _ = told(
        PortsChanged("a", "b"),
        PortsChanged("a", "b"),
        PortsChanged("", "b"),
        PortsChanged("", ""),
        AnswerLate(3, "the model was too slow"),
        AnswerEnded(4, PHRASE.notes[:1], interrupted=True),
        Status("midi", "2 damaged messages so far"),
    )
    assert sentences == [
        'Listening to "a", playing to "b".',
        "Waiting for the input port to come back.",
        "Waiting for the input and output port to come back.",
        "No answer: the model was too slow.",
        "Answered with 1 note, cut short.",
        "Midi: 2 damaged messages so far.",
    ]


def test_an_engine_that_cannot_go_on_ends_the_app_with_its_sentence() -> None:
    with pytest.raises(BachBridgeError, match="no port here"):
        told(Failed("no port here"))


def test_a_long_phrase_is_named_by_its_beginning() -> None:
    notes = tuple(Note(n, 1, 60) for n in range(40))
    sentences, _ = told(PhraseEnded(Phrase(notes, steps=40), 0, STEP_NS, "bars"))
    assert sentences[0].startswith("Heard 40 notes in 2.5 bars")
    assert sentences[0].endswith(" …")
    assert len(sentences[0]) < 120


def test_a_lost_model_is_in_the_status() -> None:
    opened = PortsChanged("a", "b"), ModelUp("chorale-lstm", 1)
    assert "no model" in told(*opened, ModelDown("killed"))[1]
    assert "no model" not in told(*opened, ModelDown("killed"), ModelUp("chorale-lstm", 1))[1]
