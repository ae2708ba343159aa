"""The score's view: engraved elsewhere, the newest phrase wins, and what is missing is said in words."""

from collections.abc import Callable
from threading import Event

import pytest
from PyQt6.QtGui import QColor, QPalette

from bachbridge.errors import BachBridgeError
from bachbridge.music.notes import Note, Phrase
from bachbridge_gui.views.score import (
    ENGRAVING_FAILED,
    HINT,
    PACKAGES_MISSING,
    TOO_LONG,
    Engraver,
    ScoreContent,
    ScoreView,
    engrave_svg,
)
from bachbridge_gui.views.score_svg import render_stencil, tint_stencil, to_svg_tiny

PROMPT = Phrase((Note(0, 8, 72), Note(8, 8, 74)), 16)
ANSWER = tuple(Note(0, 16, 72 - 7 * voice, voice=voice) for voice in range(4))


def drawing(colour: str = "black", height: int = 50) -> bytes:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {height}">'
    return f'{head}<rect width="100" height="{height}" fill="{colour}"/></svg>'.encode()


@pytest.fixture
def view_with(qtbot) -> Callable[[Engraver], ScoreView]:
    def make(engrave: Engraver) -> ScoreView:
        view = ScoreView(engrave=engrave)
        qtbot.addWidget(view)
        view.resize(600, 300)
        view.show()
        return view

    return make


def test_a_phrase_is_engraved_at_the_widgets_width(qtbot, view_with):
    view = view_with(engrave_svg)
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    assert view.message == ""
    shown = view.picture.deviceIndependentSize()
    assert 500 < shown.width() < 600
    assert dark_share(view) > 0.01


def dark_share(view: ScoreView) -> float:
    image = view.picture
    pixels = [image.pixelColor(x, y).alpha() > 128 for x in range(0, image.width(), 3) for y in range(image.height())]
    return sum(pixels) / len(pixels)


def test_an_empty_view_says_what_to_do(view_with):
    assert view_with(engrave_svg).message == HINT


def test_a_newer_phrase_supersedes_what_is_under_way(qtbot, view_with):
    gate, begun, asked = Event(), Event(), list[int]()

    def slow(exchange: ScoreContent, width: int) -> bytes:
        asked.append(exchange.prompt.steps)
        begun.set()
        gate.wait(10)
        return drawing(height=exchange.prompt.steps)

    view = view_with(slow)
    shown: list[int] = []
    view.shown.connect(lambda: shown.append(view.picture.height()))
    view.show_phrase(Phrase((), 10), ())
    assert begun.wait(10)
    view.show_phrase(Phrase((), 20), ())
    view.show_phrase(Phrase((), 40), ())
    gate.set()
    qtbot.waitUntil(lambda: bool(shown))
    assert asked == [10, 40]
    assert len(shown) == 1
    assert view.picture.width() / view.picture.height() == pytest.approx(100 / 40, rel=0.02)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("verovio"), PACKAGES_MISSING),
        (BachBridgeError("no"), ENGRAVING_FAILED),
        (ValueError("foreign"), ENGRAVING_FAILED),
    ],
)
def test_what_hinders_is_said_in_words(qtbot, view_with, error, words):
    def broken(exchange: ScoreContent, width: int) -> bytes:
        raise error

    view = view_with(broken)
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    assert view.message == words


def test_what_is_no_picture_is_no_score(qtbot, view_with):
    view = view_with(lambda exchange, width: b"nothing")
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    assert view.message == ENGRAVING_FAILED


def test_a_new_width_is_engraved_anew(qtbot, view_with):
    widths: list[int] = []

    def engrave(exchange: ScoreContent, width: int) -> bytes:
        widths.append(width)
        return drawing()

    view = view_with(engrave)
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    with qtbot.waitSignal(view.shown):
        view.resize(900, 300)
    assert widths[-1] > widths[0]


def test_cleared_it_is_empty_and_stays_so(qtbot, view_with):
    gate = Event()

    def slow(exchange: ScoreContent, width: int) -> bytes:
        gate.wait(10)
        return drawing()

    view = view_with(slow)
    view.show_phrase(PROMPT, ANSWER)
    view.clear()
    gate.set()
    assert view.cancel_and_wait()
    assert view.message == HINT


def test_the_ink_follows_the_palette(qtbot, view_with):
    view = view_with(lambda exchange, width: drawing())
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Text, QColor("#abcdef"))
    view.setPalette(palette)
    assert view.grab().toImage().pixelColor(200, 60).name() == "#abcdef"


def test_the_engravers_svg_becomes_what_qt_can_draw():
    svg = (
        b'<svg viewBox="0 0 10 5" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        b'<defs><g id="a"><rect width="50" height="50"/></g></defs>'
        b'<svg class="definition-scale" color="black" viewBox="0 0 100 50"><use href="#a"/><text>7</text></svg></svg>'
    )
    assert to_svg_tiny(svg).count(b"<svg") == 1
    assert b"<text" not in to_svg_tiny(svg)
    image = render_stencil(svg, 200, 1.0)
    assert (image.width(), image.height()) == (200, 100)
    assert image.pixelColor(50, 50).alpha() == 255
    assert image.pixelColor(150, 50).alpha() == 0
    assert tint_stencil(image, QColor("#ff0000")).pixelColor(50, 50).name() == "#ff0000"


def test_what_nobody_looks_at_is_engraved_when_somebody_does(qtbot, view_with):
    asked: list[int] = []

    def engrave(exchange: ScoreContent, width: int) -> bytes:
        asked.append(exchange.prompt.steps)
        return drawing()

    view = view_with(engrave)
    view.hide()
    view.show_phrase(Phrase((), 10), ())
    view.show_phrase(Phrase((), 20), ())
    assert view.cancel_and_wait()
    assert asked == []
    with qtbot.waitSignal(view.shown):
        view.show()
    view.hide()
    view.show()
    assert view.cancel_and_wait()
    assert asked == [20]


def test_an_endless_phrase_is_no_page(qtbot, view_with):
    view = view_with(engrave_svg)
    with qtbot.waitSignal(view.shown):
        view.show_phrase(Phrase((Note(0, 4, 60),), 16 * 97), ())
    assert view.message == TOO_LONG
