"""The score view: it engraves on another thread, the newest phrase wins, and failures are explained."""

from collections.abc import Callable
from threading import Event

import pytest
from PyQt6.QtGui import QColor, QPalette

from bachbridge.errors import BachBridgeError
from bachbridge.install_advice import install_advice
from bachbridge.music.notes import Note, Phrase
from bachbridge_gui.score.content import Engraver, ScoreContent, engrave_svg
from bachbridge_gui.score.engraving_thread import ENGRAVING_FAILED, TOO_LONG
from bachbridge_gui.score.svg import render_stencil, tint_stencil, to_svg_tiny
from bachbridge_gui.score.view import HINT, ScoreView

PROMPT = Phrase((Note(0, 8, 72), Note(8, 8, 74)), 16)
ANSWER = tuple(Note(0, 16, 72 - 7 * voice, voice=voice) for voice in range(4))


def rectangle_svg(colour: str = "black", height: int = 50) -> bytes:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {height}">'
    return f'{head}<rect width="100" height="{height}" fill="{colour}"/></svg>'.encode()


@pytest.fixture
def make_view(qtbot) -> Callable[[Engraver], ScoreView]:
    def make(engrave: Engraver) -> ScoreView:
        view = ScoreView(engrave=engrave)
        qtbot.addWidget(view)
        view.resize(600, 300)
        view.show()
        return view

    return make


def test_score_view_engraves_at_its_width(qtbot, make_view):
    view = make_view(engrave_svg)
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


def test_score_view_shows_hint_when_empty(make_view):
    assert make_view(engrave_svg).message == HINT


def test_score_view_drops_superseded_requests(qtbot, make_view):
    gate, started, requested = Event(), Event(), list[int]()

    def slow(exchange: ScoreContent, width: int) -> bytes:
        requested.append(exchange.prompt.steps)
        started.set()
        gate.wait(10)
        return rectangle_svg(height=exchange.prompt.steps)

    view = make_view(slow)
    shown: list[int] = []
    view.shown.connect(lambda: shown.append(view.picture.height()))
    view.show_phrase(Phrase((), 10), ())
    assert started.wait(10)
    view.show_phrase(Phrase((), 20), ())
    view.show_phrase(Phrase((), 40), ())
    gate.set()
    qtbot.waitUntil(lambda: bool(shown))
    assert requested == [10, 40]
    assert len(shown) == 1
    assert view.picture.width() / view.picture.height() == pytest.approx(100 / 40, rel=0.02)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ModuleNotFoundError("verovio"), f"The score view needs more packages: {install_advice('score')}."),
        (BachBridgeError("no"), ENGRAVING_FAILED),
        (ValueError("foreign"), ENGRAVING_FAILED),
    ],
)
def test_score_view_explains_failure(qtbot, make_view, error, message):
    def broken(exchange: ScoreContent, width: int) -> bytes:
        raise error

    view = make_view(broken)
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    assert view.message == message


def test_score_view_explains_invalid_picture(qtbot, make_view):
    view = make_view(lambda exchange, width: b"nothing")
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    assert view.message == ENGRAVING_FAILED


def test_score_view_engraves_again_for_new_width(qtbot, make_view):
    widths: list[int] = []

    def engrave(exchange: ScoreContent, width: int) -> bytes:
        widths.append(width)
        return rectangle_svg()

    view = make_view(engrave)
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    with qtbot.waitSignal(view.shown):
        view.resize(900, 300)
    assert widths[-1] > widths[0]


def test_score_view_clear_voids_requests(qtbot, make_view):
    gate = Event()

    def slow(exchange: ScoreContent, width: int) -> bytes:
        gate.wait(10)
        return rectangle_svg()

    view = make_view(slow)
    view.show_phrase(PROMPT, ANSWER)
    view.clear()
    gate.set()
    assert view.cancel_and_wait()
    assert view.message == HINT


def test_score_view_uses_text_colour_of_palette(qtbot, make_view):
    view = make_view(lambda exchange, width: rectangle_svg())
    with qtbot.waitSignal(view.shown):
        view.show_phrase(PROMPT, ANSWER)
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Text, QColor("#abcdef"))
    view.setPalette(palette)
    assert view.grab().toImage().pixelColor(200, 60).name() == "#abcdef"


def test_to_svg_tiny_makes_svg_that_qt_can_draw():
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


def test_score_view_engraves_only_when_visible(qtbot, make_view):
    requested: list[int] = []

    def engrave(exchange: ScoreContent, width: int) -> bytes:
        requested.append(exchange.prompt.steps)
        return rectangle_svg()

    view = make_view(engrave)
    view.hide()
    view.show_phrase(Phrase((), 10), ())
    view.show_phrase(Phrase((), 20), ())
    assert view.cancel_and_wait()
    assert requested == []
    with qtbot.waitSignal(view.shown):
        view.show()
    view.hide()
    view.show()
    assert view.cancel_and_wait()
    assert requested == [20]


def test_score_view_refuses_too_long_phrase(qtbot, make_view):
    view = make_view(engrave_svg)
    with qtbot.waitSignal(view.shown):
        view.show_phrase(Phrase((Note(0, 4, 60),), 16 * 97), ())
    assert view.message == TOO_LONG


def test_to_svg_tiny_keeps_music_after_an_empty_text():
    svg = b'<svg viewBox="0 0 9 9"><text y="1" /><rect width="5" height="5"/><text>7</text></svg>'
    assert to_svg_tiny(svg) == b'<svg viewBox="0 0 9 9"><rect width="5" height="5"/></svg>'
