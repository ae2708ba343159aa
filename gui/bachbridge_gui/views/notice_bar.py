"""The line above the status bar that says what happened or does not work: level, sentence, remedy, and Close."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.state.notices import StatusNotice
from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.level_icon import LevelIcon


class NoticeBar(QWidget):
    """Hidden while there is no notice."""

    dismissed = pyqtSignal()
    """The user has read the notice."""
    remedy_chosen = pyqtSignal()
    """The user wants what the notice proposes."""

    def __init__(self) -> None:
        super().__init__()
        self.icon, self.label = LevelIcon(), QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.label.setAccessibleName(tr("Notice"))
        self.remedy_button, self.close_button = QToolButton(), QToolButton()
        self.remedy_button.clicked.connect(self.remedy_chosen)
        self.close_button.setText(tr("Close"))
        self.close_button.setAccessibleName(tr("Close the notice"))
        self.close_button.setToolTip(tr("Hide this message. The monitor still lists it."))
        self.close_button.clicked.connect(self.dismissed)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.ToolTipBase)
        self.label.setForegroundRole(self.palette().ColorRole.ToolTipText)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.icon)
        row.addWidget(self.label, 1)
        row.addWidget(self.remedy_button)
        row.addWidget(self.close_button)
        self.setAccessibleName(tr("Notice line"))
        self.hide()

    def text(self) -> str:
        """Return the sentence that is shown; empty if there is none."""
        return self.label.text()

    def show_notice(self, notice: StatusNotice | None) -> None:
        """Show the notice, or hide the line."""
        self.label.setText(notice.text if notice else "")
        remedy = notice.remedy if notice else None
        self.remedy_button.setText(remedy.label if remedy else "")
        self.remedy_button.setAccessibleName(remedy.label if remedy else tr("Remedy"))
        self.remedy_button.setToolTip(tr("{label}, and go on", label=remedy.label) if remedy else "")
        self.remedy_button.setVisible(remedy is not None)
        if notice:
            self.icon.set_level(notice.level)
        self.setVisible(notice is not None)
