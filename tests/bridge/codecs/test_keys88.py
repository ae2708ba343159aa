"""The piano as text: exact both ways, told where it is wrong, and well-formed as a pen writes it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.codecs import keys88
from bachbridge.codecs.keys88 import KEY_CHARACTERS, STEP_END, Keys88Codec
from bachbridge.errors import ConfigError, ModelError
from bachbridge.music.notes import Note, Phrase

Heard = tuple[int, int, int]
LAST = 24


def heard(phrase: Phrase) -> set[Heard]:
    return {(note.start, note.length, note.pitch) for note in phrase.notes}


@st.composite
def keyboards(draw: st.DrawFn) -> Phrase:
    """Music in which no two notes hold one key at one time."""
    notes: list[Note] = []
    for pitch in draw(st.lists(st.integers(21, 108), max_size=5, unique=True)):
        bounds = sorted(draw(st.lists(st.integers(0, LAST), min_size=2, max_size=8, unique=True)))
        sounds = draw(st.lists(st.booleans(), min_size=len(bounds) - 1, max_size=len(bounds) - 1))
        spans = zip(bounds, bounds[1:], sounds, strict=False)
        notes += [Note(start, end - start, pitch) for start, end, sound in spans if sound]
    return Phrase(tuple(sorted(notes, key=lambda note: (note.start, note.pitch))), LAST)


@st.composite
def voices(draw: st.DrawFn) -> Phrase:
    """Any music, of few keys, so that voices meet on them."""
    note = st.builds(Note, st.integers(0, LAST - 6), st.integers(1, 6), st.integers(60, 63), voice=st.integers(0, 3))
    return Phrase(tuple(sorted(draw(st.lists(note, max_size=8)), key=lambda note: note.start)), LAST)


def test_every_key_has_a_character_and_letters_are_white() -> None:
    assert len(KEY_CHARACTERS) == len(set(KEY_CHARACTERS)) == 88
    assert STEP_END not in KEY_CHARACTERS
    for pitch, character in enumerate(KEY_CHARACTERS, keys88.LOWEST_PITCH):
        assert character.isprintable()
        assert not character.isspace()
        assert character.isalpha() == (pitch % 12 in {0, 2, 4, 5, 7, 9, 11})
    assert [KEY_CHARACTERS[pitch - 21] for pitch in (21, 60, 108)] == ["A", "X", "z"]


def test_a_key_written_twice_is_struck_again() -> None:
    held = Phrase((Note(0, 4, 60),), 4)
    again = Phrase((Note(0, 2, 60), Note(2, 2, 60)), 4)
    assert keys88.phrase_to_text(held) == "X\nX\nX\nX\n"
    assert keys88.phrase_to_text(again) == "X\nX\nXX\nX\n"
    assert heard(keys88.text_to_phrase("X\nX\nXX\nX\n")) == heard(again)


def test_keys_stand_from_the_lowest_up_and_silence_is_an_empty_line() -> None:
    chord = Phrase((Note(1, 1, 67), Note(1, 2, 49), Note(2, 1, 60)), 4)
    assert keys88.phrase_to_text(chord) == "\n0b\n0X\n\n"


@given(keyboards())
def test_what_a_keyboard_plays_comes_back_exactly(phrase: Phrase) -> None:
    written = keys88.phrase_to_text(phrase)
    read = keys88.text_to_phrase(written)
    assert heard(read) == heard(phrase)
    assert (len(read.notes), read.steps) == (len(phrase.notes), phrase.steps)
    assert keys88.phrase_to_text(read) == written
    assert keys88.symbols_to_text(keys88.text_to_symbols(written)) == written


@given(voices())
def test_where_voices_meet_no_strike_and_no_step_is_lost(phrase: Phrase) -> None:
    def steps(notes: tuple[Note, ...]) -> set[tuple[int, int]]:
        return {(step, note.pitch) for note in notes for step in range(note.start, note.end)}

    read = keys88.text_to_phrase(keys88.phrase_to_text(phrase))
    assert {(note.start, note.pitch) for note in read.notes} == {(note.start, note.pitch) for note in phrase.notes}
    assert steps(read.notes) == steps(phrase.notes)
    assert sum(note.length for note in read.notes) == len(steps(read.notes))


def test_a_person_may_write_keys_in_any_order_and_leave_the_last_line_open() -> None:
    assert keys88.text_to_phrase("bX\nXbX") == keys88.text_to_phrase("Xb\nXXb\n")
    assert keys88.text_to_phrase("") == Phrase((), 0)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("X\nXb~\n", "line 2, column 3", "'~'"),
        ("X\n\nX b\n", "line 3, column 2", "' '"),
        ("X\nbXbXX\n", "line 2, column 5", "'X'"),
        ("X\r\n", "line 1, column 2", "'\\r'"),
    ],
)
def test_a_wrong_character_is_told_with_its_place(text: str, place: str, says: str) -> None:
    with pytest.raises(ConfigError, match=place) as caught:
        keys88.text_to_phrase(text)
    assert says in str(caught.value)


def test_what_lies_beyond_the_piano_sounds_an_octave_away() -> None:
    beyond = Phrase((Note(0, 1, 12), Note(0, 1, 127)), 1)
    assert heard(keys88.text_to_phrase(keys88.phrase_to_text(beyond))) == {(0, 1, 24), (0, 1, 103)}


# ---------------------------------------------------------------- the codec


def small() -> Keys88Codec:
    return keys88.codec_from_vocabulary(
        keys88.build_vocabulary([Phrase((Note(0, 4, 48), Note(0, 2, 67), Note(1, 1, 72)), 8)])
    )


def test_a_vocabulary_tells_the_range_the_most_keys_at_once_and_the_longest() -> None:
    assert small() == Keys88Codec(48, 72, 3, 4, 4)
    assert keys88.codec_from_vocabulary(keys88.build_vocabulary([])) == Keys88Codec(49, 60, 1, 1, 0)
    older = {name: value for name, value in keys88.build_vocabulary([]).items() if name not in ("longest", "silence")}
    assert keys88.codec_from_vocabulary(older) == Keys88Codec(49, 60, 1, 0, None)
    rests = keys88.build_vocabulary([Phrase((Note(1, 1, 60), Note(5, 1, 60)), 8)])
    assert (rests["longest"], rests["silence"]) == (1, 3)
    with pytest.raises(ModelError, match="update BachBridge"):
        keys88.codec_from_vocabulary({**keys88.build_vocabulary([]), "keys": KEY_CHARACTERS[::-1]})


def test_a_phrase_is_read_in_the_octave_that_the_network_knows() -> None:
    phrase = Phrase((Note(0, 1, 84), Note(1, 1, 91), Note(2, 1, 91), Note(3, 1, 60)), 4)
    codec = small()
    assert codec.octave_shift(phrase) == -24
    assert keys88.symbols_to_text(codec.encode_phrase(phrase)) == "X\nb\nbb\nQ\n"
    assert codec.vocab_sizes == (90,)


def told(codec: Keys88Codec, phrase: Phrase, text: str) -> dict[Heard, Note]:
    """All that the pen tells while it writes the text, each note at its last length."""
    pen, notes = codec.decoder(phrase), dict[Heard, Note]()
    for symbol in keys88.text_to_symbols(text):
        assert pen.allowed_ids(())[symbol[0]], text
        for note in pen.add_symbol(symbol):
            notes[note.start, note.pitch, note.voice] = note
    assert pen.step == text.count(STEP_END)
    return notes


@given(keyboards())
def test_a_pen_allows_and_tells_what_the_text_says(phrase: Phrase) -> None:
    notes = told(Keys88Codec(), Phrase((), 0), keys88.phrase_to_text(phrase))
    assert {(note.start, note.length, note.pitch) for note in notes.values()} == heard(phrase)


def test_what_the_phrase_left_down_is_struck_as_the_answer_begins() -> None:
    phrase = Phrase((Note(0, 2, 60),), 2)
    for text in ("X\nX\n", "XX\nX\n"):
        assert [replace(note, voice=0) for note in told(small(), phrase, text).values()] == [Note(0, 2, 60)]
    assert not small().decoder(Phrase((Note(0, 1, 60),), 2)).allowed_ids(())[0]


def test_a_pen_keeps_the_order_the_range_and_the_most_keys_at_once() -> None:
    codec = small()
    pen = codec.decoder(Phrase((Note(0, 1, 60),), 1))
    mark, middle = keys88.text_to_symbols(STEP_END)[0][0], keys88.text_to_symbols("X")[0][0]
    assert set(np.flatnonzero(pen.allowed_ids(()))) == {*range(48 - 20, 72 - 20 + 1), mark}
    pen.add_symbol((middle,))
    assert set(np.flatnonzero(pen.allowed_ids(()))) == {middle, *range(middle + 1, 72 - 20 + 1), mark}
    pen.add_symbol((middle,))
    assert not pen.allowed_ids(())[middle]
    for character in "ab":
        pen.add_symbol(keys88.text_to_symbols(character)[0])
    assert list(np.flatnonzero(pen.allowed_ids(()))) == [mark]


def test_a_pen_lets_no_key_be_held_for_longer_than_the_music_holds_one() -> None:
    pen = small().decoder(Phrase((), 0))
    mark, held, other = (keys88.text_to_symbols(character)[0] for character in (STEP_END, "X", "b"))
    for _ in range(4):
        for symbol in (held, other, mark):
            assert pen.allowed_ids(())[symbol[0]]
            pen.add_symbol(symbol)
    assert pen.allowed_ids(())[[held[0], mark[0]]].all()  # both may be let go
    pen.add_symbol(held)
    assert list(np.flatnonzero(pen.allowed_ids(()))) == [held[0]]
    for symbol in (held, mark, held):
        pen.add_symbol(symbol)
    assert pen.allowed_ids(())[[held[0], other[0], mark[0]]].all()  # struck anew, it may be held again


def test_a_pen_is_silent_for_no_longer_than_the_music_is() -> None:
    pen = Keys88Codec(48, 72, 3, 4, 2).decoder(Phrase((), 16))
    (mark,) = keys88.text_to_symbols(STEP_END)[0]
    for _ in range(2):
        assert pen.allowed_ids(())[mark]
        pen.add_symbol((mark,))
    assert list(np.flatnonzero(pen.allowed_ids(()))) == [*range(48 - 20, 72 - 20 + 1)]
    pen.add_symbol((48 - 20,))
    assert pen.allowed_ids(())[mark]


@pytest.mark.parametrize(
    ("text", "voices"),
    [
        ("JQXb\n", {36: 3, 48: 2, 60: 1, 67: 0}),
        ("X\nXb\n", {60: 0, 67: 1}),
        ("QX\nQe\n", {48: 1, 60: 0, 72: 0}),
        ("CJQXb\n", {24: 3, 36: 3, 48: 2, 60: 1, 67: 0}),
    ],
)
def test_voices_go_from_the_top_and_a_held_note_keeps_its_own(text: str, voices: dict[int, int]) -> None:
    notes = told(Keys88Codec(), Phrase((), 0), text)
    assert {note.pitch: note.voice for note in notes.values()} == voices


def test_an_answer_is_written_where_the_phrase_was_played() -> None:
    phrase = Phrase((Note(0, 4, 91), Note(0, 4, 84)), 4)
    assert [note.pitch for note in told(small(), phrase, "Xb\n").values()] == [91, 84]
