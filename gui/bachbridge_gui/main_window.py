"""The window: where everything is, and who hears of what.

It is laid out here and wired here; what the engine says is drawn in by `pulse`, once a frame. The window owns nothing
of the music: settings are the desk's, what is shown is the state's, the engine is the supervisor's.
"""

from PyQt6.QtCore import QByteArray, QEvent, QObject, Qt
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from bachbridge_gui.frame_loop import FrameLoop
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from bachbridge_gui.views.top_bar import VIEWS
from bachbridge_gui.widgets.theme import Theme
from bachbridge_gui.window_parts import WindowParts

DEFAULT_SIZE = (1280, 820)
COMPACT_HEIGHT_PX = 120
"""The window's height as a strip."""
MIN_SIZE = 800, 560
"""The window's least width and height: the bar at the top, and the controls beside a page."""
_PHRASE_LIST_MIN_WIDTH_PX = 1040
"""From this width on there is room for the list of phrases as well."""


class MainWindow(QMainWindow):
    """One window, no dialogs of ours. `furniture` holds the widgets, `pulse` moves them."""

    def __init__(self, parts: WindowParts, frame_loop: FrameLoop, theme: Theme) -> None:
        super().__init__()
        self.parts, self.frame_loop, self._theme = parts, frame_loop, theme
        self.setWindowTitle("BachBridge")
        self.setMinimumSize(*MIN_SIZE)
        self.setAcceptDrops(True)
        self._full_height_px = 0
        self.notice = _build_notice()
        self.stack = self._build_stack()
        self.setCentralWidget(self._build_layout())
        self._connect_signals()
        app = QApplication.instance()
        if app:
            app.installEventFilter(self)

    # ------------------------------------------------------------ views

    def show_view(self, name: str) -> None:
        """One of `topbar.VIEWS`, or "welcome"."""
        views = {**dict(zip(VIEWS, self.parts.views, strict=True)), "welcome": self.parts.welcome_page}
        self.stack.setCurrentWidget(views[name])
        self.parts.top_bar.show_view(name)
        self.frame_loop.view = name
        self._update_side_panels()
        if name in ("roll", "score"):
            self.frame_loop.update_prefs(view=name)

    def show_compact(self, *, on: bool) -> None:
        """A strip of `STRIP_PX` beside the DAW: the roll, what is on, panic; or all of it again."""
        self.frame_loop.update_prefs(compact=on)
        self.parts.status_bar.setVisible(not on)
        self.parts.keyboard_panel.setVisible(not on and self.frame_loop.prefs.computer_keys)
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
        """The panels stand beside what is played, not beside pages to be read, nor in the strip."""
        playing = self.frame_loop.view not in ("welcome", "connect") and not self.frame_loop.prefs.compact
        self.parts.side_panel.setVisible(playing)
        self.parts.phrases.setVisible(playing and self.width() >= _PHRASE_LIST_MIN_WIDTH_PX)

    def set_always_on_top(self, on: bool) -> None:
        """In front of the DAW, or not."""
        self.frame_loop.update_prefs(always_on_top=on)
        shown = self.isVisible()
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, on)
        if shown:
            self.show()
        self.parts.top_bar.show_theme(self._theme.name, on_top=on)

    def set_theme(self, name: str) -> None:
        """One of `theme.THEMES`."""
        self._theme.set_theme(name)
        self.frame_loop.update_prefs(theme=name)
        self.parts.top_bar.show_theme(name, on_top=self.frame_loop.prefs.always_on_top)

    def show_keyboard(self, *, on: bool) -> None:
        """The piano on the screen, which the computer's keys play as well."""
        self.frame_loop.update_prefs(computer_keys=on)
        self.parts.keyboard_panel.setVisible(on and not self.frame_loop.prefs.compact)
        self.parts.top_bar.show_switch("keys", on=on)
        if not on:
            self.parts.keyboard.release_all()

    def restore_layout(self) -> None:
        """As it was when it was closed."""
        remembered = self.frame_loop.prefs
        self.resize(*self._initial_size())
        if remembered.geometry:
            self.restoreGeometry(QByteArray.fromBase64(remembered.geometry.encode()))
        self.parts.top_bar.show_theme(self._theme.name, on_top=remembered.always_on_top)
        if remembered.always_on_top:
            self.set_always_on_top(on=True)
        self.show_keyboard(on=remembered.computer_keys)
        self.show_view("welcome" if remembered.welcome else remembered.view)
        self.show_compact(on=remembered.compact)

    def _initial_size(self) -> tuple[int, int]:
        """`FIRST`, or as much of it as the screen has room for."""
        screen = self.screen()
        if screen is None:
            return DEFAULT_SIZE
        room = screen.availableGeometry()
        return min(DEFAULT_SIZE[0], room.width()), min(DEFAULT_SIZE[1], room.height())

    # ------------------------------------------------------------ wiring

    def _connect_signals(self) -> None:
        top, furniture, pulse = self.parts.top_bar, self.parts, self.frame_loop
        top.viewChosen.connect(self.show_view)
        top.compactChosen.connect(lambda on: self.show_compact(on=on))
        top.alwaysOnTopChosen.connect(self.set_always_on_top)
        top.themeChosen.connect(self.set_theme)
        top.welcomeChosen.connect(lambda: self.show_view("welcome"))
        top.panicPressed.connect(lambda: pulse.store.give_command("panic"))
        top.switchToggled.connect(self._apply_switch)
        furniture.status_bar.clicked.connect(lambda: self.show_view("monitor"))
        furniture.monitor.closed.connect(lambda: self.show_view("roll"))
        furniture.connect_page.back_pressed.connect(lambda: self.show_view("roll"))
        furniture.welcome_page.connect_wanted.connect(lambda: self.show_view("connect"))
        furniture.welcome_page.play_wanted.connect(lambda: self.show_view("roll"))
        furniture.welcome_page.keyboard_wanted.connect(self._play_on_screen_keyboard)
        for button, target in ((top.panic_button, "panic"), (furniture.welcome_page.example_button, "example")):
            LearnOverlay(button, target, pulse.midi_learn)
        pulse.notice_changed.connect(self._show_notice)
        pulse.store.command_given.connect(self._after_command)
        pulse.start()
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.activated.connect(self._cancel_learn_or_panic)
        for number, name in enumerate(VIEWS, 1):
            QShortcut(QKeySequence(f"Ctrl+{number}"), self).activated.connect(lambda name=name: self.show_view(name))

    def _play_on_screen_keyboard(self) -> None:
        self.show_keyboard(on=True)
        self.show_view("roll")

    def _apply_switch(self, name: str, on: bool) -> None:
        match name:
            case "follow":
                self.parts.roll.follow = on
                self.frame_loop.update_prefs(follow=on)
            case "keys":
                self.show_keyboard(on=on)
            case _:
                self.frame_loop.switch_preview(on=on)

    def _after_command(self, command: str) -> None:
        if command == "example" and self.frame_loop.view == "welcome":
            self.show_view("roll")

    def _cancel_learn_or_panic(self) -> None:
        """Panic, unless a control waits for its knob."""
        if self.frame_loop.midi_learn.active:
            self.frame_loop.midi_learn.cancel()
        else:
            self.frame_loop.store.give_command("panic")

    def _show_notice(self, sentence: str) -> None:
        self.notice.setText(sentence)
        self.notice.setVisible(bool(sentence))

    # ------------------------------------------------------------ what Qt calls

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._update_side_panels()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        """The computer's keys are the piano's while it is shown, except where somebody types."""
        if not isinstance(a1, QKeyEvent) or not self.parts.keyboard_panel.isVisible() or not self.isActiveWindow():
            return False
        if a1.type() == QEvent.Type.KeyRelease and a0 is self.windowHandle():
            return self.parts.keyboard.handle_key(a1)  # what was struck ends, wherever the focus is by now
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
        """A MIDI file that is dropped anywhere is a prompt."""
        if a0 and self.parts.phrases.accept_drop(a0.mimeData()):
            a0.acceptProposedAction()

    def closeEvent(self, a0: QCloseEvent | None) -> None:
        """Everything ends, quietly."""
        if not self.frame_loop.prefs.compact:
            self.frame_loop.update_prefs(geometry=self.saveGeometry().toBase64().data().decode())
        app = QApplication.instance()
        if app:
            app.removeEventFilter(self)
        self.frame_loop.close()
        if a0:
            a0.accept()

    # ------------------------------------------------------------ layout

    def _build_stack(self) -> QStackedWidget:
        stack = QStackedWidget()
        stack.setMinimumSize(1, 1)  # the window's own least size counts, not that of the largest page
        for view in (self.parts.welcome_page, *self.parts.views):
            stack.addWidget(view)
        return stack

    def _build_layout(self) -> QWidget:
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        for widget, stretch in ((self.stack, 1), (self.parts.keyboard_panel, 0)):
            middle.addWidget(widget, stretch)
        across = QHBoxLayout()
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.parts.side_panel)
        across.addLayout(middle, 1)
        across.addWidget(self.parts.phrases)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.parts.top_bar)
        column.addLayout(across, 1)
        column.addWidget(self.notice)
        column.addWidget(self.parts.status_bar)
        return whole


def _build_notice() -> QLabel:
    label = QLabel()
    label.setAccessibleName("Notice")
    label.setWordWrap(True)
    label.setContentsMargins(12, 6, 12, 6)
    label.setAutoFillBackground(True)
    label.setBackgroundRole(label.palette().ColorRole.ToolTipBase)
    label.setForegroundRole(label.palette().ColorRole.ToolTipText)
    label.hide()
    return label


def _is_text_input(widget: QWidget | None, event: QKeyEvent) -> bool:
    """Whether the key is for a text, or for a number, in which letters mean nothing."""
    match widget:
        case QLineEdit():
            return True
        case QPlainTextEdit():
            return not widget.isReadOnly()
        case QAbstractSpinBox():
            return not event.text().isalpha()
        case _:
            return False
