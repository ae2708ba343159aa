"""The list of exchanges: its model, its keys, and the files that leave and enter it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDrag, QDropEvent
from PyQt6.QtTest import QAbstractItemModelTester
from PyQt6.QtWidgets import QLineEdit, QScrollBar, QWidget

from bachbridge.files.midi_reader import read_midi
from bachbridge.music.notes import Note, Phrase
from bachbridge_gui.phrases.actions import WAS_HARMONIZED
from bachbridge_gui.phrases.list_view import SessionButton
from bachbridge_gui.phrases.model import PhraseListModel
from bachbridge_gui.phrases.panel import PhrasePanel
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.state.exchanges import Exchange

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANSWER = tuple(Note(4 * beat, 4, 72 - 7 * voice + beat, 80, voice) for beat in range(4) for voice in range(4))
Key = Qt.Key


def entry(number: int, **other: object) -> Exchange:
    prompt = Phrase(tuple(Note(4 * beat, 4, 60 + number + beat) for beat in range(4)), 16, 16, 0)
    values = {"prompt": prompt, "answer": ANSWER, "answer_step": 16, "step_ns": 125_000_000}
    at = NOON + timedelta(minutes=number)
    return Exchange(number, started_at=at, **(values | other))  # pyright: ignore[reportArgumentType] # of any fields


@pytest.fixture
def shelf() -> Iterator[DragFiles]:
    shelf = DragFiles()
    yield shelf
    shelf.close()


@pytest.fixture
def phrases(qtbot, shelf) -> PhrasePanel:
    phrases = PhrasePanel(shelf)
    qtbot.addWidget(phrases)
    phrases.resize(360, 480)
    phrases.show()
    return phrases


@pytest.fixture
def three(phrases) -> PhrasePanel:
    for number in (1, 2, 3):
        phrases.add(entry(number))
    return phrases


def numbers(phrases: PhrasePanel) -> list[int]:
    return [item.number for item in phrases.model.entries.items]


def chosen(phrases: PhrasePanel) -> list[int]:
    return [item.number for item in phrases.selected_entries()]


def file_in(data: QMimeData | None) -> Path:
    assert data is not None
    (url,) = data.urls()
    return Path(url.toLocalFile())


def test_the_model_keeps_to_the_rules_of_item_models(qtbot, shelf):
    model = PhraseListModel(shelf, limit=20)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for number in range(1, 24):
        model.add(entry(number))
    assert model.rowCount() == 20
    model.add(entry(7))
    model.delete([0, 5, 19])
    model.set_kept([0, 1], kept=True)
    assert model.setData(model.index(3), "Mine")
    assert model.undo() == [0, 5, 19]
    assert model.data(model.index(4)) == "Mine"
    assert tester.model() is model


def test_the_newest_is_chosen_unless_a_person_chose_an_older_one(three):
    assert chosen(three) == [3]
    three.select_phrase(1)
    three.add(entry(4))
    assert chosen(three) == [1]


def test_enter_plays_and_a_asks_for_another_answer(qtbot, three):
    with qtbot.waitSignal(three.playRequested) as played:
        qtbot.keyClick(three.view, Key.Key_Return)
    assert played.args == [entry(3)]
    with qtbot.waitSignal(three.anotherAnswerRequested) as asked:
        qtbot.keyClick(three.view, Key.Key_A)
    assert asked.args == [entry(3)]


def test_the_arrow_keys_choose(qtbot, three):
    with qtbot.waitSignal(three.selected) as told:
        qtbot.keyClick(three.view, Key.Key_Up)
    assert told.args == [2]


def test_k_keeps_and_lets_go(qtbot, three):
    qtbot.keyClick(three.view, Key.Key_K)
    assert three.selected_entries()[0].kept
    assert three.phrase_actions["keep"].text() == "Don't keep"
    qtbot.keyClick(three.view, Key.Key_K)
    assert not three.selected_entries()[0].kept


def test_f2_names_in_place(qtbot, three):
    qtbot.keyClick(three.view, Key.Key_F2)
    editor = three.view.findChild(QLineEdit)
    assert editor is not None
    assert editor.placeholderText() == "Eb4 E4 F4 …"
    qtbot.keyClicks(editor, "A kk")
    with qtbot.assertNotEmitted(three.playRequested):
        qtbot.keyClick(editor, Key.Key_Return)
        qtbot.waitUntil(lambda: three.selected_entries()[0].name == "A kk")
    assert not three.selected_entries()[0].kept


def test_delete_can_be_undone_by_key_and_by_the_bar(qtbot, three):
    assert not three.undo_bar.isVisible()
    three.view.select_rows([0, 1])
    qtbot.keyClick(three.view, Key.Key_Delete)
    assert numbers(three) == [3]
    assert three.undo_bar.label.text() == "Deleted 2 phrases"
    qtbot.keyClick(three.view, Key.Key_Delete)
    assert three.undo_bar.label.text() == "Deleted “Eb4 E4 F4 …”"
    assert three.undo_bar.isVisible()
    three.undo_action.trigger()
    assert numbers(three) == [3]
    assert not three.undo_bar.isVisible()
    qtbot.keyClick(three.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert numbers(three) == [1, 2, 3]
    assert chosen(three) == [1, 2]
    assert not three.undo_action.isEnabled()


def test_what_cannot_be_done_says_why(three, phrases):
    three.view.clearSelection()
    assert not three.phrase_actions["play"].isEnabled()
    assert three.phrase_actions["play"].toolTip() == "Select a phrase first."
    three.view.select_rows([0, 1])
    assert three.phrase_actions["another"].toolTip() == "Select a single phrase."
    assert three.phrase_actions["export"].isEnabled()
    three.add(entry(4, mode="harmonize"))
    three.select_phrase(4)
    assert three.phrase_actions["another"].toolTip() == WAS_HARMONIZED
    three.select_phrase(1)
    three.set_ask_obstacle("The model is loading.")
    assert three.phrase_actions["another"].toolTip() == "The model is loading."
    three.set_ask_obstacle("")
    assert three.phrase_actions["another"].toolTip() == "Hear a different answer to the same phrase (A)"


def test_an_empty_list_says_how_phrases_get_there(phrases):
    assert all(action.toolTip() == "Nothing has been played yet." for action in phrases.phrase_actions.values())
    assert not phrases.view.isVisible()
    phrases.add(entry(1))
    assert phrases.view.isVisible()
    assert all(action.isEnabled() for action in phrases.phrase_actions.values())


def test_the_menu_has_all_that_the_buttons_have(three):
    assert [action.text() for action in three.make_menu().actions()] == [
        *("Play again", "Another answer", "Keep", "Rename", "Delete", "Export…", "Whole session…", "Undo")
    ]


def test_every_part_has_an_accessible_name(three):
    own = [
        child
        for child in three.findChildren(QWidget)
        if not child.objectName().startswith("qt_") and not isinstance(child, QScrollBar)
    ]
    assert len(own) > 10
    assert [type(child) for child in own if not child.accessibleName()] == []


def test_a_row_is_drawn_with_and_without_notes_and_in_a_narrow_list(three):
    three.add(entry(4, answer=(), kept=True, name="A name that is far too long for the list that it stands in"))
    three.add(entry(5, prompt=Phrase((), 0)))
    three.resize(120, 400)
    assert not three.grab().isNull()


# ---------------------------------------------------------------- files out


def test_a_dragged_row_is_a_real_file_that_reads_back_to_the_same_notes(three):
    path = file_in(three.model.mimeData([three.model.index(0)]))
    assert path.name == "BachBridge 01 answer.mid"
    song = read_midi(path)
    assert song.track_names[1:] == ("Player", "Soprano", "Alto", "Tenor", "Bass")
    read = sorted((note.start, note.length, note.pitch) for note in song.phrase.notes)
    prompt, answer = entry(1).prompt.notes, entry(1).answer
    assert read == sorted(
        [(n.start, n.length, n.pitch) for n in prompt] + [(n.start + 16, n.length, n.pitch) for n in answer]
    )


def test_a_second_drag_works_even_if_the_file_was_moved_away(three):
    first = file_in(three.model.mimeData([three.model.index(0)]))
    assert file_in(three.model.mimeData([three.model.index(0)])) == first
    first.unlink()
    assert file_in(three.model.mimeData([three.model.index(0)])) == first
    assert first.exists()


def test_other_music_never_takes_the_file_of_what_was_dragged_before(three):
    first = file_in(three.model.mimeData([three.model.index(0)]))
    before = first.read_bytes()
    three.add(entry(1, answer=ANSWER[:4]))
    second = file_in(three.model.mimeData([three.model.index(0)]))
    assert second.name == "BachBridge 01 answer (2).mid"
    assert first.read_bytes() == before != second.read_bytes()


def test_several_rows_and_the_session_are_one_file(three):
    rows = [three.model.index(row) for row in (0, 1)]
    assert file_in(three.model.mimeData(rows)).name == "BachBridge 01-02.mid"
    session = file_in(three.model.drag_data(three.model.entries.items))
    assert session.name == "BachBridge 01-03.mid"
    assert len(read_midi(session).notes) == 3 * 20


def test_the_session_is_drawn_away_by_its_button(qtbot, three, monkeypatch):
    carried: list[tuple[str, Qt.DropAction]] = []

    def carry(drag: QDrag, action: Qt.DropAction) -> Qt.DropAction:
        carried.append((file_in(drag.mimeData()).name, action))
        return action

    monkeypatch.setattr(QDrag, "exec", carry)
    (button,) = three.findChildren(SessionButton)
    qtbot.mousePress(button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    qtbot.mouseMove(button, QPoint(8, 8))
    assert carried == []
    qtbot.mouseMove(button, QPoint(5, -40))
    assert carried == [("BachBridge 01-03.mid", Qt.DropAction.CopyAction)]


def test_the_files_are_gone_after_the_end(three, shelf):
    path = file_in(three.model.mimeData([three.model.index(0)]))
    shelf.close()
    assert not path.parent.exists()
    shelf.close()


def test_a_file_that_cannot_be_written_is_said(qtbot, three, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with qtbot.waitSignal(three.refused) as told:
        assert three.model.mimeData([three.model.index(0)]) is None
    assert "temporary folder" in told.args[0]


def test_export_writes_what_was_chosen(qtbot, three, tmp_path):
    three.export_to(tmp_path / "mine", three.selected_entries())
    assert len(read_midi(tmp_path / "mine.mid").notes) == 20
    with qtbot.waitSignal(three.refused) as told:
        three.export_to(tmp_path / "none" / "mine.mid", three.selected_entries())
    assert "choose another folder" in told.args[0]


def test_export_asks_the_system_where_to(qtbot, three, tmp_path, monkeypatch):
    asked: list[str] = []

    def answer(_parent: object, _title: str, proposed: str, _kinds: str) -> tuple[str, str]:
        asked.append(proposed)
        return str(tmp_path / "a.mid"), ""

    monkeypatch.setattr("bachbridge_gui.phrases.panel.QFileDialog.getSaveFileName", answer)
    three.trigger_action("export")
    three.trigger_action("session")
    assert asked == ["BachBridge 03 answer.mid", "BachBridge 01-03.mid"]
    assert len(read_midi(tmp_path / "a.mid").notes) == 60


# ---------------------------------------------------------------- files in


def dropped(phrases: PhrasePanel, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    button, key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(QPoint(20, 20)), Qt.DropAction.CopyAction, data, button, key)
    phrases.dropEvent(event)


def test_a_dropped_file_is_a_prompt(qtbot, three, tmp_path):
    three.export_to(tmp_path / "a.mid", [entry(1)])
    with qtbot.waitSignal(three.promptDropped) as told:
        dropped(three, tmp_path / "a.mid")
    phrase, step_ns = told.args
    assert (len(phrase.notes), phrase.steps, step_ns) == (20, 32, 125_000_000)


def test_our_own_dragged_file_may_be_dropped_from_elsewhere(qtbot, three):
    path = file_in(three.model.mimeData([three.model.index(0)]))
    with qtbot.waitSignal(three.promptDropped):
        dropped(three, path)


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_no_midi_file_is_refused_in_words(qtbot, three, tmp_path, count):
    with qtbot.assertNotEmitted(three.promptDropped), qtbot.waitSignal(three.refused) as told:
        dropped(three, *[tmp_path] * count)
    assert ("is a folder" if count == 1 else "too many") in told.args[0]


def test_what_is_no_file_at_all_is_refused_in_words(qtbot, three):
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.mid")])
    with qtbot.waitSignal(three.refused) as told:
        assert not three.accept_drop(data)
    assert "save it first" in told.args[0]
