"""Exchanges for the tests of the phrase list."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bachbridge.music.notes import Note, Phrase
from bachbridge_gui.state.exchanges import Exchange

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANSWER = tuple(Note(4 * beat, 4, 72 - 7 * voice + beat, 80, voice) for beat in range(4) for voice in range(4))


def make_exchange(number: int, **other: object) -> Exchange:
    prompt = Phrase(tuple(Note(4 * beat, 4, 60 + number + beat) for beat in range(4)), 16, 16, 0)
    exchange = Exchange(number, prompt, ANSWER, 16, 125_000_000, NOON + timedelta(minutes=number))
    return replace(exchange, **other)
