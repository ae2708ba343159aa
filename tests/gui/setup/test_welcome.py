"""The welcome page: its buttons and its sentences."""

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QPushButton
from pytestqt.qtbot import QtBot

from bachbridge.settings import Settings
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.setup.welcome import WelcomePage, ports_text, sound_text

NO_DEVICE = "No sound device was found: plug one in."


@pytest.fixture
def store() -> SettingsStore:
    return SettingsStore(Settings(), lambda _: None)


@pytest.fixture
def page(store: SettingsStore, qtbot: QtBot) -> WelcomePage:
    page = WelcomePage(store, show_at_start=True)
    qtbot.addWidget(page)
    page.show()
    return page


def button(page: WelcomePage, text: str) -> QPushButton:
    return next(each for each in page.findChildren(QPushButton) if each.text() == text)


def test_welcome_example_button_works_by_mouse_and_key(page: WelcomePage, store: SettingsStore, qtbot: QtBot):
    commands: list[str] = []
    store.command_given.connect(commands.append)
    qtbot.mouseClick(page.example_button, Qt.MouseButton.LeftButton)
    page.example_button.setFocus()
    qtbot.keyClick(page.example_button, Qt.Key.Key_Space)
    assert commands == ["example", "example"]


def test_welcome_example_button_is_the_largest(page: WelcomePage):
    others = [each for each in page.findChildren(QPushButton) if each is not page.example_button]
    assert page.example_button.height() >= 1.5 * max(each.height() for each in others)


def test_welcome_buttons_emit_their_signals(page: WelcomePage, qtbot: QtBot):
    for text, signal in (
        ("Connect my DAW", page.connect_wanted),
        ("Play without a keyboard", page.keyboard_wanted),
        ("Start playing", page.play_wanted),
    ):
        with qtbot.waitSignal(signal, timeout=1000):
            qtbot.mouseClick(button(page, text), Qt.MouseButton.LeftButton)


def test_welcome_check_box_emits_its_state(page: WelcomePage, qtbot: QtBot):
    (check,) = page.findChildren(QCheckBox)
    assert check.isChecked()
    with qtbot.waitSignal(page.show_at_start_changed, timeout=1000) as signal:
        check.click()
    assert signal.args == [False]
    with qtbot.assertNotEmitted(page.show_at_start_changed):
        page.set_show_at_start(on=True)
    assert check.isChecked()


def test_welcome_page_explains_missing_sound(page: WelcomePage):
    page.refresh("BachBridge In", "BachBridge Out", NO_DEVICE, "warning")
    sound, ports = page.status_texts
    assert sound[0] == "warning"
    assert sound[1].startswith(NO_DEVICE)
    assert "still shown" in sound[1]
    assert ports == ("seen", "BachBridge In and BachBridge Out are open.")
    assert page.example_button.isEnabled()


def test_ports_text_and_sound_text_describe_states():
    assert ports_text("", "") == ("waiting", "The MIDI ports are not open yet.")
    assert ports_text("A", "")[0] == ports_text("", "B")[0] == "warning"
    assert "no DAW is needed" in sound_text("The preview sound is on because …", "seen")


def test_welcome_widgets_are_reachable_and_explained(page: WelcomePage):
    for each in (*page.findChildren(QPushButton), *page.findChildren(QCheckBox)):
        assert each.accessibleName()
        assert each.toolTip()
        assert each.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_welcome_page_fits_small_window(page: WelcomePage):
    assert page.minimumSizeHint().width() <= 480
    assert page.minimumSizeHint().height() <= 360
