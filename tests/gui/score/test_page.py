"""The page of the score in the view: clicks, keys, cursor, colours, zoom and files."""

import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QImage, QWheelEvent
from PyQt6.QtWidgets import QApplication, QScrollArea, QToolButton
from pytestqt.qtbot import QtBot

from bachbridge.files.score_layout import ScoreOptions
from bachbridge.midi import messages as midi
from bachbridge.protocol.notices import Sent
from bachbridge.settings import Settings
from bachbridge_gui.score.content import ScoreContent, export_path
from bachbridge_gui.score.page import MARGIN_PX
from bachbridge_gui.score.view import ScoreView
from bachbridge_gui.state.exchanges import Exchange
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.state.view_types import PLAYER, BarLines, RollNote
from bachbridge_gui.widgets.palette import part_colour
from tests.gui.score.conftest import STEP_NS

S = 1_000_000_000


@pytest.fixture
def view(qtbot: QtBot, drawing: bytes, exchange: Exchange) -> ScoreView:
    """The exchange, shown in a view that engraves by looking its picture up."""
    view = ScoreView(engrave=lambda _content, _width: drawing)
    qtbot.addWidget(view)
    view.resize(660, 500)
    view.show()
    with qtbot.waitSignal(view.shown):
        view.show_exchange(exchange, ScoreOptions())
    return view


def point_at(view: ScoreView, step: int) -> QPoint:
    scale = view.picture.deviceIndependentSize().width()
    bar = view.page.geometry_read.bar_at_step(step)
    assert bar
    return QPointF(MARGIN_PX + bar.place_at(step) * scale + 3, MARGIN_PX + (bar.top + bar.bottom) / 2 * scale).toPoint()


def record_plays(view: ScoreView) -> list[int]:
    steps: list[int] = []
    view.play_requested.connect(lambda _exchange, step: steps.append(step))
    return steps


@pytest.mark.parametrize("step", [0, 8, 24])
def test_click_on_a_note_plays_from_it(view: ScoreView, qtbot: QtBot, step: int) -> None:
    steps = record_plays(view)
    qtbot.mouseClick(view.page, Qt.MouseButton.LeftButton, pos=point_at(view, step))
    assert steps == [step]


def test_click_outside_of_the_music_plays_nothing(view: ScoreView, qtbot: QtBot) -> None:
    steps = record_plays(view)
    qtbot.mouseClick(view.page, Qt.MouseButton.LeftButton, pos=QPoint(view.page.width() - 2, view.page.height() - 2))
    qtbot.mouseClick(view.page, Qt.MouseButton.RightButton, pos=point_at(view, 8))
    assert steps == []


def test_keys_move_marker_and_enter_plays_from_it(view: ScoreView, qtbot: QtBot) -> None:
    steps = record_plays(view)
    keys = Qt.Key
    for key in (keys.Key_Enter, keys.Key_Right, keys.Key_Right, keys.Key_Return, keys.Key_End, keys.Key_Right):
        qtbot.keyClick(view.page, key)
    assert view.page.marker_step == 24
    for key in (keys.Key_Left, keys.Key_Return, keys.Key_Home, keys.Key_Left, keys.Key_Return):
        qtbot.keyClick(view.page, key)
    assert steps == [0, 4, 16, 0]


def test_mouse_marks_the_note_under_it(view: ScoreView, qtbot: QtBot) -> None:
    qtbot.mouseMove(view.page, point_at(view, 12))
    assert view.page.marker_step == 12
    qtbot.mouseMove(view.page, QPoint(1, view.page.height() - 2))
    assert view.page.marker_step is None


