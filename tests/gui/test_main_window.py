"""The window as a whole: its views, its preferences, and the computer's keys."""

from pathlib import Path

import pytest
from PyQt6.QtCore import QEvent, QPoint, Qt
from PyQt6.QtGui import QAction, QKeyEvent, QPalette, QWindow
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QScrollBar,
    QSpinBox,
    QTabBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Midi, Panic
from bachbridge_gui.main_window import COMPACT_HEIGHT_PX, MIN_SIZE
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from bachbridge_gui.state.activity import LiveState
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.views.top_bar import VIEWS
from tests.support.assembled_window import WindowHarness

PAGES = ("welcome", *VIEWS)
SIZES = ((1280, 820), MIN_SIZE)
INTERACTIVE = (
    QAbstractButton,
    QComboBox,
    QAbstractSpinBox,
    QAbstractSlider,
    QAbstractItemView,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
)


def handle(opened: WindowHarness) -> QWindow:
    found = opened.window.windowHandle()
    assert found
    return found


def button(opened: WindowHarness, name: str) -> QAbstractButton:
    (found,) = [made for made in opened.parts.top_bar.findChildren(QToolButton) if made.accessibleName() == name]
    return found


def action(opened: WindowHarness, text: str) -> QAction:
    (found,) = [made for made in opened.parts.top_bar.menu_button.menu().actions() if made.text() == text]  # pyright: ignore[reportOptionalMemberAccess] # it has one
    return found


# ---------------------------------------------------------------- views


@pytest.mark.parametrize("name", VIEWS)
def test_view_is_shown_by_button_and_by_key(opened: WindowHarness, qtbot: QtBot, name: str) -> None:
    wanted = opened.parts.views[VIEWS.index(name)]
    for device in ("button", "key"):
        opened.window.show_view("monitor" if name == "roll" else "roll")
        assert not wanted.isVisible()
        if device == "button":
            qtbot.mouseClick(button(opened, name.capitalize()), Qt.MouseButton.LeftButton)
        else:
            key = Qt.Key(Qt.Key.Key_1 + VIEWS.index(name))
            qtbot.keyClick(handle(opened), key, Qt.KeyboardModifier.ControlModifier)
        assert wanted.isVisible()
        assert button(opened, name.capitalize()).isChecked()
        assert opened.state.view == name


def test_welcome_page_opens_from_menu_and_leads_on(opened: WindowHarness, qtbot: QtBot) -> None:
    action(opened, "Welcome page").trigger()
    assert opened.parts.welcome_page.isVisible()
    for text, view in (("Connect my DAW", "connect"), ("Start playing", "roll"), ("Play without a keyboard", "roll")):
        opened.window.show_view("welcome")
        (found,) = [b for b in opened.parts.welcome_page.findChildren(QAbstractButton) if b.text() == text]
        qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        assert opened.state.view == view
    assert opened.parts.keyboard.isVisible()


