"""The widgets of learn mode: an overlay for each control, and the bar with the Learn button and the profiles."""

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from bachbridge.errors import BachBridgeError
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.settings.targets import target_label
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.name_picker import NamePicker
from bachbridge_gui.widgets.segments import SegmentButton


class LearnEscapeFilter(QObject):
    """Event filter that makes Esc go one step back while learn mode is on, instead of being a shortcut."""

    def __init__(self, parent: QObject, midi_learn: MidiLearn) -> None:
        super().__init__(parent)
        self._midi_learn = midi_learn
        parent.installEventFilter(self)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if self._midi_learn.active and isinstance(a1, QKeyEvent) and a1.key() == Qt.Key.Key_Escape:
            if a1.type() == QEvent.Type.ShortcutOverride:
                a1.accept()
                return True
            if a1.type() == QEvent.Type.KeyPress:
                self._midi_learn.cancel()
                return True
        return super().eventFilter(a0, a1)


class LearnOverlay(QAbstractButton):
    """Covers a widget while learn mode is on: a press arms its target, Delete unbinds it, Esc goes one step back."""

    def __init__(self, parent: QWidget, target: str, midi_learn: MidiLearn) -> None:
        super().__init__(parent)
        self._target, self._midi_learn = target, midi_learn
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Learn {target}", target=target_label(target)))
        self.setToolTip(tr("Press this, then move the knob that is to control {target}.", target=target_label(target)))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.clicked.connect(lambda: midi_learn.arm(target))
        midi_learn.changed.connect(self.refresh)
        parent.installEventFilter(self)
        LearnEscapeFilter(self, midi_learn)
        self.refresh()

    def refresh(self) -> None:
        """Show the present state of MIDI learn."""
        self.setVisible(self._midi_learn.active)
        self.raise_()
        self.update()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if isinstance(a0, QWidget) and a1 is not None and a1.type() == QEvent.Type.Resize:
            self.setGeometry(a0.rect())
        return super().eventFilter(a0, a1)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        if e is not None and e.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif e is not None and e.key() == Qt.Key.Key_Delete:
            self._midi_learn.unbind(self._target)
        else:
            super().keyPressEvent(e)

    def paintEvent(self, e: QPaintEvent | None) -> None:
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        armed = self._midi_learn.armed_target == self._target
        colour = palette.color(QPalette.ColorRole.Highlight)
        background = QColor(colour if armed else palette.color(QPalette.ColorRole.Window))
        background.setAlphaF(1.0 if armed else 0.15)
        painter.setBrush(background)
        painter.setPen(QPen(colour, 2 if self.hasFocus() or armed else 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        if armed:
            painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
            text = tr("Move a knob …") if self.width() > 110 else tr("knob …")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)


class MidiLearnBar(QWidget):
    """The Learn button, the profiles, and sentences about conflicts."""

    refused = pyqtSignal(str)
    """A profile could not be used; the sentence that says why, which the bar shows too."""

    def __init__(self, midi_learn: MidiLearn, profiles: ProfileFolder | None = None) -> None:
        super().__init__()
        self._midi_learn, self._profiles, self._error = midi_learn, profiles, ""
        self.learn_button = SegmentButton(tr("Learn"), tall=False)
        self.learn_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        LearnEscapeFilter(self.learn_button, midi_learn)
        self.learn_button.setAccessibleName(tr("Learn a knob"))
        self.learn_button.setToolTip(
            tr("Press a control, then move a knob of your keyboard. From then on the knob moves that control.")
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
            self.profile_box = NamePicker(
                translatable("profile"),
                tr("A profile stores which knob moves which control. A preset stores how the music is made."),
                can_rename=True,
            )
            line.addWidget(self.profile_box, 1)
            self._connect_profiles(self.profile_box, profiles)
        else:
            line.addStretch()
        column.addWidget(self.status_label)
        column.addLayout(line)
        midi_learn.changed.connect(self.refresh)
        self.refresh()

    def _connect_profiles(self, box: NamePicker, profiles: ProfileFolder) -> None:
        midi_learn = self._midi_learn

        def choose(name: str) -> None:
            self._try(lambda: midi_learn.apply_profile(profiles.load(name)))

        def save(name: str) -> None:
            self._try(lambda: profiles.save(name, midi_learn.profile))

        def delete(name: str) -> None:
            self._try(lambda: box.set_deleted(name, profiles.delete(name)))

        def restore(name: str, content: bytes) -> None:
            self._try(lambda: profiles.restore(name, content))

        def rename(name: str, new_name: str) -> None:
            self._try(lambda: profiles.rename(name, new_name))

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
        """Show the present state of MIDI learn."""
        self.learn_button.setChecked(self._midi_learn.active)
        lines = [self._error, *self._midi_learn.conflicts()]
        if self._midi_learn.armed_target is not None:
            lines.insert(
                0,
                tr(
                    "Move the knob for {target} … Esc cancels.",
                    target=target_label(self._midi_learn.armed_target),
                ),
            )
        elif self._midi_learn.active:
            lines.insert(0, tr("Press a control, then move a knob. Delete removes the knob, Esc ends."))
        text = "\n".join(line for line in lines if line)
        self.status_label.setText(text)
        self.status_label.setVisible(bool(text))
        self.status_label.setAccessibleName(text)
