"""The page "Connect my DAW": a DAW's steps in its own words, and beside them what BachBridge has seen so far."""

import html
import re
import sys

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QGuiApplication
from PyQt6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from bachbridge_gui.checks import Checks, Row, rows
from bachbridge_gui.daws import DAWS, Daw, Step, filled, remark
from bachbridge_gui.sign import WORDS, Sign

_NEAR, _FAR, _EDGE = 8, 16, 24
_LIST, _CHECKS = 152, 288
_MENU_WORD = re.compile(r"\*(.+?)\*")


class Connect(QWidget):
    """Call `refresh` whenever something changed; it is cheap where nothing did."""

    left = pyqtSignal()
    """The person is done with this page."""

    def __init__(self, platform: str = sys.platform) -> None:
        super().__init__()
        self.setAccessibleName("Connect my DAW")
        self._platform = platform
        self._checks = Checks()
        self._list = self._daws()
        self._steps = QScrollArea()
        self._steps.setWidgetResizable(True)
        self._steps.setFrameShape(QFrame.Shape.NoFrame)
        self._steps.setAccessibleName("Steps")
        self._rows = [CheckRow(row) for row in rows(self._checks)]
        self._ports = QLabel()
        self._ports.setWordWrap(True)
        self._arrange()
        self._list.setCurrentRow(_first(platform))
        self._name_ports()

    @property
    def daw(self) -> Daw:
        """The one whose steps are shown."""
        return DAWS[max(0, self._list.currentRow())]

    def show_daw(self, name: str) -> None:
        """Show the steps of the DAW of that name."""
        self._list.setCurrentRow([daw.name for daw in DAWS].index(name))

    def refresh(self, checks: Checks) -> None:
        """Show what is known of the connection now."""
        if checks == self._checks:
            return
        renamed = (checks.input_name, checks.output_name) != (self._checks.input_name, self._checks.output_name)
        self._checks = checks
        for widget, row in zip(self._rows, rows(checks), strict=True):
            widget.show_row(row)
        if renamed:
            self._name_ports()
            self._show_steps()

    def copy_names(self) -> None:
        """Put the names of our ports on the clipboard, one a line."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText("\n".join(self._names))

    @property
    def _names(self) -> tuple[str, str]:
        return self._checks.input_name or "BachBridge In", self._checks.output_name or "BachBridge Out"

    def _daws(self) -> QListWidget:
        names = QListWidget()
        for daw in DAWS:
            item = QListWidgetItem(daw.name)
            item.setSizeHint(QSize(_LIST, 36))
            names.addItem(item)
        names.setFixedWidth(_LIST)
        names.setFrameShape(QFrame.Shape.NoFrame)
        names.setAccessibleName("Which DAW")
        names.setToolTip("Choose your DAW: the steps use the words of its own menus")
        names.currentRowChanged.connect(self._show_steps)
        return names

    def _arrange(self) -> None:
        back = QPushButton("Back")
        back.setToolTip("Back to playing; nothing that sounds changes")
        back.setAccessibleName("Back")
        back.setMinimumSize(96, 32)
        back.clicked.connect(self.left)
        copy = QPushButton("Copy the names")
        copy.setToolTip("Copy the names of both ports, to look for them in the DAW")
        copy.setAccessibleName("Copy the names of the ports")
        copy.setMinimumHeight(32)
        copy.clicked.connect(self.copy_names)
        title = heading("Connect my DAW", 1.6)
        grid = QGridLayout(self)
        grid.setContentsMargins(_EDGE, _EDGE, _EDGE, _EDGE)
        grid.setHorizontalSpacing(_EDGE)
        grid.setVerticalSpacing(_FAR)
        grid.addWidget(title, 0, 0, 1, 2)
        grid.addWidget(back, 0, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        names = QHBoxLayout()
        names.setSpacing(_FAR)
        names.addWidget(self._ports, 1)
        names.addWidget(copy)
        grid.addLayout(names, 1, 0, 1, 3)
        grid.addWidget(self._list, 2, 0)
        grid.addWidget(self._steps, 2, 1)
        grid.addWidget(self._check_list(), 2, 2, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(2, 1)

    def _check_list(self) -> QWidget:
        panel = QFrame()
        panel.setFrameShape(QFrame.Shape.StyledPanel)
        panel.setFixedWidth(_CHECKS)
        panel.setAccessibleName("What BachBridge sees")
        column = QVBoxLayout(panel)
        column.setContentsMargins(_FAR, _FAR, _FAR, _FAR)
        column.setSpacing(_FAR)
        column.addWidget(heading("What BachBridge sees", 1.1))
        for row in self._rows:
            column.addWidget(row)
        return panel

    def _name_ports(self) -> None:
        input_name, output_name = self._names
        self._ports.setText(
            f"What you play goes to <b>{html.escape(input_name)}</b>; what BachBridge answers comes from "
            f"<b>{html.escape(output_name)}</b>."
        )

    def _show_steps(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, _NEAR, 0)
        column.setSpacing(_FAR)
        if said := remark(self.daw, self._platform):
            line = QHBoxLayout()
            line.setSpacing(_NEAR)
            line.addWidget(Sign("warning"), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(sentence(said), 1)
            column.addLayout(line)
        for number, step in enumerate(self.daw.steps, 1):
            column.addWidget(self._step(number, step))
        column.addStretch(1)
        self._steps.setWidget(page)

    def _step(self, number: int, step: Step) -> QWidget:
        row = QWidget()
        grid = QGridLayout(row)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(_FAR)
        grid.setVerticalSpacing(4)
        figure = heading(str(number), 1.6)
        figure.setMinimumWidth(_EDGE)
        grid.addWidget(figure, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(heading(step.title, 1.0), 0, 1)
        grid.addWidget(sentence(marked(filled(step.text, *self._names))), 1, 1)
        grid.setColumnStretch(1, 1)
        return row


def _first(platform: str) -> int:
    """The number of the first DAW that runs on this system."""
    return next((number for number, daw in enumerate(DAWS) if platform in daw.systems), 0)


class CheckRow(QWidget):
    """One thing that is looked for: a sign, a name, and what it means or what to do."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.sign = Sign()
        self._title = heading("", 1.0)
        self._sentence = sentence("")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.sign, 0, 0)
        grid.addWidget(self._title, 0, 1)
        grid.addWidget(self._sentence, 1, 1)
        grid.setColumnStretch(1, 1)
        self.show_row(row)

    def show_row(self, row: Row) -> None:
        self.sign.set_state(row.state)
        self._title.setText(row.title)
        self._sentence.setText(row.sentence)
        self.setAccessibleName(f"{row.title}: {WORDS[row.state]}")
        self.setAccessibleDescription(row.sentence)


def heading(text: str, size: float) -> QLabel:
    """A label in bold, so many times as large as the rest."""
    label = QLabel(text)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * size)
    font.setBold(True)
    label.setFont(font)
    return label


def sentence(text: str) -> QLabel:
    """A label that breaks its lines and can be copied from."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def marked(text: str) -> str:
    """The text as rich text, words of the DAW's own in bold."""
    return _MENU_WORD.sub(r"<b>\1</b>", html.escape(text, quote=False))
