"""Measures of cadences and resolutions against bars that were written and counted by hand."""

import numpy as np
import pytest

from bachbridge.music.frames import pitch_index
from bachbridge.music.harmony.chord_names import find_chord
from bachbridge.music.notes import Key
from bachbridge.music.phrasing import sounding_chords
from bachbridge.music.phrasing.measures.closes import PhrasedFrames, compute_close_measures, count_closes

BEAT = 4


def piece(
    *chords: tuple[int, ...], ends: tuple[tuple[int, int], ...] = (), home: Key | None = (0, False)
) -> PhrasedFrames:
    """Return a piece of chords (MIDI: soprano, alto, tenor, bass; 0 rests), each a beat long, all notes struck."""
    rows = np.array([[pitch_index(pitch) if pitch else 0 for pitch in chord] for chord in chords], np.int32)
    frames = np.repeat(rows, BEAT, axis=0)
    onsets = np.zeros(frames.shape, bool)
    onsets[::BEAT] = frames[::BEAT] > 0
    return PhrasedFrames(frames, onsets, np.arange(len(frames), dtype=np.int32) % 16, ends, home)


G7, C, C_MINOR = (65, 62, 59, 43), (64, 60, 55, 48), (63, 60, 55, 48)
A_MINOR, C_OVER_E = (64, 60, 57, 45), (67, 60, 55, 52)


def test_authentic_close_is_counted_with_its_resolutions() -> None:
    counts = count_closes(piece(C, G7, C, ends=((8, 4),)))
    assert (counts.phrase_ends, counts.triad_ends, counts.authentic_ends, counts.unstable_ends) == (1, 1, 1, 0)
    assert (counts.moving_ends, counts.finals, counts.home_finals, counts.minor_finals) == (0, 1, 1, 0)
    assert (counts.sevenths, counts.sevenths_down) == (1, 1)
    # The tenor's leading note is in no outer voice; the seventh is reached by a step.
    assert (counts.leading_notes, counts.beat_dissonances, counts.leapt_dissonances) == (0, 1, 0)
    assert (counts.root_moves, counts.third_moves) == (2, 0)


@pytest.mark.parametrize(("last", "is_triad", "is_unstable"), [(G7, 0, 1), (C_OVER_E, 0, 0), (A_MINOR, 1, 0)])
def test_phrase_end_is_judged_by_its_chord(last: tuple[int, ...], is_triad: int, is_unstable: int) -> None:
    counts = count_closes(piece(C, last, ends=((4, 4),)))
    assert (counts.triad_ends, counts.unstable_ends, counts.authentic_ends) == (is_triad, is_unstable, 0)


def test_diminished_chord_makes_an_authentic_close() -> None:
    seventh_degree = (65, 62, 59, 50)
    counts = count_closes(piece(seventh_degree, C, ends=((4, 4),)))
    assert counts.authentic_ends == 1
    inverted_dominant = (67, 62, 55, 47)
    assert count_closes(piece(inverted_dominant, C, ends=((4, 4),))).authentic_ends == 0


def test_moving_end_counts_its_second_half_alone() -> None:
    still, moves = (64, 60, 55, 48), (64, 62, 55, 48)
    assert count_closes(piece(C, still, moves, ends=((4, 8),))).moving_ends == 1
    assert count_closes(piece(C, still, moves, moves, moves, ends=((4, 16),))).moving_ends == 0
    assert count_closes(piece(C, ends=((3, 1), (99, 4)))).phrase_ends == 1


def test_picardy_third_needs_home_in_minor() -> None:
    found = [count_closes(piece(G7, last, home=(0, True))) for last in (C, C_MINOR, A_MINOR)]
    assert [counts.picardy_thirds for counts in found] == [1, 0, 0]
    assert [counts.home_finals for counts in found] == [1, 1, 0]
    assert all(counts.minor_finals == 1 for counts in found)
    assert count_closes(piece(C, home=None)).finals == 0


def test_leading_note_in_an_outer_voice_rises_or_not() -> None:
    with_leading_soprano = (71, 65, 62, 43)
    rising, falling = (72, 64, 60, 48), (67, 64, 60, 48)
    assert count_closes(piece(with_leading_soprano, rising)).leading_notes_up == 1
    counts = count_closes(piece(with_leading_soprano, falling))
    assert (counts.leading_notes, counts.leading_notes_up) == (1, 0)


def test_leapt_dissonance_and_unresolved_seventh_are_counted() -> None:
    leapt_seventh = (65, 59, 55, 43)
    counts = count_closes(piece((72, 64, 55, 48), leapt_seventh, (67, 60, 55, 48)))
    assert (counts.beat_dissonances, counts.leapt_dissonances) == (1, 1)
    assert (counts.sevenths, counts.sevenths_down) == (1, 0)


def test_measures_pool_counts_and_say_none_for_nothing() -> None:
    measures = compute_close_measures([piece(C, G7, C, ends=((8, 4),)), piece(C, A_MINOR, ends=((4, 4),))])
    assert (measures.phrase_ends, measures.triad_ends, measures.authentic_ends) == (2, 1, 0.5)
    assert measures.third_moves == pytest.approx(1 / 3)
    assert measures.home_finals == 0.5
    assert measures.picardy_thirds is None
    assert compute_close_measures([]).triad_ends is None


def test_home_key_has_the_last_root_and_the_usual_third() -> None:
    assert sounding_chords.final_key(piece(C_MINOR, C_MINOR, C).pitch_indices) == (0, True)
    assert sounding_chords.final_key(piece(A_MINOR, C).pitch_indices) == (0, False)
    assert sounding_chords.final_key(piece((0, 0, 0, 0)).pitch_indices) is None


def test_dissonant_classes_are_foreign_to_the_triad() -> None:
    suspended, seventh, plain = find_chord([48, 53, 55, 60]), find_chord([43, 59, 62, 65]), find_chord([48, 52, 55])
    assert suspended is not None
    assert seventh is not None
    assert plain is not None
    assert sounding_chords.dissonant_classes(suspended) == {5}
    assert sounding_chords.dissonant_classes(seventh) == {5}
    assert not sounding_chords.dissonant_classes(plain)
    assert sounding_chords.is_unstable(suspended)
    assert not sounding_chords.is_unstable(plain)
