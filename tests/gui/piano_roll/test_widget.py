"""The piano roll: what it paints at a given time, how it is scrolled, and when it is idle."""

from dataclasses import dataclass, field

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QPalette, QWheelEvent

from bachbridge_gui.piano_roll.axes import KEYBOARD_PX, LANE_PX, RULER_PX, ruler_and_lane_px
from bachbridge_gui.piano_roll.coordinates import MIN_FOLDED_ROWS, FoldedPitches
from bachbridge_gui.piano_roll.widget import PianoRoll
from bachbridge_gui.state.harmony_track import HarmonyTrack
from bachbridge_gui.state.view_types import PLAYER, BarLines, PhraseSpan, RollNote
from bachbridge_gui.widgets.palette import PART_STYLES

SECOND = 1_000_000_000
T0 = 1000 * SECOND
WIDTH, HEIGHT = 848, 400 + RULER_PX + LANE_PX
"""The notes' area is 800 by 400 logical pixels: 100 pixels to a second."""


@dataclass
class Source:
    notes: list[RollNote] = field(default_factory=list)
    planned: list[RollNote] = field(default_factory=list)
    bars: list[BarLines] = field(default_factory=list)
    spans: list[PhraseSpan] = field(default_factory=list)
    harmony: HarmonyTrack = field(default_factory=HarmonyTrack)
    revision: int = 0

    def add(self, *notes: RollNote) -> None:
        self.notes += notes
        self.revision += 1


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def roll(qtbot, source) -> PianoRoll:
    roll = PianoRoll(source)
    qtbot.addWidget(roll)
    roll.setPalette(make_palette("#ffffff", "#000000"))
    roll.resize(WIDTH, HEIGHT)
    return roll


def make_palette(base: str, text: str) -> QPalette:
    palette = QPalette()
    for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
        palette.setColor(role, QColor(base))
    palette.setColor(QPalette.ColorRole.Text, QColor(text))
    return palette


def point_at(roll: PianoRoll, ns: int, pitch: int) -> QPoint:
    """Return the point where a pitch lies at a time."""
    left, right = roll._visible_range_ns()
    scale = roll._scale()
    x = KEYBOARD_PX + (ns - left) / (right - left) * (roll.width() - KEYBOARD_PX)
    return QPoint(round(x), RULER_PX + round((scale.row_tops[pitch] + scale.row_height / 2) / scale.pixel_ratio))


def colour_at(roll: PianoRoll, ns: int, pitch: int) -> str:
    point = point_at(roll, ns, pitch)
    picture = roll.grab().toImage()
    picture.setDevicePixelRatio(1)
    return picture.pixelColor(point * roll.devicePixelRatioF()).name()


def note(start: float, end: float | None, pitch: int = 64, voice: int = PLAYER, velocity: int = 127) -> RollNote:
    return RollNote(
        voice, pitch, velocity, T0 + round(start * SECOND), None if end is None else T0 + round(end * SECOND)
    )


# ---------------------------------------------------------------- painting


