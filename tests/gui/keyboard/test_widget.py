"""The on-screen piano: what it plays when pressed, and that no key stays down."""

import pytest
from PyQt6.QtCore import QEvent, QPoint, Qt
from PyQt6.QtGui import QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from bachbridge.midi import messages as midi
from bachbridge_gui.keyboard.painter import KeyboardLayout
from bachbridge_gui.keyboard.widget import COMPUTER_KEYS, PianoKeyboard

KEY, PRESS, RELEASE = Qt.Key, QEvent.Type.KeyPress, QEvent.Type.KeyRelease
LEFT = Qt.MouseButton.LeftButton


class Played(list[bytes]):
    """What came out, in words."""

    def words(self) -> list[str]:
        found = [f"{'on' if data[0] == 0x90 else 'off'} {data[1]}" for data in self]
        self.clear()
        return found


@pytest.fixture
def played() -> Played:
    return Played()


@pytest.fixture
def keys(qtbot, played) -> PianoKeyboard:
    keys = PianoKeyboard(played.append)
    qtbot.addWidget(keys)
    keys.resize(720, 96)
    keys.show()
    return keys


def typed(keys: PianoKeyboard, key: Qt.Key, kind: QEvent.Type = PRESS, *, again: bool = False, modifiers=None) -> bool:
    held = modifiers or Qt.KeyboardModifier.NoModifier
    return keys.handle_key(QKeyEvent(kind, key, held, "", again))


def place(keys: PianoKeyboard, pitch: int, share: float = 0.9) -> QPoint:
    area = KeyboardLayout.for_size(keys.width(), keys.height(), 48 + 12 * keys.octave).key_rect(pitch)
    return QPoint(round(area.center().x()), round(area.height() * share))


def test_two_octaves_of_computer_keys_play_and_are_let_go(keys, played):
    assert sorted(above for _, above in COMPUTER_KEYS.values()) == list(range(25))
    for key in (KEY.Key_Z, KEY.Key_S, KEY.Key_M, KEY.Key_Q, KEY.Key_2, KEY.Key_I):
        assert typed(keys, key)
        assert typed(keys, key, RELEASE)
    assert [word for word in played.words() if "on" in word] == ["on 48", "on 49", "on 59", "on 60", "on 61", "on 72"]
    assert keys.held_pitches == frozenset()


def test_what_is_played_is_midi_on_channel_1_with_the_velocity(keys, played):
    keys.velocity = 101
    typed(keys, KEY.Key_Q)
    typed(keys, KEY.Key_Q, RELEASE)
    assert list(played) == [midi.note_on(0, 60, 101), midi.note_off(0, 60)]


def test_a_held_key_repeats_nothing(keys, played):
    typed(keys, KEY.Key_Z)
    assert typed(keys, KEY.Key_Z, again=True)
    assert typed(keys, KEY.Key_Z, RELEASE, again=True)
    assert played.words() == ["on 48"]


def test_an_octave_shift_while_a_key_is_held_releases_what_was_struck(qtbot, keys, played):
    typed(keys, KEY.Key_Z)
    with qtbot.waitSignal(keys.octaveChanged) as shifted:
        assert typed(keys, KEY.Key_PageUp)
    assert shifted.args == [1]
    typed(keys, KEY.Key_Z, RELEASE)
    typed(keys, KEY.Key_Z)
    assert played.words() == ["on 48", "off 48", "on 60"]


def test_the_octave_and_the_velocity_stay_within_their_limits(keys):
    for _ in range(20):
        typed(keys, KEY.Key_PageDown)
        typed(keys, KEY.Key_L)
    assert (keys.octave, keys.velocity) == (-3, 127)
    keys.octave, keys.velocity = 99, -5
    assert (keys.octave, keys.velocity) == (3, 1)


def test_shortcuts_and_other_keys_are_left_to_the_window(keys, played):
    assert not typed(keys, KEY.Key_Z, modifiers=Qt.KeyboardModifier.ControlModifier)
    assert not typed(keys, KEY.Key_Escape)
    assert not typed(keys, KEY.Key_X, RELEASE)
    assert played.words() == []


def test_the_mouse_presses_and_slides_from_key_to_key(qtbot, keys, played):
    qtbot.mousePress(keys, LEFT, pos=place(keys, 60))
    for pitch in (62, 64):
        move = place(keys, pitch)
        event_at = keys.mapToGlobal(move)
        QApplication.sendEvent(keys, _moved(move, event_at))
    qtbot.mouseRelease(keys, LEFT, pos=place(keys, 64))
    assert played.words() == ["on 60", "off 60", "on 62", "off 62", "on 64", "off 64"]


