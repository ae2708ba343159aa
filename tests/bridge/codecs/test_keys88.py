"""Tests for the piano as text: exact both ways, errors with their place, and well-formed decoding."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.codecs.keys88 import codec as keys88_codec
from bachbridge.codecs.keys88 import text as keys88_text
from bachbridge.codecs.keys88.codec import Keys88Codec
from bachbridge.codecs.keys88.text import KEY_CHARACTERS, STEP_END
from bachbridge.errors import ConfigError, ModelError
from bachbridge.music.notes import Note, Phrase

NoteKey = tuple[int, int, int]
LAST = 24


def note_keys(phrase: Phrase) -> set[NoteKey]:
    return {(note.start, note.length, note.pitch) for note in phrase.notes}


@st.composite
def keyboards(draw: st.DrawFn) -> Phrase:
    """Draw music in which no two notes hold one key at one time."""
    notes: list[Note] = []
    for pitch in draw(st.lists(st.integers(21, 108), max_size=5, unique=True)):
        bounds = sorted(draw(st.lists(st.integers(0, LAST), min_size=2, max_size=8, unique=True)))
        sounds = draw(st.lists(st.booleans(), min_size=len(bounds) - 1, max_size=len(bounds) - 1))
        spans = zip(bounds, bounds[1:], sounds, strict=False)
        notes += [Note(start, end - start, pitch) for start, end, sound in spans if sound]
    return Phrase(tuple(sorted(notes, key=lambda note: (note.start, note.pitch))), LAST)


@st.composite
def voices(draw: st.DrawFn) -> Phrase:
    """Draw any music on few keys, so that voices meet on them."""
    note = st.builds(Note, st.integers(0, LAST - 6), st.integers(1, 6), st.integers(60, 63), voice=st.integers(0, 3))
    return Phrase(tuple(sorted(draw(st.lists(note, max_size=8)), key=lambda note: note.start)), LAST)


def test_every_key_has_a_character_and_letters_are_white_keys() -> None:
    assert len(KEY_CHARACTERS) == len(set(KEY_CHARACTERS)) == 88
    assert STEP_END not in KEY_CHARACTERS
    for pitch, character in enumerate(KEY_CHARACTERS, keys88_text.LOWEST_PITCH):
        assert character.isprintable()
        assert not character.isspace()
        assert character.isalpha() == (pitch % 12 in {0, 2, 4, 5, 7, 9, 11})
    assert [KEY_CHARACTERS[pitch - 21] for pitch in (21, 60, 108)] == ["A", "X", "z"]


def test_key_written_twice_is_struck_again() -> None:
    held = Phrase((Note(0, 4, 60),), 4)
    again = Phrase((Note(0, 2, 60), Note(2, 2, 60)), 4)
    assert keys88_text.phrase_to_text(held) == "X\nX\nX\nX\n"
    assert keys88_text.phrase_to_text(again) == "X\nX\nXX\nX\n"
    assert note_keys(keys88_text.text_to_phrase("X\nX\nXX\nX\n")) == note_keys(again)


def test_lines_list_keys_from_the_lowest_and_may_be_empty() -> None:
    chord = Phrase((Note(1, 1, 67), Note(1, 2, 49), Note(2, 1, 60)), 4)
    assert keys88_text.phrase_to_text(chord) == "\n0b\n0X\n\n"


@given(keyboards())
def test_text_and_phrase_convert_both_ways_exactly(phrase: Phrase) -> None:
    written = keys88_text.phrase_to_text(phrase)
    read = keys88_text.text_to_phrase(written)
    assert note_keys(read) == note_keys(phrase)
    assert (len(read.notes), read.steps) == (len(phrase.notes), phrase.steps)
    assert keys88_text.phrase_to_text(read) == written
    assert keys88_text.symbols_to_text(keys88_text.text_to_symbols(written)) == written


@given(voices())
def test_meeting_voices_keep_all_onsets_and_steps(phrase: Phrase) -> None:
    def steps(notes: tuple[Note, ...]) -> set[tuple[int, int]]:
        return {(step, note.pitch) for note in notes for step in range(note.start, note.end)}

    read = keys88_text.text_to_phrase(keys88_text.phrase_to_text(phrase))
    assert {(note.start, note.pitch) for note in read.notes} == {(note.start, note.pitch) for note in phrase.notes}
    assert steps(read.notes) == steps(phrase.notes)
    assert sum(note.length for note in read.notes) == len(steps(read.notes))


def test_text_may_be_unordered_with_last_line_unended() -> None:
    assert keys88_text.text_to_phrase("bX\nXbX") == keys88_text.text_to_phrase("Xb\nXXb\n")
    assert keys88_text.text_to_phrase("") == Phrase((), 0)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("X\nXb~\n", "line 2, column 3", "'~'"),
        ("X\n\nX b\n", "line 3, column 2", "' '"),
        ("X\nbXbXX\n", "line 2, column 5", "'X'"),
        ("X\r\n", "line 1, column 2", "'\\r'"),
    ],
)
def test_error_names_place_of_wrong_character(text: str, place: str, says: str) -> None:
    with pytest.raises(ConfigError, match=place) as caught:
        keys88_text.text_to_phrase(text)
    assert says in str(caught.value)


def test_notes_beyond_the_piano_move_by_octaves() -> None:
    beyond = Phrase((Note(0, 1, 12), Note(0, 1, 127)), 1)
    assert note_keys(keys88_text.text_to_phrase(keys88_text.phrase_to_text(beyond))) == {(0, 1, 24), (0, 1, 103)}


# ---------------------------------------------------------------- the codec


def small() -> Keys88Codec:
    return keys88_codec.codec_from_vocabulary(
        keys88_codec.build_vocabulary([Phrase((Note(0, 4, 48), Note(0, 2, 67), Note(1, 1, 72)), 8)])
    )


def test_vocabulary_holds_range_and_limits() -> None:
    assert small() == Keys88Codec(48, 72, 3, 4, 4)
    assert keys88_codec.codec_from_vocabulary(keys88_codec.build_vocabulary([])) == Keys88Codec(49, 60, 1, 1, 0)
    older = {
        name: value for name, value in keys88_codec.build_vocabulary([]).items() if name not in ("longest", "silence")
    }
    assert keys88_codec.codec_from_vocabulary(older) == Keys88Codec(49, 60, 1, 0, None)
    rests = keys88_codec.build_vocabulary([Phrase((Note(1, 1, 60), Note(5, 1, 60)), 8)])
    assert (rests["longest"], rests["silence"]) == (1, 3)
    with pytest.raises(ModelError, match="update BachBridge"):
        keys88_codec.codec_from_vocabulary({**keys88_codec.build_vocabulary([]), "keys": KEY_CHARACTERS[::-1]})


def test_encode_phrase_uses_the_known_octave() -> None:
    phrase = Phrase((Note(0, 2, 84), Note(2, 2, 91), Note(4, 2, 91), Note(6, 2, 60)), 8)
    codec = small()
    assert codec.octave_shift(phrase) == -24
    assert keys88_text.symbols_to_text(codec.encode_phrase(phrase)) == "X\nX\nb\nb\nbb\nb\nQ\nQ\n"
    assert codec.vocab_sizes == (90,)


@pytest.mark.parametrize(("length", "text"), [(1, "XX"), (2, "XX"), (4, "XXXX"), (8, "XXXX"), (16, "XXXX")], ids=str)
def test_encode_phrase_reads_at_the_pace_of_chorales(length: int, text: str) -> None:
    phrase = Phrase(tuple(Note(at * length, length, 60 + 2 * at) for at in range(4)), 4 * length)
    lines = keys88_text.symbols_to_text(small().encode_phrase(phrase)).split("\n")
    assert "".join(line for line in lines if "X" in line) == text


def decode(codec: Keys88Codec, phrase: Phrase, text: str) -> dict[NoteKey, Note]:
    """Return all notes that the decoder gives while it writes the text, each at its last length."""
    decoder, notes = codec.decoder(phrase), dict[NoteKey, Note]()
    for symbol in keys88_text.text_to_symbols(text):
        assert decoder.allowed_ids(())[symbol[0]], text
        for note in decoder.add_symbol(symbol):
            notes[note.start, note.pitch, note.voice] = note
    assert decoder.step == text.count(STEP_END)
    return notes


@given(keyboards())
def test_decoder_gives_the_notes_of_the_text(phrase: Phrase) -> None:
    notes = decode(Keys88Codec(), Phrase((), 0), keys88_text.phrase_to_text(phrase))
    assert {(note.start, note.length, note.pitch) for note in notes.values()} == note_keys(phrase)


def test_decoder_strikes_keys_left_down_by_the_phrase() -> None:
    phrase = Phrase((Note(0, 2, 60),), 2)
    for text in ("X\nX\n", "XX\nX\n"):
        assert [replace(note, voice=0) for note in decode(small(), phrase, text).values()] == [Note(0, 2, 60)]
    assert not small().decoder(Phrase((Note(0, 1, 60),), 2)).allowed_ids(())[0]


def test_decoder_limits_order_range_and_key_count() -> None:
    codec = small()
    decoder = codec.decoder(Phrase((Note(0, 1, 60),), 1))
    mark, middle = keys88_text.text_to_symbols(STEP_END)[0][0], keys88_text.text_to_symbols("X")[0][0]
    assert set(np.flatnonzero(decoder.allowed_ids(()))) == {*range(48 - 20, 72 - 20 + 1), mark}
    decoder.add_symbol((middle,))
    assert set(np.flatnonzero(decoder.allowed_ids(()))) == {middle, *range(middle + 1, 72 - 20 + 1), mark}
    decoder.add_symbol((middle,))
    assert not decoder.allowed_ids(())[middle]
    for character in "ab":
        decoder.add_symbol(keys88_text.text_to_symbols(character)[0])
    assert list(np.flatnonzero(decoder.allowed_ids(()))) == [mark]


def test_decoder_limits_how_long_a_key_is_held() -> None:
    decoder = small().decoder(Phrase((), 0))
    mark, held, other = (keys88_text.text_to_symbols(character)[0] for character in (STEP_END, "X", "b"))
    for _ in range(4):
        for symbol in (held, other, mark):
            assert decoder.allowed_ids(())[symbol[0]]
            decoder.add_symbol(symbol)
    assert decoder.allowed_ids(())[[held[0], mark[0]]].all()  # both may be let go
    decoder.add_symbol(held)
    assert list(np.flatnonzero(decoder.allowed_ids(()))) == [held[0]]
    for symbol in (held, mark, held):
        decoder.add_symbol(symbol)
    assert decoder.allowed_ids(())[[held[0], other[0], mark[0]]].all()  # struck anew, it may be held again


def test_decoder_limits_silence() -> None:
    decoder = Keys88Codec(48, 72, 3, 4, 2).decoder(Phrase((), 16))
    (mark,) = keys88_text.text_to_symbols(STEP_END)[0]
    for _ in range(2):
        assert decoder.allowed_ids(())[mark]
        decoder.add_symbol((mark,))
    assert list(np.flatnonzero(decoder.allowed_ids(()))) == [*range(48 - 20, 72 - 20 + 1)]
    decoder.add_symbol((48 - 20,))
    assert decoder.allowed_ids(())[mark]


@pytest.mark.parametrize(
    ("text", "voices"),
    [
        ("JQXb\n", {36: 3, 48: 2, 60: 1, 67: 0}),
        ("X\nXb\n", {60: 0, 67: 1}),
        ("QX\nQe\n", {48: 1, 60: 0, 72: 0}),
        ("CJQXb\n", {24: 3, 36: 3, 48: 2, 60: 1, 67: 0}),
    ],
)
def test_voices_go_from_the_top_and_held_notes_keep_theirs(text: str, voices: dict[int, int]) -> None:
    notes = decode(Keys88Codec(), Phrase((), 0), text)
    assert {note.pitch: note.voice for note in notes.values()} == voices


def test_answer_lies_in_the_octave_of_the_phrase() -> None:
    phrase = Phrase((Note(0, 4, 91), Note(0, 4, 84)), 4)
    assert [note.pitch for note in decode(small(), phrase, "Xb\n").values()] == [91, 84]
