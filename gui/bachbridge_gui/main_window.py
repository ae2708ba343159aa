"""The main window: the layout of its widgets, the connections between them, and the methods that Qt calls.

`frame_loop` shows what the engine reports, `engine_commands` performs what the user presses, and `state` owns the
preferences and the view.
"""

from PyQt6.QtCore import QByteArray, QEvent, QObject, Qt
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PyQt6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QMainWindow, QPlainTextEdit, QWidget

from bachbridge.files.score_layout import ScoreOptions
from bachbridge.music.timeline import parse_meter
from bachbridge_gui.app_core import AppCore
from bachbridge_gui.engine_commands import EngineCommands
from bachbridge_gui.frame_loop import FrameLoop
from bachbridge_gui.help.page import TABS
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from bachbridge_gui.shortcuts import WindowShortcuts
from bachbridge_gui.translation import tr
from bachbridge_gui.views.language_menu import LanguageMenu
from bachbridge_gui.views.notice_bar import NoticeBar
from bachbridge_gui.views.side_panels import SidePanels
from bachbridge_gui.views.top_bar import VIEWS
from bachbridge_gui.widgets.theme import Theme
from bachbridge_gui.window_layout import build_layout, build_stack
from bachbridge_gui.window_parts import WindowParts

DEFAULT_SIZE = (1280, 820)
COMPACT_HEIGHT_PX = 148
"""Height of the compact window."""
MIN_SIZE = 620, 336
"""Minimum width and height of the window. At 200 % it has room on a screen of 1366 by 768 pixels."""
LOW_HEIGHT_PX = 440
"""Below this height the strip has small letters, to leave room for the page."""
_SCROLL_LEAD_NS = 500_000_000
"""Time shown on the roll before a phrase that was selected."""