def _moved(at: QPoint, everywhere: QPoint):
    kind, none = QEvent.Type.MouseMove, Qt.KeyboardModifier.NoModifier
    return QMouseEvent(kind, at.toPointF(), everywhere.toPointF(), Qt.MouseButton.NoButton, LEFT, none)


def test_sliding_off_the_piano_releases(qtbot, keys, played):
    qtbot.mousePress(keys, LEFT, pos=place(keys, 60))
    QApplication.sendEvent(keys, _moved(QPoint(100, -30), keys.mapToGlobal(QPoint(100, -30))))
    assert played.words() == ["on 60", "off 60"]


def test_lower_on_a_key_is_louder(qtbot, keys, played):
    for share in (0.7, 0.95):
        qtbot.mousePress(keys, LEFT, pos=place(keys, 60, share))
        qtbot.mouseRelease(keys, LEFT, pos=place(keys, 60, share))
    soft, loud = (data[2] for data in played if data[0] == 0x90)
    assert 1 <= soft < loud <= 127


def test_black_keys_lie_above_white_ones(qtbot, keys, played):
    qtbot.mousePress(keys, LEFT, pos=place(keys, 61, 0.5))
    assert played.words() == ["on 61"]


def test_a_pitch_held_by_two_hands_sounds_until_both_let_go(qtbot, keys, played):
    typed(keys, KEY.Key_Q)
    qtbot.mousePress(keys, LEFT, pos=place(keys, 60))
    typed(keys, KEY.Key_Q, RELEASE)
    assert played.words() == ["on 60"]
    qtbot.mouseRelease(keys, LEFT, pos=place(keys, 60))
    assert played.words() == ["off 60"]


def test_when_the_focus_goes_every_key_is_let_go(qtbot, played):
    window = QWidget()
    qtbot.addWidget(window)
    column, keys, line = QVBoxLayout(window), PianoKeyboard(played.append), QLineEdit()
    column.addWidget(keys)
    column.addWidget(line)
    window.show()
    keys.setFocus()
    qtbot.waitUntil(keys.hasFocus)
    qtbot.keyPress(keys, KEY.Key_Z)
    qtbot.keyPress(keys, KEY.Key_C)
    line.setFocus()
    assert played.words() == ["on 48", "on 52", "off 48", "off 52"]
    assert not typed(keys, KEY.Key_Z, RELEASE)


@pytest.mark.parametrize("how", ["hide", "deactivate", "disable"])
def test_when_hands_cannot_be_seen_any_more_every_key_is_let_go(keys, played, how):
    typed(keys, KEY.Key_Z)
    match how:
        case "hide":
            keys.hide()
        case "disable":
            keys.setEnabled(False)
        case _:
            QApplication.sendEvent(keys, QEvent(QEvent.Type.WindowDeactivate))
    assert played.words() == ["on 48", "off 48"]


def test_no_pitch_beyond_midi_is_played(keys, played):
    keys.octave = 3
    for key in COMPUTER_KEYS:
        typed(keys, key)
    assert all(data[1] <= 127 for data in played)
    assert max(data[1] for data in played) == 108


def test_sounding_keys_have_their_voices_colours(keys):
    before = keys.grab().toImage().pixelColor(place(keys, 67))
    keys.lit = {67: 0}
    after = keys.grab().toImage().pixelColor(place(keys, 67))
    keys.lit = {67: 3}
    other = keys.grab().toImage().pixelColor(place(keys, 67))
    assert len({before.name(), after.name(), other.name()}) == 3


def test_the_keys_in_reach_are_always_to_be_seen():
    for width in range(200, 2000, 50):
        for octave in range(-3, 4):
            lowest = 48 + 12 * octave
            layout = KeyboardLayout.for_size(width, 96, lowest)
            assert layout.low_pitch <= lowest
            assert lowest + 24 <= layout.high_pitch


def test_keys_that_are_held_when_somebody_begins_to_type_are_let_go(qtbot, played):
    """The window plays the piano wherever the focus is, but hears nothing of a key that is let go in a text."""
    window = QWidget()
    qtbot.addWidget(window)
    column, keys, line = QVBoxLayout(window), PianoKeyboard(played.append), QLineEdit()
    button = QPushButton()
    for widget in (button, keys, line):
        column.addWidget(widget)
    window.show()
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    typed(keys, KEY.Key_Z)
    line.setFocus()
    assert played.words() == ["on 48", "off 48"]
