"""Scores in MusicXML: notes as they sound, repeats as they are played, and limits that hold before anything is read."""

import io
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import MidiSong
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.files.score_layout import regular_bars
from bachbridge.files.score_reading import playing_order, xml_stream
from bachbridge.files.score_reading.score_song import read_score
from bachbridge.files.staff_voices import split_into_voices
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Meter, Tempo

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
DOCTYPE = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://no.such/partwise.dtd">'
START = "<attributes><divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"


def note(pitch: str, length: int, extra: str = "", before: str = "") -> str:
    alter = f"<alter>{pitch.count('#') - pitch.count('b')}</alter>" if len(pitch) > 2 else ""
    words = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    return f"<note>{before}{words}<duration>{length}</duration>{extra}</note>"


def score(*parts: list[str], names: tuple[str, ...] = ()) -> str:
    entries = "".join(
        f'<score-part id="P{at}"><part-name>{names[at] if names else ""}</part-name></score-part>'
        for at in range(len(parts))
    )
    bodies = "".join(
        f'<part id="P{at}">{"".join(f"<measure>{measure}</measure>" for measure in part)}</part>'
        for at, part in enumerate(parts)
    )
    return f"{HEAD}{DOCTYPE}<score-partwise><part-list>{entries}</part-list>{bodies}</score-partwise>"


def read(tmp_path: Path, text: str | bytes, name: str = "a.musicxml") -> MidiSong:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_score(path)


def rows(song: MidiSong) -> list[tuple[Fraction, Fraction, int]]:
    """Return start, length (quarter notes) and pitch of each note."""
    ticks = song.timeline.ticks_per_beat
    return [(Fraction(n.start, ticks), Fraction(n.end - n.start, ticks), n.pitch) for n in song.notes]


def pitches(song: MidiSong) -> list[int]:
    return [note.pitch for note in song.notes]


def bar(pitch: str, before: str = "", after: str = "") -> str:
    return before + note(pitch, 8) + after


def bar_line(*, repeat: str = "", ending: str = "", kind: str = "") -> str:
    words = f'<ending number="{ending}" type="{kind}"/>' if kind else ""
    sign = f'<repeat direction="{repeat}"/>' if repeat else ""
    return f"<barline>{words}{sign}</barline>"


def test_read_score_joins_ties_and_leaves_out_grace_notes(tmp_path: Path):
    tie, stop = '<tie type="start"/>', '<tie type="stop"/>'
    first = START + note("C4", 4) + note("E4", 4, before="<chord/>") + note("G4", 4, tie)
    second = (
        "<note><grace/><pitch><step>A</step><octave>4</octave></pitch></note>" + note("G4", 2, stop) + note("F#4", 6)
    )
    song = read(tmp_path, score([first, second]))
    assert rows(song) == [(0, 2, 60), (0, 2, 64), (2, 3, 67), (5, 3, 66)]


def test_read_score_follows_voices_backup_and_divisions(tmp_path: Path):
    backup, forward = "<backup><duration>8</duration></backup>", "<forward><duration>4</duration></forward>"
    two = START + note("C5", 8, "<voice>1</voice>") + backup + forward + note("C4", 4, "<voice>2</voice>")
    finer = "<attributes><divisions>6</divisions></attributes>" + note("D4", 4) * 3 + note("E4", 12)
    song = read(tmp_path, score([two, finer]))
    third = Fraction(2, 3)
    assert rows(song)[:2] == [(0, 4, 72), (2, 2, 60)]
    assert rows(song)[2:5] == [(4, third, 62), (4 + third, third, 62), (4 + 2 * third, third, 62)]
    assert song.timeline.ticks_per_beat == 960


def test_read_score_sounds_transposing_instruments(tmp_path: Path):
    clarinet = START.replace("</attributes>", "<transpose><chromatic>-2</chromatic></transpose></attributes>")
    bass = START.replace(
        "</attributes>",
        "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose></attributes>",
    )
    assert pitches(read(tmp_path, score([clarinet + note("D5", 8)], [bass + note("C4", 8)]))) == [72, 48]


