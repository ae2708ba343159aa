"""The bar at the top: it says what was pressed and shows what it is told, and never confuses the two."""

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from bachbridge_gui.views.top_bar import SWITCHES, VIEWS, TopBar
from bachbridge_gui.widgets.theme import THEMES


@pytest.fixture
def bar(qtbot: QtBot) -> TopBar:
    made = TopBar(QWidget())
    qtbot.addWidget(made)
    made.show()
    return made


def named(bar: TopBar, name: str) -> QAbstractButton:
    (found,) = [button for button in bar.findChildren(QToolButton) if button.accessibleName() == name]
    return found


def marked(bar: TopBar) -> list[str]:
    return [name for name in VIEWS if named(bar, name.capitalize()).isChecked()]


def heard(bar: TopBar) -> list[tuple[object, ...]]:
    """Everything that the bar says from now on."""
    said: list[tuple[object, ...]] = []
    for signal in (bar.viewChosen, bar.switchToggled, bar.themeChosen, bar.compactChosen, bar.alwaysOnTopChosen):
        signal.connect(lambda *values: said.append(values))
    for signal, word in ((bar.welcomeChosen, "first page"), (bar.panicPressed, "panic")):
        signal.connect(lambda *_, word=word: said.append((word,)))
    return said


@pytest.mark.parametrize("name", VIEWS)
def test_a_views_button_says_its_name(bar: TopBar, qtbot: QtBot, name: str) -> None:
    said = heard(bar)
    qtbot.mouseClick(named(bar, name.capitalize()), Qt.MouseButton.LeftButton)
    assert said == [(name,)]


def test_one_view_is_marked_or_none(bar: TopBar) -> None:
    said = heard(bar)
    for name in VIEWS:
        bar.show_view(name)
        assert marked(bar) == [name]
    bar.show_view("welcome")
    assert marked(bar) == []
    assert said == []


def test_the_marked_views_button_does_not_come_loose(bar: TopBar, qtbot: QtBot) -> None:
    bar.show_view("score")
    qtbot.mouseClick(named(bar, "Score"), Qt.MouseButton.LeftButton)
    assert marked(bar) == ["score"]


@pytest.mark.parametrize(("name", "word"), [*zip(SWITCHES, ("Follow", "Piano", "Sound"), strict=True)])
def test_a_switch_says_what_it_is_now_and_nothing_when_it_is_told(
    bar: TopBar, qtbot: QtBot, name: str, word: str
) -> None:
    said = heard(bar)
    for on in (True, False):
        bar.show_switch(name, on=not on)
        qtbot.mouseClick(named(bar, word), Qt.MouseButton.LeftButton)
        assert said == [(name, on)]
        said.clear()


def test_a_switch_that_cannot_be_used_says_why(bar: TopBar) -> None:
    button = named(bar, "Sound")
    usual = button.toolTip()
    bar.show_switch("sound", on=False, reason="No sound device was found.")
    assert (button.isEnabled(), button.toolTip()) == (False, "No sound device was found.")
    assert button.accessibleDescription() == "No sound device was found."
    bar.show_switch("sound", on=True)
    assert (button.isEnabled(), button.toolTip()) == (True, usual)


def test_panic_and_the_strip_are_pressed(bar: TopBar, qtbot: QtBot) -> None:
    said = heard(bar)
    qtbot.mouseClick(bar.panic_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.compact_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.compact_button, Qt.MouseButton.LeftButton)
    assert said == [("panic",), (True,), (False,)]


def test_what_is_pressed_works_from_the_keyboard(bar: TopBar, qtbot: QtBot) -> None:
    said = heard(bar)
    bar.panic_button.setFocus()
    qtbot.keyClick(bar.panic_button, Qt.Key.Key_Space)
    assert said == [("panic",)]


def test_the_strip_keeps_panic_and_the_way_back(bar: TopBar) -> None:
    said = heard(bar)
    bar.show_compact(on=True)
    seen = {button.accessibleName() for button in bar.findChildren(QToolButton) if button.isVisible()}
    assert {"Panic", bar.compact_button.accessibleName()} <= seen
    assert not {"Roll", "Score", "Connect", "Monitor"} & seen
    assert bar.compact_button.isChecked()
    bar.show_compact(on=False)
    assert named(bar, "Roll").isVisible()
    assert said == []


def test_the_menu_offers_themes_top_and_the_first_page(bar: TopBar) -> None:
    said = heard(bar)
    menu = bar.menu_button.menu()
    assert menu
    actions = {action.text(): action for action in menu.actions() if action.text()}
    assert list(actions) == ["System theme", "Light theme", "Dark theme", "Always on top", "Welcome page"]
    for action in actions.values():
        action.trigger()
    assert said == [("system",), ("light",), ("dark",), (True,), ("first page",)]


def test_the_menu_shows_what_is_on(bar: TopBar) -> None:
    said = heard(bar)
    menu = bar.menu_button.menu()
    assert menu
    for name in THEMES:
        bar.show_theme(name, on_top=name == "dark")
        on = [action.text() for action in menu.actions() if action.isChecked()]
        assert on == [f"{name.capitalize()} theme", *(["Always on top"] if name == "dark" else [])]
    assert said == []