def test_cursor_follows_playback(view: ScoreView, exchange: Exchange) -> None:
    timeline = RollTimeline(Settings())
    before = view.page.grab().toImage()
    view.expect_playback(exchange, 0)
    view.play_cursor.handle_message(Sent(midi.note_on(0, 67, 80), S, S))
    view.run_frame(S + 8 * STEP_NS, timeline)
    during = view.page.grab().toImage()
    changed = [x for x in range(before.width()) if before.pixelColor(x, 60) != during.pixelColor(x, 60)]
    assert changed
    assert abs(changed[0] - point_at(view, 8).x()) <= 6
    view.run_frame(S + 40 * STEP_NS, timeline)
    assert view.page.grab().toImage() == before


def test_note_heads_have_colours_of_their_parts(view: ScoreView) -> None:
    image = view.page.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    bits = image.constBits()
    assert bits
    pixels = bits.asstring(image.sizeInBytes())
    found = {pixels[index : index + 3].hex() for index in range(0, len(pixels), 4)}
    for part in (PLAYER, 0, 1, 2, 3):
        assert part_colour(part, dark=False).name().removeprefix("#") in found
    assert view.tool_bar.legend.labels == ["You", "Soprano", "Alto", "Tenor", "Bass"]
    view.tool_bar.legend.resize(200, 20)
    assert view.tool_bar.legend.labels == ["You", "S", "A", "T", "B"]
    view.tool_bar.legend.resize(60, 20)
    assert view.tool_bar.legend.labels == [""] * 5


