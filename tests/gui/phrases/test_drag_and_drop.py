"""Files of the phrase panel: dragging rows out, exporting, and dropping files in."""

import threading
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDrag, QDropEvent

from bachbridge.files.midi_reader import read_midi
from bachbridge.music.notes import Phrase
from bachbridge_gui.phrases import file_reader
from bachbridge_gui.phrases.list_view import SessionButton
from bachbridge_gui.phrases.panel import PhrasePanel
from tests.support.sample_exchanges import ANSWER, make_exchange


def file_in(data: QMimeData | None) -> Path:
    assert data is not None
    (url,) = data.urls()
    return Path(url.toLocalFile())


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


def test_drop_reads_the_file_off_the_windows_thread(qtbot, filled_panel, tmp_path, monkeypatch):
    threads: list[str] = []

    def phrase_from_file(path: Path, warn: object) -> tuple[Phrase, int]:
        threads.append(threading.current_thread().name)
        return Phrase((), 16), 125_000_000

    monkeypatch.setattr(file_reader, "phrase_from_file", phrase_from_file)
    path = tmp_path / "a.mid"
    path.touch()
    with qtbot.waitSignal(filled_panel.promptDropped):
        drop_files(filled_panel, path)
    assert threads == ["dropped file"]


def test_only_the_file_that_was_dropped_last_counts(qtbot, filled_panel, tmp_path):
    (tmp_path / "a.mid").write_bytes(b"MThd")
    filled_panel.export_to(tmp_path / "b.mid", [make_exchange(1)])
    with qtbot.assertNotEmitted(filled_panel.refused), qtbot.waitSignal(filled_panel.promptDropped):
        drop_files(filled_panel, tmp_path / "a.mid")
        drop_files(filled_panel, tmp_path / "b.mid")


def test_damaged_file_that_is_dropped_is_refused(qtbot, filled_panel, tmp_path):
    (tmp_path / "a.mid").write_bytes(b"MThd")
    with qtbot.assertNotEmitted(filled_panel.promptDropped), qtbot.waitSignal(filled_panel.refused) as signal:
        drop_files(filled_panel, tmp_path / "a.mid")
    assert signal.args[0].startswith("a.mid is truncated or damaged")
