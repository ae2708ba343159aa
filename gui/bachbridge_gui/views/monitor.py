"""The monitor: the last messages in words, newest at the bottom, as text that can be marked and copied.

Messages are kept as they come; the text catches up at most five times a second, and not at all while the monitor is
paused or hidden. Pausing loses nothing: going on shows what came meanwhile, as far as it is among the last 500.
"""

from collections import deque
from datetime import datetime

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QFontDatabase
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bachbridge.protocol.effects import Message
from bachbridge_gui.views.message_text import LINE_KINDS, MonitorLine, to_monitor_line

MAX_LINES = 500
TEXT_INTERVAL_NS = 200_000_000


class Monitor(QWidget):
    """`wall_ns` is what to add to the engine's clock for the time of day (ns since 1970)."""

    closed = pyqtSignal()
    """A person is done with it."""

    def __init__(self, wall_offset_ns: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wall_offset_ns = wall_offset_ns
        self._lines: deque[MonitorLine] = deque(maxlen=MAX_LINES)
        self._unshown: deque[MonitorLine] = deque(maxlen=MAX_LINES)
        """What the text does not show yet."""
        self._text_updated_ns: int | None = None
        self.text = _make_text_view()
        self.filters = {kind: _make_filter_box(kind) for kind in LINE_KINDS}
        self.pause_button = QPushButton("Pause")
        self.copy_button = QPushButton("Copy all")
        self.close_button = QPushButton("Close")
        self._lay_out()
        self.setAccessibleName("Monitor")

    def add_message(self, message: Message, now_ns: int) -> None:
        """Keep the message, if it has words."""
        if told := to_monitor_line(message, now_ns):
            self._lines.append(told)
            self._unshown.append(told)

    def refresh(self, now_ns: int) -> None:
        """Let the text catch up, if it is time and anybody looks."""
        soon = self._text_updated_ns is not None and now_ns - self._text_updated_ns < TEXT_INTERVAL_NS
        if soon or self.pause_button.isChecked() or not self._unshown or not self.isVisible():
            return
        self._text_updated_ns = now_ns
        shown = self._filter_lines(self._unshown)
        self._unshown.clear()
        if shown:
            self.text.appendPlainText("\n".join(shown))

    def all_text(self) -> str:
        """What the check boxes let through, as text."""
        return "\n".join(self._filter_lines(self._lines))

    def _filter_lines(self, lines: deque[MonitorLine]) -> list[str]:
        wanted = {kind for kind, box in self.filters.items() if box.isChecked()}
        return [self._format_line(line) for line in lines if line.kind in wanted]

    def _format_line(self, monitor_line: MonitorLine) -> str:
        at_ns = monitor_line.at_ns + self._wall_offset_ns
        clock = datetime.fromtimestamp(at_ns // 1_000_000_000).astimezone()
        return f"{clock:%H:%M:%S}.{at_ns // 1_000_000 % 1000:03}  {monitor_line.source:<6}  {monitor_line.text}"

    def _rebuild_text(self) -> None:
        """Another choice of kinds: write everything anew."""
        self._unshown.clear()
        self.text.setPlainText(self.all_text())
        if bar := self.text.verticalScrollBar():
            bar.setValue(bar.maximum())

    def _set_paused(self, paused: bool) -> None:
        self.pause_button.setText("Go on" if paused else "Pause")
        if not paused:
            self._text_updated_ns = None

    def _copy(self) -> None:
        if clipboard := QApplication.clipboard():
            clipboard.setText(self.all_text())

    def _lay_out(self) -> None:
        self.pause_button.setCheckable(True)
        self.pause_button.toggled.connect(self._set_paused)
        self.copy_button.clicked.connect(self._copy)
        self.close_button.clicked.connect(self.closed)
        tips = (
            (
                self.pause_button,
                "Hold the text still for reading; messages go on being kept, and the music is not touched",
            ),
            (self.copy_button, "Copy these lines, to paste them into a message"),
            (self.close_button, "Back to the music"),
        )
        shown, buttons = QHBoxLayout(), QHBoxLayout()
        shown.setSpacing(16)
        shown.addWidget(QLabel("Show"))
        for box in self.filters.values():
            box.toggled.connect(self._rebuild_text)
            shown.addWidget(box)
        shown.addStretch(1)
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button, tip in tips:
            button.setToolTip(tip)
            button.setAccessibleName(button.text())
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addLayout(shown)
        column.addWidget(self.text, 1)
        column.addLayout(buttons)


def _make_text_view() -> QPlainTextEdit:
    text = QPlainTextEdit()
    text.setReadOnly(True)
    text.setMaximumBlockCount(MAX_LINES)
    text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    text.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    text.setPlaceholderText("No message yet: play a key, and it appears here.")
    text.setAccessibleName("Messages")
    text.setToolTip("Time, where from, and what was said; the newest is at the bottom")
    return text


def _make_filter_box(kind: str) -> QCheckBox:
    tips = {
        "notes": "Keys pressed and released, yours and the answer's",
        "other MIDI": "Pedals, wheels, program changes, transport",
        "reports": "What the engine and the model say",
    }
    box = QCheckBox(kind[0].upper() + kind[1:])
    box.setChecked(True)
    box.setToolTip(tips[kind])
    box.setAccessibleName(f"Show {kind}")
    return box
