"""The page "Connect my DAW": the steps of each DAW, and the live check list."""

import re

import pytest
from PyQt6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QLabel, QPushButton, QTabBar
from pytestqt.qtbot import QtBot

from bachbridge_gui.setup.checklist import ConnectionChecks, checklist
from bachbridge_gui.setup.connect_page import CheckRow, ConnectPage
from bachbridge_gui.setup.daw_guides import DAWS, LINUX, MACOS, WINDOWS, platform_note, with_port_names
from bachbridge_gui.widgets.typography import bold_menu_words


def states(checks: ConnectionChecks) -> list[str]:
    return [row.state for row in checklist(checks)]


def texts(page: ConnectPage) -> str:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return re.sub(r"<[^>]+>", "", " ".join(label.text() for label in page.findChildren(QLabel)))


@pytest.fixture
def page(qtbot: QtBot) -> ConnectPage:
    page = ConnectPage(MACOS)
    qtbot.addWidget(page)
    page.show()
    return page


def test_daw_guides_cover_six_daws_with_four_steps():
    assert [daw.name for daw in DAWS] == ["Ableton Live", "Reaper", "Bitwig Studio", "Logic Pro", "FL Studio", "Ardour"]
    for daw in DAWS:
        assert len(daw.steps) == 4
        whole = "".join(step.text for step in daw.steps)
        assert "{input}" in whole
        assert "{output}" in whole
        assert "{" not in with_port_names(whole, "In", "Out")
        assert whole.count("*") % 2 == 0


def test_daw_guides_use_keyboard_alone_for_playing_track():
    """All inputs together would contain our own output, which makes a loop."""
    for daw in DAWS:
        assert "keyboard" in daw.steps[1].text


def test_platform_note_names_systems():
    live, reaper, _, logic, _, _ = DAWS
    assert platform_note(logic, LINUX) == "Logic Pro runs on macOS only."
    assert platform_note(live, LINUX) == "Ableton Live runs on macOS and Windows only."
    assert platform_note(reaper, MACOS) == platform_note(reaper, LINUX) == ""
    assert platform_note(reaper, WINDOWS) == ""


def test_bold_menu_words_escapes_names():
    assert bold_menu_words("*Options* → “<In>” & on") == "<b>Options</b> → “&lt;In&gt;” &amp; on"


def test_checklist_waits_for_what_is_missing():
    assert states(ConnectionChecks()) == ["waiting"] * 4
    assert states(ConnectionChecks(input_seen=True)) == ["seen", "waiting", "waiting", "waiting"]
    assert states(ConnectionChecks(notes_seen=True)) == ["seen", "seen", "waiting", "seen"]
    assert states(ConnectionChecks(clock_seen=True)) == ["seen", "waiting", "seen", "waiting"]
    assert states(ConnectionChecks(notes_seen=True, has_loop=True))[3] == "warning"
    assert states(ConnectionChecks(input_name=""))[0] == "warning"


def test_checklist_sentences_say_what_to_do():
    for checks in (
        ConnectionChecks(),
        ConnectionChecks(has_loop=True, output_name=""),
        ConnectionChecks(input_name=""),
    ):
        assert all(row.sentence.endswith(".") for row in checklist(checks))
    assert "“BachBridge Out”" in checklist(ConnectionChecks(has_loop=True))[3].sentence


def test_connect_page_shows_steps_of_chosen_daw(page: ConnectPage, qtbot: QtBot):
    assert page.daw.name == "Ableton Live"
    assert "Link, Tempo & MIDI" in texts(page).replace("&amp;", "&")
    (names,) = page.findChildren(QTabBar)
    qtbot.keyClick(names, Qt.Key.Key_Right)
    assert page.daw.name == "Reaper"
    assert "MIDI Hardware Output" in texts(page)
    page.show_daw("Ardour")
    assert "MIDI Connections" in texts(page)


def test_connect_page_starts_with_first_daw_of_system(qtbot: QtBot):
    page = ConnectPage(LINUX)
    qtbot.addWidget(page)
    assert page.daw.name == "Reaper"


def test_connect_page_checklist_follows(page: ConnectPage):
    page.refresh(ConnectionChecks(notes_seen=True, clock_seen=True, has_loop=True))
    shown = page.findChildren(CheckRow)
    assert [row.icon.state for row in shown] == ["seen", "seen", "seen", "warning"]
    assert shown[3].accessibleName() == "A loop!: warning"
    assert "keyboard only" in shown[3].accessibleDescription()
    page.refresh(ConnectionChecks())
    assert [row.icon.state for row in shown] == ["waiting"] * 4


def test_connect_page_uses_and_copies_port_names(page: ConnectPage, qtbot: QtBot):
    page.refresh(ConnectionChecks(input_name="loop <1>", output_name="loop 2"))
    assert "loop &lt;1&gt;" in texts(page)
    copy = next(each for each in page.findChildren(QPushButton) if "Copy" in each.text())
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == "loop <1>\nloop 2"


def test_connect_page_names_the_far_end_of_a_loopback(page: ConnectPage):
    page.refresh(ConnectionChecks(input_name="Loop (A)", output_name="Loop (A)", has_loop=True))
    assert "Loop (B)" in texts(page)
    assert "Loop (A)" not in texts(page)
    assert "“Loop (B)”" in page.findChildren(CheckRow)[3].accessibleDescription()


def test_connect_page_begins_with_missing_loopback(page: ConnectPage):
    assert "loopMIDI" not in texts(page)
    page.refresh(ConnectionChecks(input_name="", output_name="", needs_loopback=True))
    assert "Create a loopback" in texts(page)
    assert "loopMIDI" in texts(page)
    assert "loopback" in page.findChildren(CheckRow)[0].accessibleDescription()
    page.refresh(ConnectionChecks(input_name="BachBridge In", output_name="BachBridge Out"))
    assert "loopMIDI" not in texts(page)


def test_connect_page_back_button_emits_signal(page: ConnectPage, qtbot: QtBot):
    back = next(each for each in page.findChildren(QPushButton) if each.text() == "Back")
    with qtbot.waitSignal(page.back_pressed, timeout=1000):
        qtbot.mouseClick(back, Qt.MouseButton.LeftButton)


def test_status_icons_differ_in_shape_too(page: ConnectPage):
    """The three states still differ from each other when they are drawn in grey."""
    icon = page.findChildren(CheckRow)[0].icon
    seen: list[bytes] = []
    for state in ("waiting", "seen", "warning"):
        icon.set_state(state)
        image = icon.grab().toImage().convertToFormat(icon.grab().toImage().Format.Format_Grayscale8)
        seen.append(bytes(image.constBits().asarray(image.sizeInBytes())))  # pyright: ignore[reportOptionalMemberAccess] # the image has bits
    assert len(set(seen)) == 3


def test_connect_page_stacks_when_narrow(page: ConnectPage, qtbot: QtBot):
    rows = page.findChildren(CheckRow)
    page.resize(900, 500)
    qtbot.waitUntil(lambda: rows[0].mapTo(page, QPoint()).x() > 450)
    page.resize(480, 500)
    qtbot.waitUntil(lambda: rows[0].mapTo(page, QPoint()).x() < 100)
    assert page.minimumSizeHint().width() <= 480
    assert page.minimumSizeHint().height() <= 360
