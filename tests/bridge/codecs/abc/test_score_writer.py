"""Tests for writing notes as a tune in ABC, and for tunes as songs: repeats, pickups, tempo, accidentals over ties."""

from fractions import Fraction
from pathlib import Path

import pytest

from bachbridge.codecs.abc.reader import TuneHeader
from bachbridge.codecs.abc.score_writer import TuneLayout, format_score, split_lines
from bachbridge.codecs.abc.tokens import KEY_NAMES, format_key, parse_key
from bachbridge.errors import TuneError
from bachbridge.files.abc.tune import read_tune
from bachbridge.files.abc_song import read_song, song_from_tune
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar, Meter
from tests.bridge.codecs.abc.test_codec import bars

COMMON, WALTZ = Meter(0, 4, 4), Meter(0, 3, 4)
BARS = (Bar(0, 16, COMMON), Bar(16, 32, COMMON))


def sounding(text: str) -> list[tuple[int, int, int]]:
    return [(int(n.start), int(n.length), n.pitch) for n in read_tune(text).notes]


def test_line_is_written_with_header_and_read_back() -> None:
    notes = [Note(0, 4, 67), Note(4, 5, 66), Note(10, 12, 61), Note(24, 2, 73), Note(26, 6, 72)]
    text = format_score(notes, TuneLayout(BARS, "G", double_bar_step=16), title="Two\nbars", bpm=99.6)
    head, music = text.split("K:G\n")
    assert head == "%abc-2.1\nX:1\nT:Two bars\nM:4/4\nL:1/8\nQ:1/4=100\n"
    assert music == "G2 F2- F/2z/2^C- ^C2-||^C3z ^c=c- =c2|]\n"
    assert sounding(text) == [(n.start, n.length, n.pitch) for n in notes]
    assert bars(text) == [16, 16]


def test_pickup_is_short_and_meter_change_stands_at_its_bar() -> None:
    pickup = (Bar(0, 4, Meter(0, 1, 4)), Bar(4, 20, COMMON), Bar(20, 32, WALTZ), Bar(32, 44, WALTZ))
    text = format_score([Note(0, 44, 60)], TuneLayout(pickup, "C"), title="", bpm=120)
    assert "T:Tune\nM:4/4\n" in text
    assert text.endswith("K:C\nC2-|C8-|[M:3/4]C6-|C6|]\n")
    assert sounding(text) == [(0, 44, 60)]


@pytest.mark.parametrize(("meter", "music"), [(Meter(0, 6, 8), "C3- C2z|]"), (Meter(0, 3, 4), "C4- Cz|]")])
def test_note_values_show_the_beats(meter: Meter, music: str) -> None:
    text = format_score([Note(0, 10, 60)], TuneLayout((Bar(0, 12, meter),), "C"), title="", bpm=120)
    assert text.splitlines()[-1] == music


def test_four_voices_are_named() -> None:
    quartet = [Note(at, 4, 72 - 9 * voice, voice=voice) for at in (0, 4) for voice in range(4)]
    text = format_score(quartet, TuneLayout(BARS[:1], "C"), title="", bpm=120)
    assert [line for line in text.splitlines() if line.startswith("V:")] == [
        'V:1 name="Soprano"',
        'V:2 name="Alto"',
        'V:3 name="Tenor" clef=bass',
        'V:4 name="Bass" clef=bass',
    ]
    assert text.endswith("A,,2 A,,2 z4|]\n")


def test_split_lines_keeps_all_notes_and_cuts_legato() -> None:
    chords = [Note(0, 4, 60), Note(0, 8, 64), Note(4, 4, 59), Note(8, 5, 67), Note(12, 4, 65)]
    found = [line for _, line in split_lines(chords)]
    assert [[(n.start, n.length, n.pitch) for n in line] for line in found] == [
        [(0, 8, 64), (8, 4, 67), (12, 4, 65)],
        [(0, 4, 60), (4, 4, 59)],
    ]
    assert split_lines([]) == [(0, [])]


