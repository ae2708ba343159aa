"""An exchange of two bars and its picture, engraved once."""

from datetime import UTC, datetime

import pytest

from bachbridge.music.notes import Note, Phrase
from bachbridge_gui.score.content import ScoreContent, engrave_svg
from bachbridge_gui.score.geometry import ScoreGeometry, read_geometry
from bachbridge_gui.state.exchanges import Exchange

STEP_NS = 125_000_000
PROMPT = Phrase(tuple(Note(4 * beat, 4, 67 + beat) for beat in range(4)), 16)
ANSWER = tuple(Note(8 * half, 8, 72 - 7 * voice, voice=voice) for half in range(2) for voice in range(4))
CONTENT = ScoreContent(PROMPT, ANSWER, 16)


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(1, PROMPT, ANSWER, 16, STEP_NS, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def drawing() -> bytes:
    return engrave_svg(CONTENT, 600)


@pytest.fixture(scope="session")
def geometry(drawing: bytes) -> ScoreGeometry:
    return read_geometry(drawing, CONTENT.bars)
