"""The voice that a tune is taken for."""

import pytest

from bachbridge.engine.accompaniment.played_voice import PlayedVoice


def voices(pitches: tuple[int, ...], played: PlayedVoice | None = None) -> list[str]:
    """Return the voice after each note."""
    played = played or PlayedVoice("auto")
    names: list[str] = []
    for pitch in pitches:
        played.add_note(pitch)
        names.append(played.name)
    return names


@pytest.mark.parametrize(
    ("pitches", "voice"),
    [
        ((72, 74, 76), "soprano"),
        ((60, 62, 64), "soprano"),
        ((55, 57, 59, 57), "tenor"),
        ((48, 52, 55, 52), "bass"),
        ((36, 43, 48), "bass"),
        ((96, 98), "soprano"),
        ((55, 64, 67, 72), "soprano"),
    ],
)
def test_first_notes_decide_the_voice(pitches: tuple[int, ...], voice: str) -> None:
    assert voices(pitches)[-1] == voice


def test_voice_stays_for_a_short_visit_elsewhere() -> None:
    assert set(voices((72, 74, 72, 71, 52, 50, 48, 52, 60, 72))) == {"soprano"}


def test_voice_changes_when_tune_moves_for_good() -> None:
    names = voices((48, 50, 52, 48, 43, *[74] * 6, 72))
    assert names[:10] == ["bass"] * 10
    assert names[-1] == "soprano"


def test_voice_of_new_piece_is_decided_anew() -> None:
    played = PlayedVoice("auto")
    voices((72, 74, 76, 77, 79), played)
    played.begin_piece()
    assert played.name == "soprano"
    assert played.add_note(43)
    assert played.name == "bass"


def test_voice_that_is_set_never_changes() -> None:
    played = PlayedVoice("alto")
    assert set(voices((36, 38, 40, 41, 43, 45, 47, 48), played)) == {"alto"}
    played.choose("auto")
    assert played.name == "alto"
    played.choose("tenor")
    assert played.name == "tenor"
