"""Harmonies under given sopranos, made in one batch, and four voices read from files."""

from pathlib import Path

import numpy as np
import pytest

from bachbridge.codecs import satb
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.music.frames import REST
from bachbridge.music.metrics import compute_metrics
from bachbridge_training.datasets import four_part_files, four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import harmonize
from bachbridge_training.evaluation.harmonize import STYLES, RuleBasedNet, harmonize_live, harmonize_offline


def test_harmonize_live_keeps_sopranos_and_rules(phrases: list[FourPartPiece]) -> None:
    short = FourPartPiece(
        "short", *(getattr(phrases[0], field)[:9] for field in ("pitches", "onsets", "position", "bar"))
    )
    pieces = [short, *phrases]
    made = harmonize_live(RuleBasedNet(), four_part_windows.VOICE_ORDER, pieces, STYLES["rules"], 1)
    assert [harmony.name for harmony in made] == ["short", "one", "two"]
    for harmony, piece in zip(made, pieces, strict=True):
        assert np.array_equal(harmony.pitch_indices[:, 0], four_part_windows.pitch_indices_of(piece.pitches)[:, 0])
        assert np.array_equal(harmony.onsets[:, 0], piece.onsets[:, 0])
        assert (harmony.pitch_indices > REST).all()
    metrics = compute_metrics([harmony.pitch_indices for harmony in made])
    assert (metrics.triad_frames, metrics.out_of_range, metrics.crossed_frames) == (1, 0, 0)
    assert metrics.parallel_fifths == metrics.parallel_octaves == 0


def test_harmonize_live_depends_on_the_seed_alone(phrases: list[FourPartPiece]) -> None:
    first, again, other = (
        harmonize_live(RuleBasedNet(), four_part_windows.VOICE_ORDER, phrases, STYLES["live"], seed)
        for seed in (1, 1, 2)
    )
    assert all(np.array_equal(one.pitch_indices, two.pitch_indices) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one.pitch_indices, two.pitch_indices) for one, two in zip(first, other, strict=True))


class RecordingNet(RuleBasedNet):
    """A network that records its inputs."""

    def __init__(self) -> None:
        self.ids: list[np.ndarray] = []

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert state.shape[1] == len(ids)
        self.ids.append(ids)
        return super().core(ids, state)


def test_harmonize_live_feeds_back_choices_and_bar_position(phrases: list[FourPartPiece]) -> None:
    net = RecordingNet()
    harmony = harmonize_live(net, four_part_windows.VOICE_ORDER, phrases[:1], STYLES["live"], 1)[0]
    piece = phrases[0]
    expected = satb.feature_ids(harmony.pitch_indices, harmony.onsets, piece.position, piece.bar)
    assert np.array_equal(np.concatenate(net.ids), expected)


def test_harmonize_offline_keeps_the_sopranos(phrases: list[FourPartPiece]) -> None:
    made = harmonize_offline(RuleBasedNet(), four_part_windows.VOICE_ORDER, phrases, STYLES["offline"], 1, width=2)
    assert [harmony.name for harmony in made] == ["one", "two"]
    for harmony, piece in zip(made, phrases, strict=True):
        assert np.array_equal(harmony.pitch_indices[:, 0], four_part_windows.pitch_indices_of(piece.pitches)[:, 0])
    assert compute_metrics([harmony.pitch_indices for harmony in made]).parallel_fifths == 0


def test_repeat_pieces_repeats_in_turn(phrases: list[FourPartPiece]) -> None:
    assert [piece.name for piece in harmonize.repeat_pieces(phrases, 3)] == ["one", "two", "one"]


def test_read_pieces_reads_folders_and_refuses_bad_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no MIDI"):
        four_part_files.read_pieces(tmp_path, "valid")
    (tmp_path / "a.json").write_text('{"valid": [[[72, 67, 64, 48]], [[60, 55, 52, 36]]]}')
    (tmp_path / "notes.txt").write_text("no music")
    assert [len(piece.pitches) for piece in four_part_files.read_pieces(tmp_path, "valid")] == [1, 1]
    (tmp_path / "b.mid").write_bytes(b"no")
    with pytest.raises(BachBridgeError, match=r"b\.mid is not a MIDI file"):
        four_part_files.read_pieces(tmp_path, "valid")


def test_read_pieces_reads_all_parts_and_sub_folders(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    text = '{"train": [[[72, 67, 64, 48]]], "valid": [[[72, 67, 64, 48]], [[60, 55, 52, 36]]]}'
    (tmp_path / "sub" / "a.json").write_text(text)
    (tmp_path / "b.mid").write_bytes(midi(*([(1, pitch), (2, pitch + 2)] for pitch in (48, 72, 64, 67))))
    names = [piece.name for piece in four_part_files.read_pieces(tmp_path, four_part_files.ALL_PARTS)]
    assert names == ["b.mid", "a.json:train:0", "a.json:valid:0", "a.json:valid:1"]
    assert len(four_part_files.read_pieces(tmp_path, "valid")) == 3


def midi(*tracks: list[tuple[int, int]]) -> bytes:
    """Return a MIDI file of quarter notes (480 ticks); the notes of a track are (quarter, pitch), one after another."""

    def delta(ticks: int) -> bytes:
        return bytes([0x80 | ticks >> 7, ticks & 0x7F])

    chunks = [b"MThd" + bytes([0, 0, 0, 6, 0, 1, 0, len(tracks), 1, 0xE0])]
    for notes in tracks:
        body, now = b"", 0
        for quarter, pitch in notes:
            body += delta(480 * quarter - now) + bytes([0x90, pitch, 80]) + delta(480) + bytes([0x80, pitch, 0])
            now = 480 * (quarter + 1)
        body += bytes([0, 0xFF, 0x2F, 0])
        chunks.append(b"MTrk" + len(body).to_bytes(4, "big") + body)
    return b"".join(chunks)


def test_read_pieces_reads_midi_files_of_four_tracks(tmp_path: Path) -> None:
    path = tmp_path / "four.mid"
    path.write_bytes(midi(*([(1, pitch), (2, pitch + 2)] for pitch in (48, 72, 64, 67))))
    piece = four_part_files.read_pieces(path, "valid")[0]
    assert piece.pitches.tolist() == [[72, 67, 64, 48]] * 4 + [[74, 69, 66, 50]] * 4
    assert piece.onsets.sum(axis=1).tolist() == [4, 0, 0, 0] * 2
    assert piece.position.tolist() == list(range(4, 12))


def test_read_pieces_refuses_a_melody(tmp_path: Path) -> None:
    path = tmp_path / "one.mid"
    path.write_bytes(midi([(0, 72), (1, 74)]))
    with pytest.raises(ConfigError, match="does not have four voices"):
        four_part_files.read_pieces(path, "valid")
