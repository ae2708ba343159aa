"""The score read back from its XML, and its engraving."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from bachbridge.errors import BachBridgeError
from bachbridge.files import engraving
from bachbridge.files.musicxml import encode_musicxml, key_signature_fifths
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar, Meter, Timeline

COMMON = Meter(0, 4, 4)
BARS = (Bar(0, 16, COMMON), Bar(16, 32, COMMON))


def measures(notes: list[Note], bars: tuple[Bar, ...] = BARS, key: tuple[int, bool] = (0, False)) -> list[Element]:
    xml = encode_musicxml(sorted(notes, key=lambda note: note.start), bars, key, "A tune")
    return fromstring(xml).findall("part/measure")


def note_texts(measure: Element, voice: int) -> list[str]:
    """Return each note of a voice as text: name, length, accidental and ties."""
    found: list[str] = []
    for note in measure.findall("note"):
        if note.findtext("voice") == str(voice + 1):
            pitch = note.find("pitch")
            name = "-" if pitch is None else "".join(pitch.findtext(part) or "" for part in ("step", "alter", "octave"))
            ties = "".join({"start": "~", "stop": "^"}[tie.get("type", "")] for tie in note.findall("tie"))
            found.append(f"{name} {note.findtext('duration')} {note.findtext('accidental') or ''}{ties}".strip())
    return found


def test_score_may_have_any_title_and_no_bars():
    root = fromstring(encode_musicxml([], (), (0, False), "Ä & <b>\n</part>"))
    assert root.findtext("work/work-title") == "Ä & <b>\n</part>"
    assert root.findall("part/measure") == []


def test_notes_are_split_at_bar_lines_and_tied():
    first, second = measures([Note(0, 12, 72), Note(12, 7, 74), Note(20, 12, 72)])
    assert note_texts(first, 0) == ["C5 12", "D5 4 ~"]
    assert note_texts(second, 0) == ["D5 3 ^", "- 1", "C5 12"]
    assert note_texts(first, 3) == ["- 16"]
    assert second.findtext("barline/bar-style") == "light-heavy"


def test_length_without_a_note_value_is_split_within_the_beat():
    (measure,) = measures([Note(0, 5, 72), Note(5, 3, 74), Note(8, 2, 76), Note(10, 4, 77), Note(14, 2, 76)], BARS[:1])
    assert note_texts(measure, 0) == ["C5 4 ~", "C5 1 ^", "D5 3", "E5 2", "F5 4", "E5 2"]


@pytest.mark.parametrize(
    ("key", "sharps"),
    [((0, False), 0), ((9, True), 0), ((7, False), 1), ((2, True), -1), ((3, False), -3), ((1, True), 4)],
)
def test_key_signature_fifths_counts_the_accidentals(key: tuple[int, bool], sharps: int):
    assert key_signature_fifths(key) == sharps


@pytest.mark.parametrize(
    ("key", "pitch", "name"),
    [
        ((0, False), 66, "F14"),
        ((0, False), 70, "B-14"),
        ((0, False), 63, "E-14"),
        ((9, True), 68, "G14"),
        ((9, True), 63, "D14"),
        ((8, False), 61, "D-14"),
        ((4, False), 72, "B14"),
        ((10, True), 71, "C-15"),
    ],
)
def test_spelling_follows_the_key(key: tuple[int, bool], pitch: int, name: str):
    (measure,) = measures([Note(0, 16, pitch)], BARS[:1], key)
    assert note_texts(measure, 0)[0].split()[0] == name


def test_accidental_holds_in_its_staff_until_the_bar_line():
    notes = [Note(0, 4, 66), Note(4, 4, 66), Note(8, 4, 65), Note(12, 8, 66), Note(20, 12, 66), Note(8, 8, 54, voice=3)]
    first, second = measures(notes)
    assert note_texts(first, 0) == ["F14 4 sharp", "F14 4", "F4 4 natural", "F14 4 sharp~"]
    assert note_texts(second, 0) == ["F14 4 ^", "F14 12 sharp"]
    assert note_texts(first, 3) == ["- 8", "F13 8 sharp"]
    g_major = measures([Note(0, 8, 66), Note(8, 8, 65)], BARS[:1], (7, False))
    assert note_texts(g_major[0], 0) == ["F14 8", "F4 8 natural"]


def test_short_notes_are_beamed_within_a_beat():
    lengths = [2, 2, 1, 1, 2, 2, 1, 1, 4]
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    notes = [Note(start, length, 72) for start, length in zip(starts, lengths, strict=True)]
    (measure,) = measures(notes, BARS[:1])
    beams = [[beam.text for beam in note.findall("beam")] for note in measure.findall("note")[: len(lengths)]]
    assert beams == [
        *(["begin"], ["end"]),
        *(["begin", "begin"], ["continue", "end"], ["end"]),
        *(["begin"], ["continue", "begin"], ["end", "end"]),
        [],
    ]


def test_pickup_is_bar_0_in_the_meter_that_follows():
    bars = tuple(Timeline(480, meters=(Meter(0, 1, 4), Meter(480, 3, 4))).bars(28))
    found = measures([Note(0, 28, 72)], bars)
    assert [(measure.get("number"), measure.get("implicit")) for measure in found] == [
        ("0", "yes"),
        ("1", "no"),
        ("2", "no"),
    ]
    assert [measure.findtext("attributes/time/beats") for measure in found] == ["3", None, None]


def test_change_of_meter_is_written():
    bars = tuple(Timeline(480, meters=(Meter(0, 6, 8), Meter(1440, 7, 8))).bars(26))
    found = measures([Note(0, 6, 72), Note(6, 6, 74), Note(12, 14, 76)], bars)
    assert [measure.findtext("attributes/time/beats") for measure in found] == ["6", "7"]
    assert note_texts(found[0], 0) == ["C5 6", "D5 6"]


def test_render_picture_engraves_svg_and_png():
    pytest.importorskip("verovio")
    pytest.importorskip("resvg_py")
    xml = encode_musicxml([Note(0, 16, 72 - 7 * voice, voice=voice) for voice in range(4)], BARS, (0, False))
    assert engraving.render_picture(xml, ".svg").startswith(b"<svg")
    assert engraving.render_picture(xml, ".png").startswith(b"\x89PNG")
    with pytest.raises(BachBridgeError, match=r"write it as \.musicxml"):
        engraving.render_picture(b"<nothing/>", ".svg")
