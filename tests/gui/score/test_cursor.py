"""The cursor of a phrase that plays again."""

import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.notices import EngineEnded, Message, Received, Sent
from bachbridge_gui.score.cursor import PlayCursor

S, STEP_NS = 1_000_000_000, 125_000_000
NOTE_ON = midi.note_on(0, 60, 80)


@pytest.fixture
def cursor() -> PlayCursor:
    cursor = PlayCursor()
    cursor.expect(4, 20, STEP_NS)
    return cursor


def test_cursor_starts_with_first_sent_note_and_ends(cursor: PlayCursor) -> None:
    assert cursor.step_at(S) is None
    cursor.handle_message(Sent(midi.note_off(0, 60), S, S))
    assert cursor.step_at(S) is None
    cursor.handle_message(Sent(NOTE_ON, S, S))
    assert cursor.step_at(S) == 4
    cursor.handle_message(Sent(NOTE_ON, S, S + STEP_NS))
    assert cursor.step_at(S + 3 * STEP_NS) == 7
    assert cursor.step_at(S - STEP_NS) == 4
    assert cursor.step_at(S + 16 * STEP_NS) is None
    assert not cursor.is_active


@pytest.mark.parametrize("message", [Received(NOTE_ON, 2 * S), EngineEnded("killed")])
def test_cursor_goes_when_somebody_plays_or_engine_ends(cursor: PlayCursor, message: Message) -> None:
    cursor.handle_message(Sent(NOTE_ON, S, S))
    cursor.handle_message(message)
    assert cursor.step_at(S + STEP_NS) is None


def test_cursor_gives_up_on_a_phrase_that_does_not_sound(cursor: PlayCursor) -> None:
    cursor.step_at(S)
    assert cursor.is_active
    cursor.step_at(5 * S)
    assert not cursor.is_active
    cursor.handle_message(Sent(NOTE_ON, 5 * S, 5 * S))
    assert cursor.step_at(5 * S) is None
