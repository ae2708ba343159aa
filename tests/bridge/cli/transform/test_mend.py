"""`mend` and `vary` regenerate the erased notes and keep the others to the tick."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.cli.transform.harmonize import harmonize_file, parse_harmonize_options
from bachbridge.cli.transform.mend import mend_file
from bachbridge.cli.transform.output import OutputFiles
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import encode_file
from bachbridge.music.notes import VOICE_RANGES, VOICES
from tests.bridge.cli.transform.mend_songs import (
    CONDUCTOR,
    TPB,
    bar_of,
    events,
    generation_options,
    keep,
    mend,
    rows,
    vary,
    write_four_tracks,
    write_one_track,
)

pytestmark = pytest.mark.usefixtures("fake_models")

# ---------------------------------------------------------------- notes that stay and notes that do not


@pytest.mark.parametrize("make", [write_four_tracks, write_one_track])
@pytest.mark.parametrize(
    ("bars", "voices", "inside", "chosen"),
    [
        ("2-3", None, {2, 3}, {0, 1, 2, 3}),
        ("2", "alto,tenor", {2}, {1, 2}),
        (None, "bass", {1, 2, 3, 4}, {3}),
        ("1,4", "soprano", {1, 4}, {0}),
    ],
)
def test_mend_regenerates_only_the_regions_notes(
    make: Any, bars: str | None, voices: str | None, inside: set[int], chosen: set[int], tmp_path: Path
):
    source = make(tmp_path / "in.mid")
    before, after = read_midi(source), mend(source, bars, voices)

    def stays(note: Any) -> bool:
        return note.channel not in chosen or bar_of(note.start) not in inside

    assert [note for note in after.notes if stays(note)] == [note for note in before.notes if stays(note)]
    generated = [note for note in after.notes if not stays(note)]
    assert {(note.channel, bar_of(note.start)) for note in generated} >= {(v, min(inside)) for v in chosen}
    for note in generated:
        low, high = VOICE_RANGES[note.channel]
        assert low <= note.pitch <= high
        assert note.end > note.start
        assert bar_of(note.end - TPB // 4) in inside, "no note sounds beyond the region"
    assert events(tmp_path / "out.mid", notes=False) == events(source, notes=False)
    assert (after.track_names, after.timeline, after.division) == (before.track_names, before.timeline, before.division)


def test_mend_keeps_tracks_without_erased_notes_byte_for_byte(tmp_path: Path):
    source = write_four_tracks(tmp_path / "in.mid")
    before, after = read_midi(source), mend(source, "2", "tenor")
    same = [one == other for one, other in zip(before.track_bodies, after.track_bodies, strict=True)]
    assert same == [True, True, True, False, True]


def test_mend_fits_new_notes_between_those_that_stay(tmp_path: Path):
    source = write_four_tracks(tmp_path / "in.mid")
    after = mend(source, "2-3")
    for voice in range(4):
        line = [note for note in after.notes if note.channel == voice]
        assert all(first.end <= second.start for first, second in pairwise(line))
        first = next(note for note in line if bar_of(note.start) == 2)
        assert first.velocity == rows(voice, 4)[4][3]


def test_mend_keeps_a_note_that_sounds_into_the_region(tmp_path: Path):
    source = tmp_path / "in.mid"
    parts = [part_body(name, v, 19, rows(v, 4)) for v, name in enumerate(VOICES)]
    long = [*rows(3, 1)[:3], (3 * TPB, 6 * TPB, 48, 80), *rows(3, 4)[6:]]
    source.write_bytes(encode_file(TPB, [*parts[:3], part_body("bass", 3, 19, long)]))
    after = mend(source, "2", "bass")
    bass = [note for note in after.notes if note.channel == 3]
    assert (bass[3].start, bass[3].end, bass[3].pitch) == (3 * TPB, 6 * TPB, 48)
    assert bass[4].start == 6 * TPB


def test_mend_fills_a_silent_bar_only_if_it_is_named(tmp_path: Path):
    source = tmp_path / "in.mid"
    parts = [[row for row in rows(v, 4) if bar_of(row[0]) != 3] for v in range(4)]
    source.write_bytes(encode_file(TPB, [part_body(name, v, 19, parts[v]) for v, name in enumerate(VOICES)]))
    holes = [{note.channel for note in read.notes if bar_of(note.start) == 3} for read in (read_midi(source),)]
    assert holes == [set()]
    assert {note.channel for note in mend(source, "3").notes if bar_of(note.start) == 3} == {0, 1, 2, 3}
    assert not [note for note in mend(source, None, "alto,tenor").notes if bar_of(note.start) == 3]
    assert not [note for note in keep(source, "1").notes if bar_of(note.start) == 3]


def test_mend_takes_unnamed_parts_as_voices_by_pitch(tmp_path: Path):
    source = tmp_path / "in.mid"
    parts = [part_body("", v, 19, rows(v, 4)) for v in (2, 0, 3, 1)]
    source.write_bytes(encode_file(TPB, parts))
    before, after = read_midi(source), mend(source, "2", "alto")
    assert [note for note in after.notes if note.channel != 1] == [note for note in before.notes if note.channel != 1]
    assert after.notes != before.notes


def test_mend_reports_a_voice_read_in_another_octave(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = tmp_path / "in.mid"
    low = [(start, end, pitch - 24, velocity) for start, end, pitch, velocity in rows(3, 4)]
    parts = [part_body(name, v, 19, low if v == 3 else rows(v, 4)) for v, name in enumerate(VOICES)]
    source.write_bytes(encode_file(TPB, parts))
    after = mend(source, "2", "bass")
    printed = " ".join(capsys.readouterr().out.split())
    assert "the bass lies outside its range: it was read 2 octaves higher" in printed
    assert "4 notes erased and " in printed
    assert " generated in bar 2 of the bass, 4 bars in all" in printed
    parts[3] = part_body("bass", 3, 19, [*low[:7], *rows(3, 4)[7:]])
    source.write_bytes(encode_file(TPB, parts))
    mend(source, "2", "bass")
    assert "octave" not in capsys.readouterr().out, "a few low notes do not move the others"
    generated = [note.pitch for note in after.notes if note.channel == 3 and bar_of(note.start) == 2]
    assert all(12 <= pitch <= 40 for pitch in generated)


def test_vary_replaces_a_share_chosen_by_the_seed(tmp_path: Path):
    source = write_four_tracks(tmp_path / "in.mid")
    before = read_midi(source)
    kept = [Counter(vary(source, 0.25, seed=seed).notes) & Counter(before.notes) for seed in (1, 1, 2)]
    assert [kept[0] == other for other in kept] == [True, True, False]
    assert sum(kept[0].values()) == pytest.approx(0.75 * len(before.notes), abs=8)
    assert sum((Counter(vary(source, 0.75).notes) & Counter(before.notes)).values()) < 0.5 * len(before.notes)
    assert events(tmp_path / "out.mid", notes=False) == events(source, notes=False)


def test_harmonize_keeps_the_given_bars_in_all_voices(tmp_path: Path):
    source = write_four_tracks(tmp_path / "in.mid")
    before, after = read_midi(source), keep(source, "2,4", voice="bass")

    def stays(note: Any) -> bool:
        return note.channel == 3 or bar_of(note.start) in {2, 4}

    assert [note for note in after.notes if stays(note)] == [note for note in before.notes if stays(note)]
    assert [note for note in after.notes if not stays(note)] != [note for note in before.notes if not stays(note)]
    assert len(after.track_bodies) == len(before.track_bodies)


def test_mend_handles_two_distant_regions_in_500_bars(tmp_path: Path):
    source = write_four_tracks(tmp_path / "in.mid", 500)
    before, after = read_midi(source), mend(source, "2,499")
    stays = [[note for note in read.notes if bar_of(note.start) not in {2, 499}] for read in (before, after)]
    assert stays[0] == stays[1]
    assert {bar_of(note.start) for note in set(after.notes) - set(before.notes)} == {2, 499}


def test_mend_writes_the_score_and_prints_the_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, score = write_four_tracks(tmp_path / "in.mid"), tmp_path / "out.musicxml"
    mend_file(
        source,
        OutputFiles(tmp_path / "out.mid", score, print_metrics=True),
        generation_options(),
        bars="2",
        voices=None,
    )
    assert score.read_text().count("<measure ") == 4
    assert "parallel fifths per 1000" in capsys.readouterr().out


def test_commands_print_a_name_with_brackets_unchanged(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = write_four_tracks(tmp_path / "in.mid")
    mend_file(source, OutputFiles(tmp_path / "choral [alt].mid"), generation_options(), bars="2-3", voices=None)
    harmonize_file(
        source,
        parse_harmonize_options(generation_options(), voice="bass", track="bass"),
        OutputFiles(tmp_path / "a [b].mid"),
    )
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(f"wrote {tmp_path / 'choral [alt].mid'}: ")
    assert printed[0].endswith(" generated in bars 2-3, 4 bars in all")
    assert printed[1].startswith(f"wrote {tmp_path / 'a [b].mid'}: 16 notes of melody and ")


def test_mend_follows_the_network(tmp_path: Path):
    """The net prefers the tenor a fourth below the alto, which stays."""
    source = write_four_tracks(tmp_path / "in.mid")
    after = mend(source, None, "tenor", rules="none", temperature=0.1)
    alto, tenor = ([note.pitch for note in after.notes if note.channel == v and bar_of(note.start) < 5] for v in (1, 2))
    assert np.median(alto) - np.median(tenor) == 5


def test_hymn_on_two_staves_is_mended_and_varied(tmp_path: Path):
    source = tmp_path / "in.mid"
    staves = [[row for voice in pair for row in rows(voice, 4)] for pair in ((0, 1), (2, 3))]
    source.write_bytes(
        encode_file(TPB, [CONDUCTOR, *(part_body("Piano", at, 0, sorted(r)) for at, r in enumerate(staves))])
    )
    kept = {(note.start, note.pitch) for note in read_midi(source).notes if bar_of(note.start) != 2}
    after = mend(source, "2", "alto,tenor")
    assert kept <= {(note.start, note.pitch) for note in after.notes}
    assert [name for name in after.track_names if name in {"Soprano", "Alto", "Tenor", "Bass"}] == [
        v.title() for v in VOICES
    ]
    assert len(vary(source, 0.5).notes) > 40
