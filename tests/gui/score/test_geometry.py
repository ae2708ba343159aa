"""Places of bars and notes in a real engraver's picture."""

import pytest

from bachbridge_gui.score.geometry import BarBox, ScoreGeometry, read_geometry
from bachbridge_gui.score.svg import note_heads_only, render_stencil
from tests.gui.score.conftest import CONTENT


def test_geometry_has_each_bar_with_its_notes(geometry: ScoreGeometry) -> None:
    assert [(bar.number, bar.start, bar.end) for bar in geometry.bars] == [(1, 0, 16), (2, 16, 32)]
    assert [[step for step, _ in bar.anchors] for bar in geometry.bars] == [[0, 4, 8, 12], [16, 24]]
    assert len([head for head in geometry.heads if head.width]) == 12
    for bar in geometry.bars:
        assert 0 <= bar.left < bar.right <= 1
        assert bar.top < bar.bottom


def test_places_grow_with_steps_and_lead_back(geometry: ScoreGeometry) -> None:
    places = [bar.place_at(step) for bar in geometry.bars for step in range(bar.start, bar.end)]
    assert places == sorted(places)
    for bar in geometry.bars:
        for step, place in bar.anchors:
            assert bar.place_at(step) == pytest.approx(place)
            assert bar.step_at(place + 0.001) == step
        assert bar.step_at(bar.left) == bar.start


def test_geometry_finds_the_bar_of_a_step_and_a_point(geometry: ScoreGeometry) -> None:
    first, second = geometry.bars
    assert geometry.bar_at_step(15.9) is first
    assert geometry.bar_at_step(16) is second
    assert geometry.bar_at_step(32) is None
    assert geometry.bar_at_step(-1) is None
    middle = (second.left + second.right) / 2
    assert geometry.bar_at_point(middle, (second.top + second.bottom) / 2) is second
    assert geometry.bar_at_point(middle, second.bottom + 1) is None


def test_answer_span_begins_at_its_step_on_each_line() -> None:
    bars = (
        BarBox(1, 0, 16, 0.1, 0.9, 0.1, 0.3, ((0, 0.2), (8, 0.6))),
        BarBox(2, 16, 32, 0.1, 0.5, 0.5, 0.7, ((16, 0.2),)),
        BarBox(3, 32, 48, 0.5, 0.9, 0.5, 0.7, ((32, 0.55),)),
    )
    spans = list(ScoreGeometry(bars).system_spans(8))
    assert spans == [(0.6, 0.9, 0.1, 0.3), (0.1, 0.9, 0.5, 0.7)]
    assert list(ScoreGeometry(bars).system_spans(48)) == []


@pytest.mark.parametrize("drawn", [b"", b"<svg", b"<svg/>", b'<svg><g class="page-margin"/></svg>'])
def test_geometry_of_another_picture_is_empty(drawn: bytes) -> None:
    assert read_geometry(drawn, CONTENT.bars) == ScoreGeometry()
    assert render_stencil(note_heads_only(drawn), 100, 1.0).isNull()


def test_note_heads_only_keeps_every_head_at_its_place(drawing: bytes, geometry: ScoreGeometry) -> None:
    image = render_stencil(note_heads_only(drawing), 600, 1.0)
    whole = render_stencil(drawing, 600, 1.0)
    assert image.size() == whole.size()
    inked = [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y).alpha()]
    for head in (head for head in geometry.heads if head.width):
        near = [x for x, y in inked if abs(y - head.middle * 600) < 4 and 0 <= x - head.left * 600 < head.width * 600]
        assert near
    heads = [head for head in geometry.heads if head.width]
    assert all(any(abs(y - head.middle * 600) < 8 for head in heads) for _, y in inked)
