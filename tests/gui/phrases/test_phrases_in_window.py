"""Phrases in the whole window: they are listed, selected in the list and on the roll, shown as a score, and dropped."""

from PyQt6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from bachbridge.protocol.events import AnswerPhrase
from tests.support.assembled_window import WindowHarness


def test_exchange_is_listed_selected_and_marked_on_roll(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    opened.play_exchange(67, 65, 64)
    phrases = opened.parts.phrases
    assert len(phrases.model.entries) == 2
    (entry,) = phrases.selected_entries()
    assert entry.number == 2 == opened.parts.roll.selected
    assert [note.pitch for note in entry.prompt.notes] == [67, 65, 64]


def test_click_on_roll_selects_phrase(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.play_exchange(60, 62, 64)
    opened.play_exchange(67, 65, 64)
    roll = opened.parts.roll
    first = opened.state.timeline.spans[0]
    assert first.end_ns
    roll.zoom = 60
    roll.scroll_to(0)
    left_ns, right_ns = roll._visible_range_ns()
    share = ((first.start_ns + first.end_ns) / 2 - left_ns) / (right_ns - left_ns)
    keyboard = 48
    for x in range(keyboard, roll.width()):
        if roll._fraction_at(x) >= share:
            qtbot.mouseClick(roll, Qt.MouseButton.LeftButton, pos=QPoint(x, 100))
            break
    (entry,) = opened.parts.phrases.selected_entries()
    assert entry.number == 1 == roll.selected


def test_selected_phrase_is_scrolled_into_view(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    opened.play_exchange(65, 67, 69)
    roll, phrases = opened.parts.roll, opened.parts.phrases
    roll.follow = False
    span = opened.state.timeline.spans[0]
    phrases.select_phrase(span.number)
    left_ns, right_ns = roll._visible_range_ns()
    assert left_ns <= span.start_ns < right_ns


def test_score_keeps_older_phrase_while_new_ones_arrive(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    opened.play_exchange(67, 65, 64)
    opened.parts.phrases.select_phrase(1)
    known = opened.parts.score._content
    opened.play_exchange(72, 71, 69)
    assert opened.parts.phrases.selected_entries()[0].number == 1
    assert opened.parts.score._content == known
    opened.parts.phrases.select_phrase(3)
    assert opened.parts.score._content != known


def test_dropped_file_is_played_and_answered(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    phrase = opened.parts.phrases.selected_entries()[0].prompt
    opened.parts.phrases.promptDropped.emit(phrase, 125_000_000)
    assert opened.engine_received(AnswerPhrase)[-1] == AnswerPhrase(phrase, 125_000_000, -1, aloud=True)
