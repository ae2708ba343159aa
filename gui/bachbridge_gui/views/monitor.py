"""The monitor: the last messages in plain words, newest at the bottom, as text that can be selected and copied.

Messages are stored as they arrive. The text is updated at most five times a second, and not at all while the monitor is
paused or hidden. Pausing loses nothing: afterwards the monitor shows what arrived meanwhile, up to 500 messages.
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

from bachbridge.protocol.notices import Message
from bachbridge_gui.translation import tr, tr_in, translatable_in
from bachbridge_gui.views.message_text import LINE_KIND_LABELS, LINE_KINDS, REPORTS, MonitorLine, to_monitor_line

MAX_LINES = 500
TEXT_INTERVAL_NS = 200_000_000


class Monitor(QWidget):
    """Shows messages with their time: `wall_offset_ns` plus the engine's clock is the time since 1970 in ns."""

    closed = pyqtSignal()
    """The user wants to leave the monitor."""

    def __init__(self, wall_offset_ns: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wall_offset_ns = wall_offset_ns
        self._lines: deque[MonitorLine] = deque(maxlen=MAX_LINES)
        self._unshown: deque[MonitorLine] = deque(maxlen=MAX_LINES)
        """Lines that are not in the text yet."""
        self._text_updated_ns: int | None = None
        self.text = _make_text_view()
        self.filters = {kind: _make_filter_box(kind) for kind in LINE_KINDS}
        self.pause_button = QPushButton(tr("Pause"))
        self.copy_button = QPushButton(tr("Copy all"))
        self.close_button = QPushButton(tr("Close"))
        self._lay_out()
        self.setAccessibleName(tr("Monitor"))

    def add_message(self, message: Message, now_ns: int) -> None:
        """Store the message, unless `describe_message` has no words for it."""
        if line := to_monitor_line(message, now_ns):
            self._lines.append(line)
            self._unshown.append(line)

    def add_notice(self, sentence: str, now_ns: int) -> None:
        """Store a sentence of the window's own."""
        line = MonitorLine(now_ns, REPORTS, translatable_in("source", "window"), sentence)
        self._lines.append(line)
        self._unshown.append(line)

    def refresh(self, now_ns: int) -> None:
        """Update the text if the last update is old enough and the monitor is visible and not paused."""
        is_too_soon = self._text_updated_ns is not None and now_ns - self._text_updated_ns < TEXT_INTERVAL_NS
        if is_too_soon or self.pause_button.isChecked() or not self._unshown or not self.isVisible():
            return
        self._text_updated_ns = now_ns
        shown = self._filter_lines(self._unshown)
        self._unshown.clear()
        if shown:
            self.text.appendPlainText("\n".join(shown))

    def all_text(self) -> str:
        """Return the lines of the checked kinds as text."""
        return "\n".join(self._filter_lines(self._lines))

    def _filter_lines(self, lines: deque[MonitorLine]) -> list[str]:
        wanted = {kind for kind, box in self.filters.items() if box.isChecked()}
        return [self._format_line(line) for line in lines if line.kind in wanted]

    def _format_line(self, monitor_line: MonitorLine) -> str:
        at_ns = monitor_line.at_ns + self._wall_offset_ns
        clock = datetime.fromtimestamp(at_ns // 1_000_000_000).astimezone()
        source = tr_in("source", monitor_line.source)
        return f"{clock:%H:%M:%S}.{at_ns // 1_000_000 % 1000:03}  {source:<7} {monitor_line.text}"

    def _rebuild_text(self) -> None:
        """Write the whole text anew after another choice of kinds."""
        self._unshown.clear()
        self.text.setPlainText(self.all_text())
        if bar := self.text.verticalScrollBar():
            bar.setValue(bar.maximum())

    def _set_paused(self, paused: bool) -> None:
        self.pause_button.setText(tr("Resume") if paused else tr("Pause"))
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
                tr("Hold the list while you read. New messages are kept, and the music goes on."),
            ),
            (self.copy_button, tr("Copy these lines to the clipboard, for example for an e-mail")),
            (self.close_button, tr("Back to the music")),
        )
        shown, buttons = QHBoxLayout(), QHBoxLayout()
        shown.setSpacing(16)
        shown.addWidget(QLabel(tr("Show")))
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
    text.setPlaceholderText(tr("No messages yet. Play a key, and it appears here."))
    text.setAccessibleName(tr("Messages"))
    text.setToolTip(tr("Time, source and content of each message; the newest is at the bottom"))
    return text


def _make_filter_box(kind: str) -> QCheckBox:
    tips = {
        "notes": tr("Keys pressed and released, yours and the answer's"),
        "other MIDI": tr("Pedals, wheels, program changes, transport"),
        "reports": tr("Reports from the engine and the model"),
    }
    box = QCheckBox(tr(LINE_KIND_LABELS[kind]))
    box.setChecked(True)
    box.setToolTip(tips[kind])
    box.setAccessibleName(tr("Show {kind}", kind=tr(LINE_KIND_LABELS[kind])))
    return box