class MainWindow(QMainWindow):
    """The one window of the program; it opens no dialogs of its own."""

    def __init__(
        self, core: AppCore, parts: WindowParts, frame_loop: FrameLoop, commands: EngineCommands, theme: Theme
    ) -> None:
        super().__init__()
        self.core, self.parts, self.frame_loop = core, parts, frame_loop
        self._commands, self._theme = commands, theme
        self.side_panels = SidePanels(core.state, parts.top_bar, parts.side_panel, parts.phrases)
        self.setWindowTitle("BachBridge")
        self.setMinimumSize(*MIN_SIZE)
        self.setAcceptDrops(True)
        self._full_height_px = 0
        self.notice = NoticeBar()
        self.stack = build_stack(parts)
        self.setCentralWidget(build_layout(parts, self.stack, self.notice))
        self._shortcuts = WindowShortcuts(self, core, parts, frame_loop)
        self._connect_signals()
        self._connect_phrases()
        app = QApplication.instance()
        if app:
            app.installEventFilter(self)

    # ------------------------------------------------------------ views

    def show_view(self, name: str) -> None:
        """Show one of `top_bar.VIEWS`, "welcome" or "help"."""
        others = {"welcome": self.parts.welcome_page, "help": self.parts.help_page}
        views = {**dict(zip(VIEWS, self.parts.views, strict=True)), **others}
        self.stack.setCurrentWidget(views[name])
        self.parts.top_bar.show_view(name)
        self.core.state.view = name
        self._update_side_panels()
        if name in ("roll", "score"):
            self.core.state.update_prefs(view=name)

    def show_compact(self, *, on: bool) -> None:
        """Shrink the window to a bar beside the DAW (the roll, the main switches, panic), or restore it."""
        self.core.state.update_prefs(compact=on)
        self.parts.status_bar.setVisible(not on)
        self.parts.keyboard_panel.setVisible(not on and self.core.state.prefs.computer_keys)
        self.parts.top_bar.show_compact(on=on)
        self._update_side_panels()
        if on:
            self.show_view("roll")
            self._full_height_px = self.height()
            self.setMinimumSize(560, COMPACT_HEIGHT_PX)
            self.setFixedHeight(COMPACT_HEIGHT_PX)
        elif self.maximumHeight() == COMPACT_HEIGHT_PX:
            self.setMaximumHeight(16_777_215)
            self.setMinimumSize(*MIN_SIZE)
            self.resize(self.width(), max(self._full_height_px, MIN_SIZE[1]))

    def _update_side_panels(self) -> None:
        self.side_panels.update(self.width())
        self.parts.hearing_strip.setVisible(self.core.state.view in ("roll", "score"))
        self.parts.hearing_strip.show_compact(on=self.core.state.prefs.compact or self.height() < LOW_HEIGHT_PX)

    def set_always_on_top(self, on: bool) -> None:
        """Keep the window in front of the DAW, or not."""
        self.core.state.update_prefs(always_on_top=on)
        shown = self.isVisible()
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, on)
        if shown:
            self.show()
        self.parts.top_bar.show_theme(self._theme.name, on_top=on)

    def set_theme(self, name: str) -> None:
        """Use one of `theme.THEMES`."""
        self._theme.set_theme(name)
        self.core.state.update_prefs(theme=name)
        self.parts.top_bar.show_theme(name, on_top=self.core.state.prefs.always_on_top)

    def show_keyboard(self, *, on: bool) -> None:
        """Show or hide the piano on the screen, which the computer's keys play too."""
        self.core.state.update_prefs(computer_keys=on)
        self.parts.keyboard_panel.setVisible(on and not self.core.state.prefs.compact)
        self.parts.top_bar.show_switch("keys", on=on)
        if not on:
            self.parts.keyboard.release_all()

    def restore_layout(self) -> None:
        """Restore what the preferences remember of the last window."""
        prefs = self.core.state.prefs
        self._restore_widgets()
        self.resize(*self._initial_size())
        if prefs.geometry:
            self.restoreGeometry(QByteArray.fromBase64(prefs.geometry.encode()))
        self.parts.top_bar.show_theme(self._theme.name, on_top=prefs.always_on_top)
        if prefs.always_on_top:
            self.set_always_on_top(on=True)
        self.show_keyboard(on=prefs.computer_keys)
        self.show_view("welcome" if prefs.welcome else prefs.view)
        self.show_compact(on=prefs.compact)

    def _restore_widgets(self) -> None:
        prefs, parts = self.core.state.prefs, self.parts
        parts.roll.zoom, parts.roll.follow = prefs.zoom, prefs.follow
        parts.roll.legend.set_open(is_open=prefs.legend_open)
        parts.top_bar.show_switch("follow", on=prefs.follow)
        parts.controls.shape.set_open(is_open=prefs.shape_open)
        parts.controls.setup.set_open(is_open=prefs.setup_open)
        parts.preset_bar.recall(prefs.preset)
        if prefs.key_layout:
            parts.keyboard_panel.show_layout(prefs.key_layout)
        if parts.controls.learn_bar.profile_box:
            parts.controls.learn_bar.profile_box.show_if_present(prefs.profile)

    def _initial_size(self) -> tuple[int, int]:
        """Return `DEFAULT_SIZE`, or as much of it as the screen has room for."""
        screen = self.screen()
        if screen is None:
            return DEFAULT_SIZE
        room = screen.availableGeometry()
        return min(DEFAULT_SIZE[0], room.width()), min(DEFAULT_SIZE[1], room.height())

    # ------------------------------------------------------------ signals

    def _connect_signals(self) -> None:
        top, parts, store = self.parts.top_bar, self.parts, self.core.store
        top.viewChosen.connect(self.show_view)
        top.compactChosen.connect(lambda on: self.show_compact(on=on))
        top.alwaysOnTopChosen.connect(self.set_always_on_top)
        top.themeChosen.connect(self.set_theme)
        top.welcomeChosen.connect(lambda: self.show_view("welcome"))
        top.panicPressed.connect(lambda: store.give_command("panic"))
        top.switchToggled.connect(self._apply_switch)
        top.panelToggled.connect(lambda name, on: self.side_panels.open_panel(name, on=on))
        parts.status_bar.clicked.connect(lambda: self.show_view("monitor"))
        parts.monitor.closed.connect(lambda: self.show_view("roll"))
        parts.connect_page.back_pressed.connect(lambda: self.show_view("roll"))
        parts.welcome_page.connect_wanted.connect(lambda: self.show_view("connect"))
        parts.welcome_page.play_wanted.connect(lambda: self.show_view("roll"))
        parts.welcome_page.keyboard_wanted.connect(self._play_on_screen_keyboard)
        for button, target in ((top.panic_button, "panic"), (parts.welcome_page.example_button, "example")):
            LearnOverlay(button, target, self.core.midi_learn)
        self.frame_loop.notice_changed.connect(self.notice.show_notice)
        self.notice.dismissed.connect(self.frame_loop.dismiss_notice)
        self.notice.remedy_chosen.connect(self.frame_loop.apply_remedy)
        store.command_given.connect(self._after_command)
        shortcuts = self._shortcuts
        shortcuts.escape_pressed.connect(self._cancel_learn_or_panic)
        shortcuts.view_wanted.connect(self.show_view)
        parts.help_page.closed.connect(lambda: self.show_view("roll"))
        if menu := top.menu_button.menu():
            menu.addMenu(LanguageMenu(self.core.state, self.frame_loop.show_notice, menu))
            menu.addSeparator()
            for title in TABS:
                menu.addAction(tr(title), lambda title=title: self._show_help(title))

    def _show_help(self, title: str) -> None:
        self.parts.help_page.show_tab(title)
        self.show_view("help")

    def _connect_phrases(self) -> None:
        parts = self.parts
        parts.phrases.selected.connect(self._show_phrase)
        parts.roll.phraseClicked.connect(parts.phrases.select_phrase)
        parts.roll.legend.openChanged.connect(lambda on: self.core.state.update_prefs(legend_open=on))
        parts.roll.followChanged.connect(lambda on: parts.top_bar.show_switch("follow", on=on))

    def _show_phrase(self, number: int) -> None:
        """Show the selected phrase on the roll and as a score."""
        roll = self.parts.roll
        roll.selected = number
        span = next((span for span in self.core.state.timeline.spans if span.number == number), None)
        if span and not roll.follow:
            roll.scroll_to(span.start_ns - _SCROLL_LEAD_NS)
        if selected := self.parts.phrases.selected_entries():
            exchange = selected[-1]
            self.parts.score.show_exchange(exchange, ScoreOptions(meter=parse_meter(self.core.store.settings.meter)))

    def _play_on_screen_keyboard(self) -> None:
        self.show_keyboard(on=True)
        self.show_view("roll")

    def _apply_switch(self, name: str, on: bool) -> None:
        match name:
            case "follow":
                self.parts.roll.follow = on
                self.core.state.update_prefs(follow=on)
            case "keys":
                self.show_keyboard(on=on)
            case _:
                self.core.preview.switch(on=on)

    def _after_command(self, command: str) -> None:
        if command == "example" and self.core.state.view == "welcome":
            self.show_view("roll")

    def _cancel_learn_or_panic(self) -> None:
        if self.core.midi_learn.active:
            self.core.midi_learn.cancel()
        else:
            self.core.store.give_command("panic")

    # ------------------------------------------------------------ what Qt calls

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._update_side_panels()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        """Give the computer's keys to the piano while it is shown, except where somebody types."""
        if not isinstance(a1, QKeyEvent) or not self.parts.keyboard_panel.isVisible() or not self.isActiveWindow():
            return False
        if a1.type() == QEvent.Type.KeyRelease and a0 is self.windowHandle():
            return self.parts.keyboard.handle_key(a1)  # a pressed key ends its note wherever the focus is by now
        if _is_text_input(QApplication.focusWidget(), a1):
            return False
        match a1.type():
            case QEvent.Type.ShortcutOverride if self.parts.keyboard.accepts_key(a1):
                a1.accept()
                return True
            case QEvent.Type.KeyPress if a0 is self.windowHandle():
                return self.parts.keyboard.handle_key(a1)
            case _:
                return False

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:
        data = a0.mimeData() if a0 else None
        if a0 and data and data.hasUrls():
            a0.acceptProposedAction()

    def dropEvent(self, a0: QDropEvent | None) -> None:
        """Take a MIDI file that is dropped anywhere on the window as a prompt."""
        if a0 and self.parts.phrases.accept_drop(a0.mimeData()):
            a0.acceptProposedAction()

    def closeEvent(self, a0: QCloseEvent | None) -> None:
        """End everything, with nothing left sounding."""
        if not self.core.state.prefs.compact:
            self.core.state.update_prefs(geometry=self.saveGeometry().toBase64().data().decode())
        app = QApplication.instance()
        if app:
            app.removeEventFilter(self)
        self.frame_loop.stop()
        self.parts.help_page.report.stop()
        self._shortcuts.stop()
        self._commands.close()
        if a0:
            a0.accept()


def _is_text_input(widget: QWidget | None, event: QKeyEvent) -> bool:
    """True if the key belongs to a text field, or to a number field that uses it."""
    match widget:
        case QLineEdit():
            return True
        case QPlainTextEdit():
            return not widget.isReadOnly()
        case QAbstractSpinBox():
            return not event.text().isalpha()
        case _:
            return False
