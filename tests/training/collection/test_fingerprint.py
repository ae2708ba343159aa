"""Fingerprints: equal for copies in any format, alike for transposed and edited music, different for other music."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbridge.music.timeline import TickNote, Timeline
from bachbridge_training.collection.reading.fingerprint import MusicFingerprint, make_fingerprint
from bachbridge_training.collection.selection import NEAR_DUPLICATE_SHARE
from bachbridge_training.collection.similar_pieces import Groups, pairs_with_common_key
from bachbridge_training.datasets.parsed_piece import ParsedPiece
from tests.training.collection.conftest import chorale_notes


def parsed(seed: int, *, bars: int = 8, shift: int = 0, ticks: int = 96, track: int = 0) -> ParsedPiece:
    step = ticks // 4
    notes = [
        TickNote(note.start * step, note.end * step, note.pitch, 80 + track, track, note.voice)
        for note in chorale_notes(seed, bars, shift)
    ]
    return ParsedPiece(tuple(sorted(notes, key=lambda note: note.start)), Timeline(ticks))


def alike(one: MusicFingerprint, other: MusicFingerprint) -> float:
    return float((one.sketch == other.sketch).mean())


def shared(one: MusicFingerprint, other: MusicFingerprint) -> float:
    common = len(np.intersect1d(one.shingles, other.shingles))
    return common / min(len(one.shingles), len(other.shingles))


def test_fingerprint_ignores_format_and_loudness() -> None:
    one, other = make_fingerprint(parsed(1)), make_fingerprint(parsed(1, ticks=480, track=3))
    assert one.music_hash == other.music_hash
    assert one.sketch.tolist() == other.sketch.tolist()
    assert make_fingerprint(parsed(1, shift=1)).music_hash != one.music_hash


@given(st.integers(0, 99), st.integers(-2, 2))
@settings(max_examples=15)
def test_fingerprint_is_alike_in_every_key(seed: int, shift: int) -> None:
    one, other = make_fingerprint(parsed(seed)), make_fingerprint(parsed(seed, shift=shift))
    assert one.landmarks.tolist() == other.landmarks.tolist()
    assert one.sketch.tolist() == other.sketch.tolist()


def test_fingerprint_finds_edits_and_parts_but_no_strangers() -> None:
    whole = parsed(1, bars=16)
    one = make_fingerprint(whole)
    edited = list(whole.notes)
    edited[40] = replace(edited[40], pitch=edited[40].pitch - 1)
    assert NEAR_DUPLICATE_SHARE <= alike(one, make_fingerprint(replace(whole, notes=tuple(edited)))) < 1
    part = make_fingerprint(parsed(1, bars=6, shift=2))
    assert shared(one, part) >= 0.9
    assert np.intersect1d(one.landmarks, part.landmarks).size
    assert alike(one, part) < NEAR_DUPLICATE_SHARE
    stranger = make_fingerprint(parsed(2, bars=16))
    assert shared(one, stranger) < 0.1
    assert alike(one, stranger) < 0.3


def test_fingerprint_of_very_short_music_has_no_melody() -> None:
    piece = parsed(1)
    for count in (1, 2, 4):
        prints = make_fingerprint(replace(piece, notes=piece.notes[:count]))
        assert (len(prints.landmarks), len(prints.sketch)) == (0, 64)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 40)), max_size=60))
def test_pairs_are_those_with_a_common_key(rows: list[tuple[int, int]]) -> None:
    keys = np.array([key for key, _ in rows], np.uint64)
    pieces = np.array([piece for _, piece in rows], np.uint32)
    ones, others = pairs_with_common_key(keys, pieces)
    wanted = {(a, b) for key, a in rows for other, b in rows if key == other and a < b}
    found = {*zip(ones.tolist(), others.tolist(), strict=True)}
    assert found <= wanted
    assert len(found) == len(ones)
    groups = Groups(41)
    for one, other in found:
        groups.join(one, other)
    labels = groups.labels()
    assert all(labels[one] == labels[other] for one, other in wanted)
    sizes = {key: sum(1 for other, _ in rows if other == key) for key, _ in rows}
    assert found >= {(a, b) for key, a in rows for other, b in rows if key == other and a < b and sizes[key] <= 16}
