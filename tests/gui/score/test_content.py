"""Whose notes are whose in a score, and where its answer begins."""

from dataclasses import replace

from bachbridge.music.notes import Note, Phrase
from bachbridge_gui.score.content import ScoreContent
from bachbridge_gui.state.view_types import PLAYER
from tests.gui.score.conftest import CONTENT

HARMONIZED = ScoreContent(
    Phrase(tuple(Note(4 * beat, 4, 72 + beat) for beat in range(4)), 16),
    tuple(Note(2 + 4 * beat, 4, 60 - 7 * voice, voice=voice) for beat in range(3) for voice in (1, 2, 3)),
    0,
)


def test_answer_after_the_prompt_is_marked() -> None:
    assert CONTENT.marked_step == 16
    part_of = CONTENT.part_lookup()
    assert [part_of(0, step) for step in (0, 12, 15.5, 16, 24)] == [PLAYER, PLAYER, PLAYER, 0, 0]
    assert [part_of(voice, 24) for voice in range(4)] == [0, 1, 2, 3]
    assert CONTENT.parts == (PLAYER, 0, 1, 2, 3)


def test_voices_along_with_the_player_are_not_marked() -> None:
    assert HARMONIZED.marked_step is None
    part_of = HARMONIZED.part_lookup()
    assert [part_of(0, step) for step in (0, 4, 12)] == [PLAYER] * 3
    assert [part_of(voice, 6) for voice in (1, 2, 3)] == [1, 2, 3]
    assert HARMONIZED.parts == (PLAYER, 1, 2, 3)


def test_content_with_more_notes_goes_on_from_the_former() -> None:
    shorter = replace(CONTENT, prompt=replace(CONTENT.prompt, notes=CONTENT.prompt.notes[:2]))
    assert CONTENT.goes_on_from(shorter)
    assert not shorter.goes_on_from(CONTENT)
    assert not CONTENT.goes_on_from(None)
    assert not CONTENT.goes_on_from(ScoreContent(Phrase((), 0), ()))
