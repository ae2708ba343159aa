"""The page "Connect my DAW": the steps in the DAW's own words, and beside them what BachBridge has seen so far."""

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

from bachbridge_gui.setup.checklist import Check, ConnectionChecks, checklist
from bachbridge_gui.setup.daw_guides import DAWS, LOOPBACK_STEP, Daw, SetupStep, platform_note, with_port_names
from bachbridge_gui.translation import tr, tr_report
from bachbridge_gui.widgets.status_icon import STATE_LABELS, StatusIcon
from bachbridge_gui.widgets.tokens import BODY_SCALE
from bachbridge_gui.widgets.typography import bold_menu_words, heading_label, scroll_area, wrapped_label

_SMALL_GAP_PX, _LARGE_GAP_PX, _MARGIN_PX = 8, 16, 24
_CHECKLIST_WIDTH_PX, _WIDE_LAYOUT_PX = 288, 720


class ConnectPage(QWidget):
    """Call `refresh` whenever something may have changed; it does little if nothing has."""

    back_pressed = pyqtSignal()
    """The user has finished with this page."""

    def __init__(self, platform: str = sys.platform) -> None:
        super().__init__()
        self.setAccessibleName(tr("Connect my DAW"))
        self._platform = platform
        self._checks = ConnectionChecks()
        self._daw_tabs = _build_daw_tabs()
        self._steps_layout = QVBoxLayout()
        self._check_rows = [CheckRow(row) for row in checklist(self._checks)]
        self._ports_label = QLabel()
        self._ports_label.setWordWrap(True)
        self._body_layout = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._build_layout()
        self._daw_tabs.currentChanged.connect(self._show_steps)
        self._daw_tabs.setCurrentIndex(_first_daw_index(platform))
        self._show_port_names()
        self._show_steps()

    @property
    def daw(self) -> Daw:
        """The DAW whose steps are shown."""
        return DAWS[self._daw_tabs.currentIndex()]

    def show_daw(self, name: str) -> None:
        """Show the steps of the DAW with that name."""
        self._daw_tabs.setCurrentIndex([daw.name for daw in DAWS].index(name))

    def refresh(self, checks: ConnectionChecks) -> None:
        """Show what is known about the connection now."""
        if checks == self._checks:
            return
        before, self._checks = self._checks, checks
        renamed = (checks.daw_names, checks.needs_loopback) != (before.daw_names, before.needs_loopback)
        for widget, row in zip(self._check_rows, checklist(checks), strict=True):
            widget.show_check(row)
        if renamed:
            self._show_port_names()
            self._show_steps()

    def copy_port_names(self) -> None:
        """Copy the names of our ports to the clipboard, one per line."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText("\n".join(self._port_names))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Place the check list beside the steps if there is room, else below them."""
        wide = self.width() >= _WIDE_LAYOUT_PX
        self._body_layout.setDirection(
            QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom,
        )
        super().resizeEvent(a0)

    @property
    def _port_names(self) -> tuple[str, str]:
        """The ports that the DAW plays to and listens to."""
        return self._checks.daw_names

    def _build_layout(self) -> None:
        back = _button(tr("Back"), tr("Back"), tr("Back to playing; the music is not interrupted"), self.back_pressed)
        copy = _button(
            tr("Copy the names"),
            tr("Copy the names of the ports"),
            tr("Copy the names of both ports, so that you can find them in the DAW"),
            self.copy_port_names,
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(_MARGIN_PX, _LARGE_GAP_PX, _MARGIN_PX, _LARGE_GAP_PX)
        grid.setSpacing(_LARGE_GAP_PX)
        grid.addWidget(heading_label(tr("Connect my DAW")), 0, 0)
        grid.addWidget(back, 0, 1)
        grid.addWidget(self._ports_label, 1, 0)
        grid.addWidget(copy, 1, 1)
        grid.addWidget(self._daw_tabs, 2, 0, 1, 2)
        grid.addWidget(self._build_body(), 3, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(3, 1)

    def _build_body(self) -> QScrollArea:
        self._steps_layout.setSpacing(_LARGE_GAP_PX)
        self._body_layout.setSpacing(_MARGIN_PX)
        self._body_layout.setContentsMargins(0, 0, _SMALL_GAP_PX, 0)
        self._body_layout.addLayout(self._steps_layout, 1)
        self._body_layout.addWidget(self._build_checklist(), 0, Qt.AlignmentFlag.AlignTop)
        page = QWidget()
        page.setLayout(self._body_layout)
        return scroll_area(page)

    def _build_checklist(self) -> QWidget:
        panel = QFrame()
        panel.setFrameShape(QFrame.Shape.StyledPanel)
        panel.setFixedWidth(_CHECKLIST_WIDTH_PX)
        panel.setAccessibleName(tr("What BachBridge sees"))
        column = QVBoxLayout(panel)
        column.setContentsMargins(_LARGE_GAP_PX, _LARGE_GAP_PX, _LARGE_GAP_PX, _LARGE_GAP_PX)
        column.setSpacing(_LARGE_GAP_PX)
        column.addWidget(heading_label(tr("What BachBridge sees")))
        for row in self._check_rows:
            column.addWidget(row)
        return panel

    def _show_port_names(self) -> None:
        input_name, output_name = self._port_names
        self._ports_label.setText(
            tr(
                "What you play goes to <b>{input_name}</b>; BachBridge's answer comes from <b>{output_name}</b>.",
                input_name=html.escape(input_name),
                output_name=html.escape(output_name),
            )
        )

    def _show_steps(self) -> None:
        while item := self._steps_layout.takeAt(0):
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if note := platform_note(self.daw, self._platform):
            self._steps_layout.addWidget(_build_note(note))
        first = (LOOPBACK_STEP,) if self._checks.needs_loopback else ()
        for number, step in enumerate((*first, *self.daw.steps), 1):
            self._steps_layout.addWidget(self._build_step(number, step))
        self._steps_layout.addStretch(1)

    def _build_step(self, number: int, step: SetupStep) -> QWidget:
        row = QWidget()
        grid = QGridLayout(row)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(_LARGE_GAP_PX)
        grid.setVerticalSpacing(4)
        number_label = heading_label(str(number))
        number_label.setMinimumWidth(_MARGIN_PX)
        grid.addWidget(number_label, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(heading_label(tr(step.title), BODY_SCALE), 0, 1)
        grid.addWidget(
            wrapped_label(bold_menu_words(with_port_names(tr_report(tr(step.text)), *self._port_names))), 1, 1
        )
        grid.setColumnStretch(1, 1)
        return row


def _build_daw_tabs() -> QTabBar:
    tabs = QTabBar()
    for daw in DAWS:
        tabs.addTab(daw.name)
    tabs.setExpanding(False)
    tabs.setUsesScrollButtons(True)
    tabs.setAccessibleName(tr("Which DAW"))
    tabs.setToolTip(tr("Choose your DAW: the steps use the words of its menus"))
    return tabs


def _button(text: str, name: str, tip: str, pressed: pyqtBoundSignal | Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setMinimumSize(120, 32)
    button.setAccessibleName(name)
    button.setToolTip(tip)
    button.clicked.connect(pressed)
    return button


def _build_note(text: str) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(_LARGE_GAP_PX)
    line.addWidget(StatusIcon("warning"), 0, Qt.AlignmentFlag.AlignTop)
    line.addWidget(wrapped_label(text), 1)
    return row


def _first_daw_index(platform: str) -> int:
    """Return the index of the first DAW that runs on this system."""
    return next((number for number, daw in enumerate(DAWS) if platform in daw.systems), 0)


class CheckRow(QWidget):
    """One check: an icon, a title, and a sentence that says what it means or what to do."""

    def __init__(self, check: Check) -> None:
        super().__init__()
        self.icon = StatusIcon()
        self._title = heading_label("", BODY_SCALE)
        self._sentence = wrapped_label("")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.icon, 0, 0)
        grid.addWidget(self._title, 0, 1)
        grid.addWidget(self._sentence, 1, 1)
        grid.setColumnStretch(1, 1)
        self.show_check(check)

    def show_check(self, check: Check) -> None:
        self.icon.set_state(check.state)
        self._title.setText(check.title)
        self._sentence.setText(check.sentence)
        self.setAccessibleName(f"{check.title}: {tr(STATE_LABELS[check.state])}")
        self.setAccessibleDescription(check.sentence)