@pytest.mark.parametrize("voice", [PLAYER, 0, 1, 2, 3])
@pytest.mark.parametrize("ended_ago", [0.1, 2.5])
def test_roll_paints_note_in_part_colour_for_its_length(roll, source, voice, ended_ago):
    source.add(note(-1 - ended_ago, -ended_ago, voice=voice))
    assert roll.refresh(T0)
    middle = T0 - round((ended_ago + 0.5) * SECOND)
    assert colour_at(roll, middle, 64) == PART_STYLES[voice].light
    assert colour_at(roll, middle + SECOND * 6 // 10, 64) != PART_STYLES[voice].light
    assert colour_at(roll, middle, 66) != PART_STYLES[voice].light


def test_roll_colours_follow_the_palette(roll, source):
    source.add(note(-2, -1))
    roll.refresh(T0)
    assert colour_at(roll, T0 - SECOND * 3 // 2, 64) == PART_STYLES[PLAYER].light
    roll.setPalette(make_palette("#101010", "#eeeeee"))
    assert colour_at(roll, T0 - SECOND * 3 // 2, 64) == PART_STYLES[PLAYER].dark


def test_roll_paints_soft_note_paler(roll, source):
    source.add(note(-2, -1, velocity=10))
    roll.refresh(T0)
    pale = QColor(colour_at(roll, T0 - SECOND * 3 // 2, 64))
    assert pale.lightness() > QColor(PART_STYLES[PLAYER].light).lightness() + 20


def test_roll_sounding_note_grows_to_play_line_and_ends(roll, source):
    sounding = note(0, None)
    source.add(sounding)
    roll.refresh(T0 + SECOND)
    assert colour_at(roll, T0 + SECOND * 95 // 100, 64) == PART_STYLES[PLAYER].light
    assert colour_at(roll, T0 + SECOND * 12 // 10, 64) != PART_STYLES[PLAYER].light
    sounding.end_ns = T0 + SECOND
    source.revision += 1
    for tenths in range(11, 40):
        roll.refresh(T0 + tenths * SECOND // 10)
        roll.grab()
    assert colour_at(roll, T0 + SECOND // 2, 64) == PART_STYLES[PLAYER].light
    assert colour_at(roll, T0 + SECOND * 3 // 2, 64) != PART_STYLES[PLAYER].light


def test_roll_paints_planned_note_as_outline_ahead(roll, source):
    source.planned = [note(0.5, 1.5, voice=1)]
    source.revision += 1
    roll.refresh(T0)
    row = roll.grab().toImage()
    point = point_at(roll, T0 + SECOND, 64)
    column = [row.pixelColor(point.x(), point.y() + dy).name() for dy in range(-6, 7)]
    assert column.count(PART_STYLES[1].light) >= 2
    assert colour_at(roll, T0 + SECOND, 64) != PART_STYLES[1].light
    assert point.x() > KEYBOARD_PX + 0.7 * 800


def test_roll_accepts_planned_pitch_beyond_midi(roll, source):
    source.planned = [note(0.5, 1.5, pitch=130), note(0.6, 1.5, pitch=-3)]
    source.revision += 1
    assert roll.refresh(T0)
    assert not roll.grab().isNull()


def test_roll_new_plan_replaces_old_one(roll, source):
    source.planned = [note(0.5, 1.5, voice=1)]
    source.revision += 1
    roll.refresh(T0)
    old = roll.grab().toImage()
    source.planned = [note(0.5, 1.5, pitch=70, voice=1)]
    source.revision += 1
    roll.refresh(T0)
    assert roll.grab().toImage() != old
    source.planned = []
    source.revision += 1
    roll.refresh(T0)
    assert PART_STYLES[1].light not in {colour_at(roll, T0 + SECOND, pitch) for pitch in range(60, 76)}


def test_roll_shows_late_note_in_painted_tile(roll, source):
    source.add(note(-6, -5), note(-1, -0.1))
    roll.refresh(T0)
    roll.grab()
    source.add(note(-1.9, -0.9, pitch=67))
    roll.refresh(T0)
    assert colour_at(roll, T0 - SECOND * 14 // 10, 67) == PART_STYLES[PLAYER].light


def test_roll_accepts_notes_trimmed_at_the_front(roll, source):
    source.add(note(-30, -29), note(-20, -19), note(-2, -1))
    roll.refresh(T0)
    del source.notes[:2]
    source.add(note(-0.5, None))
    assert roll.refresh(T0)
    assert colour_at(roll, T0 - SECOND * 3 // 2, 64) == PART_STYLES[PLAYER].light
    source.notes.clear()
    source.revision += 1
    roll.refresh(T0)
    assert colour_at(roll, T0 - SECOND * 3 // 2, 64) != PART_STYLES[PLAYER].light


def test_roll_new_bar_lines_apply_from_their_start(roll, source):
    source.add(note(-9, None, pitch=50))
    source.bars = [BarLines(T0 - 9 * SECOND, T0 - 9 * SECOND, SECOND // 8, 16)]
    roll.refresh(T0)
    line = colour_at(roll, T0 - 5 * SECOND, 60)
    assert line == colour_at(roll, T0 + SECOND, 60) != colour_at(roll, T0 - SECOND * 21 // 4, 60)
    source.bars.append(BarLines(T0 - SECOND, T0 - SECOND * 3 // 4, SECOND // 8, 16))
    source.revision += 1
    roll.refresh(T0)
    assert colour_at(roll, T0 - 5 * SECOND, 60) == line == colour_at(roll, T0 - SECOND * 3 // 4, 60)
    assert colour_at(roll, T0 + SECOND, 60) != line


def test_roll_shows_long_note_that_began_out_of_view(roll, source):
    source.add(note(-60, -1), *(note(-50 + i, -49.5 + i, pitch=72) for i in range(45)))
    roll.refresh(T0)
    assert colour_at(roll, T0 - 4 * SECOND, 64) == PART_STYLES[PLAYER].light


def test_roll_paints_thousands_of_notes(roll, source):
    for step in range(400):
        source.add(*(note(step / 8 - 50, step / 8 - 49.9, 40 + 2 * voice, voice % 4) for voice in range(16)))
    roll.zoom = 60
    roll.refresh(T0)
    shown = roll.grab().toImage()
    assert shown.width() == roll.width()
    assert colour_at(roll, T0 - 10 * SECOND, 90) != colour_at(roll, T0 - 10 * SECOND + SECOND // 20, 40)


def test_roll_shows_hint_when_empty(roll):
    roll.refresh(T0)
    picture = roll.grab().toImage()
    across = [picture.pixelColor(x, y).lightness() for x in range(350, 600) for y in range(205, 240)]
    assert min(across) < 150


def test_roll_low_height_gives_space_to_notes(roll, source):
    source.add(note(-2, -1))
    source.spans = [PhraseSpan(1, T0 - 3 * SECOND, T0)]
    roll.resize(WIDTH, 80)
    roll.refresh(T0)
    roll.grab()
    assert roll._scale().height == round(64 * roll.devicePixelRatioF())


# ---------------------------------------------------------------- idle state


def test_roll_is_idle_until_the_next_note(roll, source):
    assert roll.refresh(T0)  # the first call
    assert not roll.refresh(T0 + SECOND)
    source.add(note(2, 3))
    assert roll.refresh(T0 + 3 * SECOND)
    assert roll.refresh(T0 + 5 * SECOND)
    assert not any(roll.refresh(T0 + 7 * SECOND + frame * SECOND // 30) and frame for frame in range(60))
    source.add(note(20, None))
    assert roll.refresh(T0 + 20 * SECOND)
    assert roll.refresh(T0 + 40 * SECOND)


def test_roll_is_not_idle_while_notes_are_planned(roll, source):
    source.planned = [note(5, 6)]
    source.revision += 1
    assert roll.refresh(T0)
    assert roll.refresh(T0 + SECOND)
    assert roll.refresh(T0 + 6 * SECOND)
    assert not roll.refresh(T0 + 7 * SECOND)


def test_roll_repaints_changes_while_idle(roll, source):
    source.add(note(0, 1))
    roll.refresh(T0 + SECOND)
    roll.refresh(T0 + 9 * SECOND)
    assert not roll.refresh(T0 + 20 * SECOND)
    source.spans = [PhraseSpan(1, T0, T0 + SECOND)]
    source.revision += 1
    assert roll.refresh(T0 + 21 * SECOND)
    assert not roll.refresh(T0 + 22 * SECOND)


# ---------------------------------------------------------------- mouse and keys


def test_roll_scrolling_stops_following(qtbot, roll, source):
    source.add(note(-30, -29), note(-1, None))
    roll.refresh(T0)
    with qtbot.waitSignal(roll.followChanged) as signal:
        qtbot.keyClick(roll, Qt.Key.Key_Left)
    assert signal.args == [False]
    edges = roll._visible_range_ns()
    roll.refresh(T0 + SECOND)
    assert roll._visible_range_ns() == edges
    qtbot.keyClick(roll, Qt.Key.Key_Home)
    assert roll._visible_range_ns()[0] < T0 - 30 * SECOND < roll._visible_range_ns()[1]
    qtbot.keyClick(roll, Qt.Key.Key_End)
    assert roll.follow
    assert roll._visible_range_ns()[0] < T0 + SECOND < roll._visible_range_ns()[1]


def test_roll_dragging_moves_the_view(qtbot, roll, source):
    source.add(note(-30, -29), note(-1, None))
    roll.refresh(T0)
    left, _ = roll._visible_range_ns()
    qtbot.mousePress(roll, Qt.MouseButton.LeftButton, pos=QPoint(400, 200))
    qtbot.mouseMove(roll, QPoint(500, 200))
    qtbot.mouseRelease(roll, Qt.MouseButton.LeftButton, pos=QPoint(500, 200))
    assert not roll.follow
    assert roll._visible_range_ns()[0] == pytest.approx(left - SECOND, abs=1000)


def test_roll_zoom_keeps_limits_and_time_under_mouse(qtbot, roll, source):
    source.add(note(-30, -29), note(-1, None))
    roll.refresh(T0)
    roll.follow = False
    before = point_at(roll, T0 - SECOND, 64)
    with qtbot.waitSignal(roll.zoomChanged):
        turn_wheel(roll, before, 120)
    assert roll.zoom == pytest.approx(6.4)
    assert abs(point_at(roll, T0 - SECOND, 64).x() - before.x()) <= 1
    for _ in range(40):
        qtbot.keyClick(roll, Qt.Key.Key_Plus)
    assert roll.zoom == 2
    for _ in range(40):
        qtbot.keyClick(roll, Qt.Key.Key_Minus)
    assert roll.zoom == 60


def turn_wheel(roll: PianoRoll, point: QPoint, delta: int) -> None:
    control, phase = Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase
    none = Qt.MouseButton.NoButton
    event = QWheelEvent(QPointF(point), QPointF(point), QPoint(), QPoint(0, delta), none, control, phase, False)
    roll.wheelEvent(event)


def test_roll_click_selects_the_phrase_under_it(qtbot, roll, source):
    source.add(note(-5, -4))
    source.spans = [PhraseSpan(1, T0 - 5 * SECOND, T0 - 3 * SECOND), PhraseSpan(2, T0 - 2 * SECOND, None)]
    roll.refresh(T0)
    plain = colour_at(roll, T0 - 9 * SECOND // 2, 60)
    with qtbot.waitSignal(roll.phraseClicked) as signal:
        qtbot.mouseClick(roll, Qt.MouseButton.LeftButton, pos=point_at(roll, T0 - 4 * SECOND, 60))
    assert signal.args == [1]
    assert roll.selected == 1
    assert colour_at(roll, T0 - 9 * SECOND // 2, 60) != plain
    qtbot.mouseClick(roll, Qt.MouseButton.LeftButton, pos=point_at(roll, T0 - SECOND, 60))
    assert roll.selected == 2
    qtbot.mouseClick(roll, Qt.MouseButton.LeftButton, pos=point_at(roll, T0 - 5 * SECOND // 2, 60))
    assert roll.selected == 2
    qtbot.keyClick(roll, Qt.Key.Key_Up)
    assert roll.selected == 1


# ---------------------------------------------------------------- harmony, folding and the legend


def test_low_roll_folds_to_the_pitches_that_sound(roll, source):
    roll.resize(WIDTH, 100)
    source.add(note(-3, -2, pitch=36), note(-2, -1, pitch=60), note(-1, None, pitch=84))
    roll.refresh(T0)
    scale = roll._scale()
    assert {36, 60, 84} <= set(scale.pitches)
    assert MIN_FOLDED_ROWS <= len(scale.pitches) <= MIN_FOLDED_ROWS + 2
    heights = [scale.row_tops[pitch - 1] - scale.row_tops[pitch] for pitch in (36, 60, 84, 50)]
    assert min(heights[:3]) >= scale.height // len(scale.pitches)
    assert heights[3] == 0
    colours = (colour_in_row(roll, T0 - seconds * SECOND // 2, pitch) for seconds, pitch in ((5, 36), (3, 60), (1, 84)))
    assert set(colours) == {PART_STYLES[PLAYER].light}


def colour_in_row(roll: PianoRoll, ns: int, pitch: int) -> str:
    """Return the colour in the middle of a row of a low roll."""
    left, right = roll._visible_range_ns()
    x = KEYBOARD_PX + (ns - left) / (right - left) * (roll.width() - KEYBOARD_PX)
    scale, (ruler, _) = roll._scale(), ruler_and_lane_px(roll.height())
    return (
        roll.grab().toImage().pixelColor(round(x), ruler + round(scale.row_tops[pitch] + scale.row_height / 2)).name()
    )


@pytest.mark.parametrize("pitches", [(0, 127), (127,), (), (60, 61, 62), tuple(range(20, 100, 3))])
def test_folded_pitches_grow_at_once_and_shrink_late(pitches):
    folded = FoldedPitches()
    folded.fit(pitches, 0)
    assert set(pitches) <= set(folded.pitches)
    assert len(folded.pitches) >= (MIN_FOLDED_ROWS if pitches else 1)
    folded.fit((70,), SECOND)
    assert {70, *pitches} <= set(folded.pitches)
    folded.fit((70,), 2 * SECOND)
    folded.fit((70,), 20 * SECOND)
    assert MIN_FOLDED_ROWS <= len(folded.pitches) <= MIN_FOLDED_ROWS + 2


def test_legend_folds_and_makes_room_for_notes(roll, qtbot):
    roll.show()
    assert roll.legend.isVisible()
    assert all(style.name in roll.legend.accessibleDescription() for style in PART_STYLES.values())
    width = roll.legend.width()
    with qtbot.waitSignal(roll.legend.openChanged):
        qtbot.mouseClick(roll.legend, Qt.MouseButton.LeftButton)
    assert (roll.legend.is_open, roll.legend.width() < width) == (False, True)
    qtbot.keyClick(roll.legend, Qt.Key.Key_Space)
    roll.resize(KEYBOARD_PX + width, 500)
    assert roll.legend.height() > roll.legend.width() // 2
    roll.resize(KEYBOARD_PX + width, 250)
    assert roll.legend.height() < roll.legend.width() // 2
    roll.resize(WIDTH, 100)
    assert not roll.legend.isVisible()