@pytest.mark.parametrize(
    ("bars", "played"),
    [
        ([bar("C4"), bar("D4", after=bar_line(repeat="backward"))], "CDCD"),
        ([bar("C4"), bar("D4", bar_line(repeat="forward"), bar_line(repeat="backward")), bar("E4")], "CDDE"),
        (
            [
                bar("C4"),
                bar("D4", bar_line(ending="1", kind="start"), bar_line(repeat="backward", ending="1", kind="stop")),
                bar("E4", bar_line(ending="2", kind="start"), bar_line(ending="2", kind="discontinue")),
                bar("F4", after=bar_line(repeat="backward")),
                bar("G4"),
            ],
            "CDCEFFG",
        ),
        (
            [
                bar("C4"),
                bar(
                    "D4", bar_line(ending="1, 2", kind="start"), bar_line(repeat="backward", ending="1, 2", kind="stop")
                ),
                bar("E4", bar_line(ending="3", kind="start"), bar_line(ending="3", kind="stop")),
            ],
            "CDCDCE",
        ),
        ([bar("C4"), bar("D4", after='<sound fine="yes"/>'), bar("E4", after='<sound dacapo="yes"/>')], "CDECD"),
        (
            [
                bar("C4"),
                bar("D4", '<direction><sound segno="1"/></direction>'),
                bar("E4", after='<sound tocoda="1"/>'),
                bar("F4", after='<sound dalsegno="1"/>'),
                bar("G4", '<sound coda="1"/>'),
            ],
            "CDEFDEG",
        ),
    ],
)
def test_repeats_and_endings_are_written_out(bars: list[str], played: str, tmp_path: Path):
    song = read(tmp_path, score([START + bars[0], *bars[1:]]))
    assert "".join("C D EF G A B"[pitch % 12] for pitch in pitches(song)) == played
    assert [note.start for note in song.notes] == [at * 4 * 960 for at in range(len(played))]


def test_pickup_and_divided_bars_keep_the_bar_lines(tmp_path: Path):
    bars = [START + note("C4", 2), bar("D4"), note("E4", 6) + bar_line(repeat="backward"), note("F4", 2), bar("G4")]
    song = read(tmp_path, score([*bars, note("A4", 6)]))
    assert song.timeline.meters == (Meter(0, 1, 4), Meter(960, 4, 4))
    assert pitches(song) == [60, 62, 64, 60, 62, 64, 65, 67, 69]
    assert song.timeline.steps_into_bar(song.phrase.steps) == 12


def test_measure_that_is_wrong_in_one_part_moves_no_other(tmp_path: Path):
    good = [START + bar("C5"), bar("D5"), bar("E5")]
    long, short = [START + bar("C4"), bar("D4") + bar("D4"), bar("E4")], [START + bar("C3"), note("D3", 2), bar("E3")]
    song = read(tmp_path, score(good, long, short, [START, "", ""]))
    assert [note.start for note in song.notes if note.pitch % 12 == 4] == [2 * 3840] * 3
    assert song.timeline.meters == (Meter(0, 4, 4),)


def test_tempos_are_read_in_quarter_notes(tmp_path: Path):
    metronome = "<beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute>"
    sign = f"<direction><direction-type><metronome>{metronome}</metronome></direction-type></direction>"
    song = read(tmp_path, score([START + sign + bar("C4"), '<sound tempo="120"/>' + bar("D4")]))
    assert song.timeline.tempos == (Tempo(0, 666_667), Tempo(3840, 500_000))


