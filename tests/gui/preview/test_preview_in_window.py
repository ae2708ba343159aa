"""The preview sound in the whole window: it yields to a DAW and starts again after a failure."""

from pathlib import Path

from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bachbridge.protocol.notices import Connections, Failed, Received, Sent
from bachbridge.settings import Settings
from tests.gui.opened_window import notice_text
from tests.support.assembled_window import NO_WELCOME, S, WindowHarness


def test_preview_is_off_while_a_daw_listens(opened: WindowHarness) -> None:
    sound = opened.parts.top_bar._switch_buttons["sound"]
    opened.play(60)
    assert any(isinstance(message, Received) for message in opened.preview_process.sent)
    assert sound.isChecked()
    opened.engine.emit(Connections(0, 1))
    opened.advance()
    assert not sound.isChecked()
    known = len(opened.preview_process.sent)
    opened.play(62)
    assert not [message for message in opened.preview_process.sent[known:] if isinstance(message, Received | Sent)]


def test_preview_switched_off_and_on_still_yields_to_daw(opened: WindowHarness, qtbot: QtBot) -> None:
    sound = opened.parts.top_bar._switch_buttons["sound"]
    for _ in range(2):
        qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
        opened.advance()
    assert sound.isChecked()
    opened.engine.emit(Connections(0, 1))
    opened.advance()
    assert not sound.isChecked()
    qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
    opened.advance()
    assert sound.isChecked()
    assert opened.state.prefs.preview == "on"


def test_preview_that_ended_can_be_switched_on_again(opened: WindowHarness, qtbot: QtBot) -> None:
    sound = opened.parts.top_bar._switch_buttons["sound"]
    for _ in range(3):
        opened.play(60)
        opened.preview_process.deliver(None)
        opened.advance()
    assert notice_text(opened) == "The preview sound ended several times: switch it on again to try once more."
    assert not sound.isChecked()
    qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
    opened.advance()
    assert sound.isChecked()


def test_sound_device_that_appears_later_is_used(opened: WindowHarness) -> None:
    opened.play(60)
    opened.preview_process.deliver(Failed("No sound device was found: plug in one."))
    opened.preview_process.deliver(None)
    assert notice_text(opened) == "No sound device was found: plug in one."
    opened.play(62)
    sent_count = len(opened.preview_process.sent)
    opened.advance(20 * S)
    assert len(opened.preview_process.sent) == sent_count
    opened.play(64)
    assert len(opened.preview_process.sent) > sent_count, "the next note has tried the device again"
    opened.advance(10 * S)
    assert notice_text(opened) == ""


def test_passed_on_notes_are_heard_once(tmp_path: Path, qtbot: QtBot) -> None:
    for thru in (True, False):
        opened = WindowHarness(tmp_path, Settings(bpm=120, thru=thru), NO_WELCOME)
        qtbot.addWidget(opened.window)
        opened.play(60)
        opened.advance()
        note_ons = [
            m.data for m in opened.preview_process.sent if isinstance(m, Received | Sent) and m.data[0] & 0xF0 == 0x90
        ]
        assert [data[1] for data in note_ons] == [60]
        opened.window.close()
