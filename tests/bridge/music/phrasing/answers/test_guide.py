"""A guide's wishes follow the key, the register, the rhythm, loops and the close."""

import numpy as np

from bachbridge.music.notes import Note, Phrase
from bachbridge.music.phrasing.answers.guide import FORBIDDEN_NATS, PhraseGuide
from bachbridge.music.phrasing.answers.shape import shape_answer

SCALE = Phrase(tuple(Note(2 * at, 2, pitch) for at, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))), 16)


def guide(phrase: Phrase = SCALE, steps: int = 64, close: str = "cadence") -> PhraseGuide:
    shape = shape_answer(phrase, steps, close)
    assert shape
    return PhraseGuide(shape, phrase)


def test_guide_wishes_for_the_key_and_the_register() -> None:
    nats = guide().pitch_nats(0)
    assert nats.shape == (128,)
    assert nats[64] == 0 > nats[63]
    assert nats[40] < nats[52] < nats[60]
    assert nats[96] < nats[64]


def test_guide_draws_a_low_answer_up_again() -> None:
    low = guide()
    for pitch in (53, 52, 50, 48, 50, 52, 53, 50):
        low.add_onset((pitch,))
    assert low.pitch_nats(16)[77] > guide().pitch_nats(16)[77]
    assert low.pitch_nats(16)[48] < guide().pitch_nats(16)[48]
    assert low.last_pitch == 50


def test_guide_leads_to_its_last_chord() -> None:
    closing = guide()
    assert [closing.is_final(step) for step in (55, 56, 63, 64)] == [False, True, True, False]
    lead, before = closing.pitch_nats(52), closing.pitch_nats(40)
    assert lead[71] > before[71]
    assert lead[60] < before[60]
    final = closing.pitch_nats(56)
    assert {pitch % 12 for pitch in np.flatnonzero(final > FORBIDDEN_NATS)} == {0, 4, 7}
    assert closing.onset_nats(56) > 20
    assert not guide(close="music").is_final(63)


def test_guide_leaves_loops() -> None:
    looping = guide()
    for _ in range(6):
        looping.add_onset((64,))
    assert looping.pitch_nats(24)[64] < looping.pitch_nats(24)[62] - 2


def test_guide_wishes_for_onsets_in_the_players_rhythm() -> None:
    phrase = Phrase((Note(0, 6, 60), Note(6, 6, 64), Note(12, 4, 67)), 16)
    along = guide(phrase)
    assert along.onset_nats(0) > 0 > along.onset_nats(1)
    along.add_onset((60,))
    assert along.onset_excess(1) == 0
    assert along.onset_nats(6) > along.onset_nats(4)
    late = guide(phrase)
    assert late.onset_nats(12) > along.onset_nats(12), "the fewer there have been, the more they are wished for"
    nats = along.next_onset_nats(0, np.array([4, 6, 8, 12, 16], np.int32))
    assert int(nats.argmax()) == 1
    assert nats[3] > nats[4], "an onset that is skipped costs"


def test_guide_counts_how_full_onsets_are() -> None:
    thin = guide(Phrase(tuple(Note(0, 16, pitch) for pitch in (48, 55, 64)), 16))
    thin.add_onset((60,))
    assert thin.crowd_nats > 0
    full = guide()
    full.add_onset((48, 55, 64))
    assert full.crowd_nats < 0
