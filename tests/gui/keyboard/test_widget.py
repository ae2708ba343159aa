"""The on-screen piano: what it plays when pressed, and that no key stays down."""

import pytest
from PyQt6.QtCore import QEvent, QPoint, Qt
from PyQt6.QtGui import QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from bachbridge.midi import messages as midi
from bachbridge_gui.keyboard.computer_keys import key_labels
from bachbridge_gui.keyboard.painter import KeyboardLayout
from bachbridge_gui.keyboard.widget import PianoKeyboard

KEY, PRESS, RELEASE = Qt.Key, QEvent.Type.KeyPress, QEvent.Type.KeyRelease
LEFT = Qt.MouseButton.LeftButton


class MidiRecorder(list[bytes]):
    """The MIDI messages that the piano sent."""

    def pop_texts(self) -> list[str]:
        """Return the messages as texts like "on 60", and forget them."""
        texts = [f"{'on' if data[0] == 0x90 else 'off'} {data[1]}" for data in self]
        self.clear()
        return texts


@pytest.fixture
def sent() -> MidiRecorder:
    return MidiRecorder()


@pytest.fixture
def keyboard(qtbot, sent) -> PianoKeyboard:
    keyboard = PianoKeyboard(sent.append)
    qtbot.addWidget(keyboard)
    keyboard.resize(720, 96)
    keyboard.show()
    return keyboard


def send_key(
    keyboard: PianoKeyboard, key: Qt.Key, kind: QEvent.Type = PRESS, *, repeated: bool = False, modifiers=None
) -> bool:
    held = modifiers or Qt.KeyboardModifier.NoModifier
    return keyboard.handle_key(QKeyEvent(kind, key, held, "", repeated))


def key_point(keyboard: PianoKeyboard, pitch: int, share: float = 0.9) -> QPoint:
    area = KeyboardLayout.for_size(keyboard.width(), keyboard.height(), 48 + 12 * keyboard.octave).key_rect(pitch)
    return QPoint(round(area.center().x()), round(area.height() * share))


def test_piano_computer_keys_play_two_octaves(keyboard, sent):
    for key in (KEY.Key_Z, KEY.Key_S, KEY.Key_M, KEY.Key_Q, KEY.Key_2, KEY.Key_I):
        assert send_key(keyboard, key)
        assert send_key(keyboard, key, RELEASE)
    assert [text for text in sent.pop_texts() if "on" in text] == ["on 48", "on 49", "on 59", "on 60", "on 61", "on 72"]
    assert keyboard.held_pitches == frozenset()


def test_piano_sends_channel_1_with_velocity(keyboard, sent):
    keyboard.velocity = 101
    send_key(keyboard, KEY.Key_Q)
    send_key(keyboard, KEY.Key_Q, RELEASE)
    assert list(sent) == [midi.note_on(0, 60, 101), midi.note_off(0, 60)]


def test_piano_ignores_key_repeat(keyboard, sent):
    send_key(keyboard, KEY.Key_Z)
    assert send_key(keyboard, KEY.Key_Z, repeated=True)
    assert send_key(keyboard, KEY.Key_Z, RELEASE, repeated=True)
    assert sent.pop_texts() == ["on 48"]


def test_piano_octave_shift_releases_pressed_pitch(qtbot, keyboard, sent):
    send_key(keyboard, KEY.Key_Z)
    with qtbot.waitSignal(keyboard.octaveChanged) as shifted:
        assert send_key(keyboard, KEY.Key_PageUp)
    assert shifted.args == [1]
    send_key(keyboard, KEY.Key_Z, RELEASE)
    send_key(keyboard, KEY.Key_Z)
    assert sent.pop_texts() == ["on 48", "off 48", "on 60"]


def test_piano_limits_octave_and_velocity(keyboard):
    for _ in range(20):
        send_key(keyboard, KEY.Key_PageDown)
        send_key(keyboard, KEY.Key_L)
    assert (keyboard.octave, keyboard.velocity) == (-3, 127)
    keyboard.octave, keyboard.velocity = 99, -5
    assert (keyboard.octave, keyboard.velocity) == (3, 1)


def test_piano_ignores_shortcuts_and_other_keys(keyboard, sent):
    assert not send_key(keyboard, KEY.Key_Z, modifiers=Qt.KeyboardModifier.ControlModifier)
    assert not send_key(keyboard, KEY.Key_Escape)
    assert not send_key(keyboard, KEY.Key_X, RELEASE)
    assert sent.pop_texts() == []


def test_piano_mouse_slides_from_key_to_key(qtbot, keyboard, sent):
    qtbot.mousePress(keyboard, LEFT, pos=key_point(keyboard, 60))
    for pitch in (62, 64):
        point = key_point(keyboard, pitch)
        QApplication.sendEvent(keyboard, mouse_move(point, keyboard.mapToGlobal(point)))
    qtbot.mouseRelease(keyboard, LEFT, pos=key_point(keyboard, 64))
    assert sent.pop_texts() == ["on 60", "off 60", "on 62", "off 62", "on 64", "off 64"]


