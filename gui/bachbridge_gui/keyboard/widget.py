"""The on-screen piano, played with the mouse or the computer keyboard by those who have no MIDI keyboard at hand.

Two rows of the computer keyboard are two octaves (see `computer_keys`). The pressed pitch is stored by hand (the mouse,
or the computer key), so that a release ends the pitch that was pressed, even if the octave changed in between. When the
window can no longer see releases (it loses the focus, is hidden or disabled), all keys are released.
"""

from collections.abc import Callable, Mapping

from PyQt6.QtCore import QEvent, QLocale, QPointF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QSizePolicy, QWidget

from bachbridge.midi import messages as midi
from bachbridge_gui.keyboard import painter as keyboard_painter
from bachbridge_gui.keyboard.computer_keys import KeyLayout, guess_layout, key_labels, semitone_of_key
from bachbridge_gui.keyboard.painter import KeyboardLayout
from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr

_QtKey = Qt.Key
_OCTAVE_DOWN_KEYS = {_QtKey.Key_PageDown, _QtKey.Key_Comma, _QtKey.Key_Less}
_OCTAVE_UP_KEYS = {_QtKey.Key_PageUp, _QtKey.Key_Period, _QtKey.Key_Greater}
_SOFTER_KEY, _LOUDER_KEY = _QtKey.Key_K, _QtKey.Key_L
_SHORTCUT_MODIFIERS = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)
LOWEST_PITCH = 48
"""Pitch of the lowest computer key at octave 0."""
OCTAVE_RANGE = (-3, 3)
VELOCITY_STEP = 12
_CHANNEL = 0
_MOUSE_HAND = -1
"""Hand number of the mouse; that of a computer key is its distance from the lowest note in semitones."""


