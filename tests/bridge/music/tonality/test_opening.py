"""The chord to open with, and the nats that lead to it."""

import numpy as np
import pytest

from bachbridge.music.frames import pitch_index
from bachbridge.music.notes import scale_pitch_classes
from bachbridge.music.tonality.bias import clash_bias, key_bias, opening_bias
from bachbridge.music.tonality.key_belief import NO_BELIEF, certain_belief
from bachbridge.music.tonality.key_names import parse_key, parse_mode_final
from bachbridge.music.tonality.opening import opening_chord, opening_chord_in_mode

C_MAJOR, A_MINOR, F_MAJOR, G_MAJOR = {0, 4, 7}, {9, 0, 4}, {5, 9, 0}, {7, 11, 2}


@pytest.mark.parametrize(
    ("key", "pitch_class", "chord"),
    [
        ("C", 0, C_MAJOR),
        ("C", 4, C_MAJOR),
        ("C", 7, C_MAJOR),
        ("C", 9, A_MINOR),
        ("C", 2, G_MAJOR),
        ("C", 5, F_MAJOR),
        ("A minor", 9, A_MINOR),
        ("A minor", 4, A_MINOR),
        ("A minor", 8, {4, 8, 11}),
        ("A minor", 11, {4, 8, 11}),
    ],
)
def test_opening_chord_is_of_the_tonic_family(key: str, pitch_class: int, chord: set[int]) -> None:
    known = parse_key(key)
    assert known
    opening = opening_chord(pitch_class, certain_belief(known).probabilities)
    assert opening
    assert opening.pitch_classes == chord


def test_opening_chord_is_none_under_a_foreign_note() -> None:
    assert opening_chord(6, certain_belief((0, False)).probabilities) is None


@pytest.mark.parametrize("pitch_class", range(12))
def test_opening_chord_has_third_only_if_key_is_likely(pitch_class: int) -> None:
    opening = opening_chord(pitch_class, NO_BELIEF.by_next_pitch_class()[pitch_class])
    assert opening
    assert pitch_class in opening.pitch_classes
    mostly_tonics = (0, 5, 10)
    assert len(opening.pitch_classes) == (3 if pitch_class in mostly_tonics else 2)


@pytest.mark.parametrize(
    ("mode", "chord"),
    [
        ("D dorian", {2, 5, 9}),
        ("E phrygian", {4, 7, 11}),
        ("F lydian", {5, 9, 0}),
        ("G mixolydian", {7, 11, 2}),
        ("A aeolian", {9, 0, 4}),
        ("Bb dorian", {10, 1, 5}),
    ],
)
def test_opening_chord_in_mode_is_the_triad_on_the_final(mode: str, chord: set[int]) -> None:
    key, final = parse_key(mode), parse_mode_final(mode)
    assert key
    opening = opening_chord_in_mode(final, final, scale_pitch_classes(key))
    assert opening
    assert (opening.root, opening.pitch_classes) == (final, chord)


def test_key_bias_is_against_foreign_notes_only() -> None:
    given = np.array([pitch_index(72), 0], np.int32)
    nats = key_bias(np.repeat(certain_belief((0, False)).probabilities[None], 2, axis=0), given)
    assert (nats[:, :, pitch_index(64)] == 0).all()
    assert (nats[:, :, pitch_index(66)] < 0).all()
    assert (nats[:, :, 0] == 0).all()


def test_key_bias_allows_chromatic_chords_under_a_chromatic_note() -> None:
    given = np.array([pitch_index(72), pitch_index(75)], np.int32)
    nats = key_bias(np.repeat(certain_belief((0, False)).probabilities[None], 2, axis=0), given)
    assert nats[1, 1, pitch_index(68)] > nats[0, 1, pitch_index(68)]


def test_key_bias_wants_the_dominant_under_a_leading_note() -> None:
    given = np.array([pitch_index(68), pitch_index(69)], np.int32)
    nats = key_bias(np.repeat(certain_belief((9, True)).probabilities[None], 2, axis=0), given)
    assert nats[0, 3, pitch_index(48)] < nats[1, 3, pitch_index(48)] == 0
    assert nats[0, 3, pitch_index(52)] == 0


def test_clash_bias_is_against_semitones_from_the_note() -> None:
    nats = clash_bias(np.array([pitch_index(67), 0], np.int32))
    against = {pitch for pitch in range(48, 60) if nats[0, 2, pitch_index(pitch)] < 0}
    assert against == {54, 56}
    assert (nats[1] == 0).all()


def test_opening_bias_leads_to_the_chord() -> None:
    chord = opening_chord(0, certain_belief((0, False)).probabilities)
    nats = opening_bias([chord, None])
    assert nats[0, 3, pitch_index(48)] > nats[0, 3, pitch_index(52)] > nats[0, 3, pitch_index(50)]
    assert (nats[1] == 0).all()
