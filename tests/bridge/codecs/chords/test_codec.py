"""Tests for chord symbols: every option, unknown chords, and the decoder."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.codecs.base import Symbol, SymbolDecoder
from bachbridge.codecs.chords import codec as chords_codec
from bachbridge.codecs.chords import names as chord_names
from bachbridge.codecs.chords.codec import ChordCodec
from bachbridge.codecs.chords.names import REST, Chord, normal_order, parse_chord_name
from bachbridge.codecs.chords.onsets import OnsetGroup, phrase_onsets
from bachbridge.codecs.chords.options import ChordOptions, parse_options
from bachbridge.errors import ConfigError
from bachbridge.music.notes import Note, Phrase

FULL = ChordOptions(rests=True, durations=True, levels=5)


def line(*pitches: tuple[int, ...], beat: Fraction = Fraction(1, 2), velocity: int = 80) -> list[OnsetGroup]:
    return [OnsetGroup(number * beat, beat, chord, velocity) for number, chord in enumerate(pitches)]


def make_codec(options: ChordOptions, *sequences: Sequence[OnsetGroup]) -> ChordCodec:
    return chords_codec.codec_from_vocabulary(chords_codec.build_vocabulary(sequences, options))


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("pitches", "full", "normal"),
    [
        ((69,), "A4", "A4"),
        ((45, 54), "A2.F#3", "6.9"),
        ((48, 64, 67), "C3.E4.G4", "0.4.7"),
        ((40, 60, 67), "E2.C4.G4", "0.4.7"),
        ((45, 57), "A2.A3", "9"),
        ((60, 63, 66, 69), "C4.Eb4.F#4.A4", "0.3.6.9"),
        ((), "R", "R"),
    ],
)
def test_names_in_full_and_by_normal_order(pitches: tuple[int, ...], full: str, normal: str) -> None:
    assert chord_names.make_chord(pitches, by_normal_order=False).name == full
    assert chord_names.make_chord(pitches, by_normal_order=True).name == normal
    assert parse_chord_name(full) == Chord(pitches)
    assert parse_chord_name(normal).name == normal


@pytest.mark.parametrize("name", ["", "H4", "A2.", "A2..C3", "R.A2", "A2.0"])
def test_parse_chord_name_refuses_other_text(name: str) -> None:
    with pytest.raises(ValueError, match="no chord"):
        parse_chord_name(name)


@given(st.sets(st.integers(0, 127), min_size=1, max_size=6), st.integers(1, 11))
def test_normal_order_is_compact_and_transposes(pitches: set[int], by: int) -> None:
    order = normal_order(sorted(pitches))
    assert set(order) == {pitch % 12 for pitch in pitches}
    spans = [(order[-1] - order[0]) % 12, *((order[n - 1] - order[n]) % 12 for n in range(1, len(order)))]
    assert spans[0] == min(spans) or len(order) == 1
    assert {(note + by) % 12 for note in order} == set(normal_order([pitch + by for pitch in pitches]))


@given(st.sets(st.integers(0, 11), min_size=2, max_size=6), st.floats(0, 127))
def test_pitches_near_stay_close_to_the_centre(classes: set[int], centre: float) -> None:
    chord = Chord(normal_order(sorted(classes)), is_normal_order=True)
    pitches = chord.pitches_near(centre)
    assert list(pitches) == sorted(pitches)
    assert {pitch % 12 for pitch in pitches} == classes
    assert 0 <= pitches[0] <= pitches[-1] <= 127
    if 24 <= centre <= 100:
        assert abs(sum(pitches) / len(pitches) - centre) <= 6


# ---------------------------------------------------------------- options and vocabulary


def test_parse_options_reads_a_table() -> None:
    assert parse_options({}) == ChordOptions()
    table = {"names": "normal", "rests": True, "durations": True, "unit": 0.1, "longest": 4, "levels": 5, "seed": 1}
    found = parse_options(table)
    assert found == ChordOptions(
        "normal", rests=True, durations=True, unit=Fraction(1, 10), longest=Fraction(4), levels=5
    )
    assert found.max_units == 40
    assert parse_options({"unit": "1/12"}).unit == Fraction(1, 12)


@pytest.mark.parametrize(
    "table",
    [
        {"names": "short"},
        {"unit": 0},
        {"unit": "1/0"},
        {"unit": "a"},
        {"longest": "1/8"},
        {"levels": -1},
        {"levels": 128},
    ],
)
def test_parse_options_refuses_impossible_values(table: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        parse_options(table)


def test_vocabulary_lists_commonest_chords_first() -> None:
    music = [*line((60,), (62,), (62,)), OnsetGroup(Fraction(7, 2), Fraction(1, 4), (43, 62), 127)]
    assert chords_codec.build_vocabulary([music], FULL) == {
        "names": "full",
        "rests": True,
        "unit": "1/4",
        "longest": "8",
        "levels": 5,
        "usual_level": 4,
        "pace": 2,
        "durations": [1, 2, 8],
        "chords": ["D4", "C4", "G2.D4", "R"],
    }
    plain = chords_codec.build_vocabulary([music], ChordOptions())
    assert (plain["durations"], plain["chords"]) == ([], ["D4", "C4", "G2.D4"])
    with pytest.raises(ConfigError, match="no notes"):
        chords_codec.build_vocabulary([[]], ChordOptions())


def test_symbol_names_are_the_pitches_of_each_onset() -> None:
    music = [
        OnsetGroup(Fraction(0), Fraction(1, 8), (45, 54)),
        OnsetGroup(Fraction(4), Fraction(1), (57,)),
        OnsetGroup(Fraction(9, 2), Fraction(1, 4), (45, 54)),
    ]
    assert chords_codec.symbol_names(music, ChordOptions()) == ["A2.F#3", "A3", "A2.F#3"]
    assert chords_codec.symbol_names(music, ChordOptions(rests=True)) == ["A2.F#3", "R", "A3", "A2.F#3"]
    assert chords_codec.symbol_names(music, ChordOptions(names="normal")) == ["6.9", "A3", "6.9"]


@pytest.mark.parametrize(
    ("chosen", "sizes", "symbols"),
    [
        (ChordOptions(), (3,), [(1,), (2,)]),
        (ChordOptions(rests=True), (4,), [(1,), (3,), (2,)]),
        (ChordOptions(durations=True), (3, 3), [(1, 2), (2, 1)]),
        (ChordOptions(levels=5), (3, 6), [(1, 2), (2, 5)]),
        (ChordOptions(durations=True, rests=True), (4, 2), [(1, 1), (3, 1), (2, 1)]),
        (ChordOptions(durations=True, levels=3), (3, 3, 4), [(1, 2, 1), (2, 1, 3)]),
        (FULL, (4, 2, 6), [(1, 1, 2), (3, 1, 1), (2, 1, 5)]),
    ],
)
def test_fields_follow_the_options(chosen: ChordOptions, sizes: tuple[int, ...], symbols: list[Symbol]) -> None:
    music = [OnsetGroup(Fraction(0), Fraction(1), (60,), 40), OnsetGroup(Fraction(2), Fraction(1), (67,), 120)]
    codec = make_codec(chosen, music)
    assert codec.vocab_sizes == sizes
    assert codec.encode(music) == symbols


def test_durations_round_to_unit_and_to_known_ones() -> None:
    music = [OnsetGroup(Fraction(0), Fraction(1, 3), (60,)), OnsetGroup(Fraction(1, 3), Fraction(9), (62,))]
    codec = make_codec(ChordOptions(durations=True, unit=Fraction(1, 10)), music)
    assert codec.durations == (3, 80)
    assert codec.encode(
        [OnsetGroup(Fraction(0), Fraction(4), (60,)), OnsetGroup(Fraction(4), Fraction(20), (62,))]
    ) == [
        (1, 1),
        (2, 2),
    ]
    shorter = ChordOptions(durations=True, unit=Fraction(1, 10), longest=Fraction(2))
    assert make_codec(shorter, music).durations == (3, 20)


@given(st.integers(1, 127))
def test_level_to_velocity_and_back_is_the_same_level(levels: int) -> None:
    codec = make_codec(ChordOptions(levels=levels), line((60,)))
    assert [codec.velocity_to_level(codec.level_to_velocity(level)) for level in range(1, levels + 1)] == list(
        range(1, levels + 1)
    )
    assert (codec.velocity_to_level(0), codec.velocity_to_level(127)) == (1, levels)


# ---------------------------------------------------------------- unknown chords


def test_unknown_chord_becomes_the_nearest() -> None:
    codec = make_codec(ChordOptions(), line((60,), (60,), (67,), (48, 64), (48, 64, 67)))

    def nearest(*pitches: int) -> str:
        return codec.chords[codec.nearest_id(pitches) - 1].name

    assert nearest(72) == "G4"
    assert nearest(62) == "C4"
    assert nearest(48, 65) == "C3.E4"
    assert nearest(48, 64, 68) == "C3.E4.G4"
    assert (codec.exact_id((62,)), codec.exact_id((60,))) == (0, 1)
    assert codec.exact_id(()) == 0


def test_nearest_by_normal_order_wraps_at_the_octave() -> None:
    codec = make_codec(ChordOptions(names="normal"), line((60, 64), (66, 69), (60,)))
    assert codec.chords[codec.nearest_id((59, 63)) - 1].name == "0.4"
    assert codec.chords[codec.nearest_id((90,)) - 1].name == "C4"
    assert make_codec(ChordOptions(names="normal"), line((60, 64))).nearest_id((60,)) == 1
    assert make_codec(ChordOptions(names="normal"), line((60,), (67,))).nearest_id((65, 69)) == 2


def test_encode_phrase_uses_the_known_octave() -> None:
    codec = make_codec(ChordOptions(durations=True), line((48,), (50,), (52, 55)))
    phrase = Phrase((Note(0, 2, 84), Note(2, 2, 86), Note(4, 2, 88), Note(4, 2, 91)), 6)
    assert codec.octave_shift(phrase) == -36
    assert codec.encode_phrase(phrase) == [(1, 1), (2, 1), (3, 1)]
    assert [note.pitch for note in codec.decoder(phrase).add_symbol((3, 1))] == [91, 88]


def test_encode_phrase_reads_at_the_usual_pace_and_loudness() -> None:
    music = [OnsetGroup(Fraction(at, 4), Fraction(1, 4), (60 + at,), 100) for at in range(4)]
    codec = make_codec(ChordOptions(durations=True, levels=8), music)
    assert codec.usual_level == 7
    for length in (1, 4, 16):
        phrase = Phrase(tuple(Note(length * at, length, 60 + at, 40 + at) for at in range(4)), 4 * length)
        levels = [level for *_, level in codec.encode_phrase(phrase)]
        assert set(levels) == {7}
        assert codec.time_factor(phrase) == {1: 1, 4: 2, 16: 8}[length]


# ---------------------------------------------------------------- the decoder


def decode(decoder: SymbolDecoder, symbols: Sequence[Symbol]) -> list[Note]:
    notes: list[Note] = []
    for symbol in symbols:
        for field, number in enumerate(symbol):
            assert decoder.allowed_ids(symbol[:field])[number]
        notes += decoder.add_symbol(symbol)
    return notes


@st.composite
def lines(draw: st.DrawFn) -> list[OnsetGroup]:
    """Draw groups of notes on the grid, one after another, with silence between some."""
    onsets: list[OnsetGroup] = []
    at = 0
    for _ in range(draw(st.integers(1, 8))):
        length, silence = draw(st.integers(1, 8)), draw(st.sampled_from((0, 0, 1, 5)))
        pitches = draw(st.sets(st.integers(40, 80), min_size=1, max_size=3))
        onsets.append(
            OnsetGroup(Fraction(at, 4), Fraction(length, 4), tuple(sorted(pitches)), draw(st.integers(1, 127)))
        )
        at += length + silence
    return onsets


@given(lines())
def test_decoder_inverts_encode(music: list[OnsetGroup]) -> None:
    codec = make_codec(replace(FULL, levels=127), music)
    decoder = codec.decoder(Phrase((), 0))
    notes = decode(decoder, codec.encode(music))
    assert phrase_onsets(Phrase(tuple(notes), decoder.step)) == music
    assert decoder.step == music[-1].end * 4


@given(lines())
def test_decoder_without_rests_sustains_until_the_next(music: list[OnsetGroup]) -> None:
    codec = make_codec(ChordOptions(durations=True), music)
    notes = decode(codec.decoder(Phrase((), 0)), codec.encode(music))
    assert {(note.start, note.pitch) for note in notes} == {(s.start * 4, pitch) for s in music for pitch in s.pitches}
    ends = [after.start * 4 for after in music[1:]] + [music[-1].end * 4]
    assert {note.end for note in notes} == set(ends)


def test_decoder_keeps_exact_time_between_steps() -> None:
    codec = make_codec(ChordOptions(durations=True, unit=Fraction(1, 3)), line((60,), beat=Fraction(1, 3)))
    decoder, starts = codec.decoder(Phrase((), 0)), list[int]()
    for _ in range(6):
        starts.append(decoder.step)
        assert decoder.add_symbol((1, 1))[0].length >= 1
    assert starts == [0, 1, 3, 4, 5, 7]
    assert decoder.step == 8


def test_decoder_takes_missing_fields_from_the_phrase() -> None:
    codec = make_codec(ChordOptions(), line((60,)))
    phrase = Phrase((Note(0, 1, 60, 50), Note(3, 1, 60, 70), Note(6, 1, 60, 60), Note(7, 1, 60, 60)), 16)
    decoder = codec.decoder(phrase)
    assert decode(decoder, [(1,), (1,)]) == [Note(0, 3, 60, 60), Note(3, 3, 60, 60)]
    assert decode(codec.decoder(Phrase((), 0)), [(1,)]) == [Note(0, 2, 60, 80)]


def test_voices_go_from_the_top_and_bass_has_the_rest() -> None:
    codec = make_codec(ChordOptions(), line((40, 45, 50, 55, 60)))
    notes = decode(codec.decoder(Phrase((), 0)), [(1,)])
    assert [(note.pitch, note.voice) for note in notes] == [(60, 0), (55, 1), (50, 2), (45, 3), (40, 3)]


def test_chord_by_normal_order_follows_the_register() -> None:
    codec = make_codec(ChordOptions(names="normal"), line((60, 64, 67), (36,), (84,)))
    chord, low, high = (codec.exact_id(pitches) for pitches in ((60, 64, 67), (36,), (84,)))
    decoder = codec.decoder(Phrase((Note(0, 4, 84),), 4))
    assert sorted(note.pitch for note in decoder.add_symbol((chord,))) == [84, 88, 91]
    for single, lowest in ((low, 36), (high, 84)):
        decoder.add_symbol((single,))
        pitches = sorted(note.pitch for note in decoder.add_symbol((chord,)))
        assert {pitch % 12 for pitch in pitches} == {0, 4, 7}
        assert abs(np.mean(pitches) - lowest) <= 6


def test_decoder_allows_no_two_rests_and_soft_ones_only() -> None:
    codec = make_codec(FULL, [OnsetGroup(Fraction(0), Fraction(1), (60,)), OnsetGroup(Fraction(2), Fraction(1), (60,))])
    rest = codec.exact_id(())
    assert codec.chords[rest - 1] == REST
    decoder = codec.decoder(Phrase((), 0))
    assert list(decoder.allowed_ids(())) == [False, True, True]
    assert list(decoder.allowed_ids((rest,))) == [False, True]
    assert list(np.flatnonzero(decoder.allowed_ids((rest, 1)))) == [1]
    assert list(np.flatnonzero(decoder.allowed_ids((1, 1)))) == [1, 2, 3, 4, 5]
    assert decoder.add_symbol((rest, 1, 1)) == ()
    assert decoder.step == 4
    assert list(decoder.allowed_ids(())) == [False, True, False]
    silent = Phrase((Note(0, 4, 60),), 8)
    assert codec.encode_phrase(silent)[-1][0] == rest
    assert not codec.decoder(silent).allowed_ids(())[rest]


@pytest.mark.parametrize("chosen", [ChordOptions(), ChordOptions(names="normal"), ChordOptions(rests=True), FULL])
def test_decoder_always_allows_some_id_but_never_id_0(chosen: ChordOptions) -> None:
    codec = make_codec(chosen, [*line((60,), (48, 64)), OnsetGroup(Fraction(3), Fraction(1), (62,))])
    decoder = codec.decoder(Phrase((Note(0, 3, 61),), 4))
    for _ in range(5):
        symbol: Symbol = ()
        for size in codec.vocab_sizes:
            allowed = decoder.allowed_ids(symbol)
            assert allowed.shape == (size,)
            assert allowed.any()
            assert not allowed[0]
            symbol = (*symbol, int(np.flatnonzero(allowed)[-1]))
        decoder.add_symbol(symbol)