class PianoKeyboard(QWidget):
    """Plays on channel 1. `send_midi` is called with each MIDI message in the window's thread."""

    octaveChanged = pyqtSignal(int)
    velocityChanged = pyqtSignal(int)

    def __init__(self, send_midi: Callable[[bytes], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._send_midi = send_midi
        self._pitch_by_hand: dict[int, int] = {}
        """Pitch that each hand holds."""
        self._lit: dict[int, int] = {}
        self._octave, self._velocity = 0, 84
        self._show_letters = True
        self._key_layout: KeyLayout = guess_layout(QLocale.system())
        self.setAccessibleName(tr("On-screen piano"))
        self.setAccessibleDescription(
            tr(
                "Play with the mouse (lower on a key is louder), or with the two lower rows of letters and the two "
                "above. Page Up and Page Down change the octave, K plays softer and L louder."
            )
        )
        self.setToolTip(
            tr("Plays like your MIDI keyboard; lower on a key is louder. Page Up/Down: octave, K: softer, L: louder")
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(280, 72)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus_changed)

    def sizeHint(self) -> QSize:
        return QSize(720, 96)

    # ------------------------------------------------------------ properties that the window sets

    @property
    def lit(self) -> Mapping[int, int]:
        """The sounding pitches, with the voice of each."""
        return self._lit

    @lit.setter
    def lit(self, sounding: Mapping[int, int]) -> None:
        if self._lit != sounding:
            self._lit = dict(sounding)
            self.update()

    @property
    def show_letters(self) -> bool:
        """True if the piano keys show the letters of the computer keys."""
        return self._show_letters

    @show_letters.setter
    def show_letters(self, on: bool) -> None:
        self._show_letters = on
        self.update()

    @property
    def octave(self) -> int:
        """Shift of the computer keyboard in octaves."""
        return self._octave

    @octave.setter
    def octave(self, octave: int) -> None:
        octave = max(OCTAVE_RANGE[0], min(OCTAVE_RANGE[1], octave))
        if octave != self._octave:
            self._octave = octave
            self.octaveChanged.emit(octave)
            self.update()

    @property
    def velocity(self) -> int:
        """Velocity of notes from the computer keyboard, 1 to 127."""
        return self._velocity

    @velocity.setter
    def velocity(self, velocity: int) -> None:
        velocity = max(1, min(127, velocity))
        if velocity != self._velocity:
            self._velocity = velocity
            self.velocityChanged.emit(velocity)

    @property
    def key_layout(self) -> KeyLayout:
        """The letters on the computer's keys."""
        return self._key_layout

    @key_layout.setter
    def key_layout(self, layout: KeyLayout) -> None:
        self._key_layout = layout
        self.update()

    # ------------------------------------------------------------ pressing and releasing keys

    @property
    def held_pitches(self) -> frozenset[int]:
        """The pitches that are held down on this piano."""
        return frozenset(self._pitch_by_hand.values())

    def _press(self, hand: int, pitch: int, velocity: int) -> None:
        self._release(hand)
        if 0 <= pitch <= 127:
            if pitch not in self._pitch_by_hand.values():
                self._send_midi(midi.note_on(_CHANNEL, pitch, velocity))
            self._pitch_by_hand[hand] = pitch
            self.update()

    def _release(self, hand: int) -> None:
        pitch = self._pitch_by_hand.pop(hand, None)
        if pitch is not None and pitch not in self._pitch_by_hand.values():
            self._send_midi(midi.note_off(_CHANNEL, pitch))
        self.update()

    def release_all(self) -> None:
        """Release all keys."""
        for hand in tuple(self._pitch_by_hand):
            self._release(hand)

    def accepts_key(self, event: QKeyEvent) -> bool:
        """Return True if the pressed key plays a note or changes the octave or the velocity."""
        key = event.key()
        playing = self._semitone(event) is not None or key in {
            *_OCTAVE_DOWN_KEYS,
            *_OCTAVE_UP_KEYS,
            _SOFTER_KEY,
            _LOUDER_KEY,
        }
        return playing and not event.modifiers() & _SHORTCUT_MODIFIERS

    def handle_key(self, event: QKeyEvent) -> bool:
        """Handle the press or release of a key; return False if it means nothing to the piano."""
        semitone = self._semitone(event)
        if event.type() == QEvent.Type.KeyRelease:
            is_held = semitone in self._pitch_by_hand
            if semitone is not None and is_held and not event.isAutoRepeat():
                self._release(semitone)
            return is_held
        if event.modifiers() & _SHORTCUT_MODIFIERS:
            return False
        if semitone is not None:
            if not event.isAutoRepeat() and semitone not in self._pitch_by_hand:
                self._press(semitone, LOWEST_PITCH + 12 * self._octave + semitone, self._velocity)
            return True
        return self._handle_adjustment_key(event.key())

    def _semitone(self, event: QKeyEvent) -> int | None:
        return semitone_of_key(event.key(), event.nativeScanCode(), self._key_layout, QApplication.platformName())

    def _handle_adjustment_key(self, key: int) -> bool:
        """Change the octave or the velocity; return False if the key does neither."""
        if key in _OCTAVE_DOWN_KEYS | _OCTAVE_UP_KEYS:
            self.octave += 1 if key in _OCTAVE_UP_KEYS else -1
        elif key in {_SOFTER_KEY, _LOUDER_KEY}:
            self.velocity += VELOCITY_STEP if key == _LOUDER_KEY else -VELOCITY_STEP
        else:
            return False
        return True

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        if a0 is not None and not self.handle_key(a0):
            super().keyPressEvent(a0)

    def keyReleaseEvent(self, a0: QKeyEvent | None) -> None:
        if a0 is not None and not self.handle_key(a0):
            super().keyReleaseEvent(a0)

    def _press_at(self, position: QPointF) -> None:
        """Press the key under the mouse and release the key that it slid away from."""
        pitch = self._layout().pitch_at(position.x(), position.y())
        if pitch is None:
            self._release(_MOUSE_HAND)
        elif self._pitch_by_hand.get(_MOUSE_HAND) != pitch:
            self._press(_MOUSE_HAND, pitch, self._layout().velocity_at(pitch, position.y()))

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton:
            self._press_at(a0.position())

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:
        if a0 is not None and a0.buttons() & Qt.MouseButton.LeftButton:
            self._press_at(a0.position())

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton:
            self._release(_MOUSE_HAND)

    def _on_focus_changed(self, _: QWidget | None, now: QWidget | None) -> None:
        """Release all keys when a text field gets the focus: the piano sees no key releases any more."""
        if isinstance(now, QLineEdit | QAbstractSpinBox):
            self.release_all()

    def focusOutEvent(self, a0: QFocusEvent | None) -> None:
        self.release_all()
        super().focusOutEvent(a0)
        self.update()

    def focusInEvent(self, a0: QFocusEvent | None) -> None:
        super().focusInEvent(a0)
        self.update()

    def hideEvent(self, a0: QHideEvent | None) -> None:
        self.release_all()
        super().hideEvent(a0)

    def event(self, a0: QEvent | None) -> bool:
        if a0 is not None and a0.type() in {QEvent.Type.WindowDeactivate, QEvent.Type.EnabledChange}:
            self.release_all()
        return super().event(a0)

    # ------------------------------------------------------------ painting

    def _layout(self) -> KeyboardLayout:
        return KeyboardLayout.for_size(self.width(), self.height(), LOWEST_PITCH + 12 * self._octave)

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        lit = {**self._lit, **dict.fromkeys(self._pitch_by_hand.values(), PLAYER)}
        lowest = LOWEST_PITCH + 12 * self._octave
        labels = key_labels(self._key_layout) if self._show_letters else ""
        letters = {lowest + semitone: letter for semitone, letter in enumerate(labels)}
        keyboard_painter.paint_piano(painter, self.palette(), self._layout(), lit, letters, focused=self.hasFocus())
