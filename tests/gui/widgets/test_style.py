"""The style: roles and states are painted in the colours of the tokens, and controls are high enough to hit."""

import pytest
from PyQt6.QtCore import QPoint
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton, QSlider, QSpinBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from bachbridge_gui.app import application
from bachbridge_gui.widgets.style import Role, set_role
from bachbridge_gui.widgets.theme import Theme
from bachbridge_gui.widgets.tokens import LIGHT, LINE_HEIGHT_PX, TARGET_HEIGHT_PX


@pytest.fixture(autouse=True)
def _light_theme(qtbot: QtBot) -> None:
    Theme(application(), "light")


def colours_of(widget: QWidget, qtbot: QtBot) -> set[str]:
    qtbot.addWidget(widget)
    widget.resize(120, 40)
    picture = widget.grab().toImage()
    points = (QPoint(x, y) for x in range(picture.width()) for y in range(picture.height()))
    return {QColor(picture.pixelColor(point)).name() for point in points}


@pytest.mark.parametrize(
    ("role", "fill", "text"),
    [("primary", LIGHT.accent, LIGHT.on_accent), ("danger", LIGHT.danger, LIGHT.on_danger)],
)
def test_style_paints_roles_of_buttons(qtbot: QtBot, role: Role, fill: str, text: str) -> None:
    button = QPushButton("HHHH")
    set_role(button, role)
    assert {fill, text} <= colours_of(button, qtbot)


def test_style_paints_checked_tool_button_in_the_accent(qtbot: QtBot) -> None:
    button = QToolButton()
    button.setCheckable(True)
    assert LIGHT.accent not in colours_of(button, qtbot)
    button.setChecked(True)
    assert LIGHT.accent in colours_of(button, qtbot)


@pytest.mark.parametrize("enabled", [True, False])
def test_style_paints_disabled_controls_without_accent(qtbot: QtBot, enabled: bool) -> None:
    box, slider, button = QCheckBox(), QSlider(), QPushButton("x")
    box.setChecked(True)
    slider.setValue(50)
    set_role(button, "primary")
    for widget in (box, slider, button):
        widget.setEnabled(enabled)
        assert (LIGHT.accent in colours_of(widget, qtbot)) is enabled


@pytest.mark.parametrize("kind", [QPushButton, QToolButton, QComboBox, QSpinBox, QLineEdit])
def test_style_makes_controls_high_enough(qtbot: QtBot, kind: type[QWidget]) -> None:
    widget = kind()
    qtbot.addWidget(widget)
    assert widget.sizeHint().height() >= LINE_HEIGHT_PX


def test_style_makes_large_buttons_larger(qtbot: QtBot) -> None:
    button = QPushButton("Play")
    qtbot.addWidget(button)
    set_role(button, "large")
    assert button.sizeHint().height() >= TARGET_HEIGHT_PX
