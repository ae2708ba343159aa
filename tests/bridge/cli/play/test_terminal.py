"""The sentences and the status line that the terminal shows for the engine's messages."""

import pytest

from bachbridge.cli.play.terminal import TerminalReporter
from bachbridge.errors import BachBridgeError
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerLate,
    AnswerStarted,
    ChordNamed,
    DamagedMidi,
    Harmonized,
    PhraseEnded,
)
from bachbridge.protocol.events import LinkState, ModelDown, ModelUp, PortsChanged
from bachbridge.protocol.notices import Failed, Health, Message, NotesShed, Received, Sent
from bachbridge.settings import Settings

PHRASE = Phrase(tuple(Note(4 * n, 4, 60 + n) for n in range(4)), steps=16)
STEP_NS = 125_000_000


def report(*messages: Message) -> tuple[list[str], str]:
    """Return the sentences, and the status line at the end."""
    reporter = TerminalReporter(Settings())
    sentences = [reporter.handle_message(message) for message in messages]
    return [sentence for sentence in sentences if sentence], reporter.status_line()


def test_reporter_describes_dialogue_in_sentences() -> None:
    sentences, status = report(
        PortsChanged("DAW out", "DAW in"),
        ModelUp("chorale-lstm", 200_000),
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


def test_reporter_names_the_far_end_of_a_loopback() -> None:
    sentences, _ = report(PortsChanged("Loop (A)", "Loop (A)"))
    assert sentences == [
        'Listening to "Loop (A)", playing to "Loop (A)". In the DAW, send to "Loop (B)" and listen to "Loop (B)".'
    ]


def test_status_line_follows_dialogue() -> None:
    opened = PortsChanged("a", "b"), ModelUp("chorale-lstm", 1)
    received, heard, answering = Received(b"", 0), PhraseEnded(PHRASE, 0, STEP_NS, "pedal"), AnswerStarted(1, 0)
    assert "starting" in report()[1]
    assert "ready" in report(*opened)[1]
    assert "listening" in report(*opened, received)[1]
    assert "answering" in report(*opened, received, heard, answering)[1]
    assert "ready" in report(*opened, received, heard, answering, AnswerEnded(1, (), interrupted=False))[1]


def test_reporter_describes_problems() -> None:
    sentences, _ = report(
        PortsChanged("a", "b"),
        PortsChanged("a", "b"),
        PortsChanged("", "b"),
        PortsChanged("", ""),
        AnswerLate(3, "the model was too slow"),
        AnswerEnded(4, PHRASE.notes[:1], interrupted=True),
        DamagedMidi(2),
        NotesShed(7),
    )
    assert sentences == [
        'Listening to "a", playing to "b".',
        "Waiting for the input port to come back.",
        "Waiting for the input and output port to come back.",
        "No answer: the model was too slow.",
        "Answered with 1 note, cut short.",
        "Midi: 2 damaged messages so far.",
        "Midi: 7 notes left out so far, since more came at once than can be played.",
    ]


def test_reporter_raises_if_engine_fails() -> None:
    with pytest.raises(BachBridgeError, match="no port here"):
        report(Failed("no port here"))


def test_reporter_shortens_long_phrases() -> None:
    notes = tuple(Note(n, 1, 60) for n in range(40))
    sentences, _ = report(PhraseEnded(Phrase(notes, steps=40), 0, STEP_NS, "bars"))
    assert sentences[0].startswith("Heard 40 notes in 2.5 bars")
    assert sentences[0].endswith(" …")
    assert len(sentences[0]) < 120


def test_reporter_counts_the_programs_in_the_link_session() -> None:
    states = [LinkState(0, STEP_NS, is_playing=True, peers=peers) for peers in (0, 1, 1, 2, 0)]
    assert report(*states)[0] == [
        "Ableton Link: 120.0 bpm, with 1 other program.",
        "Ableton Link: 120.0 bpm, with 2 other programs.",
        "Ableton Link: nobody else is there.",
    ]


def test_status_line_shows_the_chord_in_its_key() -> None:
    reporter = TerminalReporter(Settings(mode="harmonize"))
    for message in (
        ModelUp("chorale-lstm", 1),
        Harmonized(0, 0, ((1, 62, 80), (3, 42, 80)), 7),
        ChordNamed(0, 0, "D7/F#", "V65", 7),
    ):
        assert reporter.handle_message(message) in (None, "Model: chorale-lstm is ready.")
    assert reporter.chord_text == "G major: V65 (D7/F#)"
    assert "harmonizing · G major: V65 (D7/F#)" in reporter.status_line()


def test_status_line_shows_the_pitch_of_the_duet() -> None:
    reporter = TerminalReporter(Settings(mode="duet"))
    reporter.handle_message(Harmonized(0, 0, ((3, 43, 80),), 7))
    assert "harmonizing in G major · G2" in reporter.status_line()


def test_status_line_shows_lost_model() -> None:
    opened = PortsChanged("a", "b"), ModelUp("chorale-lstm", 1)
    assert "no model" in report(*opened, ModelDown("killed"))[1]
    assert "no model" not in report(*opened, ModelDown("killed"), ModelUp("chorale-lstm", 1))[1]
