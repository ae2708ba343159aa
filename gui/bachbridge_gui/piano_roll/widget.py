"""The piano roll: the notes of player and model as they sound, and planned notes as outlines ahead of the play line.

The roll pulls its data: the window's timer calls `refresh` with the time, and the roll looks at its source then. Some
seconds after the last note the roll becomes idle: its time stands still, and `refresh` does nothing until there is
something new to show.
"""

from PyQt6.QtCore import QEvent, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.piano_roll import axes
from bachbridge_gui.piano_roll.axes import KEYBOARD_PX
from bachbridge_gui.piano_roll.coordinates import SECOND_NS, FoldedPitches, PitchRange, RollScale
from bachbridge_gui.piano_roll.legend import VoiceLegend
from bachbridge_gui.piano_roll.picture import RollPicture
from bachbridge_gui.piano_roll.tile_cache import RollSource, Viewport
from bachbridge_gui.piano_roll.visible_notes import NoteIndex
from bachbridge_gui.state.view_types import PhraseSpan
from bachbridge_gui.translation import tr

MIN_ZOOM_SECONDS, MAX_ZOOM_SECONDS = 2.0, 60.0
"""Limits of the time that the roll shows, in seconds."""
IDLE_AFTER_NS = 3 * SECOND_NS
_PLAY_LINE_FRACTION = 0.7
_PITCH_RANGE_INTERVAL_NS = SECOND_NS // 10
_CLICK_TOLERANCE_PX = 4
"""Logical pixels that the mouse may move during a click."""


