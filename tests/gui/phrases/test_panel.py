"""The phrase panel: its model, its shortcuts, its menu and its tooltips."""

from PyQt6.QtCore import Qt
from PyQt6.QtTest import QAbstractItemModelTester
from PyQt6.QtWidgets import QLineEdit, QScrollBar, QWidget

from bachbridge.music.notes import Phrase
from bachbridge_gui.phrases.actions import WAS_HARMONIZED
from bachbridge_gui.phrases.model import PhraseListModel
from bachbridge_gui.phrases.panel import PhrasePanel
from bachbridge_gui.state.exchanges import ExchangeClose, exchange_close_text
from tests.support.sample_exchanges import make_exchange

Key = Qt.Key


def all_numbers(panel: PhrasePanel) -> list[int]:
    return [item.number for item in panel.model.entries.items]


def selected_numbers(panel: PhrasePanel) -> list[int]:
    return [item.number for item in panel.selected_entries()]


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


def test_panel_shows_how_phrases_close(filled_panel):
    filled_panel.model.set_kept([0], kept=True)
    filled_panel.show_closes([(1, ExchangeClose(14, 1.0, "half")), (99, ExchangeClose(14, 1.0, "half"))])
    entry = filled_panel.model.entries[0]
    assert (exchange_close_text(entry), entry.kept) == ("D minor · half cadence", True)
    assert all_numbers(filled_panel) == [1, 2, 3]
    index = filled_panel.model.index(0)
    assert "D minor, half cadence" in str(index.data(Qt.ItemDataRole.AccessibleTextRole))
    assert "D minor · half cadence" in str(index.data(Qt.ItemDataRole.ToolTipRole))
    assert exchange_close_text(make_exchange(1, close=ExchangeClose(14, 0.1))) == "D minor?"
    assert not filled_panel.view.grab().isNull()
