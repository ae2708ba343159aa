"""What learn mode looks like: a spot that covers each control, and the bar that switches it on and keeps profiles."""

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from bachbridge.errors import BachBridgeError
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.presets.midi_profiles import Profiles
from bachbridge_gui.settings.targets import title
from bachbridge_gui.widgets.name_picker import NamedBox
from bachbridge_gui.widgets.segments import Segment


class Back(QObject):
    """An event filter: Esc, while learn mode is on, is no shortcut but goes a step back."""

    def __init__(self, parent: QObject, learner: Learner) -> None:
        super().__init__(parent)
        self._learner = learner
        parent.installEventFilter(self)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802 # Qt's name
        if self._learner.active and isinstance(a1, QKeyEvent) and a1.key() == Qt.Key.Key_Escape:
            if a1.type() == QEvent.Type.ShortcutOverride:
                a1.accept()
                return True
            if a1.type() == QEvent.Type.KeyPress:
                self._learner.cancel()
                return True
        return super().eventFilter(a0, a1)


class Spot(QAbstractButton):
    """Lies over any widget while learn mode is on: a press arms its target, Delete forgets, Esc goes a step back."""

    def __init__(self, parent: QWidget, target: str, learner: Learner) -> None:
        super().__init__(parent)
        self._target, self._learner = target, learner
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Learn {title(target)}")
        self.setToolTip(f"Press, then move the knob that is to move {title(target)}.")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.clicked.connect(lambda: learner.arm(target))
        learner.changed.connect(self.refresh)
        parent.installEventFilter(self)
        Back(self, learner)
        self.refresh()

    def refresh(self) -> None:
        """Follow the learner."""
        self.setVisible(self._learner.active)
        self.raise_()
        self.update()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802 # Qt's name
        if isinstance(a0, QWidget) and a1 is not None and a1.type() == QEvent.Type.Resize:
            self.setGeometry(a0.rect())
        return super().eventFilter(a0, a1)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:  # noqa: N802 # Qt's name
        if e is not None and e.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif e is not None and e.key() == Qt.Key.Key_Delete:
            self._learner.forget(self._target)
        else:
            super().keyPressEvent(e)

    def paintEvent(self, e: QPaintEvent | None) -> None:  # noqa: ARG002, N802 # Qt's name
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        armed = self._learner.armed == self._target
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


class LearnBar(QWidget):
    """Learn mode's button, the profiles, and what is in conflict, in words."""

    refused = pyqtSignal(str)
    """Why a profile could not be had, in a sentence; it stands in the bar as well."""

    def __init__(self, learner: Learner, profiles: Profiles | None = None) -> None:
        super().__init__()
        self._learner, self._profiles, self._error = learner, profiles, ""
        self.button = Segment("Learn", tall=False)
        self.button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        Back(self.button, learner)
        self.button.setAccessibleName("Learn a knob")
        self.button.setToolTip(
            "Press a control, then move a knob of your keyboard: from then on it moves that control."
        )
        self.button.toggled.connect(learner.set_active)
        self.says = QLabel()
        self.says.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.button)
        self.box: NamedBox | None = None
        if profiles:
            self.box = NamedBox("profile", "Which of your knobs move what.", renames=True)
            line.addWidget(self.box, 1)
            self._connect(self.box, profiles)
        else:
            line.addStretch()
        column.addWidget(self.says)
        column.addLayout(line)
        learner.changed.connect(self.refresh)
        self.refresh()

    def _connect(self, box: NamedBox, profiles: Profiles) -> None:
        learner = self._learner

        def choose(name: str) -> None:
            self._try(lambda: learner.take_profile(profiles.load(name)))

        def save(name: str) -> None:
            self._try(lambda: profiles.save(name, learner.profile))

        def delete(name: str) -> None:
            self._try(lambda: box.keep(name, profiles.delete(name)))

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
        if self.box and self._profiles:
            self.box.set_names(self._profiles.names())
        self.refresh()

    def refresh(self) -> None:
        """Follow the learner."""
        self.button.setChecked(self._learner.active)
        lines = [self._error, *self._learner.conflicts()]
        if self._learner.armed is not None:
            lines.insert(0, f"Move the knob for {title(self._learner.armed)} … Esc cancels.")
        elif self._learner.active:
            lines.insert(0, "Press a control, then move a knob. Delete forgets, Esc ends.")
        text = "\n".join(line for line in lines if line)
        self.says.setText(text)
        self.says.setVisible(bool(text))
        self.says.setAccessibleName(text)
