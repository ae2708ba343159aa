"""Chords in sounding pitches: root, quality, inversion and name."""

import itertools

import pytest

from bachbridge.music.harmony.chord_names import QUALITIES, ChordQuality, chord_name, find_chord
from bachbridge.music.notes import key_name
from bachbridge.music.tonality.key_names import parse_key

ALL_KEYS = [(tonic, minor) for tonic in range(12) for minor in (False, True)]


def named(pitches: tuple[int, ...], key: str = "C") -> str | None:
    known = parse_key(key)
    chord = find_chord(pitches, known)
    return chord and chord_name(chord, known)


@pytest.mark.parametrize(
    ("pitches", "name"),
    [
        ((55, 62, 67, 71), "G"),
        ((57, 60, 64, 67), "Am7"),
        ((54, 60, 62, 69), "D7/F#"),
        ((59, 62, 65), "Bdim"),
        ((55, 60, 62), "Gsus4"),
        ((55, 60, 62, 65), "G7sus4"),
        ((60, 62, 67), "Csus2"),
        ((53, 57, 60, 64), "Fmaj7"),
        ((59, 62, 65, 69), "Bm7b5"),
        ((60, 64, 68), "Caug"),
        ((60, 64, 67, 74), "Cadd9"),
        ((55, 59, 62, 65, 69), "G9"),
        ((60, 63, 67, 71), "Cm(maj7)"),
        ((60, 67, 72), "C5"),
    ],
)
def test_chord_name_is_written_as_musicians_do(pitches: tuple[int, ...], name: str) -> None:
    assert named(pitches) == name


@pytest.mark.parametrize(
    ("pitches", "key", "name"),
    [
        ((58, 62, 65), "F", "Bb"),
        ((58, 62, 65), "B", "A#"),
        ((61, 65, 68), "Ab", "Db"),
        ((61, 65, 68), "F# major", "C#"),
        ((61, 65, 68), "C", "Db"),
        ((61, 64, 67), "C", "C#dim"),
        ((68, 72, 75), "C", "Ab"),
        ((68, 71, 74), "A minor", "G#dim"),
        ((63, 66, 70), "Eb minor", "Ebm"),
        ((65, 68, 71), "F# minor", "E#dim"),
        ((67, 70, 73), "G# minor", "Gdim"),
        ((59, 63, 66), "Eb minor", "Cb"),
        ((60, 64, 67, 70), "F minor", "C7"),
        ((56, 60, 63), "F minor", "Ab"),
        ((64, 68, 71), "A minor", "E"),
        ((63, 67, 71), "C minor", "Ebaug"),
    ],
)
def test_chord_name_is_spelled_as_the_key_wants(pitches: tuple[int, ...], key: str, name: str) -> None:
    assert named(pitches, key) == name


@pytest.mark.parametrize(
    ("pitches", "name"),
    [
        ((60, 64), "C"),
        ((60, 76, 64, 72), "C"),
        ((57, 60), "Am"),
        ((59, 62), "Bdim"),
        ((55, 59, 65), "G7"),
        ((55, 62, 65), "G7"),
        ((53, 55, 59), "G7/F"),
    ],
)
def test_incomplete_chord_is_completed_from_the_key(pitches: tuple[int, ...], name: str) -> None:
    assert named(pitches) == name


@pytest.mark.parametrize(
    ("pitches", "name", "foreign"),
    [((60, 64, 67, 77), "C", (5,)), ((57, 60, 64, 74), "Am", (2,)), ((53, 57, 60, 71), "F", (11,))],
)
def test_passing_note_is_foreign_to_the_chord(pitches: tuple[int, ...], name: str, foreign: tuple[int, ...]) -> None:
    chord = find_chord(pitches, (0, False))
    assert chord
    assert (chord_name(chord, (0, False)), chord.foreign) == (name, foreign)


@pytest.mark.parametrize(
    ("key", "name"),
    [("C", "Bdim7"), ("C minor", "Bdim7"), ("A minor", "G#dim7/B"), ("Eb minor", "Ddim7/Cb"), ("F# minor", "E#dim7/B")],
)
def test_diminished_seventh_has_the_root_that_leads(key: str, name: str) -> None:
    assert named((59, 62, 65, 68), key) == name


@pytest.mark.parametrize(
    ("pitches", "name"), [((50, 60, 64, 67), "C/D"), ((55, 60, 65, 69), "F/G"), ((43, 62, 65, 69), "Dm/G")]
)
def test_foreign_bass_is_written_after_the_slash(pitches: tuple[int, ...], name: str) -> None:
    chord = find_chord(pitches, (0, False))
    assert chord
    assert chord.inversion is None
    assert chord_name(chord, (0, False)) == name


@pytest.mark.parametrize("pitches", [(), (60,), (60, 72, 48)])
def test_one_pitch_class_is_no_chord(pitches: tuple[int, ...]) -> None:
    assert find_chord(pitches) is None


@pytest.mark.parametrize("quality", QUALITIES, ids=[quality.symbol or "major" for quality in QUALITIES])
def test_complete_chord_in_root_position_is_found(quality: ChordQuality) -> None:
    for root, key in itertools.product(range(48, 60), [None, *ALL_KEYS]):
        chord = find_chord([root, *(root + interval + 12 for interval in quality.intervals)], key)
        assert chord
        assert not chord.foreign
        if quality.symbol not in ("aug", "dim7"):
            assert (chord.root, chord.quality, chord.inversion) == (root % 12, quality, 0)


def test_places_and_intervals_of_a_quality_agree() -> None:
    for quality in QUALITIES:
        assert [place * 7 % 12 for place in quality.places] == list(quality.intervals)


def test_chord_name_has_one_accidental_at_most_on_any_notes() -> None:
    for mask, bass in itertools.product(range(1, 4096, 7), range(12)):
        pitches = [60 + note for note in range(12) if mask >> note & 1] + [48 + bass]
        for key in (None, (1, False), (8, True), (3, True), (6, False)):
            chord = find_chord(pitches, key)
            if chord:
                name = chord_name(chord, key)
                root_name, _, bass_name = name.partition("/")
                assert "##" not in name
                assert not root_name[1:].startswith("bb")
                assert len(bass_name) <= 2


def test_tonic_chord_has_the_name_of_its_key() -> None:
    for tonic, minor in ALL_KEYS:
        chord = find_chord([tonic + 60, tonic + 64 - minor, tonic + 67], (tonic, minor))
        assert chord
        assert chord_name(chord, (tonic, minor)) == key_name((tonic, minor)).split()[0] + "m" * minor