def test_status_bar_opens_monitor_and_its_button_closes_it(opened: WindowHarness, qtbot: QtBot) -> None:
    qtbot.mouseClick(opened.parts.status_bar, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert opened.parts.monitor.isVisible()
    opened.parts.monitor.closed.emit()
    assert opened.parts.roll.isVisible()


def test_compact_window_is_low_and_restores_height(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.resize(1100, 700)
    qtbot.mouseClick(opened.parts.top_bar.compact_button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert opened.window.height() == COMPACT_HEIGHT_PX
    assert opened.parts.roll.isVisible()
    assert opened.parts.top_bar.panic_button.isVisible()
    assert opened.parts.compact_bar.end_phrase.isVisible()
    assert opened.parts.hearing_strip.isVisible()
    assert opened.parts.roll.height() >= 60
    assert not opened.parts.phrases.isVisible()
    qtbot.mouseClick(opened.parts.top_bar.compact_button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert (opened.window.width(), opened.window.height()) == (1100, 700)
    assert opened.parts.phrases.isVisible()
    assert not opened.parts.compact_bar.isVisible()


def test_narrow_window_has_drawers(opened: WindowHarness, qtbot: QtBot) -> None:
    """In a window with room for one panel, its button opens each of them, and the other one closes."""
    parts, panels = opened.parts, (opened.parts.controls, opened.parts.phrases)
    for width, shown in ((1200, [True, True]), (900, [True, False]), (1200, [True, True])):
        opened.window.resize(width, 700)
        assert [panel.isVisible() for panel in panels] == shown
    opened.window.resize(900, 600)
    for name, shown in (("Phrases", [False, True]), ("Controls", [True, False]), ("Controls", [False, False])):
        qtbot.mouseClick(button(opened, name), Qt.MouseButton.LeftButton)
        assert [panel.isVisible() for panel in panels] == shown
        assert [button(opened, label).isChecked() for label in ("Controls", "Phrases")] == shown
    opened.window.show_view("connect")
    assert not button(opened, "Phrases").isVisible()
    assert not parts.controls.isVisible()


def test_wide_window_remembers_closed_panels(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.resize(1200, 700)
    qtbot.mouseClick(button(opened, "Phrases"), Qt.MouseButton.LeftButton)
    assert not opened.parts.phrases.isVisible()
    assert (opened.state.prefs.controls_open, opened.state.prefs.phrases_open) == (True, False)
    opened.window.show_view("connect")
    opened.window.show_view("roll")
    assert opened.parts.controls.isVisible()
    assert not opened.parts.phrases.isVisible()


def test_top_bar_shows_live_state(opened: WindowHarness) -> None:
    light = opened.parts.top_bar.activity
    opened.advance()
    assert light.state is LiveState.LISTENING
    opened.engine.feed(Midi(midi.note_on(0, 62, 80)))
    opened.advance()
    assert light.state is LiveState.PLAYER
    assert light.accessibleName() == "Now: You play"
    opened.store.set("mode", "off")
    opened.engine.feed(Midi(midi.note_off(0, 62)))
    opened.advance()
    assert light.state is LiveState.OFF


def test_notice_does_not_change_compact_height(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_compact(on=True)
    opened.frame_loop.show_notice("The engine has ended unexpectedly and is started again")
    opened.advance()
    QApplication.processEvents()
    assert opened.window.notice.isVisible()
    assert opened.window.height() == COMPACT_HEIGHT_PX


def test_compact_button_ends_phrase(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_compact(on=True)
    opened.play(60, 62)
    qtbot.mouseClick(opened.parts.compact_bar.end_phrase, Qt.MouseButton.LeftButton)
    opened.wait_for_exchanges(1)
    assert len(opened.parts.phrases.model.entries) == 1


def test_always_on_top_can_be_switched_on_and_off(opened: WindowHarness) -> None:
    for on in (True, False):
        action(opened, "Always on top").trigger()
        assert bool(opened.window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint) is on
        assert opened.window.isVisible()
        assert opened.state.prefs.always_on_top is on


# ---------------------------------------------------------------- preferences


def test_second_window_restores_first_one(tmp_path: Path, qtbot: QtBot) -> None:
    first = WindowHarness(tmp_path)
    qtbot.addWidget(first.window)
    first.window.resize(800, 612)  # wider than the test's screen: only the height is restored exactly
    first.window.set_theme("dark")
    first.window.set_always_on_top(True)
    first.window.show_view("score")
    first.window.show_keyboard(on=True)
    first.parts.top_bar.switchToggled.emit("follow", False)
    first.parts.top_bar.switchToggled.emit("sound", False)
    first.parts.roll.zoom = 23.0
    first.parts.welcome_page.show_at_start_changed.emit(True)
    first.parts.welcome_page.show_at_start_changed.emit(False)
    first.window.close()
    ((prefs, settings),) = first.saved
    second = WindowHarness(tmp_path, settings, prefs)
    qtbot.addWidget(second.window)
    try:
        assert second.window.height() == 612
        assert second.parts.score.isVisible()
        assert second.parts.keyboard.isVisible()
        assert button(second, "Piano").isChecked()
        assert not button(second, "Follow").isChecked()
        assert not second.parts.roll.follow
        assert not button(second, "Sound").isChecked()
        assert second.parts.roll.zoom == pytest.approx(23.0)
        assert action(second, "Dark theme").isChecked()
        assert action(second, "Always on top").isChecked()
        assert second.window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
        assert second.window.palette().window().color().lightness() < 128
    finally:
        second.window.set_theme("system")
        second.window.close()


def test_compact_window_is_restored_compact(tmp_path: Path, qtbot: QtBot) -> None:
    first = WindowHarness(tmp_path)
    qtbot.addWidget(first.window)
    first.window.show_compact(on=True)
    first.window.close()
    second = WindowHarness(tmp_path, prefs=first.saved[0][0])
    qtbot.addWidget(second.window)
    QApplication.processEvents()
    assert second.window.height() == COMPACT_HEIGHT_PX
    assert second.parts.top_bar.compact_button.isChecked()
    second.window.close()


def test_welcome_page_is_shown_first_time(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, prefs=WindowPrefs())
    qtbot.addWidget(opened.window)
    assert opened.parts.welcome_page.isVisible()
    qtbot.mouseClick(opened.parts.welcome_page.example_button, Qt.MouseButton.LeftButton)
    assert opened.parts.roll.isVisible()
    opened.window.close()


@pytest.mark.parametrize("dark", [True, False])
def test_theme_changes_every_widget_at_once(opened: WindowHarness, dark: bool) -> None:
    opened.window.set_theme("light" if dark else "dark")
    QApplication.processEvents()
    opened.window.set_theme("dark" if dark else "light")
    QApplication.processEvents()
    role = (QPalette.ColorGroup.Active, QPalette.ColorRole.ButtonText)
    themed = [
        widget for widget in opened.window.findChildren(QWidget) if widget is not opened.parts.top_bar.panic_button
    ]
    lightness_by_widget = {label_of(widget): widget.palette().color(*role).lightness() for widget in themed}
    opened.window.set_theme("system")
    assert [name for name, lightness in lightness_by_widget.items() if (lightness > 128) is not dark] == []


# ---------------------------------------------------------------- Esc


def test_esc_is_panic_wherever_the_focus_is(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    roots = (opened.parts.roll, opened.parts.phrases.view, opened.parts.keyboard)
    spins = [spin for spin in opened.parts.controls.findChildren(QSpinBox) if spin.isVisible() and spin.isEnabled()]
    for number, widget in enumerate((*roots, spins[0]), 1):
        widget.setFocus()
        qtbot.keyClick(handle(opened), Qt.Key.Key_Escape)
        assert len(opened.engine_received(Panic)) == number


def test_esc_in_learn_mode_goes_back_without_panic(opened: WindowHarness, qtbot: QtBot) -> None:
    midi_learn = opened.midi_learn
    midi_learn.set_active(active=True)
    midi_learn.arm("temperature")
    opened.parts.roll.setFocus()
    qtbot.keyClick(handle(opened), Qt.Key.Key_Escape)
    assert (midi_learn.active, midi_learn.armed_target) == (True, None)
    qtbot.keyClick(handle(opened), Qt.Key.Key_Escape)
    assert not midi_learn.active
    assert not opened.engine_received(Panic)
    qtbot.keyClick(handle(opened), Qt.Key.Key_Escape)
    assert opened.engine_received(Panic)


# ---------------------------------------------------------------- the computer's keys


def sent_midi(opened: WindowHarness) -> list[bytes]:
    return [message.data for message in opened.engine_received(Midi) if isinstance(message, Midi)]


ON, OFF = midi.note_on(0, 48, 84), midi.note_off(0, 48)


def test_computer_key_plays_only_while_piano_is_shown(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.parts.roll.setFocus()
    qtbot.keyClick(handle(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == []
    qtbot.mouseClick(button(opened, "Piano"), Qt.MouseButton.LeftButton)
    qtbot.keyClick(handle(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]
    qtbot.mouseClick(button(opened, "Piano"), Qt.MouseButton.LeftButton)
    qtbot.keyClick(handle(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]


def test_phrase_list_keeps_its_keys_without_piano(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.play_exchange(60, 62, 64)
    opened.parts.phrases.view.setFocus()
    qtbot.keyClick(handle(opened), Qt.Key.Key_K)
    assert opened.parts.phrases.selected_entries()[0].kept


def test_computer_keys_do_not_play_while_typing(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    spin = opened.parts.preset_bar.program_box
    box = opened.parts.preset_bar.preset_box
    box.save_as.trigger()
    assert box.edit.hasFocus()
    qtbot.keyClicks(box.edit, "zx")
    qtbot.keyClick(handle(opened), Qt.Key.Key_C)
    assert box.edit.text() == "zxc"
    spin.setEnabled(True)
    spin.setFocus()
    qtbot.keyClick(handle(opened), Qt.Key.Key_2)
    assert sent_midi(opened) == []


def test_letters_play_while_number_field_has_focus(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    spin = opened.parts.preset_bar.program_box
    spin.setEnabled(True)
    spin.setFocus()
    qtbot.keyClick(handle(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]


def test_computer_keys_do_not_play_while_piano_is_hidden(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.window.show_compact(on=True)
    qtbot.keyClick(handle(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == []


def test_initial_size_fits_screen(opened: WindowHarness) -> None:
    screen = opened.window.screen()
    assert screen
    width, height = opened.window._initial_size()
    assert width <= screen.availableGeometry().width()
    assert height <= screen.availableGeometry().height()


def test_closing_compact_window_keeps_full_geometry(opened: WindowHarness) -> None:
    opened.window.resize(1100, 700)
    before = opened.state.prefs.geometry
    opened.window.show_compact(on=True)
    opened.window.close()
    assert opened.saved[0][0].geometry == before


def test_repeated_key_plays_once(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyPress(handle(opened), Qt.Key.Key_Z)
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress) * 3:
        repeat = QKeyEvent(kind, Qt.Key.Key_Z, Qt.KeyboardModifier.NoModifier, "z", autorep=True)
        opened.window.eventFilter(handle(opened), repeat)
    assert sent_midi(opened) == [ON]
    qtbot.keyRelease(handle(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]


def test_keys_are_released_when_window_loses_focus(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyPress(handle(opened), Qt.Key.Key_Z)
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not opened.window.isActiveWindow())
    assert sent_midi(opened) == [ON, OFF]


def test_key_released_while_typing_ends_its_note(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyPress(handle(opened), Qt.Key.Key_Z)
    opened.parts.preset_bar.preset_box.save_as.trigger()
    qtbot.keyRelease(handle(opened), Qt.Key.Key_Z)
    assert sent_midi(opened) == [ON, OFF]


@pytest.mark.parametrize("ending", ["panic", "piano off", "compact", "close"])
def test_screen_piano_leaves_no_note_hanging(opened: WindowHarness, qtbot: QtBot, ending: str) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyPress(handle(opened), Qt.Key.Key_Z)
    match ending:
        case "panic":
            opened.store.give_command("panic")
        case "piano off":
            opened.window.show_keyboard(on=False)
        case "compact":
            opened.window.show_compact(on=True)
        case _:
            opened.window.close()
    assert sent_midi(opened) == [ON, OFF]


def test_control_shortcut_plays_no_note(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyClick(handle(opened), Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert opened.state.view == "score"
    assert sent_midi(opened) == []


def test_sounding_notes_are_lit_on_piano(opened: WindowHarness) -> None:
    opened.window.show_keyboard(on=True)
    opened.engine.feed(Midi(midi.note_on(0, 62, 80)))
    opened.advance()
    assert dict(opened.parts.keyboard.lit) == {62: -1}


# ---------------------------------------------------------------- accessibility


def interactive_widgets(opened: WindowHarness) -> list[QWidget]:
    """Return the visible widgets that can be used, without Qt's own parts of them."""
    found: list[QWidget] = []
    for widget in opened.window.findChildren(QWidget):
        inner = (
            isinstance(widget.parent(), QComboBox | QAbstractSpinBox | QTabBar)
            or isinstance(widget, QScrollBar)
            or widget.objectName().startswith("qt_")
        )
        if widget.isVisible() and isinstance(widget, INTERACTIVE) and not inner:
            found.append(widget)
    return found


def lay_out(opened: WindowHarness, page: str, size: tuple[int, int] = SIZES[0]) -> None:
    opened.window.resize(*size)
    opened.window.show_view(page)
    opened.window.show_keyboard(on=True)
    opened.advance()
    for _ in range(3):
        QApplication.processEvents()


def label_of(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return f"{type(widget).__name__} {widget.accessibleName() or text or widget.objectName()!r}"


@pytest.mark.parametrize("page", PAGES)
def test_interactive_widgets_have_name_and_tooltip(opened: WindowHarness, page: str) -> None:
    opened.play_exchange(60, 62, 64)
    lay_out(opened, page)
    found = interactive_widgets(opened)
    assert len(found) > 10
    assert [label_of(widget) for widget in found if not widget.accessibleName()] == []
    assert [label_of(widget) for widget in found if not widget.toolTip()] == []


@pytest.mark.parametrize("page", PAGES)
def test_interactive_widgets_are_reached_by_tab(opened: WindowHarness, qtbot: QtBot, page: str) -> None:
    opened.play_exchange(60, 62, 64)
    lay_out(opened, page)
    reached: list[QWidget] = []
    opened.parts.top_bar.panic_button.setFocus()
    for _ in range(200):
        focus = QApplication.focusWidget()
        assert focus is not None  # an empty combo box is falsy
        if focus in reached:
            break
        reached.append(focus)
        opened.window.focusNextChild()
    wanted = [widget for widget in interactive_widgets(opened) if widget.isEnabled()]
    groups = {widget.group() for widget in reached if isinstance(widget, QAbstractButton) and widget.group()}
    missed = [
        label_of(widget)
        for widget in wanted
        if widget not in reached
        and not any(widget.isAncestorOf(other) for other in reached)
        and not (isinstance(widget, QAbstractButton) and widget.group() in groups)
    ]
    assert missed == []


def missing_px(widget: QAbstractButton) -> int:
    """Return how many pixels are missing for the text of a button."""
    lines = widget.text().replace("&", "").splitlines() or [""]
    needed = max(widget.fontMetrics().horizontalAdvance(line) for line in lines)
    return needed - widget.contentsRect().width()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_button_texts_are_not_cut_off(opened: WindowHarness, page: str, size: tuple[int, int]) -> None:
    opened.play_exchange(60, 62, 64)
    lay_out(opened, page, size)
    buttons = [widget for widget in interactive_widgets(opened) if isinstance(widget, QAbstractButton)]
    assert [(label_of(widget), missing_px(widget)) for widget in buttons if missing_px(widget) > 0] == []


def is_outside(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    return parent is not None and not parent.rect().contains(widget.geometry())


def is_scrolled(widget: QWidget) -> bool:
    """True if the widget lies on a page that is scrolled in a smaller view."""
    parent = widget.parentWidget()
    return parent is not None and isinstance(parent.parentWidget(), QScrollArea)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_widgets_lie_inside_their_parents(opened: WindowHarness, page: str, size: tuple[int, int]) -> None:
    opened.play_exchange(60, 62, 64)
    lay_out(opened, page, size)
    assert (opened.window.width(), opened.window.height()) == size
    found = [w for w in opened.window.findChildren(QWidget) if w.isVisible() and not w.isWindow()]
    lost = [w for w in found if is_outside(w) and not is_scrolled(w) and not isinstance(w, QScrollBar | LearnOverlay)]
    assert [(label_of(w), w.geometry(), w.parentWidget().size()) for w in lost] == []  # pyright: ignore[reportOptionalMemberAccess] # it has one


def test_labels_are_not_cut_off(opened: WindowHarness) -> None:
    lay_out(opened, "roll", SIZES[1])
    labels = [label for label in opened.window.findChildren(QLabel) if label.isVisible() and not label.wordWrap()]
    cut = [label.text() for label in labels if label.sizeHint().width() > label.width() + 1]
    assert cut == []
