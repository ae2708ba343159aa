"""Tunes in other keys."""

import pytest

from bachbridge.codecs import abcspelling, abcwords
from bachbridge.codecs.abcmoving import moved_by, transpositions
from bachbridge.codecs.abctune import tune_notes

TUNE = """X:1
T:A Fig
M:4/4
L:1/8
K:G
|:"G"G2 ^AB "D7/f+"=f2 ^c'd|"C#m"(3_B,A,G, {g}z2 [G,B,]4:|
K:Em
"B7"^d2 ^^c2 e4-|e8|]
"""


@pytest.mark.parametrize("semitones", range(-6, 7))
def test_every_note_is_so_much_higher(semitones: int) -> None:
    text = moved_by(TUNE, semitones)
    assert text is not None
    moved, given = tune_notes(text), tune_notes(TUNE)
    assert [(note.start, note.length, note.pitch - semitones) for note in moved] == [
        (note.start, note.length, note.pitch) for note in given
    ]
    symbols = [found[0] for found in abcspelling.TOKEN.finditer(text) if found.lastgroup == "quote"]
    assert len(symbols) == 4
    assert all(abcwords.is_chord(symbol.strip('"')) for symbol in symbols)


def test_all_else_stays() -> None:
    text = moved_by(TUNE, -5)
    assert text is not None
    assert text.startswith('X:1\nT:A Fig\nM:4/4\nL:1/8\nK:D\n|:"D"D2 ^EF "A7/c#"=c2 ^gA|')
    assert moved_by(TUNE, 0) == TUNE


def test_what_has_no_key_stays_alone() -> None:
    assert set(transpositions("X:1\nM:4/4\nK:none\nC8|]\n", (-1, 0, 1))) == {0}