def test_view_shows_what_is_being_played(view: ScoreView, qtbot: QtBot) -> None:
    timeline = RollTimeline(Settings(bpm=120))
    steps = record_plays(view)
    view.run_frame(S, timeline)
    timeline.bars.append(BarLines(0, 0, STEP_NS, 16))
    timeline.notes += [RollNote(PLAYER, 60, 80, 2 * S, 2 * S + 4 * STEP_NS), RollNote(PLAYER, 62, 80, 5 * S // 2)]
    timeline.revision += 1
    with qtbot.waitSignal(view.shown):
        view.run_frame(3 * S, timeline)
    assert view.tool_bar.legend.labels == ["You"]
    qtbot.mouseClick(view.page, Qt.MouseButton.LeftButton, pos=point_at(view, 0))
    qtbot.keyClick(view.page, Qt.Key.Key_Return)
    assert steps == []


def test_notes_played_while_view_is_hidden_are_shown(qtbot: QtBot, drawing: bytes, exchange: Exchange) -> None:
    contents: list[ScoreContent] = []

    def engrave(content: ScoreContent, _width: int) -> bytes:
        contents.append(content)
        return drawing

    view, timeline = ScoreView(engrave=engrave), RollTimeline(Settings(bpm=120))
    qtbot.addWidget(view)
    view.show_exchange(exchange, ScoreOptions())
    view.run_frame(S, timeline)
    timeline.notes += [
        RollNote(PLAYER, pitch, 80, pitch * S // 20, pitch * S // 20 + S // 5) for pitch in range(60, 66)
    ]
    timeline.revision += 1
    with qtbot.waitSignal(view.shown):
        view.show()
    with qtbot.waitSignal(view.shown):
        view.run_frame(5 * S, timeline)
    assert [note.pitch for note in contents[-1].prompt.notes] == list(range(60, 66))


def test_another_phrase_is_shown_from_its_beginning(view: ScoreView, qtbot: QtBot, exchange: Exchange) -> None:
    view.resize(660, 160)
    area = view.findChild(QScrollArea)
    assert area
    bar = area.verticalScrollBar()
    assert bar
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    for changed, is_kept in (
        (replace(exchange, name="a name"), True),
        (replace(exchange, prompt=replace(exchange.prompt, notes=exchange.prompt.notes[2:])), False),
    ):
        with qtbot.waitSignal(view.shown):
            view.show_exchange(changed, ScoreOptions())
        assert (bar.value() > 0) == is_kept


def test_costly_music_is_engraved_less_often_while_played(qtbot: QtBot, drawing: bytes) -> None:
    times: list[int] = []
    timeline = RollTimeline(Settings(bpm=120))

    def engrave(_content: ScoreContent, _width: int) -> bytes:
        busy_until_ns = time.thread_time_ns() + 60_000_000
        while time.thread_time_ns() < busy_until_ns:
            pass
        return drawing

    view = ScoreView(engrave=engrave)
    qtbot.addWidget(view)
    view.show()
    timeline.notes.append(RollNote(PLAYER, 60, 80, S // 2, S))
    for beat in range(2):
        timeline.notes.append(RollNote(PLAYER, 62 + beat, 80, S + beat * S, S + beat * S + S // 2))
        timeline.revision += 1
        for frame in range(34):
            now_ns = S + beat * S + frame * S // 34
            before = view.is_engraving
            view.run_frame(now_ns, timeline)
            if view.is_engraving and not before:
                times.append(now_ns)
                qtbot.waitUntil(lambda: not view.is_engraving)
            timeline.revision += 1
            timeline.notes[-1].end_ns = now_ns + frame * S // 4
    assert len(times) > 2
    assert min(after - before for before, after in pairwise(times)) >= 8 * 60_000_000


def zoom_button(view: ScoreView, name: str) -> QToolButton:
    (found,) = [button for button in view.tool_bar.findChildren(QToolButton) if button.accessibleName() == name]
    return found


def test_zoom_by_buttons_and_wheel_engraves_anew(qtbot: QtBot, drawing: bytes, exchange: Exchange) -> None:
    widths: list[int] = []

    def engrave(_content: ScoreContent, width: int) -> bytes:
        widths.append(width)
        return drawing

    view = ScoreView(engrave=engrave)
    qtbot.addWidget(view)
    view.show()
    with qtbot.waitSignal(view.shown):
        view.show_exchange(exchange, ScoreOptions())
    with qtbot.waitSignal(view.shown):
        qtbot.mouseClick(zoom_button(view, "Larger staves"), Qt.MouseButton.LeftButton)
    assert widths[1] < widths[0]
    with qtbot.waitSignal(view.shown):
        send_wheel(view, -120)
    assert widths[2] == widths[0]
    for _ in range(20):
        zoom_button(view, "Smaller staves").click()
    assert view.tool_bar.size_button.text() == "60 %"
    assert not zoom_button(view, "Smaller staves").isEnabled()
    view.tool_bar.size_button.click()
    assert view.tool_bar.size_button.text() == "100 %"
    assert zoom_button(view, "Smaller staves").isEnabled()
    assert view.cancel_and_wait()


def send_wheel(view: ScoreView, angle: int) -> None:
    control, phase = Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase
    delta = QPoint(0, angle)
    event = QWheelEvent(QPointF(9, 9), QPointF(9, 9), QPoint(), delta, Qt.MouseButton.NoButton, control, phase, False)
    QApplication.sendEvent(view, event)


@pytest.mark.parametrize(
    ("suffix", "beginning"), [(".musicxml", b"<?xml"), (".png", b"\x89PNG"), (".svg", b"<svg"), (".pdf", b"%PDF")]
)
def test_score_is_saved_in_each_format(view: ScoreView, tmp_path: Path, suffix: str, beginning: bytes) -> None:
    view.export_to(tmp_path / f"a{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes().startswith(beginning)


def test_score_that_cannot_be_saved_is_explained(view: ScoreView, tmp_path: Path) -> None:
    refused: list[str] = []
    view.refused.connect(refused.append)
    view.export_to(tmp_path / "missing" / "a.musicxml")
    assert len(refused) == 1
    assert "choose another folder" in refused[0]


@pytest.mark.parametrize(
    ("name", "chosen", "path"),
    [
        ("a.PDF", "Picture (*.png)", "a.PDF"),
        ("a", "Picture (*.png)", "a.png"),
        ("Op. 3", "PDF (*.pdf)", "Op. 3.pdf"),
        ("a.txt", "", "a.txt.musicxml"),
    ],
)
def test_export_path_gets_the_chosen_ending(name: str, chosen: str, path: str) -> None:
    assert export_path(name, chosen) == Path(path)
