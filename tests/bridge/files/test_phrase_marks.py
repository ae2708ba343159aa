"""Signs of the ends of phrases in MusicXML, ABC and MIDI files."""

from pathlib import Path

import pytest

from bachbridge.files.abc_song import song_from_tune
from bachbridge.files.midi_reader import MidiSong, parse_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.score_reading.score_song import read_score
from bachbridge.files.smf import encode_events, encode_file, meta_event, walk_events

START = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
FERMATA = "<notations><fermata/></notations>"


def note(pitch: str, extra: str = "", voice: str = "1", length: int = 1) -> str:
    words = f"<pitch><step>{pitch[0]}</step><octave>{pitch[1]}</octave></pitch>" if pitch else "<rest/>"
    return f"<note>{words}<duration>{length}</duration><voice>{voice}</voice>{extra}</note>"


def lyric(text: str, number: int = 1) -> str:
    return f'<lyric number="{number}"><text>{text}</text></lyric>'


def marks_of_score(tmp_path: Path, *parts: str) -> list[tuple[float, str, bool]]:
    bodies = "".join(f'<part id="P{at}"><measure>{START}{part}</measure></part>' for at, part in enumerate(parts))
    path = tmp_path / "a.musicxml"
    path.write_text(f"<score-partwise><part-list/>{bodies}</score-partwise>")
    return marks_of(read_score(path))


def marks_of(song: MidiSong) -> list[tuple[float, str, bool]]:
    """Return the quarter note, the sign and the sharing of each mark."""
    ticks = song.timeline.ticks_per_beat
    return [(mark.tick / ticks, mark.sign, mark.is_shared) for mark in song.phrase_marks]


def marks_of_tune(music: str) -> list[tuple[float, str]]:
    song = song_from_tune(f"X:1\nM:4/4\nL:1/4\nK:C\n{music}\n", Path("a.abc")).song
    return [(at, sign) for at, sign, _ in marks_of(song)]


@pytest.mark.parametrize(
    ("music", "marks"),
    [
        (note("C5") + note("D5", FERMATA), [(1, "fermata")]),
        (note("C5") + note("", FERMATA) + note("D5"), [(0, "fermata")]),
        (note("C5") + note("D5") + '<barline location="right"><fermata/></barline>', [(1, "fermata")]),
        (note("C5", "<notations><articulations><breath-mark/></articulations></notations>"), [(0, "breath")]),
        (note("C5", "<notations><articulations><caesura/></articulations></notations>"), [(0, "caesura")]),
        (note("C5", lyric("Herr,") + lyric("Gott.", 2)) + note("D5", lyric("Je-")), [(0, "comma")]),
        (note("C5", lyric("Herr!")) + note("D5") + note("E5", lyric("Gott")), [(1, "stop")]),
        (note("", FERMATA) + note("C5"), []),
    ],
)
def test_read_score_finds_ends_of_phrases(tmp_path: Path, music: str, marks: list[tuple[float, str]]) -> None:
    assert [(at, sign) for at, sign, _ in marks_of_score(tmp_path, music)] == marks


def test_read_score_repeats_signs_with_their_measures(tmp_path: Path) -> None:
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    music = note("C5", length=3) + note("D5", FERMATA) + repeat
    assert [at for at, _, _ in marks_of_score(tmp_path, music)] == [3, 7]


def test_read_score_knows_signs_of_one_inner_voice(tmp_path: Path) -> None:
    voices = [note(pitch) * 2 + note(pitch, extra) + note(pitch) for pitch, extra in (("C5", ""), ("G4", FERMATA))]
    assert marks_of_score(tmp_path, *voices) == [(2, "fermata", False)]


@pytest.mark.parametrize(
    ("music", "marks"),
    [
        ("CD!fermata!E2|CDEF|", [(2, "fermata")]),
        ("CDHE2|!breath!CDEF|", [(2, "fermata"), (4, "breath")]),
        ("CDE!fermata!z|CDEF!fermata!|", [(2, "fermata"), (7, "fermata")]),
        ("CD[!fermata!EG]2|CDEF|", [(2, "fermata")]),
        ("|:CDE!fermata!F:|", [(3, "fermata"), (7, "fermata")]),
        ("CDEF|GABc|\nw:Ach Herr, mein Gott | so_ ist es.", [(1, "comma"), (7, "stop")]),
        ("CDEF|\nw:A- men,_ * so\nw:Sec- ond. verse, here", [(2, "comma")]),
        ("CDEF|\nw:all my - heart,\nGABc|\nw:and more", [(3, "comma")]),
        ("!fermata!z CDE|", []),
    ],
)
def test_tune_has_ends_of_phrases(music: str, marks: list[tuple[float, str]]) -> None:
    assert marks_of_tune(music) == marks


def test_tune_may_give_the_letter_of_a_fermata_another_meaning() -> None:
    assert marks_of_tune("U:H=!trill!\nCDHE2|") == []


def song_with_words(kind: int, *words: tuple[int, str], own_track: bool = False) -> MidiSong:
    """Return a song of eight quarters with words at quarter notes, in their track or in another."""
    notes = part_body("", 0, 0, [(at * 480, at * 480 + 480, 60 + at, 80) for at in range(8)])
    events = [(at * 480, meta_event(kind, text.encode())) for at, text in words]
    if own_track:
        bodies = [notes, encode_events(events)]
    else:
        found = [(event.tick, notes[begin:end]) for event, begin, end in walk_events(notes)][:-1]
        bodies = [encode_events(sorted([*found, *events], key=lambda event: event[0]))]
    return parse_midi(Path("a.mid"), encode_file(480, bodies))


def test_midi_lyrics_show_ends_of_phrases() -> None:
    song = song_with_words(5, (0, "Ach"), (1, "Gott,"), (3, "so "), (4, "ist\r"), (5, "es"), (6, "hier.\n"), (7, "A"))
    assert [(at, sign) for at, sign, _ in marks_of(song)] == [(2, "comma"), (4, "line"), (6, "line")]


def test_karaoke_words_show_ends_of_lines() -> None:
    words = ((0, "@Twords"), (0, "\\Ach"), (1, " Gott"), (2, "/so"), (3, " ist"), (4, " ja"), (5, "/es"), (6, " ist."))
    assert [at for at, _, _ in marks_of(song_with_words(1, *words, own_track=True))] == [1, 4, 7]


def test_texts_in_midi_that_are_no_words_are_ignored() -> None:
    assert marks_of(song_with_words(1, (0, "made by hand."), (2, "again."))) == []
