"""Hymns on two staves or one become four voices; other music does not."""

from pathlib import Path

import pytest

from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import encode_file
from bachbridge.files.staff_voices import split_into_voices
from tests.support.midi_bytes import track_body

CASES = Path(__file__).parents[2] / "data" / "cases"
TPB = 480
CHORDS = ((67, 62, 59, 55), (69, 66, 60, 50), (71, 67, 62, 55), (72, 67, 64, 48), (71, 67, 62, 50), (67, 62, 59, 43))
Row = tuple[int, int, int, int]


def rows(voice: int, length: int = TPB) -> list[Row]:
    return [(TPB * at, TPB * at + length, chord[voice], 80) for at, chord in enumerate(CHORDS)]


def read(path: Path, *bodies: bytes) -> MidiSong:
    path.write_bytes(encode_file(TPB, bodies))
    return read_midi(path)


def lines(song: MidiSong | None) -> list[list[int]]:
    assert song is not None
    return [[note.pitch for note in song.phrase.notes if note.voice == voice] for voice in range(4)]


WHOLE = [[chord[voice] for chord in CHORDS] for voice in range(4)]


@pytest.mark.parametrize("length", [TPB, 400, TPB + 20])
@pytest.mark.parametrize("layout", ["two tracks", "two channels", "one staff", "melody and chords", "three staves"])
def test_split_into_voices_reads_each_layout(layout: str, length: int, tmp_path: Path):
    groups = {
        "two tracks": [(0, (0, 1)), (1, (2, 3))],
        "two channels": [(0, (0, 1)), (1, (2, 3))],
        "one staff": [(0, (0, 1, 2, 3))],
        "melody and chords": [(0, (0,)), (1, (1, 2, 3))],
        "three staves": [(0, (0,)), (1, (1,)), (2, (2, 3))],
    }[layout]
    bodies = [
        part_body("Piano", channel, 5, [row for v in voices for row in rows(v, length)]) for channel, voices in groups
    ]
    if layout == "two channels":
        events = [
            event
            for channel, voices in groups
            for voice in voices
            for start, end, pitch, velocity in rows(voice, min(length, TPB - 1))
            for event in ((start, bytes((0x90 | channel, pitch, velocity))), (end, bytes((0x80 | channel, pitch, 0))))
        ]
        bodies = [track_body(events)]
    song = split_into_voices(read(tmp_path / "a.mid", *bodies))
    assert lines(song) == WHOLE
    assert song is not None
    assert song.track_names[-4:] == ("Soprano", "Alto", "Tenor", "Bass")
    assert len({note.channel for note in song.notes}) == 4


def test_single_note_of_a_staff_is_sung_by_both_voices(tmp_path: Path):
    upper = [(0, 480, 67, 80), (0, 480, 62, 80), (480, 960, 64, 80), (960, 1440, 67, 80), (960, 1440, 64, 80)]
    lower = [(0, 960, 48, 80), (0, 480, 55, 80), (480, 960, 57, 80), (960, 1440, 48, 80), (960, 1440, 60, 80)]
    song = split_into_voices(read(tmp_path / "a.mid", part_body("", 0, 0, upper), part_body("", 1, 0, lower)))
    assert lines(song) == [[67, 64, 67], [62, 64, 64], [55, 57, 60], [48, 48]]


def test_music_in_other_textures_is_not_split(tmp_path: Path):
    melody = part_body("", 0, 0, rows(0))
    triads = part_body("", 1, 0, [row for voice in (1, 2) for row in rows(voice)])
    many = [part_body("", channel, 0, rows(channel % 4)) for channel in range(5)]
    for bodies in ([melody], [melody, triads], [triads], many):
        assert split_into_voices(read(tmp_path / "a.mid", *bodies)) is None


def test_song_in_four_tracks_stays_as_it_is(tmp_path: Path):
    song = read(tmp_path / "a.mid", *(part_body("", voice, 0, rows(voice)) for voice in range(4)))
    assert split_into_voices(song) is song


def test_case_of_a_hymn_on_two_staves_is_in_four_voices():
    song = split_into_voices(read_midi(CASES / "m16-two-staves.mid"))
    assert [len(line) for line in lines(song)] == [14] * 4
    assert [line[0] for line in lines(song)] == [67, 62, 59, 55]


def test_case_of_a_pickup_lacks_its_beat_at_the_end():
    song = read_midi(CASES / "m12-pickup-bar.mid")
    assert (song.phrase.steps, song.phrase.position) == (64, 12)
    assert song.timeline.steps_into_bar(song.phrase.steps) == 12


def test_pickup_after_rests_lacks_its_beat_at_the_end(tmp_path: Path):
    notes = [(TPB * at, TPB * at + TPB, 60, 80) for at in range(3, 11)]
    for taken, steps in ((8, 44), (7, 48), (6, 48)):
        song = read(tmp_path / "a.mid", part_body("", 0, 0, notes[:taken] if taken > 6 else notes[-taken:]))
        assert song.phrase.steps == steps


def test_four_parts_with_a_double_stop_are_four_voices(tmp_path: Path):
    bodies = [part_body("Violin", voice, 0, rows(voice)) for voice in range(4)]
    longer = [
        (start + TPB * 6 * at, end + TPB * 6 * at, pitch, velocity)
        for at in range(3)
        for start, end, pitch, velocity in rows(2)
    ]
    bodies[2] = part_body("Viola", 2, 0, [*longer, (0, TPB, 57, 80)])
    song = split_into_voices(read(tmp_path / "a.mid", *bodies))
    assert song is not None
    assert song.track_names[-4:] == ("Soprano", "Alto", "Tenor", "Bass")
