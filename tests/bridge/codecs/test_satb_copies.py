"""Copies of earlier frames: what may come next because the last frames occurred before."""

import numpy as np

from bachbridge.codecs import satb_copies
from bachbridge.codecs.satb_copies import NO_COPY
from bachbridge.music.frames import Ints
from bachbridge.music.notes import VOICES

_MOVES = np.array([[0, 0, 0, 0], [2, 0, -1, 5], [-1, 1, 0, -7], [3, 2, 2, 2], [-2, -3, 1, 0], [1, 1, -2, 4]])
_ROOT = np.array([36, 30, 24, 12])


def _passage(shift: int = 0) -> Ints:
    """Eighteen frames in which every chord lasts three steps."""
    chords = (_ROOT + np.cumsum(_MOVES, axis=0) + shift).astype(np.int32)
    return np.repeat(chords, 3, axis=0)


def _guesses(copies: Ints) -> list[tuple[int, ...]]:
    """The pitch indices of the copies, the most trustworthy one first."""
    is_copy = copies[:, len(VOICES)] != NO_COPY
    return [tuple(frame) for frame in copies[is_copy, : len(VOICES)].tolist()]


def test_copies_follow_a_passage_that_comes_again() -> None:
    piece = np.concatenate([_passage(), _passage()])
    found = satb_copies.piece_copies(piece)
    begin = len(_passage()) + 9
    assert [_guesses(found[step])[0] for step in range(begin, len(piece))] == [tuple(f) for f in piece[begin:].tolist()]


def test_copies_are_transposed_with_the_passage() -> None:
    piece = np.concatenate([_passage(), _passage(-5)])
    found = satb_copies.piece_copies(piece)
    begin = len(_passage()) + 9
    assert [_guesses(found[step])[0] for step in range(begin, len(piece))] == [tuple(f) for f in piece[begin:].tolist()]


def test_copies_follow_a_single_voice() -> None:
    again = _passage()
    again[:, 1:] = 20
    found = satb_copies.piece_copies(np.concatenate([_passage(), again]))
    assert any(guess[0] == again[-1, 0] for guess in _guesses(found[-1]))


def test_copies_leave_the_range_of_pitches_out() -> None:
    high = _passage()
    high[:, 0] += 46 - high[:, 0].max()
    found = satb_copies.piece_copies(np.concatenate([high, high + 2, high + 2])[: 3 * len(high)])
    pitches = found[..., : len(VOICES)]
    assert pitches.min() >= 0
    assert pitches.max() <= 46


def test_copies_need_a_past_that_moved() -> None:
    held = np.repeat(_ROOT[None].astype(np.int32), 40, axis=0)
    assert not any(_guesses(copies) for copies in satb_copies.piece_copies(held))
    assert (satb_copies.copies(satb_copies.empty_memory(2))[:, :, len(VOICES)] == NO_COPY).all()


def test_copies_of_rests_are_rests() -> None:
    passage = _passage()
    passage[9:12, 2] = 0
    found = satb_copies.piece_copies(np.concatenate([passage, passage]))
    assert _guesses(found[len(passage) + 10])[0] == tuple(passage[10].tolist())


def test_memories_of_several_pieces_do_not_mix() -> None:
    pieces = np.stack([np.concatenate([_passage(), _passage(2)]), np.concatenate([_passage(), _passage()])], axis=1)
    memory = satb_copies.empty_memory(2)
    for frames in pieces:
        memory, _ = satb_copies.remember(memory, frames)
    for row in range(2):
        alone = satb_copies.piece_copies(np.concatenate([pieces[:, row], pieces[-1:, row]]))
        assert (satb_copies.copies(memory)[row] == alone[-1]).all()


def test_memory_forgets_the_oldest_frames() -> None:
    passage = _passage()
    held = np.repeat(_ROOT[None].astype(np.int32) - 3, 512, axis=0)
    for distance, is_remembered in ((511, True), (512, False)):
        piece = np.concatenate([passage, held[: distance - len(passage)], passage])
        guesses = _guesses(satb_copies.piece_copies(piece)[-1])
        assert (tuple(passage[-1].tolist()) in guesses) == is_remembered


def test_memory_can_be_carried_as_finite_floats() -> None:
    rng = np.random.default_rng(1)
    memory = satb_copies.empty_memory(2)
    for frames in np.repeat(rng.integers(0, 47, (300, 2, len(VOICES)), dtype=np.int32), 2, axis=0):
        memory, _ = satb_copies.remember(memory, frames)
    assert memory.shape == (2, satb_copies.MEMORY_SIZE)
    assert memory.min() >= 0
    assert memory.max() < 127
    assert np.isfinite(memory.view(np.float32)).all()


def test_memory_is_not_changed_by_a_step() -> None:
    memory = satb_copies.empty_memory(1)
    for frame in _passage():
        memory, _ = satb_copies.remember(memory, frame[None])
    before = memory.copy()
    satb_copies.remember(memory, _passage()[:1])
    assert (memory == before).all()


def test_feature_ids_stay_in_the_table() -> None:
    found = satb_copies.piece_copies(np.concatenate([_passage(), _passage(3), _passage(), _passage(), _passage()]))
    ids = found[found[:, :, len(VOICES)] != NO_COPY][:, len(VOICES) :]
    assert len(ids)
    assert ids.min() >= 0
    assert ids.max() < satb_copies.FEATURE_ROWS
