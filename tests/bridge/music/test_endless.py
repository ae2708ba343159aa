"""Tests for the prompts of a dream: all that came before, up to a limit."""

from bachbridge.music.endless import extend_prompt, next_prompt, next_seed
from bachbridge.music.notes import Note, Phrase

PLAYED = Phrase((Note(0, 4, 60), Note(4, 8, 62)), 12, 16, 4)


def test_extend_prompt_appends_the_answer() -> None:
    grown = extend_prompt(PLAYED, [Note(0, 1, 64), Note(0, 4, 64), Note(4, 4, 65), Note(9, 4, 67)], 8)
    assert grown == Phrase((*PLAYED.notes, Note(12, 4, 64), Note(16, 4, 65)), 20, 16, 4)


def test_extend_prompt_drops_player_before_four_voices() -> None:
    answer = [Note(0, 8, 64 - 5 * voice, voice=voice) for voice in range(4)]
    assert extend_prompt(PLAYED, answer[:2], 8).steps == 20
    grown = extend_prompt(PLAYED, answer, 8)
    assert grown == Phrase(tuple(answer), 8, 16, 0)
    assert [note.start for note in extend_prompt(grown, answer, 8).notes] == [0] * 4 + [8] * 4


def test_extend_prompt_keeps_player_before_single_chord() -> None:
    chord = [Note(8, 4, 64 - 5 * voice, voice=voice) for voice in range(4)]
    line = [Note(at, 4, 67) for at in range(0, 32, 4) if at != 8]
    assert extend_prompt(PLAYED, sorted([*line, *chord], key=lambda note: note.start), 32).steps == 12 + 32


def test_extend_prompt_keeps_last_whole_bars() -> None:
    prompt = PLAYED
    for part in range(40):
        prompt = extend_prompt(prompt, [Note(at, 4, 60 + part % 12) for at in range(0, 32, 4)], 32)
        assert prompt.steps <= 16 * 16
        assert (prompt.position or 0) == 4
        assert (prompt.steps + 4) % 16 == 0
        assert prompt.notes[-1].end == prompt.steps
        assert prompt.notes[-1].pitch == 60 + part % 12
    assert prompt.steps > 6 * 16


def test_next_prompt_restarts_after_silence() -> None:
    assert next_prompt(PLAYED, Phrase((Note(0, 4, 70),), 4), (), 32) == PLAYED
    assert next_prompt(PLAYED, PLAYED, [Note(0, 4, 70)], 4).steps == 16
    assert next_seed(2**31 - 1) == 0
