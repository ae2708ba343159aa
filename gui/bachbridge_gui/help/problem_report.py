"""The page "Report a problem": what `bachbridge doctor` finds, and the last notices, as text to be copied.

Nothing is sent anywhere. The examination runs in a process of its own while the music goes on.
"""

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QProcess, pyqtSignal
from PyQt6.QtGui import QFontDatabase
from PyQt6.QtWidgets import QApplication, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.typography import wrapped_label

_INTRODUCTION = translatable(
    "Check this computer, then copy the text and paste it into your report. It holds versions, names of MIDI ports, "
    "timing and the last messages of the window. Nothing is sent by itself."
)
_RUNNING_TEXT = translatable("The check takes some seconds …")


class ProblemReport(QWidget):
    """Runs `command` when its button is pressed; `list_notices` returns the last sentences of the window."""

    finished = pyqtSignal()
    """The text is complete."""

    def __init__(self, command: Sequence[str], list_notices: Callable[[], Sequence[str]]) -> None:
        super().__init__()
        self._command, self._list_notices = [*command], list_notices
        self._process: QProcess | None = None
        self.examine_button, self.copy_button = QPushButton(tr("Check")), QPushButton(tr("Copy the report"))
        self.examine_button.clicked.connect(self.examine)
        self.examine_button.setToolTip(tr("Run bachbridge doctor in the background"))
        self.copy_button.clicked.connect(self._copy)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(tr("Report"))
        self.text.setToolTip(tr("What was found on this computer"))
        self._set_copy_reason(tr("Check this computer first"))
        for button in (self.examine_button, self.copy_button):
            button.setAccessibleName(button.text())
        buttons = QHBoxLayout()
        buttons.addWidget(self.examine_button)
        buttons.addWidget(self.copy_button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(wrapped_label(tr(_INTRODUCTION)))
        column.addLayout(buttons)
        column.addWidget(self.text, 1)

    def examine(self) -> None:
        """Start the examination, unless it runs already."""
        if self._process:
            return
        self._process = QProcess(self)
        self._process.finished.connect(self._show_result)
        self._process.errorOccurred.connect(self._show_error)
        self.examine_button.setEnabled(False)
        self.examine_button.setToolTip(tr(_RUNNING_TEXT))
        self._set_copy_reason(tr(_RUNNING_TEXT))
        self.text.setPlainText(tr(_RUNNING_TEXT))
        self._process.start(self._command[0], self._command[1:])

    def stop(self) -> None:
        """End an examination that runs; the window closes."""
        process, self._process = self._process, None
        if process:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(1000)

    def _show_result(self) -> None:
        if not self._process:
            return
        output = bytes(self._process.readAllStandardOutput().data()).decode(errors="replace")
        errors = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        self._finish(output.strip() or errors.strip() or tr("The check gave no result: try it once more."))

    def _show_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._finish(tr('The check cannot be started: run "bachbridge doctor" in a terminal.'))

    def _finish(self, findings: str) -> None:
        self._process = None
        notices = "\n".join(self._list_notices()) or "none"
        self.text.setPlainText(f"{findings}\n\n{tr('Last messages of the window:')}\n{notices}\n")
        self.examine_button.setEnabled(True)
        self.examine_button.setToolTip(tr("Run bachbridge doctor in the background"))
        self._set_copy_reason("")
        self.finished.emit()

    def _set_copy_reason(self, reason: str) -> None:
        self.copy_button.setEnabled(not reason)
        self.copy_button.setToolTip(reason or tr("Copy the whole text to the clipboard"))

    def _copy(self) -> None:
        if clipboard := QApplication.clipboard():
            clipboard.setText(self.text.toPlainText())
