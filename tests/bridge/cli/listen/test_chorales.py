"""The bundled chorales are whole, in four voices, and within Bach's ranges."""

from itertools import pairwise
from random import Random

import pytest

from bachbridge.cli.listen.chorales import Chorale, load_chorales
from bachbridge.cli.listen.hidden_names import draw_names, names_bach
from bachbridge.music.keys import key_from_notes
from bachbridge.music.notes import VOICE_RANGES, scale_pitch_classes


def test_chorales_are_enough_for_ten_pieces() -> None:
    assert len({chorale.work for chorale in load_chorales()}) == len(load_chorales()) >= 10


@pytest.mark.parametrize("chorale", load_chorales(), ids=lambda chorale: chorale.work)
def test_chorale_has_four_whole_voices(chorale: Chorale) -> None:
    ends = set[int]()
    for voice, (low, high) in enumerate(VOICE_RANGES):
        line = [note for note in chorale.notes if note.voice == voice]
        assert all(one.end == other.start for one, other in pairwise(line))
        assert all(low <= note.pitch <= high for note in line)
        ends.add(line[-1].end)
    assert len(ends) == 1
    assert chorale.bars[0].start == 0
    assert ends.pop() == chorale.bars[-1].end
    assert [note.voice for note in chorale.melody] == [0] * len(chorale.melody)


@pytest.mark.parametrize("chorale", load_chorales(), ids=lambda chorale: chorale.work)
def test_chorale_is_in_its_key(chorale: Chorale) -> None:
    scale, heard = scale_pitch_classes(chorale.key), scale_pitch_classes(key_from_notes(chorale.notes))
    assert len(scale & heard) >= 5


def test_hidden_names_differ_and_keep_their_secret() -> None:
    random, known = Random(1), frozenset[str]()
    first_is_bach = 0
    for _ in range(200):
        bach, other = draw_names(random, known)
        assert names_bach(bach)
        assert not names_bach(other)
        assert not {bach, other} & known
        known |= {bach, other}
        first_is_bach += bach < other
    assert 60 < first_is_bach < 140


def test_fermatas_stand_on_notes_of_the_melody() -> None:
    for chorale in load_chorales():
        notes = {(note.start, note.length) for note in chorale.melody}
        assert set(chorale.fermatas) <= notes
