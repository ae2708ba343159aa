"""The phrase panel: its model, its shortcuts, and dragging and dropping of files."""

from collections.abc import Iterator
from dataclasses import replace
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


def make_exchange(number: int, **other: object) -> Exchange:
    prompt = Phrase(tuple(Note(4 * beat, 4, 60 + number + beat) for beat in range(4)), 16, 16, 0)
    exchange = Exchange(number, prompt, ANSWER, 16, 125_000_000, NOON + timedelta(minutes=number))
    return replace(exchange, **other)


@pytest.fixture
def drag_files() -> Iterator[DragFiles]:
    drag_files = DragFiles()
    yield drag_files
    drag_files.close()


@pytest.fixture
def panel(qtbot, drag_files) -> PhrasePanel:
    panel = PhrasePanel(drag_files)
    qtbot.addWidget(panel)
    panel.resize(360, 480)
    panel.show()
    return panel


@pytest.fixture
def filled_panel(panel) -> PhrasePanel:
    for number in (1, 2, 3):
        panel.add(make_exchange(number))
    return panel


def all_numbers(panel: PhrasePanel) -> list[int]:
    return [item.number for item in panel.model.entries.items]


def selected_numbers(panel: PhrasePanel) -> list[int]:
    return [item.number for item in panel.selected_entries()]


def file_in(data: QMimeData | None) -> Path:
    assert data is not None
    (url,) = data.urls()
    return Path(url.toLocalFile())


def test_phrase_model_passes_qt_model_tester(qtbot, drag_files):
    model = PhraseListModel(drag_files, limit=20)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for number in range(1, 24):
        model.add(make_exchange(number))
    assert model.rowCount() == 20
    model.add(make_exchange(7))
    model.delete([0, 5, 19])
    model.set_kept([0, 1], kept=True)
    assert model.setData(model.index(3), "Mine")
    assert model.undo() == [0, 5, 19]
    assert model.data(model.index(4)) == "Mine"
    assert tester.model() is model


def test_panel_selects_newest_unless_older_one_is_selected(filled_panel):
    assert selected_numbers(filled_panel) == [3]
    filled_panel.select_phrase(1)
    filled_panel.add(make_exchange(4))
    assert selected_numbers(filled_panel) == [1]


def test_panel_enter_plays_and_a_asks_again(qtbot, filled_panel):
    with qtbot.waitSignal(filled_panel.playRequested) as played:
        qtbot.keyClick(filled_panel.view, Key.Key_Return)
    assert played.args == [make_exchange(3)]
    with qtbot.waitSignal(filled_panel.anotherAnswerRequested) as asked:
        qtbot.keyClick(filled_panel.view, Key.Key_A)
    assert asked.args == [make_exchange(3)]


def test_panel_arrow_keys_select(qtbot, filled_panel):
    with qtbot.waitSignal(filled_panel.selected) as signal:
        qtbot.keyClick(filled_panel.view, Key.Key_Up)
    assert signal.args == [2]


def test_panel_k_toggles_kept(qtbot, filled_panel):
    qtbot.keyClick(filled_panel.view, Key.Key_K)
    assert filled_panel.selected_entries()[0].kept
    assert filled_panel.phrase_actions["keep"].text() == "Don't keep"
    qtbot.keyClick(filled_panel.view, Key.Key_K)
    assert not filled_panel.selected_entries()[0].kept


def test_panel_f2_renames_in_place(qtbot, filled_panel):
    qtbot.keyClick(filled_panel.view, Key.Key_F2)
    editor = filled_panel.view.findChild(QLineEdit)
    assert editor is not None
    assert editor.placeholderText() == "Eb4 E4 F4 …"
    qtbot.keyClicks(editor, "A kk")
    with qtbot.assertNotEmitted(filled_panel.playRequested):
        qtbot.keyClick(editor, Key.Key_Return)
        qtbot.waitUntil(lambda: filled_panel.selected_entries()[0].name == "A kk")
    assert not filled_panel.selected_entries()[0].kept