def test_hymn_on_two_staves_is_in_four_voices(tmp_path: Path):
    backup = "<backup><duration>8</duration></backup>"
    staff = [f"<staff>{number}</staff>" for number in (1, 2)]
    in_chords = note("G4", 8, staff[0]) + note("D4", 8, staff[0], "<chord/>") + backup
    in_chords += note("B3", 8, staff[1]) + note("G3", 8, staff[1], "<chord/>")
    voices = [f"<voice>{number}</voice>" + staff[number // 3] for number in (1, 2, 3, 4)]
    in_voices = backup.join(note(p, 8, v) for p, v in zip(("G4", "D4", "B3", "G3"), voices, strict=True))
    for measure in (in_chords, in_voices):
        song = split_into_voices(read(tmp_path, score([START + measure, measure])))
        assert song is not None
        assert [(n.voice, n.pitch) for n in song.phrase.notes if n.start == 0] == [(0, 67), (1, 62), (2, 59), (3, 55)]


def test_own_scores_are_read_with_the_same_notes(tmp_path: Path):
    notes = [Note(4 * at, 4, 72 - 7 * voice + at % 3, voice=voice) for at in range(12) for voice in range(4)]
    xml = encode_musicxml(notes, regular_bars(48, 16, 0), (0, False))
    assert {(n.start, n.length, n.pitch, n.voice) for n in read(tmp_path, xml).phrase.notes} == {
        (n.start, n.length, n.pitch, n.voice) for n in notes
    }
    with zipfile.ZipFile(tmp_path / "b.mxl", "w") as archive:
        archive.writestr("META-INF/container.xml", '<container><rootfile full-path="s.xml"/></container>')
        archive.writestr("s.xml", xml)
    assert len(read_score(tmp_path / "b.mxl").notes) == len(notes)


def refusal(tmp_path: Path, data: str | bytes, name: str = "a.musicxml") -> str:
    with pytest.raises(MidiFileError) as caught:
        read(tmp_path, data, name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def archive_of(name: str, content: bytes, stated_size: int | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, content)
    data = file.getvalue()
    return (
        data
        if stated_size is None
        else data.replace(len(content).to_bytes(4, "little"), stated_size.to_bytes(4, "little"))
    )


def test_scores_beyond_the_limits_are_refused_unread(tmp_path: Path):
    bomb = bytes(xml_stream.MAX_BYTES + 1)
    for stated in (None, 1000, 0xFFFFFFF):
        message = refusal(tmp_path, archive_of("score.xml", bomb, stated), "a.mxl")
        assert "too large" in message or "cannot be unpacked" in message
    assert "over 1,000,000 elements" in refusal(tmp_path, b"<score-partwise>" + b"<a/>" * 2_100_000)
    entities = '<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    assert "declares entities" in refusal(tmp_path, entities + "<score-partwise>&b;</score-partwise>")


NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>{}</duration>{}</note>"
REPEAT = '<barline><repeat direction="backward" times="9"/></barline>'
COSTLY = {
    "over 75,000 notes": [START + NOTE.format(1, "") * 75_001],
    "over 10,000 measures)": [START + bar("C4")] + [""] * 10_000,
    "over 10000 measures as it is played": [START + bar("C4") + REPEAT] * 1200,
    "over 1000 quarter notes": [START + NOTE.format(16_000_000, "")],
    "lengths that do not fit": [
        START + f"<attributes><divisions>{odd}</divisions></attributes>" + NOTE.format(1, "") for odd in (9973, 9967)
    ],
    "over 50,000 elements": [START + "<a/>" * 50_001 + NOTE.format(1, "")],
    "over 256 staves or voices": [START + "".join(NOTE.format(1, f"<staff>{number}</staff>") for number in range(300))],
    "over 64 elements within one another": [START + "<a>" * 70 + "</a>" * 70 + NOTE.format(1, "")],
    "over 20,000 changes of tempo": [START + '<sound tempo="90"/>' * 20_001 + NOTE.format(1, "")],
    "a tag of over 64 KiB": [START + f'<a b="{"c" * 70_000}"/>' + NOTE.format(1, "")],
}


@pytest.mark.parametrize("says", COSTLY)
def test_scores_that_cost_much_are_refused(says: str, tmp_path: Path):
    assert says in refusal(tmp_path, score(COSTLY[says]))


def test_score_that_unfolds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(playing_order, "MAX_PLAYED_NOTES", 17)
    repeated = score([START + bar("C4") + bar("D4") + REPEAT])
    assert "over 17 notes as it is played" in refusal(tmp_path, repeated)
    monkeypatch.setattr(playing_order, "MAX_PLAYED_NOTES", 18)
    assert len(read(tmp_path, repeated).notes) == 18


def test_repeats_with_endings_are_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(playing_order, "MAX_PLAYED_MEASURES", 3)
    first, second = bar_line(ending="1", kind="start"), bar_line(ending="2", kind="start")
    bars = [START + bar("C4"), first + bar("D4") + bar_line(repeat="backward"), second + bar("E4")]
    assert "over 3 measures as it is played" in refusal(tmp_path, score(bars))


def test_archives_that_cost_much_are_refused(tmp_path: Path):
    good = score([START + bar("C4")]).encode()
    assert "packed in an unusual way" in refusal(tmp_path, archive_of("a.xml", good, method=zipfile.ZIP_BZIP2), "a.mxl")
    assert "over 4 MiB packed" in refusal(tmp_path, archive_of("a.xml", good) + bytes(4 << 20), "a.mxl")
    assert "over 1000 files" in refusal(tmp_path, archive_of("a.xml", good) + b"PK\1\2" * 1001, "a.mxl")


def test_damaged_archive_costs_a_short_sentence(tmp_path: Path):
    data = archive_of("a.xml", score([START + bar("C4")]).encode())
    other_length = data[:26] + b"\xff\0" + data[28:]
    assert len(refusal(tmp_path, other_length, "a.mxl")) < 200 + len(str(tmp_path))


def test_dots_and_giant_numbers_of_endings_are_bounded(tmp_path: Path):
    ending = f'<barline><ending number="{"9" * 5000}, 2, 1" type="start"/></barline>'
    dots = "<beat-unit>quarter</beat-unit>" + "<beat-unit-dot/>" * 5000 + "<per-minute>60</per-minute>"
    metronome = f"<direction><direction-type><metronome>{dots}</metronome></direction-type></direction>"
    song = read(tmp_path, score([START + metronome + bar("C4"), ending + bar("D4") + REPEAT]))
    assert song.timeline.tempos[0].beat_us == round(1e6 / (2 - 1 / 16))
    assert [note.pitch for note in song.notes] == [60, 62, 60, 62]


def test_parts_that_do_not_fit_one_another_are_refused(tmp_path: Path):
    def part(*odds: int) -> list[str]:
        return ["", *(f"<attributes><divisions>{odd}</divisions></attributes>" + NOTE.format(1, "") for odd in odds)]

    parts = [part(9973), ["", "", *part(9967)], ["", "", "", "", *part(9949)]]
    assert "measures that do not fit one another" in refusal(tmp_path, score(*parts))


def test_meter_that_no_file_can_hold_is_left_out(tmp_path: Path):
    for beats in ("9" * 400, "256", "200+200"):
        song = read(tmp_path, score([START.replace("<beats>4", f"<beats>{beats}") + bar("C4")]))
        assert all(meter.numerator == 4 for meter in song.timeline.meters)


def test_other_files_are_refused_in_one_sentence(tmp_path: Path):
    good = score([START + bar("C4")])
    for data, words in (
        (b"", "is empty"),
        (b"MThd", "is not MusicXML"),
        ("<html></html>", "is not MusicXML"),
        (good.replace("score-partwise", "score-timewise"), "score-timewise"),
        (good[:-40], "truncated or damaged"),
        (good.replace("<octave>4", "<octave>four"), 'holds the number "four"'),
        (good.replace("<octave>4", "<octave>1e99999999"), 'holds the number "1e99999999"'),
        (good.replace("<octave>4", f"<octave>{'9' * 5000}"), "export the score again"),
        (good.replace("<step>C", "<step>X"), 'holds a note on the step "X"'),
        (score([START]), "holds no notes"),
        (archive_of("readme.txt", b"x"), "holds no score"),
        (b"PK\3\4 and no more", "cannot be unpacked"),
    ):
        assert words in refusal(tmp_path, data)