def test_keys_convert_to_names_and_back() -> None:
    assert [format_key(key) for key in ((0, False), (6, True), (10, False))] == ["C", "F#m", "Bb"]
    assert parse_key("Ador") is None
    assert {parse_key(format_key((tonic, minor))) for tonic in range(12) for minor in (False, True)} == {
        (tonic, minor) for tonic in range(12) for minor in (False, True)
    }
    assert all((parse_key(key) is None) == key.endswith(("dor", "mix", "phr", "lyd", "loc")) for key in KEY_NAMES)


# ---------------------------------------------------------------- a tune as a song

JIG = """X:3
T:A jig % of mine
M:6/8
L:1/8
Q:3/8=80
K:Em
|:B|E2G ^G2A-|A^G=G (3EFG:|
"""


def test_read_song_reads_tune_header_and_notes(tmp_path: Path) -> None:
    path = tmp_path / "jig.abc"
    path.write_text(JIG + "\nX:4\nK:C\nM:4/4\nc8|]\n", "utf-8")
    tune = read_song(path)
    assert (tune.title, tune.tune_count, tune.final_header) == ("A jig", 2, TuneHeader("6/8", "1/8", "Em"))
    song = tune.song
    assert [(m.tick, m.numerator, m.denominator) for m in song.timeline.meters] == [(0, 1, 8), (480, 6, 8)]
    assert song.timeline.beat_us_at(0) == 500_000
    assert (song.phrase.steps, song.phrase.steps_per_bar, song.phrase.position) == (48, 12, 10)
    assert len(song.notes) == 2 * 10
    assert [n.start for n in song.notes[7:10]] == [240 * 20, 240 * 20 + 320, 240 * 20 + 640]
    assert read_song(path, bpm=60).song.timeline.beat_us_at(0) == 1_000_000


def test_read_tune_writes_out_repeats_endings_and_meters() -> None:
    played = read_tune("M:4/4\nL:1/4\nK:C\n|:c4|[1d4:|[2e4||\n[M:3/4]f3|]\nK:G\ng3|]\n")
    assert [n.pitch for n in played.notes] == [72, 74, 72, 76, 77, 79]
    assert (played.end, played.last_bar_steps, played.pickup) == (16 * 4 + 24, 0, 0)
    assert played.meters == ((Fraction(0), "4/4"), (Fraction(64), "3/4"))
    assert (played.ending.meter, played.ending.unit, played.ending.key) == ("3/4", Fraction(1, 4), "G")


@pytest.mark.parametrize(
    ("line", "bpm"),
    [
        ("Q:1/4=90", 90),
        ('Q:"Slow" 3/8 = 60', 90),
        ("Q:120", 60),
        ("Q:C2=60", 60),
        ("Q:1/8 1/8=60", 60),
        ("Q:1/4=72.5", 72.5),
        ('Q:"Fast"', 120),
        ("Q:1/0=5", 120),
        ("Q:1/4=9999", 120),
        ("R:reel", 120),
    ],
)
def test_song_from_tune_reads_any_form_of_tempo(line: str, bpm: float) -> None:
    song = song_from_tune(f"X:1\nM:4/4\n{line}\nK:C\nc\n", Path("tune.abc")).song
    assert song.timeline.beat_us_at(0) == round(60e6 / bpm)


def test_repeated_accidental_after_a_tie_makes_one_note() -> None:
    tune = "X:1\nM:4/4\nL:1/4\nK:C\nw:a-^b\n^c4-|^c4-|^c4|^c2-c ^c|^f2-^g2|]\n"
    assert [(int(n.length), n.pitch) for n in read_tune(tune).notes] == [(48, 73), (12, 73), (4, 73), (8, 78), (8, 80)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("GABc|\n", "holds no tune"),
        ("X:1\nM:4/4\nGABc|\n", "no key"),
        ("X:1\nM:4/4\nK:C\nz4|\n", "holds no notes"),
        ("X:1\nM:64/3\nK:C\nc4|\n", "no meter"),
    ],
)
def test_read_song_names_the_file_in_errors(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wrong.abc"
    path.write_text(text, "utf-8")
    with pytest.raises(TuneError, match=rf"wrong\.abc .*{says}"):
        read_song(path)
