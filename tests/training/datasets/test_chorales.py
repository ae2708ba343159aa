"""The chorales: the split, the grid, and the codec over every bar."""

from typing import Any

import numpy as np
import pytest

from bachbridge.codecs.satb import FrameContext
from bachbridge.music.frames import HIGHEST_PITCH, LOWEST_PITCH, Frame, notes_from_frames
from bachbridge.music.notes import VOICES, Phrase
from bachbridge.music.voice_assignment import frames_from_phrase
from bachbridge_training.datasets import chorale_grids, four_part_windows
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets.chorale_grids import FourPartPiece

Chorales = dict[str, list[FourPartPiece]]


def everything(chorales: Chorales) -> list[FourPartPiece]:
    return [piece for part in chorales.values() for piece in part]


@pytest.mark.soak
def test_split_has_all_pieces(all_chorales: Chorales) -> None:
    assert {part: len(pieces) for part, pieces in all_chorales.items()} == {"train": 248, "valid": 75, "test": 77}
    assert len(chorale_data.new_tune_test_names()) == 36
    assert chorale_data.new_tune_test_names() <= {piece.name for piece in all_chorales["test"]}


def test_chorales_have_four_voices_on_the_grid(chorales: Chorales) -> None:
    for piece in everything(chorales):
        assert piece.pitches.shape == piece.onsets.shape == (len(piece.position), len(VOICES)), piece.name
        sung = piece.pitches >= 0
        assert sung.any(axis=0).all(), piece.name
        assert LOWEST_PITCH <= piece.pitches[sung].min() <= piece.pitches.max() <= HIGHEST_PITCH, piece.name
        assert not (piece.onsets & ~sung).any(), piece.name
        moved = piece.pitches[1:] != piece.pitches[:-1]
        assert piece.onsets[1:][moved & sung[1:]].all(), piece.name
        assert (piece.position < piece.bar).all(), piece.name


def test_frames_survive_conversion_to_notes_and_back(chorales: Chorales) -> None:
    for piece in everything(chorales):
        classes = four_part_windows.pitch_indices_of(piece.pitches)
        notes = notes_from_frames(classes, piece.onsets)
        prompt = frames_from_phrase(Phrase(notes, len(classes)))
        assert prompt.shift == 0
        assert (prompt.pitch_indices == classes).all(), piece.name
        assert (prompt.onsets == piece.onsets).all(), piece.name


def test_feature_ids_step_by_step_equal_whole_piece(chorales: Chorales) -> None:
    """Use only pieces whose bars have one length: a frame context knows no change of meter."""
    walked = 0
    for piece in everything(chorales):
        counted = (piece.position[0] + np.arange(len(piece.position))) % piece.bar[0]
        if (piece.position != counted).any():
            continue
        classes = four_part_windows.pitch_indices_of(piece.pitches)
        told = four_part_windows.feature_ids(piece, 0, classes, with_onsets=True, with_position=True)
        context = FrameContext(position=int(piece.position[0]), steps_per_bar=int(piece.bar[0]))
        for step, row in enumerate(told):
            assert (context.feature_ids()[0] == row).all(), (piece.name, step)
            context = context.after(Frame(tuple(classes[step].tolist()), tuple(piece.onsets[step].tolist())))
        walked += 1
    assert walked > len(everything(chorales)) / 2


def test_legal_transpositions_keep_voices_in_range(chorales: Chorales) -> None:
    limits = four_part_windows.voice_ranges(chorales["train"])
    counts: list[int] = []
    for piece in chorales["train"]:
        shifts = four_part_windows.legal_transpositions(piece, limits)
        counts.append(len(shifts))
        assert 0 in shifts
        for shift in shifts:
            for voice, (low, high) in enumerate(limits):
                line = piece.pitches[:, voice]
                assert low <= line[line >= 0].min() + shift
                assert line.max() + shift <= high
    assert 1 < np.mean(counts) < 10


def score_of(lines: Any) -> Any:
    """Return a music21 score; a line is a list of bars, a bar a list of (MIDI pitch or -1, quarters, tie if any)."""
    from music21 import meter, note, stream, tie

    score = stream.Score()
    for line in lines:
        part = stream.Part()
        for number, bar in enumerate(line):
            measure = stream.Measure(number=number)
            if number == 0:
                measure.timeSignature = meter.TimeSignature("4/4")
            for pitch, quarters, *kind in bar:
                element = note.Rest() if pitch < 0 else note.Note(pitch)
                element.quarterLength = quarters
                if kind:
                    element.tie = tie.Tie(kind[0])
                measure.append(element)
            part.append(measure)
        score.insert(0, part)
    return score


def test_score_with_pickup_tie_repeated_note_and_rest() -> None:
    lines = (
        [[(67, 1)], [(69, 2, "start"), (69, 1, "stop"), (-1, 1)]],
        [[(64, 1)], [(65, 4)]],
        [[(60, 1)], [(60, 1), (62, 2), (62, 1)]],
        [[(48, 1)], [(-1, 1), (50, 3)]],
    )
    piece = chorale_grids.piece_from_score("made", score_of(lines))
    beats = [[67, 64, 60, 48], [69, 65, 60, -1], [69, 65, 62, 50], [69, 65, 62, 50], [-1, 65, 62, 50]]
    strikes = [[0, 4], [0, 4], [0, 4, 8, 16], [0, 8]]
    assert piece.pitches.tolist() == [beat for beat in beats for _ in range(4)]
    assert [piece.onsets[:, voice].nonzero()[0].tolist() for voice in range(len(VOICES))] == strikes
    assert piece.position.tolist() == [12, 13, 14, 15, *range(16)]
    assert set(piece.bar.tolist()) == {16}


def test_fermatas_are_whole_notes_of_the_soprano(chorales: Chorales) -> None:
    for piece in everything(chorales):
        begins, ends = piece.fermatas[:, 0], piece.fermatas.sum(axis=1)
        assert piece.onsets[begins, 0].all(), piece.name
        assert (ends[:-1] <= begins[1:]).all(), piece.name
        for begin, end in zip(begins, ends, strict=True):
            assert (piece.pitches[begin:end, 0] == piece.pitches[begin, 0]).all(), piece.name


@pytest.mark.soak
def test_fermatas_are_in_nearly_all_pieces(all_chorales: Chorales) -> None:
    counts = {part: sum(len(piece.fermatas) for piece in pieces) for part, pieces in all_chorales.items()}
    assert counts == {"train": 1528, "valid": 433, "test": 498}
    assert sum(not piece.has_phrases for piece in everything(all_chorales)) == 10