def mouse_move(position: QPoint, global_position: QPoint) -> QMouseEvent:
    kind, none = QEvent.Type.MouseMove, Qt.KeyboardModifier.NoModifier
    return QMouseEvent(kind, position.toPointF(), global_position.toPointF(), Qt.MouseButton.NoButton, LEFT, none)


def test_piano_releases_when_mouse_slides_off(qtbot, keyboard, sent):
    qtbot.mousePress(keyboard, LEFT, pos=key_point(keyboard, 60))
    QApplication.sendEvent(keyboard, mouse_move(QPoint(100, -30), keyboard.mapToGlobal(QPoint(100, -30))))
    assert sent.pop_texts() == ["on 60", "off 60"]


def test_piano_plays_louder_lower_on_a_key(qtbot, keyboard, sent):
    for share in (0.7, 0.95):
        qtbot.mousePress(keyboard, LEFT, pos=key_point(keyboard, 60, share))
        qtbot.mouseRelease(keyboard, LEFT, pos=key_point(keyboard, 60, share))
    soft, loud = (data[2] for data in sent if data[0] == 0x90)
    assert 1 <= soft < loud <= 127


def test_piano_black_keys_lie_above_white_ones(qtbot, keyboard, sent):
    qtbot.mousePress(keyboard, LEFT, pos=key_point(keyboard, 61, 0.5))
    assert sent.pop_texts() == ["on 61"]


def test_piano_pitch_sounds_until_mouse_and_key_release(qtbot, keyboard, sent):
    send_key(keyboard, KEY.Key_Q)
    qtbot.mousePress(keyboard, LEFT, pos=key_point(keyboard, 60))
    send_key(keyboard, KEY.Key_Q, RELEASE)
    assert sent.pop_texts() == ["on 60"]
    qtbot.mouseRelease(keyboard, LEFT, pos=key_point(keyboard, 60))
    assert sent.pop_texts() == ["off 60"]


def test_piano_releases_all_on_focus_loss(qtbot, sent):
    window = QWidget()
    qtbot.addWidget(window)
    column, keyboard, text_field = QVBoxLayout(window), PianoKeyboard(sent.append), QLineEdit()
    column.addWidget(keyboard)
    column.addWidget(text_field)
    window.show()
    keyboard.setFocus()
    qtbot.waitUntil(keyboard.hasFocus)
    qtbot.keyPress(keyboard, KEY.Key_Z)
    qtbot.keyPress(keyboard, KEY.Key_C)
    text_field.setFocus()
    assert sent.pop_texts() == ["on 48", "on 52", "off 48", "off 52"]
    assert not send_key(keyboard, KEY.Key_Z, RELEASE)


@pytest.mark.parametrize("how", ["hide", "deactivate", "disable"])
def test_piano_releases_all_when_hidden_or_disabled(keyboard, sent, how):
    send_key(keyboard, KEY.Key_Z)
    match how:
        case "hide":
            keyboard.hide()
        case "disable":
            keyboard.setEnabled(False)
        case _:
            QApplication.sendEvent(keyboard, QEvent(QEvent.Type.WindowDeactivate))
    assert sent.pop_texts() == ["on 48", "off 48"]


def test_piano_plays_no_pitch_beyond_midi(keyboard, sent):
    keyboard.octave = 3
    for label in key_labels("qwerty"):
        send_key(keyboard, Qt.Key(ord(label)))
    assert all(data[1] <= 127 for data in sent)
    assert max(data[1] for data in sent) == 108


def test_piano_lights_keys_in_voice_colours(keyboard):
    before = keyboard.grab().toImage().pixelColor(key_point(keyboard, 67))
    keyboard.lit = {67: 0}
    after = keyboard.grab().toImage().pixelColor(key_point(keyboard, 67))
    keyboard.lit = {67: 3}
    other = keyboard.grab().toImage().pixelColor(key_point(keyboard, 67))
    assert len({before.name(), after.name(), other.name()}) == 3


def test_keyboard_layout_shows_computer_key_range():
    for width in range(200, 2000, 50):
        for octave in range(-3, 4):
            lowest = 48 + 12 * octave
            layout = KeyboardLayout.for_size(width, 96, lowest)
            assert layout.low_pitch <= lowest
            assert lowest + 24 <= layout.high_pitch


def test_piano_releases_all_when_user_starts_typing(qtbot, sent):
    """The window passes keys to the piano wherever the focus is, but sees no key releases in a text field."""
    window = QWidget()
    qtbot.addWidget(window)
    column, keyboard, text_field = QVBoxLayout(window), PianoKeyboard(sent.append), QLineEdit()
    button = QPushButton()
    for widget in (button, keyboard, text_field):
        column.addWidget(widget)
    window.show()
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    send_key(keyboard, KEY.Key_Z)
    text_field.setFocus()
    assert sent.pop_texts() == ["on 48", "off 48"]