class PianoRoll(QWidget):
    """Time runs to the right. While `follow` is set, the play line stays in place and the music moves."""

    followChanged = pyqtSignal(bool)
    zoomChanged = pyqtSignal(float)
    phraseClicked = pyqtSignal(int)

    def __init__(self, source: RollSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._note_index, self._pitch_range, self._folded = NoteIndex(), PitchRange(), FoldedPitches()
        self._picture = RollPicture(source, self._note_index)
        self._seen_revision: int | None = None
        self._now_ns = self._left_ns = self._pitch_range_checked_ns = 0
        self._follow, self._zoom = True, 8.0
        self._selected: int | None = None
        self._pressed: tuple[float, int] | None = None
        self._dragged = False
        self.setAccessibleName(tr("Piano roll"))
        self.setAccessibleDescription(
            tr(
                "Your notes and the answers. Left and right scroll, Home and End go to the beginning and to now, "
                "plus and minus zoom, up and down select a phrase."
            )
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 56)
        self.legend = VoiceLegend(self)
        self.legend.openChanged.connect(self._place_legend)

    def sizeHint(self) -> QSize:
        return QSize(960, 400)

    # ------------------------------------------------------------ properties that the window sets

    @property
    def follow(self) -> bool:
        return self._follow

    @follow.setter
    def follow(self, on: bool) -> None:
        if on != self._follow:
            self._left_ns = self._visible_range_ns()[0]
            self._follow = on
            self.followChanged.emit(on)
            self.update()

    @property
    def zoom(self) -> float:
        """Time that the roll shows, in seconds."""
        return self._zoom

    @zoom.setter
    def zoom(self, seconds: float) -> None:
        self._zoom_about(seconds, 0.5)

    @property
    def selected(self) -> int | None:
        """Number of the selected phrase; None if none is selected."""
        return self._selected

    @selected.setter
    def selected(self, number: int | None) -> None:
        if number != self._selected:
            self._selected = number
            self.update()

    @property
    def is_idle(self) -> bool:
        """True if time stands still on the roll, since nothing sounds or is planned."""
        planned = any((note.end_ns or note.start_ns) > self._now_ns for note in reversed(self._source.planned))
        last_ns = self._note_index.last_end_ns
        return not (
            self._note_index.sounding or planned or (last_ns is not None and self._now_ns - last_ns < IDLE_AFTER_NS)
        )

    def refresh(self, now_ns: int) -> bool:
        """Look at the source and repaint if something may have moved or changed; return True if so."""
        changed = self._source.revision != self._seen_revision
        was_idle = self.is_idle
        if was_idle and not changed:
            return False
        was_idle = was_idle and self._seen_revision is not None  # the first call sets the time in any case
        self._seen_revision = self._source.revision
        self._picture.invalidate(self._note_index.update(self._source.notes), self._scale())
        shown_ns, self._now_ns = self._now_ns, now_ns
        if was_idle and self.is_idle:
            self._now_ns = shown_ns  # the change does not end the idle state
        if not changed and not self._follow and self._visible_range_ns()[1] < shown_ns:
            return False
        if changed or now_ns - self._pitch_range_checked_ns >= _PITCH_RANGE_INTERVAL_NS:
            self._update_pitch_range(now_ns)
        self.update()
        return True

    # ------------------------------------------------------------ geometry

    def _scale(self) -> RollScale:
        ratio = self.devicePixelRatioF()
        width = max(1, round((self.width() - KEYBOARD_PX) * ratio))
        height = max(1, round((self.height() - sum(axes.ruler_and_lane_px(self.height()))) * ratio))
        folded = self._folded.pitches if axes.is_low(self.height()) else ()
        low_pitch, high_pitch = self._pitch_range.low_pitch, self._pitch_range.high_pitch
        return RollScale(width, height, ratio, self._zoom, low_pitch, high_pitch, folded)

    def _visible_range_ns(self) -> tuple[int, int]:
        """Return the times at the left and the right edge."""
        across_ns = round(self._zoom * SECOND_NS)
        left_ns = self._now_ns - round(across_ns * _PLAY_LINE_FRACTION) if self._follow else self._left_ns
        return left_ns, left_ns + across_ns

    def _update_pitch_range(self, now_ns: int) -> None:
        """Adapt the range of pitches to the visible notes."""
        self._pitch_range_checked_ns = now_ns
        left_ns, right_ns = self._visible_range_ns()
        pitches = [note.pitch for note in self._note_index.ended_between(self._source.notes, left_ns, right_ns)]
        pitches += [note.pitch for note in self._note_index.sounding]
        pitches += [note.pitch for note in self._source.planned if note.start_ns < right_ns]
        if pitches:
            self._pitch_range.fit(min(pitches), max(pitches), now_ns)
            self._folded.fit(pitches, now_ns)

    # ------------------------------------------------------------ painting

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        scale, left_ns = self._scale(), self._visible_range_ns()[0]
        colours = self._picture.colours(self.palette(), scale.pixel_ratio)
        viewport = Viewport(colours, scale, scale.to_px(left_ns), self._now_ns, self._selected)
        self._picture.paint(painter, viewport, self.height())
        if self.hasFocus():
            painter.resetTransform()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colours.accent, 2))
            painter.drawRect(QRectF(1, 1, self.width() - 2, self.height() - 2))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._place_legend()

    def _place_legend(self) -> None:
        ruler, lane = axes.ruler_and_lane_px(self.height())
        self.legend.fit(KEYBOARD_PX, ruler, self.width() - KEYBOARD_PX, self.height() - ruler - lane)

    # ------------------------------------------------------------ mouse and keys

    def scroll_to(self, left_ns: int) -> None:
        """Show the time from `left_ns` on and stop following; the view stays within the time of the music."""
        across_ns = round(self._zoom * SECOND_NS)
        notes = self._source.notes
        earliest_ns = min(notes[0].start_ns if notes else self._now_ns, self._now_ns) - across_ns // 10
        self.follow = False
        self._left_ns = max(earliest_ns, min(left_ns, self._now_ns - across_ns // 10))
        self._update_pitch_range(self._now_ns)
        self.update()

    def _zoom_about(self, seconds: float, fraction: float) -> None:
        """Show `seconds` in such a way that the time at `fraction` of the width stays in place."""
        seconds = max(MIN_ZOOM_SECONDS, min(MAX_ZOOM_SECONDS, seconds))
        if seconds != self._zoom:
            left_ns, right_ns = self._visible_range_ns()
            fixed_ns = left_ns + round((right_ns - left_ns) * fraction)
            self._left_ns = fixed_ns - round(seconds * SECOND_NS * fraction)
            self._zoom = seconds
            self._update_pitch_range(self._now_ns)
            self.zoomChanged.emit(seconds)
            self.update()

    def select_span(self, span: PhraseSpan) -> None:
        """Select a phrase and emit `phraseClicked`, as a click does."""
        self.selected = span.number
        self.phraseClicked.emit(span.number)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        if a0 is None:
            return
        left_ns, right_ns = self._visible_range_ns()
        match a0.key():
            case Qt.Key.Key_Left:
                self.scroll_to(left_ns - (right_ns - left_ns) // 4)
            case Qt.Key.Key_Right:
                self.scroll_to(left_ns + (right_ns - left_ns) // 4)
            case Qt.Key.Key_Home:
                self.scroll_to(-(2**62))
            case Qt.Key.Key_End:
                self.follow = True
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom /= 1.25
            case Qt.Key.Key_Minus:
                self.zoom *= 1.25
            case Qt.Key.Key_Up:
                self._select_relative(-1)
            case Qt.Key.Key_Down:
                self._select_relative(1)
            case _:
                super().keyPressEvent(a0)

    def _select_relative(self, offset: int) -> None:
        """Select the phrase `offset` places after the selected one, or the last one if none is selected."""
        spans = self._source.spans
        if spans:
            numbers = [span.number for span in spans]
            index = numbers.index(self._selected) + offset if self._selected in numbers else len(spans) - 1
            self.select_span(spans[max(0, min(len(spans) - 1, index))])

    def wheelEvent(self, a0: QWheelEvent | None) -> None:
        if a0 is None:
            return
        delta = a0.angleDelta().x() or a0.angleDelta().y()
        left_ns, right_ns = self._visible_range_ns()
        if a0.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom_about(self._zoom * 1.25 ** (-delta / 120), self._fraction_at(a0.position().x()))
        elif delta:
            self.scroll_to(left_ns - round((right_ns - left_ns) * delta / 1200))
        a0.accept()

    def _fraction_at(self, x: float) -> float:
        return max(0.0, min(1.0, (x - KEYBOARD_PX) / max(1, self.width() - KEYBOARD_PX)))

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton and a0.position().x() >= KEYBOARD_PX:
            self._pressed, self._dragged = (a0.position().x(), self._visible_range_ns()[0]), False

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:
        if a0 is None or self._pressed is None:
            return
        x, left_ns = self._pressed
        distance = a0.position().x() - x
        if self._dragged or abs(distance) > _CLICK_TOLERANCE_PX:
            self._dragged = True
            self.scroll_to(left_ns - round(distance * self._zoom * SECOND_NS / max(1, self.width() - KEYBOARD_PX)))

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:
        if a0 is None or self._pressed is None:
            return
        (_, _), self._pressed = self._pressed, None
        left_ns, right_ns = self._visible_range_ns()
        at_ns = left_ns + round(self._fraction_at(a0.position().x()) * (right_ns - left_ns))
        for span in self._source.spans:
            end_ns = span.end_ns if span.end_ns is not None else self._now_ns
            if not self._dragged and span.start_ns <= at_ns < end_ns:
                self.select_span(span)
                break

    def changeEvent(self, a0: QEvent | None) -> None:
        super().changeEvent(a0)
        self.update()