def test_panel_delete_is_undone_by_shortcut_and_bar(qtbot, filled_panel):
    assert not filled_panel.undo_bar.isVisible()
    filled_panel.view.select_rows([0, 1])
    qtbot.keyClick(filled_panel.view, Key.Key_Delete)
    assert all_numbers(filled_panel) == [3]
    assert filled_panel.undo_bar.label.text() == "Deleted 2 phrases"
    qtbot.keyClick(filled_panel.view, Key.Key_Delete)
    assert filled_panel.undo_bar.label.text() == "Deleted “Eb4 E4 F4 …”"
    assert filled_panel.undo_bar.isVisible()
    filled_panel.undo_action.trigger()
    assert all_numbers(filled_panel) == [3]
    assert not filled_panel.undo_bar.isVisible()
    qtbot.keyClick(filled_panel.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert all_numbers(filled_panel) == [1, 2, 3]
    assert selected_numbers(filled_panel) == [1, 2]
    assert not filled_panel.undo_action.isEnabled()


def test_panel_disabled_actions_explain_why(filled_panel, panel):
    filled_panel.view.clearSelection()
    assert not filled_panel.phrase_actions["play"].isEnabled()
    assert filled_panel.phrase_actions["play"].toolTip() == "Select a phrase first."
    filled_panel.view.select_rows([0, 1])
    assert filled_panel.phrase_actions["another"].toolTip() == "Select a single phrase."
    assert filled_panel.phrase_actions["export"].isEnabled()
    filled_panel.add(make_exchange(4, mode="harmonize"))
    filled_panel.select_phrase(4)
    assert filled_panel.phrase_actions["another"].toolTip() == WAS_HARMONIZED
    filled_panel.select_phrase(1)
    filled_panel.set_ask_obstacle("The model is loading.")
    assert filled_panel.phrase_actions["another"].toolTip() == "The model is loading."
    filled_panel.set_ask_obstacle("")
    assert filled_panel.phrase_actions["another"].toolTip() == "Hear a different answer to the same phrase (A)"


def test_panel_empty_shows_hint_and_reasons(panel):
    assert all(action.toolTip() == "Nothing has been played yet." for action in panel.phrase_actions.values())
    assert not panel.view.isVisible()
    panel.add(make_exchange(1))
    assert panel.view.isVisible()
    assert all(action.isEnabled() for action in panel.phrase_actions.values())


def test_panel_menu_has_all_actions(filled_panel):
    assert [action.text() for action in filled_panel.make_menu().actions()] == [
        "Play again",
        "Another answer",
        "Keep",
        "Rename",
        "Delete",
        "Export…",
        "Whole session…",
        "Undo",
    ]


def test_panel_widgets_have_accessible_names(filled_panel):
    widgets = [
        child
        for child in filled_panel.findChildren(QWidget)
        if not child.objectName().startswith("qt_") and not isinstance(child, QScrollBar)
    ]
    assert len(widgets) > 10
    assert [type(child) for child in widgets if not child.accessibleName()] == []


def test_panel_paints_rows_without_notes_and_narrow(filled_panel):
    filled_panel.add(
        make_exchange(4, answer=(), kept=True, name="A name that is far too long for the list that it stands in")
    )
    filled_panel.add(make_exchange(5, prompt=Phrase((), 0)))
    filled_panel.resize(120, 400)
    assert not filled_panel.grab().isNull()


# ---------------------------------------------------------------- files out


def test_drag_file_holds_the_notes_of_the_row(filled_panel):
    path = file_in(filled_panel.model.mimeData([filled_panel.model.index(0)]))
    assert path.name == "BachBridge 01 answer.mid"
    song = read_midi(path)
    assert song.track_names[1:] == ("Player", "Soprano", "Alto", "Tenor", "Bass")
    notes = sorted((note.start, note.length, note.pitch) for note in song.phrase.notes)
    prompt, answer = make_exchange(1).prompt.notes, make_exchange(1).answer
    assert notes == sorted(
        [(n.start, n.length, n.pitch) for n in prompt] + [(n.start + 16, n.length, n.pitch) for n in answer]
    )


def test_drag_works_again_after_file_was_moved(filled_panel):
    first = file_in(filled_panel.model.mimeData([filled_panel.model.index(0)]))
    assert file_in(filled_panel.model.mimeData([filled_panel.model.index(0)])) == first
    first.unlink()
    assert file_in(filled_panel.model.mimeData([filled_panel.model.index(0)])) == first
    assert first.exists()


def test_drag_never_overwrites_an_earlier_file(filled_panel):
    first = file_in(filled_panel.model.mimeData([filled_panel.model.index(0)]))
    before = first.read_bytes()
    filled_panel.add(make_exchange(1, answer=ANSWER[:4]))
    second = file_in(filled_panel.model.mimeData([filled_panel.model.index(0)]))
    assert second.name == "BachBridge 01 answer (2).mid"
    assert first.read_bytes() == before != second.read_bytes()


def test_drag_of_several_rows_is_one_file(filled_panel):
    rows = [filled_panel.model.index(row) for row in (0, 1)]
    assert file_in(filled_panel.model.mimeData(rows)).name == "BachBridge 01-02.mid"
    session = file_in(filled_panel.model.drag_data(filled_panel.model.entries.items))
    assert session.name == "BachBridge 01-03.mid"
    assert len(read_midi(session).notes) == 3 * 20


def test_session_button_drags_the_session(qtbot, filled_panel, monkeypatch):
    dragged: list[tuple[str, Qt.DropAction]] = []

    def record_drag(drag: QDrag, action: Qt.DropAction) -> Qt.DropAction:
        dragged.append((file_in(drag.mimeData()).name, action))
        return action

    monkeypatch.setattr(QDrag, "exec", record_drag)
    (button,) = filled_panel.findChildren(SessionButton)
    qtbot.mousePress(button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    qtbot.mouseMove(button, QPoint(8, 8))
    assert dragged == []
    qtbot.mouseMove(button, QPoint(5, -40))
    assert dragged == [("BachBridge 01-03.mid", Qt.DropAction.CopyAction)]


def test_drag_files_are_deleted_on_close(filled_panel, drag_files):
    path = file_in(filled_panel.model.mimeData([filled_panel.model.index(0)]))
    drag_files.close()
    assert not path.parent.exists()
    drag_files.close()


def test_drag_reports_unwritable_file(qtbot, filled_panel, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with qtbot.waitSignal(filled_panel.refused) as signal:
        assert filled_panel.model.mimeData([filled_panel.model.index(0)]) is None
    assert "temporary folder" in signal.args[0]


def test_export_writes_selected_phrases(qtbot, filled_panel, tmp_path):
    filled_panel.export_to(tmp_path / "mine", filled_panel.selected_entries())
    assert len(read_midi(tmp_path / "mine.mid").notes) == 20
    with qtbot.waitSignal(filled_panel.refused) as signal:
        filled_panel.export_to(tmp_path / "none" / "mine.mid", filled_panel.selected_entries())
    assert "choose another folder" in signal.args[0]


def test_export_asks_for_file_name(qtbot, filled_panel, tmp_path, monkeypatch):
    proposals: list[str] = []

    def choose_file(_parent: object, _title: str, proposed: str, _kinds: str) -> tuple[str, str]:
        proposals.append(proposed)
        return str(tmp_path / "a.mid"), ""

    monkeypatch.setattr("bachbridge_gui.phrases.panel.QFileDialog.getSaveFileName", choose_file)
    filled_panel.trigger_action("export")
    filled_panel.trigger_action("session")
    assert proposals == ["BachBridge 03 answer.mid", "BachBridge 01-03.mid"]
    assert len(read_midi(tmp_path / "a.mid").notes) == 60


# ---------------------------------------------------------------- files in


def drop_files(panel: PhrasePanel, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    button, key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(QPoint(20, 20)), Qt.DropAction.CopyAction, data, button, key)
    panel.dropEvent(event)


def test_drop_makes_prompt_of_midi_file(qtbot, filled_panel, tmp_path):
    filled_panel.export_to(tmp_path / "a.mid", [make_exchange(1)])
    with qtbot.waitSignal(filled_panel.promptDropped) as signal:
        drop_files(filled_panel, tmp_path / "a.mid")
    phrase, step_ns = signal.args
    assert (len(phrase.notes), phrase.steps, step_ns) == (20, 32, 125_000_000)


def test_drop_accepts_our_own_dragged_file(qtbot, filled_panel):
    path = file_in(filled_panel.model.mimeData([filled_panel.model.index(0)]))
    with qtbot.waitSignal(filled_panel.promptDropped):
        drop_files(filled_panel, path)


@pytest.mark.parametrize("count", [1, 2])
def test_drop_refuses_other_files_with_reason(qtbot, filled_panel, tmp_path, count):
    with qtbot.assertNotEmitted(filled_panel.promptDropped), qtbot.waitSignal(filled_panel.refused) as signal:
        drop_files(filled_panel, *[tmp_path] * count)
    assert ("is a folder" if count == 1 else "too many") in signal.args[0]


def test_drop_refuses_remote_url_with_reason(qtbot, filled_panel):
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.mid")])
    with qtbot.waitSignal(filled_panel.refused) as signal:
        assert not filled_panel.accept_drop(data)
    assert "save it first" in signal.args[0]
