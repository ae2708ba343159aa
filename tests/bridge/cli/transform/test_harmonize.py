"""`harmonize` keeps the file's music and adds three voices."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from bachbridge.cli.transform import infill_run, melody_harmony
from bachbridge.cli.transform.harmonize import harmonize_file, parse_harmonize_options
from bachbridge.cli.transform.infill_run import parse_generation_options
from bachbridge.cli.transform.inputs import extract_melody
from bachbridge.cli.transform.output import OutputFiles
from bachbridge.codecs.phrase_features import DISTANCE_CLASSES
from bachbridge.errors import ConfigError, MidiFileError
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TEMPO, encode_file, meta_event
from bachbridge.inference.infill.gibbs import Schedule
from bachbridge.inference.infill.windows import MAX_STEPS_AT_ONCE
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.music.notes import VOICE_RANGES
from tests.bridge.cli.transform.harmonize_songs import ADDED, MODELS, TPB, TUNE, rows, run_harmonize, write_song
from tests.support import biased_infill_net
from tests.support.midi_bytes import track_body

pytestmark = pytest.mark.usefixtures("fake_models")


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ("auto", "the melody has 3 phrases, 1 of their ends expected from the melody alone"),
        ("written", "the melody has 2 phrases, as the file shows"),
        ("none", ""),
    ],
)
def test_harmonize_says_where_phrases_end(
    tmp_path: Path, chosen: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class FourthNoteEnds:
        def logits(self, features: np.ndarray, /) -> np.ndarray:
            return np.where(np.arange(len(features)) == 3, 5.0, -5.0)[:, None].repeat(DISTANCE_CLASSES, axis=1)

    monkeypatch.setattr(melody_harmony, "phrase_net", FourthNoteEnds)
    source = write_song(tmp_path / "in.mid", [*rows(*TUNE[:6]), *rows(*TUNE, start=7 * TPB)])
    run_harmonize(source, phrase_ends=chosen)
    printed = capsys.readouterr().out
    assert text in printed
    assert ("phrases" in printed) == bool(text)


@pytest.mark.parametrize("model", MODELS)
def test_harmonize_keeps_the_melody_and_adds_three_tracks(tmp_path: Path, model: str):
    loose = [(start + 7 * i % 50, end, pitch, velocity) for i, (start, end, pitch, velocity) in enumerate(rows(*TUNE))]
    source = write_song(tmp_path / "in.mid", loose, (0, 3, 2))
    before, after = read_midi(source), run_harmonize(source, model=model)
    assert after.track_names == ("", "Soprano", *ADDED)
    assert after.track_bodies[0] == before.track_bodies[0]
    assert [note for note in after.notes if note.track == 1] == list(before.notes)
    assert (after.timeline, after.division) == (before.timeline, before.division)
    assert [track.name for track in mido.MidiFile(tmp_path / "out.mid").tracks[1:]] == ["Soprano", *ADDED]
    for track, (low, high) in zip((2, 3, 4), VOICE_RANGES[1:], strict=True):
        notes = [note for note in after.notes if note.track == track]
        assert {note.channel for note in notes} == {track - 1}
        assert all(low <= note.pitch <= high and note.start % 120 == note.end % 120 == 0 for note in notes)
        assert notes[0].start == 0
        assert max(note.end for note in notes) == len(TUNE) * TPB


def test_harmonize_writes_the_chosen_instrument(tmp_path: Path):
    source = write_song(tmp_path / "in.mid", rows(72, 71, 72))
    run_harmonize(source, program=68)
    tracks = mido.MidiFile(tmp_path / "out.mid").tracks[2:]
    assert [event.program for track in tracks for event in track if event.type == "program_change"] == [68] * 3
    with pytest.raises(ConfigError, match="all voices keep their instruments: leave --instrument out"):
        run_harmonize(source, program=68, keep="1")


def test_harmonize_takes_velocities_from_the_melody(tmp_path: Path):
    read = run_harmonize(write_song(tmp_path / "in.mid", rows(72, 71, 72)))
    by_start = {note.start: note.velocity for note in read.notes if note.track == 1}
    for note in read.notes:
        if note.track > 1:
            velocity = by_start[note.start // TPB * TPB]
            assert note.velocity == round(0.85 * velocity)


@pytest.mark.parametrize("model", MODELS)
def test_harmonize_is_the_same_for_the_same_seed(tmp_path: Path, model: str):
    source = write_song(tmp_path / "in.mid", rows(*TUNE))
    made: list[bytes] = []
    for seed in (1, 1, 2):
        run_harmonize(source, seed=seed, model=model)
        made.append((tmp_path / "out.mid").read_bytes())
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("voice", "others"), [("bass", ["Soprano", "Alto", "Tenor"]), ("alto", ["Soprano", "Tenor", "Bass"])]
)
def test_harmonize_takes_the_melody_as_any_voice(voice: str, others: list[str], tmp_path: Path, model: str):
    read = run_harmonize(write_song(tmp_path / "in.mid", rows(60, 62, 59, 60)), voice=voice, model=model)
    assert read.track_names[1:] == (voice.capitalize(), *others)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("octaves", "harmony_shift"), [(1, 12), (2, 12), (3, 12), (-1, -12), (-2, -12)])
def test_harmonize_moves_the_harmony_with_a_far_melody(octaves: int, harmony_shift: int, tmp_path: Path, model: str):
    here = run_harmonize(write_song(tmp_path / "in.mid", rows(*TUNE)), model=model)
    there = run_harmonize(write_song(tmp_path / "in.mid", rows(*(pitch + 12 * octaves for pitch in TUNE))), model=model)
    lower = [[(n.start, n.end, n.pitch, n.track) for n in read.notes if n.track > 1] for read in (here, there)]
    assert [(start, end, pitch + harmony_shift, track) for start, end, pitch, track in lower[0]] == lower[1]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "meters",
    [((0, 7, 3),), ((0, 1, 2), (TPB, 3, 2)), ((0, 5, 3), (1200, 4, 2)), ((0, 2, 1),), ((0, 6, 3),), ((0, 1, 4),)],
)
def test_harmonize_keeps_meters_of_every_kind(meters: tuple[tuple[int, int, int], ...], tmp_path: Path, model: str):
    source, score = write_song(tmp_path / "in.mid", rows(*TUNE), *meters), tmp_path / "out.musicxml"
    read = run_harmonize(source, score=score, model=model)
    assert read.timeline.meters == read_midi(source).timeline.meters
    assert score.read_bytes().startswith(b"<?xml")


def test_harmonize_reads_triplets_ornaments_and_legato(tmp_path: Path):
    triplets = rows(67, 69, 71, 72, 71, 69, each=160, touch=30)
    ornament = [(960, 990, 74, 70), (990, 1400, 72, 70)]
    before = write_song(tmp_path / "in.mid", [*triplets, *ornament])
    read = run_harmonize(before)
    assert [note for note in read.notes if note.track == 1] == list(read_midi(before).notes)


def test_score_ends_with_the_melodys_last_bar(tmp_path: Path):
    score = tmp_path / "out.musicxml"
    run_harmonize(write_song(tmp_path / "in.mid", rows(67, 69, 71, 72, touch=0)), score=score)
    assert score.read_text().count("<measure ") == 1


@pytest.mark.parametrize("model", MODELS)
def test_harmonize_rests_where_the_melody_rests_long(tmp_path: Path, model: str):
    read = run_harmonize(
        write_song(tmp_path / "in.mid", [*rows(67, 69, start=1920), *rows(71, 72, start=5 * 1920)]), model=model
    )
    starts = sorted(note.start for note in read.notes if note.track > 1)
    assert starts[0] == 1920
    assert not [start for start in starts if 1920 + 2 * TPB <= start < 5 * 1920]
    assert max(note.end for note in read.notes if note.end < 5 * 1920) == 1920 + 2 * TPB


def test_harmonize_chooses_a_track_and_keeps_the_others(tmp_path: Path):
    path = tmp_path / "in.mid"
    lead, low = part_body("Lead", 0, 0, rows(*TUNE)), part_body("low", 1, 0, rows(48, 50, 43))
    path.write_bytes(encode_file(TPB, [lead, low]))
    with pytest.raises(
        MidiFileError, match=r"several tracks with notes: choose one with --track: 1 \(Lead\), 2 \(low\)"
    ):
        run_harmonize(path)
    with pytest.raises(MidiFileError, match='no track with notes named or numbered "3"'):
        run_harmonize(path, track="3")
    for track in ("2", " LOW"):
        read = run_harmonize(path, track=track, voice="bass")
        assert read.track_names == ("Lead", "Bass", "Soprano", "Alto", "Tenor")
        assert read.track_bodies[0] == lead
        assert {note.channel for note in read.notes} == {0, 1, 2, 3, 4}
    path.write_bytes(encode_file(TPB, [lead, part_body("lead", 1, 0, rows(48))]))
    with pytest.raises(MidiFileError, match='several tracks with notes named "lead": choose one by its number'):
        run_harmonize(path, track="lead")


def test_harmonize_keeps_the_tempo_of_a_one_track_file(tmp_path: Path):
    path = tmp_path / "in.mid"
    track = track_body(
        [(0, meta_event(TEMPO, (400_000).to_bytes(3))), (0, bytes((0x90, 67, 80))), (960, bytes((0x80, 67, 0)))]
    )
    data = bytearray(encode_file(TPB, [track]))
    data[9] = 0
    path.write_bytes(data)
    read = run_harmonize(path)
    assert read.track_names == ("Soprano", *ADDED)
    assert read.timeline.beat_us_at(0) == 400_000


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("notes", "tops", "message"),
    [
        ([(0, 480, 60, 80), (0, 480, 64, 80)], [64], "together in the melody once, first in bar 1"),
        ([*rows(60, 62, 64, 65), (1920, 2880, 67, 80), (2400, 3360, 69, 80)], [60, 62, 64, 65, 67, 69], "once"),
        ([(0, 1440, 67, 80), (480, 960, 62, 80), (960, 1200, 60, 80)], [67], "2 times, first in bar 1"),
        ([*rows(60, 62, 64, 65, 67), (2400, 2880, 67, 80), (2405, 2880, 71, 80)], [60, 62, 64, 65, 67, 71], "in bar 2"),
        ([(0, 600, 60, 80), (480, 960, 62, 80)], [60, 62], "once"),
        ([(0, 600, 62, 80), (480, 960, 60, 80)], [62, 60], "once"),
        ([(0, 590, 60, 80), (480, 960, 62, 80)], [60, 62], None),
    ],
)
def test_melody_is_the_top_note_and_that_is_reported(
    notes: Any, tops: list[int], message: str | None, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    source = write_song(tmp_path / "in.mid", notes)
    after = run_harmonize(source, model=model)
    printed = " ".join(capsys.readouterr().out.split())
    assert (message in printed and "the top one was taken" in printed) if message else "together" not in printed
    assert f"{len(tops)} notes of melody" in printed
    assert [note.pitch for note in extract_melody(read_midi(source), None).notes] == tops
    assert [note for note in after.notes if note.track == 1] == list(read_midi(source).notes), (
        "the file keeps all notes"
    )


def test_harmonize_ignores_lower_notes_of_the_melody(tmp_path: Path):
    alone = run_harmonize(write_song(tmp_path / "in.mid", rows(*TUNE)))
    below = [(start, end, pitch - 3, 60) for start, end, pitch, _ in rows(*TUNE)]
    chords = run_harmonize(write_song(tmp_path / "in.mid", [*rows(*TUNE), *below]))
    assert [note for note in chords.notes if note.track > 1] == [note for note in alone.notes if note.track > 1]


@pytest.mark.parametrize("model", MODELS)
def test_melody_out_of_range_is_shifted_and_reported(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run_harmonize(write_song(tmp_path / "in.mid", rows(*(pitch + 24 for pitch in TUNE))), model=model)
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "outside the soprano's range: it was read 2 octaves lower, and the other voices sound an octave higher"
        in printed
    )
    run_harmonize(write_song(tmp_path / "in.mid", rows(*TUNE)), model=model)
    assert "octave" not in capsys.readouterr().out


def test_harmonize_fills_500_bars_in_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(infill_run, "FAST_SCHEDULE", Schedule(1))
    seen: list[biased_infill_net.FourthsNet] = []

    def load_fill(card: Card) -> biased_infill_net.FourthsNet:
        seen.append(biased_infill_net.FourthsNet())
        return seen[-1]

    monkeypatch.setattr(onnx_nets, "load_infill_net", load_fill)
    pitches = [TUNE[i // 2 % len(TUNE)] for i in range(1000)]
    after = run_harmonize(write_song(tmp_path / "in.mid", rows(*pitches, each=960)), model="leaning")
    for track, (low, high) in zip((2, 3, 4), VOICE_RANGES[1:], strict=True):
        line = [note for note in after.notes if note.track == track]
        assert line[0].start == 0
        assert line[-1].end == 1000 * 960
        assert all(first.end == second.start for first, second in pairwise(line))
        assert all(low <= note.pitch <= high for note in line)
    assert max(seen[0].steps_per_sweep) <= MAX_STEPS_AT_ONCE


def test_harmonize_prints_the_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run_harmonize(write_song(tmp_path / "in.mid", rows(*TUNE)), report=True)
    printed = capsys.readouterr()
    assert "parallel fifths per 1000" in printed.out
    assert "9 notes of melody and" in " ".join(printed.out.split())


def test_harmonize_takes_scores_and_hymns_and_writes_any_format(tmp_path: Path):
    hymn = tmp_path / "hymn.mid"
    staves = [[row for p in pair for row in rows(p, p + 2, p)] for pair in ((67, 62), (59, 50))]
    hymn.write_bytes(encode_file(TPB, [part_body("Piano", at, 0, sorted(staff)) for at, staff in enumerate(staves)]))
    for source, target in (
        (hymn, "a.musicxml"),
        (tmp_path / "a.musicxml", "b.abc"),
        (tmp_path / "a.musicxml", "c.mid"),
    ):
        options = parse_harmonize_options(
            parse_generation_options("leaning", rules="all", temperature=0.9, seed=1, fast=True), voice="soprano"
        )
        harmonize_file(source, options, OutputFiles(tmp_path / target))
    soprano = [note.pitch for note in read_midi(tmp_path / "c.mid").phrase.notes if note.voice == 0]
    assert soprano == [67, 69, 67]
    assert (tmp_path / "b.abc").read_text().startswith("%abc-2.1")
