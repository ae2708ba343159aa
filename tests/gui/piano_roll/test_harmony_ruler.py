"""The labels of chords, keys and cadences in the ruler, and the marks that they come from."""

from itertools import pairwise

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFont, QPainter, QPalette, QPixmap
from pytestqt.qtbot import QtBot

from bachbridge.protocol.effects import CadenceReached, ChordPlanned, SoundingHarmony
from bachbridge.protocol.notices import EngineEnded
from bachbridge_gui.piano_roll.coordinates import RollScale
from bachbridge_gui.piano_roll.harmony_ruler import HarmonyRuler, LabelRun, RulerLabel, lay_out_labels
from bachbridge_gui.piano_roll.painter import RollColours
from bachbridge_gui.state.harmony_track import HarmonyMark, HarmonyTrack

S = 1_000_000_000
G_MINOR, F_MAJOR = 19, 5


def track_of(*messages: SoundingHarmony | CadenceReached | ChordPlanned | EngineEnded) -> HarmonyTrack:
    track = HarmonyTrack()
    for message in messages:
        track.handle_message(message)
    return track


def sounding(at: float, chord: str, numeral: str = "i", key: int = G_MINOR, confidence: float = 0.9) -> SoundingHarmony:
    return SoundingHarmony(round(at * S), chord, numeral, key, confidence)


def labels_of(marks: list[HarmonyMark], px_per_s: float, planned: HarmonyMark | None = None) -> list[RulerLabel]:
    """Lay out with letters of 7 px."""
    return lay_out_labels(
        marks, planned, lambda at_ns: at_ns * px_per_s / S, lambda run: 7.0 * len(run.text) if run.text else 8.0
    )


def texts(label: RulerLabel) -> str:
    return " ".join(run.text or "||" for run in label.runs)


def test_track_marks_chords_new_keys_and_cadences() -> None:
    track = track_of(
        sounding(0, "Gm", "", -1),
        sounding(0, "Gm", "i"),
        sounding(1, "D7", "V7"),
        sounding(2, "Gm"),
        CadenceReached(2 * S, "authentic", G_MINOR),
        sounding(4, "", ""),
        sounding(5, "F", "I", F_MAJOR, 0.2),
        sounding(6, "C", "V", F_MAJOR, 0.9),
    )
    assert [(mark.chord, mark.new_key, mark.cadence) for mark in track.marks] == [
        ("Gm", G_MINOR, ""),
        ("D7", -1, ""),
        ("Gm", -1, "authentic"),
        ("", -1, ""),
        ("F", -1, ""),
        ("C", F_MAJOR, ""),
    ]


def test_track_keeps_the_chord_when_only_its_key_is_named_anew() -> None:
    track = track_of(sounding(0, "Gm", "ii", F_MAJOR), sounding(0, "Gm", "i"), sounding(0, "", ""))
    assert track.marks == [HarmonyMark(0, "Gm", "i", G_MINOR)]


def test_track_forgets_the_plan_of_an_engine_that_ended() -> None:
    track = track_of(ChordPlanned(S, "D7", "V7", G_MINOR))
    assert track.planned == HarmonyMark(S, "D7", "V7")
    assert track.handle_message(EngineEnded(""))
    assert track.planned is None
    assert track_of(ChordPlanned(S, "D7", "V7", 7), ChordPlanned(0, "", "", 7)).planned is None


MARKS = track_of(
    sounding(0, "Gm", "i"),
    sounding(1, "D/F#", "V6"),
    sounding(1.25, "Gm", "i"),
    sounding(2, "Cm", "iv"),
    sounding(3, "D7", "V7"),
    sounding(4, "Gm", "i"),
    CadenceReached(4 * S, "authentic", G_MINOR),
    sounding(8, "F", "I", F_MAJOR),
).marks


@pytest.mark.parametrize("px_per_s", [5, 12, 20, 33, 47, 60, 90, 130, 400])
def test_labels_never_overlap(px_per_s: float) -> None:
    labels = labels_of(MARKS, px_per_s)
    assert labels
    assert all(before.left_px + before.width_px <= after.left_px for before, after in pairwise(labels))


def test_labels_say_more_where_there_is_room() -> None:
    assert [texts(label) for label in labels_of(MARKS, 400)] == [
        "G minor: Gm i",
        "D/F# V6",
        "Gm i",
        "Cm iv",
        "D7 V7",
        "Gm i || authentic cadence",
        "F major: F I",
    ]
    narrow = [texts(label) for label in labels_of(MARKS, 25)]
    assert narrow == ["Gm", "Gm", "Gm i ||", "F major: F I"]


def test_cadence_label_wins_over_the_chord_before() -> None:
    marks = track_of(sounding(0, "Gm7/Bb"), sounding(1, "F", "I"), CadenceReached(S, "half", G_MINOR)).marks
    assert [texts(label) for label in labels_of(marks, 20)][-1].startswith("F")


def test_labels_do_not_depend_on_what_follows_far_away() -> None:
    """A label that has settled stays as it is while the music goes on."""
    for count in range(3, len(MARKS)):
        settled = labels_of(MARKS[:count], 60)[:-2]
        assert labels_of(MARKS, 60)[: len(settled)] == settled


def test_planned_chord_comes_last_and_only_ahead() -> None:
    assert labels_of(MARKS, 60, HarmonyMark(9 * S, "Bb", "IV"))[-1].is_planned
    assert not any(label.is_planned for label in labels_of(MARKS, 60, HarmonyMark(7 * S, "Bb", "IV")))


def test_ruler_paints_labels_and_pins_the_first(qtbot: QtBot) -> None:
    ruler, palette = HarmonyRuler(track_of(sounding(0, "Gm"), sounding(9, "D7", "V7"))), QPalette()
    scale, colours = RollScale(400, 100, 1.0, 4.0, 48, 84), RollColours(palette, 1.0)

    def columns_with_ink(origin_px: int) -> set[int]:
        pixmap = QPixmap(400, 22)
        pixmap.fill(Qt.GlobalColor.white)
        painter = QPainter(pixmap)
        painter.setFont(QFont())
        ruler.paint(painter, colours, scale, origin_px, 0, 22)
        painter.end()
        image = pixmap.toImage()
        return {x for x in range(400) for y in range(22) if image.pixelColor(x, y).name() != "#ffffff"}

    assert min(columns_with_ink(-100)) >= 100
    assert 20 < len(columns_with_ink(300)) < 130
    assert min(columns_with_ink(300)) < 10
    assert max(columns_with_ink(700)) > 200
    assert ruler.labels(scale, QFont())[0].runs[0] == LabelRun("key", "G minor:")
