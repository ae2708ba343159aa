"""The page "Connect my DAW": a DAW's steps in its own words, and beside them what BachBridge has seen so far."""

import html
import sys
from collections.abc import Callable

from PyQt6.QtCore import Qt, pyqtBoundSignal, pyqtSignal
from PyQt6.QtGui import QGuiApplication, QResizeEvent
from PyQt6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from bachbridge_gui.setup.checklist import Checks, Row, rows
from bachbridge_gui.setup.daw_guides import DAWS, Daw, Step, filled, remark
from bachbridge_gui.widgets.status_icon import WORDS, Sign
from bachbridge_gui.widgets.typography import heading, marked, scrolled, sentence

_NEAR, _FAR, _EDGE = 8, 16, 24
_CHECKS, _WIDE = 288, 640


class Connect(QWidget):
    """Call `refresh` whenever something changed; it is cheap where nothing did."""

    left = pyqtSignal()
    """The person is done with this page."""

    def __init__(self, platform: str = sys.platform) -> None:
        super().__init__()
        self.setAccessibleName("Connect my DAW")
        self._platform = platform
        self._checks = Checks()
        self._tabs = _daws()
        self._steps = QVBoxLayout()
        self._rows = [CheckRow(row) for row in rows(self._checks)]
        self._ports = QLabel()
        self._ports.setWordWrap(True)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._arrange()
        self._tabs.currentChanged.connect(self._show_steps)
        self._tabs.setCurrentIndex(_first(platform))
        self._name_ports()
        self._show_steps()

    @property
    def daw(self) -> Daw:
        """The one whose steps are shown."""
        return DAWS[self._tabs.currentIndex()]

    def show_daw(self, name: str) -> None:
        """Show the steps of the DAW of that name."""
        self._tabs.setCurrentIndex([daw.name for daw in DAWS].index(name))

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

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802
        """Where there is room the check list stands beside the steps, or else below them."""
        wide = self.width() >= _WIDE
        self._body.setDirection(
            QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom,
        )
        super().resizeEvent(a0)

    @property
    def _names(self) -> tuple[str, str]:
        return self._checks.input_name or "BachBridge In", self._checks.output_name or "BachBridge Out"

    def _arrange(self) -> None:
        back = _button("Back", "Back", "Back to playing; nothing that sounds changes", self.left)
        copy = _button(
            "Copy the names",
            "Copy the names of the ports",
            "Copy the names of both ports, to look for them in the DAW",
            self.copy_names,
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(_EDGE, _FAR, _EDGE, _FAR)
        grid.setSpacing(_FAR)
        grid.addWidget(heading("Connect my DAW", 1.6), 0, 0)
        grid.addWidget(back, 0, 1)
        grid.addWidget(self._ports, 1, 0)
        grid.addWidget(copy, 1, 1)
        grid.addWidget(self._tabs, 2, 0, 1, 2)
        grid.addWidget(self._scrolled(), 3, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(3, 1)

    def _scrolled(self) -> QScrollArea:
        self._steps.setSpacing(_FAR)
        self._body.setSpacing(_EDGE)
        self._body.setContentsMargins(0, 0, _NEAR, 0)
        self._body.addLayout(self._steps, 1)
        self._body.addWidget(self._check_list(), 0, Qt.AlignmentFlag.AlignTop)
        page = QWidget()
        page.setLayout(self._body)
        return scrolled(page)

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
        while item := self._steps.takeAt(0):
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if said := remark(self.daw, self._platform):
            self._steps.addWidget(_remark(said))
        for number, step in enumerate(self.daw.steps, 1):
            self._steps.addWidget(self._step(number, step))
        self._steps.addStretch(1)

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


def _daws() -> QTabBar:
    tabs = QTabBar()
    for daw in DAWS:
        tabs.addTab(daw.name)
    tabs.setExpanding(False)
    tabs.setUsesScrollButtons(True)
    tabs.setAccessibleName("Which DAW")
    tabs.setToolTip("Choose your DAW: the steps use the words of its own menus")
    return tabs


def _button(text: str, name: str, tip: str, pressed: pyqtBoundSignal | Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setMinimumSize(120, 32)
    button.setAccessibleName(name)
    button.setToolTip(tip)
    button.clicked.connect(pressed)
    return button


def _remark(said: str) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(_FAR)
    line.addWidget(Sign("warning"), 0, Qt.AlignmentFlag.AlignTop)
    line.addWidget(sentence(said), 1)
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
