"""The computer's keys in the whole window: Esc is panic, and letters play the screen piano."""

import pytest
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Midi, Panic
from tests.gui.opened_window import native_window, top_bar_button
from tests.support.assembled_window import WindowHarness

ON, OFF = midi.note_on(0, 48, 84), midi.note_off(0, 48)


def sent_midi(opened: WindowHarness) -> list[bytes]:
    return [message.data for message in opened.engine_received(Midi) if isinstance(message, Midi)]


def test_esc_is_panic_wherever_the_focus_is(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    roots = (opened.parts.roll, opened.parts.phrases.view, opened.parts.keyboard)
    spins = [spin for spin in opened.parts.controls.findChildren(QSpinBox) if spin.isVisible() and spin.isEnabled()]
    for number, widget in enumerate((*roots, spins[0]), 1):
        widget.setFocus()
        qtbot.keyClick(native_window(opened), Qt.Key.Key_Escape)
        assert len(opened.engine_received(Panic)) == number


def test_esc_in_learn_mode_goes_back_without_panic(opened: WindowHarness, qtbot: QtBot) -> None:
    midi_learn = opened.midi_learn
    midi_learn.set_active(active=True)
    midi_learn.arm("temperature")
    opened.parts.roll.setFocus()
    qtbot.keyClick(native_window(opened), Qt.Key.Key_Escape)
    assert (midi_learn.active, midi_learn.armed_target) == (True, None)
    qtbot.keyClick(native_window(opened), Qt.Key.Key_Escape)
    assert not midi_learn.active
    assert not opened.engine_received(Panic)
    qtbot.keyClick(native_window(opened), Qt.Key.Key_Escape)
    assert opened.engine_received(Panic)


def test_computer_key_plays_only_while_piano_is_shown(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.parts.roll.setFocus()
    qtbot.keyClick(native_window(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == []
    qtbot.mouseClick(top_bar_button(opened, "Piano"), Qt.MouseButton.LeftButton)
    qtbot.keyClick(native_window(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]
    qtbot.mouseClick(top_bar_button(opened, "Piano"), Qt.MouseButton.LeftButton)
    qtbot.keyClick(native_window(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]


def test_phrase_list_keeps_its_keys_without_piano(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.play_exchange(60, 62, 64)
    opened.parts.phrases.view.setFocus()
    qtbot.keyClick(native_window(opened), Qt.Key.Key_K)
    assert opened.parts.phrases.selected_entries()[0].kept


def test_computer_keys_do_not_play_while_typing(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    spin = opened.parts.preset_bar.program_box
    box = opened.parts.preset_bar.preset_box
    box.save_as.trigger()
    assert box.edit.hasFocus()
    qtbot.keyClicks(box.edit, "zx")
    qtbot.keyClick(native_window(opened), Qt.Key.Key_C)
    assert box.edit.text() == "zxc"
    spin.setEnabled(True)
    spin.setFocus()
    qtbot.keyClick(native_window(opened), Qt.Key.Key_2)
    assert sent_midi(opened) == []


def test_letters_play_while_number_field_has_focus(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    spin = opened.parts.preset_bar.program_box
    spin.setEnabled(True)
    spin.setFocus()
    qtbot.keyClick(native_window(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]


def test_computer_keys_do_not_play_while_piano_is_hidden(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.window.show_compact(on=True)
    qtbot.keyClick(native_window(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == []


def test_repeated_key_plays_once(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyPress(native_window(opened), Qt.Key.Key_Z)
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress) * 3:
        repeat = QKeyEvent(kind, Qt.Key.Key_Z, Qt.KeyboardModifier.NoModifier, "z", autorep=True)
        opened.window.eventFilter(native_window(opened), repeat)
    assert sent_midi(opened) == [ON]
    qtbot.keyRelease(native_window(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]


def test_keys_are_released_when_window_loses_focus(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyPress(native_window(opened), Qt.Key.Key_Z)
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not opened.window.isActiveWindow())
    assert sent_midi(opened) == [ON, OFF]


def test_key_released_while_typing_ends_its_note(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyPress(native_window(opened), Qt.Key.Key_Z)
    opened.parts.preset_bar.preset_box.save_as.trigger()
    qtbot.keyRelease(native_window(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]


@pytest.mark.parametrize("ending", ["panic", "piano off", "compact", "close"])
def test_screen_piano_leaves_no_note_hanging(opened: WindowHarness, qtbot: QtBot, ending: str) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyPress(native_window(opened), Qt.Key.Key_Z)
    match ending:
        case "panic":
            opened.store.give_command("panic")
        case "piano off":
            opened.window.show_keyboard(on=False)
        case "compact":
            opened.window.show_compact(on=True)
        case _:
            opened.window.close()
    assert sent_midi(opened) == [ON, OFF]


def test_control_shortcut_plays_no_note(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyClick(native_window(opened), Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert opened.state.view == "score"
    assert sent_midi(opened) == []


def test_sounding_notes_are_lit_on_piano(opened: WindowHarness) -> None:
    opened.window.show_keyboard(on=True)
    opened.engine.feed(Midi(midi.note_on(0, 62, 80)))
    opened.advance()
    assert dict(opened.parts.keyboard.lit) == {62: -1}
