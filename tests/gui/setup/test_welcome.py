"""The first page: what its buttons do and what it says."""

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QPushButton
from pytestqt.qtbot import QtBot

from bachbridge.settings import Settings
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.setup.welcome import Welcome, ports_in_words, sound_in_words

NO_DEVICE = "No sound device was found: plug one in."


@pytest.fixture
def desk() -> Desk:
    return Desk(Settings(), lambda _: None)


@pytest.fixture
def page(desk: Desk, qtbot: QtBot) -> Welcome:
    page = Welcome(desk, shown=True)
    qtbot.addWidget(page)
    page.show()
    return page


def button(page: Welcome, text: str) -> QPushButton:
    return next(each for each in page.findChildren(QPushButton) if each.text() == text)


def test_the_large_button_plays_the_example_by_mouse_and_by_key(page: Welcome, desk: Desk, qtbot: QtBot):
    done: list[str] = []
    desk.done.connect(done.append)
    qtbot.mouseClick(page.example, Qt.MouseButton.LeftButton)
    page.example.setFocus()
    qtbot.keyClick(page.example, Qt.Key.Key_Space)
    assert done == ["example", "example"]


def test_it_is_the_largest(page: Welcome):
    others = [each for each in page.findChildren(QPushButton) if each is not page.example]
    assert page.example.height() >= 1.5 * max(each.height() for each in others)


def test_the_other_buttons_lead_on(page: Welcome, qtbot: QtBot):
    for text, signal in (
        ("Connect my DAW", page.connect_wanted),
        ("Play without a keyboard", page.keys_wanted),
        ("Start playing", page.play_wanted),
    ):
        with qtbot.waitSignal(signal, timeout=1000):
            qtbot.mouseClick(button(page, text), Qt.MouseButton.LeftButton)


def test_whether_it_is_shown_at_start_is_told(page: Welcome, qtbot: QtBot):
    (check,) = page.findChildren(QCheckBox)
    assert check.isChecked()
    with qtbot.waitSignal(page.shown_at_start, timeout=1000) as signal:
        check.click()
    assert signal.args == [False]
    with qtbot.assertNotEmitted(page.shown_at_start):
        page.show_at_start(on=True)
    assert check.isChecked()


def test_the_button_works_where_nothing_is_heard_and_the_page_says_why(page: Welcome):
    page.refresh("BachBridge In", "BachBridge Out", NO_DEVICE, "warning")
    sound, ports = page.said
    assert sound[0] == "warning"
    assert sound[1].startswith(NO_DEVICE)
    assert "shown all the same" in sound[1]
    assert ports == ("seen", "BachBridge In and BachBridge Out are open.")
    assert page.example.isEnabled()


def test_the_ports_state_is_in_words():
    assert ports_in_words("", "") == ("waiting", "The MIDI ports are not open yet.")
    assert ports_in_words("A", "")[0] == ports_in_words("", "B")[0] == "warning"
    assert "no DAW is needed" in sound_in_words("The preview sound is on because …", "seen")


def test_everything_can_be_reached_and_is_explained(page: Welcome):
    for each in (*page.findChildren(QPushButton), *page.findChildren(QCheckBox)):
        assert each.accessibleName()
        assert each.toolTip()
        assert each.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_it_fits_into_a_small_window(page: Welcome):
    assert page.minimumSizeHint().width() <= 480
    assert page.minimumSizeHint().height() <= 360
