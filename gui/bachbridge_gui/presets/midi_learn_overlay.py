"""What learn mode looks like: a spot that covers each control, and the bar that switches it on and keeps profiles."""

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from bachbridge.errors import BachBridgeError
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.settings.targets import target_label
from bachbridge_gui.widgets.name_picker import NamePicker
from bachbridge_gui.widgets.segments import SegmentButton


class LearnEscapeFilter(QObject):
    """An event filter: Esc, while learn mode is on, is no shortcut but goes a step back."""

    def __init__(self, parent: QObject, midi_learn: MidiLearn) -> None:
        super().__init__(parent)
        self._midi_learn = midi_learn
        parent.installEventFilter(self)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # Qt's name
        if self._midi_learn.active and isinstance(a1, QKeyEvent) and a1.key() == Qt.Key.Key_Escape:
            if a1.type() == QEvent.Type.ShortcutOverride:
                a1.accept()
                return True
            if a1.type() == QEvent.Type.KeyPress:
                self._midi_learn.cancel()
                return True
        return super().eventFilter(a0, a1)


class LearnOverlay(QAbstractButton):
    """Lies over any widget while learn mode is on: a press arms its target, Delete forgets, Esc goes a step back."""

    def __init__(self, parent: QWidget, target: str, midi_learn: MidiLearn) -> None:
        super().__init__(parent)
        self._target, self._midi_learn = target, midi_learn
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Learn {target_label(target)}")
        self.setToolTip(f"Press, then move the knob that is to move {target_label(target)}.")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.clicked.connect(lambda: midi_learn.arm(target))
        midi_learn.changed.connect(self.refresh)
        parent.installEventFilter(self)
        LearnEscapeFilter(self, midi_learn)
        self.refresh()

    def refresh(self) -> None:
        """Follow the learner."""
        self.setVisible(self._midi_learn.active)
        self.raise_()
        self.update()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # Qt's name
        if isinstance(a0, QWidget) and a1 is not None and a1.type() == QEvent.Type.Resize:
            self.setGeometry(a0.rect())
        return super().eventFilter(a0, a1)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:  # Qt's name
        if e is not None and e.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif e is not None and e.key() == Qt.Key.Key_Delete:
            self._midi_learn.unbind(self._target)
        else:
            super().keyPressEvent(e)

    def paintEvent(self, e: QPaintEvent | None) -> None:  # noqa: ARG002 # Qt's name
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        armed = self._midi_learn.armed_target == self._target
        colour = palette.color(QPalette.ColorRole.Highlight)
        ground = QColor(colour if armed else palette.color(QPalette.ColorRole.Window))
        ground.setAlphaF(1.0 if armed else 0.15)
        painter.setBrush(ground)
        painter.setPen(QPen(colour, 2 if self.hasFocus() or armed else 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        if armed:
            painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
            text = "Move a knob …" if self.width() > 110 else "knob …"
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)


class MidiLearnBar(QWidget):
    """Learn mode's button, the profiles, and what is in conflict, in words."""

    refused = pyqtSignal(str)
    """Why a profile could not be had, in a sentence; it stands in the bar as well."""

    def __init__(self, midi_learn: MidiLearn, profiles: ProfileFolder | None = None) -> None:
        super().__init__()
        self._midi_learn, self._profiles, self._error = midi_learn, profiles, ""
        self.learn_button = SegmentButton("Learn", tall=False)
        self.learn_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        LearnEscapeFilter(self.learn_button, midi_learn)
        self.learn_button.setAccessibleName("Learn a knob")
        self.learn_button.setToolTip(
            "Press a control, then move a knob of your keyboard: from then on it moves that control."
        )
        self.learn_button.toggled.connect(midi_learn.set_active)
        self.status_label = QLabel()
        self.status_label.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.learn_button)
        self.profile_box: NamePicker | None = None
        if profiles:
            self.profile_box = NamePicker("profile", "Which of your knobs move what.", can_rename=True)
            line.addWidget(self.profile_box, 1)
            self._connect_profiles(self.profile_box, profiles)
        else:
            line.addStretch()
        column.addWidget(self.status_label)
        column.addLayout(line)
        midi_learn.changed.connect(self.refresh)
        self.refresh()

    def _connect_profiles(self, box: NamePicker, profiles: ProfileFolder) -> None:
        learner = self._midi_learn

        def choose(name: str) -> None:
            self._try(lambda: learner.apply_profile(profiles.load(name)))

        def save(name: str) -> None:
            self._try(lambda: profiles.save(name, learner.profile))

        def delete(name: str) -> None:
            self._try(lambda: box.set_deleted(name, profiles.delete(name)))

        def restore(name: str, was: bytes) -> None:
            self._try(lambda: profiles.restore(name, was))

        def rename(old: str, new: str) -> None:
            self._try(lambda: profiles.rename(old, new))

        box.set_names(profiles.names())
        box.chosen.connect(choose)
        box.saved.connect(save)
        box.deleted.connect(delete)
        box.restored.connect(restore)
        box.renamed.connect(rename)

    def _try(self, action: Callable[[], object]) -> None:
        self._error = ""
        try:
            action()
        except BachBridgeError as error:
            self._error = str(error)
            self.refused.emit(self._error)
        if self.profile_box and self._profiles:
            self.profile_box.set_names(self._profiles.names())
        self.refresh()

    def refresh(self) -> None:
        """Follow the learner."""
        self.learn_button.setChecked(self._midi_learn.active)
        lines = [self._error, *self._midi_learn.conflicts()]
        if self._midi_learn.armed_target is not None:
            lines.insert(0, f"Move the knob for {target_label(self._midi_learn.armed_target)} … Esc cancels.")
        elif self._midi_learn.active:
            lines.insert(0, "Press a control, then move a knob. Delete forgets, Esc ends.")
        text = "\n".join(line for line in lines if line)
        self.status_label.setText(text)
        self.status_label.setVisible(bool(text))
        self.status_label.setAccessibleName(text)
