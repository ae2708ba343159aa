"""The top bar: it emits what the user presses, and shows what its owner sets without emitting it."""

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from bachbridge_gui.views.top_bar import SWITCHES, VIEWS, TopBar
from bachbridge_gui.widgets.theme import THEMES


@pytest.fixture
def bar(qtbot: QtBot) -> TopBar:
    bar = TopBar(QWidget())
    qtbot.addWidget(bar)
    bar.show()
    return bar


def button_named(bar: TopBar, name: str) -> QAbstractButton:
    (found,) = [button for button in bar.findChildren(QToolButton) if button.accessibleName() == name]
    return found


def marked_views(bar: TopBar) -> list[str]:
    return [name for name in VIEWS if button_named(bar, name.capitalize()).isChecked()]


def record_signals(bar: TopBar) -> list[tuple[object, ...]]:
    """Return a list that collects everything the bar emits from now on."""
    emitted: list[tuple[object, ...]] = []
    for signal in (bar.viewChosen, bar.switchToggled, bar.themeChosen, bar.compactChosen, bar.alwaysOnTopChosen):
        signal.connect(lambda *values: emitted.append(values))
    for signal, label in ((bar.welcomeChosen, "welcome"), (bar.panicPressed, "panic")):
        signal.connect(lambda *_, label=label: emitted.append((label,)))
    return emitted


@pytest.mark.parametrize("name", VIEWS)
def test_top_bar_view_button_emits_its_name(bar: TopBar, qtbot: QtBot, name: str) -> None:
    emitted = record_signals(bar)
    qtbot.mouseClick(button_named(bar, name.capitalize()), Qt.MouseButton.LeftButton)
    assert emitted == [(name,)]


def test_top_bar_marks_at_most_one_view(bar: TopBar) -> None:
    emitted = record_signals(bar)
    for name in VIEWS:
        bar.show_view(name)
        assert marked_views(bar) == [name]
    bar.show_view("welcome")
    assert marked_views(bar) == []
    assert emitted == []


def test_top_bar_marked_view_stays_marked_when_clicked(bar: TopBar, qtbot: QtBot) -> None:
    bar.show_view("score")
    qtbot.mouseClick(button_named(bar, "Score"), Qt.MouseButton.LeftButton)
    assert marked_views(bar) == ["score"]


@pytest.mark.parametrize(("name", "label"), [*zip(SWITCHES, ("Follow", "Piano", "Sound"), strict=True)])
def test_top_bar_switch_emits_only_when_clicked(bar: TopBar, qtbot: QtBot, name: str, label: str) -> None:
    emitted = record_signals(bar)
    for on in (True, False):
        bar.show_switch(name, on=not on)
        qtbot.mouseClick(button_named(bar, label), Qt.MouseButton.LeftButton)
        assert emitted == [(name, on)]
        emitted.clear()


def test_top_bar_disabled_switch_shows_reason(bar: TopBar) -> None:
    button = button_named(bar, "Sound")
    usual = button.toolTip()
    bar.show_switch("sound", on=False, reason="No sound device was found.")
    assert (button.isEnabled(), button.toolTip()) == (False, "No sound device was found.")
    assert button.accessibleDescription() == "No sound device was found."
    bar.show_switch("sound", on=True)
    assert (button.isEnabled(), button.toolTip()) == (True, usual)


def test_top_bar_emits_panic_and_compact(bar: TopBar, qtbot: QtBot) -> None:
    emitted = record_signals(bar)
    qtbot.mouseClick(bar.panic_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.compact_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.compact_button, Qt.MouseButton.LeftButton)
    assert emitted == [("panic",), (True,), (False,)]


def test_top_bar_buttons_work_from_the_keyboard(bar: TopBar, qtbot: QtBot) -> None:
    emitted = record_signals(bar)
    bar.panic_button.setFocus()
    qtbot.keyClick(bar.panic_button, Qt.Key.Key_Space)
    assert emitted == [("panic",)]


def test_top_bar_compact_keeps_panic_and_compact_button(bar: TopBar) -> None:
    emitted = record_signals(bar)
    bar.show_compact(on=True)
    seen = {button.accessibleName() for button in bar.findChildren(QToolButton) if button.isVisible()}
    assert {"Panic", bar.compact_button.accessibleName()} <= seen
    assert not {"Roll", "Score", "Connect", "Monitor"} & seen
    assert bar.compact_button.isChecked()
    bar.show_compact(on=False)
    assert button_named(bar, "Roll").isVisible()
    assert emitted == []


def test_top_bar_menu_offers_themes_on_top_and_welcome(bar: TopBar) -> None:
    emitted = record_signals(bar)
    menu = bar.menu_button.menu()
    assert menu
    actions = {action.text(): action for action in menu.actions() if action.text()}
    assert list(actions) == ["System theme", "Light theme", "Dark theme", "Always on top", "Welcome page"]
    for action in actions.values():
        action.trigger()
    assert emitted == [("system",), ("light",), ("dark",), (True,), ("welcome",)]


def test_top_bar_menu_shows_current_choices(bar: TopBar) -> None:
    emitted = record_signals(bar)
    menu = bar.menu_button.menu()
    assert menu
    for name in THEMES:
        bar.show_theme(name, on_top=name == "dark")
        on = [action.text() for action in menu.actions() if action.isChecked()]
        assert on == [f"{name.capitalize()} theme", *(["Always on top"] if name == "dark" else [])]
    assert emitted == []
