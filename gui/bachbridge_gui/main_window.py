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

from bachbridge_gui.frame_loop import Pulse
from bachbridge_gui.presets.midi_learn_overlay import Spot
from bachbridge_gui.views.top_bar import VIEWS
from bachbridge_gui.widgets.theme import Theme
from bachbridge_gui.window_parts import Furniture

FIRST = (1280, 820)
STRIP_PX = 120
"""The window's height as a strip."""
LEAST = 800, 560
"""The window's least width and height: the bar at the top, and the controls beside a page."""
_ROOMY_PX = 1040
"""From this width on there is room for the list of phrases as well."""


class Window(QMainWindow):
    """One window, no dialogs of ours. `furniture` holds the widgets, `pulse` moves them."""

    def __init__(self, furniture: Furniture, pulse: Pulse, theme: Theme) -> None:
        super().__init__()
        self.furniture, self.pulse, self._theme = furniture, pulse, theme
        self.setWindowTitle("BachBridge")
        self.setMinimumSize(*LEAST)
        self.setAcceptDrops(True)
        self._height_px = 0
        self.notice = _notice()
        self.stack = self._stack()
        self.setCentralWidget(self._laid_out())
        self._wire()
        app = QApplication.instance()
        if app:
            app.installEventFilter(self)

    # ------------------------------------------------------------ views

    def show_view(self, name: str) -> None:
        """One of `topbar.VIEWS`, or "welcome"."""
        views = {**dict(zip(VIEWS, self.furniture.views, strict=True)), "welcome": self.furniture.welcome}
        self.stack.setCurrentWidget(views[name])
        self.furniture.top.show_view(name)
        self.pulse.view = name
        self._show_sides()
        if name in ("roll", "score"):
            self.pulse.remember(view=name)

    def show_compact(self, *, on: bool) -> None:
        """A strip of `STRIP_PX` beside the DAW: the roll, what is on, panic; or all of it again."""
        self.pulse.remember(compact=on)
        self.furniture.status.setVisible(not on)
        self.furniture.keys_area.setVisible(not on and self.pulse.remembered.computer_keys)
        self.furniture.top.show_compact(on=on)
        self._show_sides()
        if on:
            self.show_view("roll")
            self._height_px = self.height()
            self.setMinimumSize(560, STRIP_PX)
            self.setFixedHeight(STRIP_PX)
        elif self.maximumHeight() == STRIP_PX:
            self.setMaximumHeight(16_777_215)
            self.setMinimumSize(*LEAST)
            self.resize(self.width(), max(self._height_px, LEAST[1]))

    def _show_sides(self) -> None:
        """The panels stand beside what is played, not beside pages to be read, nor in the strip."""
        playing = self.pulse.view not in ("welcome", "connect") and not self.pulse.remembered.compact
        self.furniture.side.setVisible(playing)
        self.furniture.phrases.setVisible(playing and self.width() >= _ROOMY_PX)

    def stay_on_top(self, on: bool) -> None:
        """In front of the DAW, or not."""
        self.pulse.remember(always_on_top=on)
        shown = self.isVisible()
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, on)
        if shown:
            self.show()
        self.furniture.top.show_theme(self._theme.name, on_top=on)

    def choose_theme(self, name: str) -> None:
        """One of `theme.THEMES`."""
        self._theme.choose(name)
        self.pulse.remember(theme=name)
        self.furniture.top.show_theme(name, on_top=self.pulse.remembered.always_on_top)

    def show_keys(self, *, on: bool) -> None:
        """The piano on the screen, which the computer's keys play as well."""
        self.pulse.remember(computer_keys=on)
        self.furniture.keys_area.setVisible(on and not self.pulse.remembered.compact)
        self.furniture.top.show_switch("keys", on=on)
        if not on:
            self.furniture.keys.release_all()

    def restore(self) -> None:
        """As it was when it was closed."""
        remembered = self.pulse.remembered
        self.resize(*self._first_size())
        if remembered.geometry:
            self.restoreGeometry(QByteArray.fromBase64(remembered.geometry.encode()))
        self.furniture.top.show_theme(self._theme.name, on_top=remembered.always_on_top)
        if remembered.always_on_top:
            self.stay_on_top(on=True)
        self.show_keys(on=remembered.computer_keys)
        self.show_view("welcome" if remembered.welcome else remembered.view)
        self.show_compact(on=remembered.compact)

    def _first_size(self) -> tuple[int, int]:
        """`FIRST`, or as much of it as the screen has room for."""
        screen = self.screen()
        if screen is None:
            return FIRST
        room = screen.availableGeometry()
        return min(FIRST[0], room.width()), min(FIRST[1], room.height())

    # ------------------------------------------------------------ wiring

    def _wire(self) -> None:
        top, furniture, pulse = self.furniture.top, self.furniture, self.pulse
        top.viewChosen.connect(self.show_view)
        top.compactChosen.connect(lambda on: self.show_compact(on=on))
        top.topChosen.connect(self.stay_on_top)
        top.themeChosen.connect(self.choose_theme)
        top.welcomeChosen.connect(lambda: self.show_view("welcome"))
        top.panicPressed.connect(lambda: pulse.desk.command("panic"))
        top.switched.connect(self._switch)
        furniture.status.clicked.connect(lambda: self.show_view("monitor"))
        furniture.monitor.closed.connect(lambda: self.show_view("roll"))
        furniture.connect.left.connect(lambda: self.show_view("roll"))
        furniture.welcome.connect_wanted.connect(lambda: self.show_view("connect"))
        furniture.welcome.play_wanted.connect(lambda: self.show_view("roll"))
        furniture.welcome.keys_wanted.connect(self._play_here)
        for button, target in ((top.panic, "panic"), (furniture.welcome.example, "example")):
            Spot(button, target, pulse.learner)
        pulse.said.connect(self._say)
        pulse.desk.done.connect(self._done)
        pulse.wake()
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.activated.connect(self._escape)
        for number, name in enumerate(VIEWS, 1):
            QShortcut(QKeySequence(f"Ctrl+{number}"), self).activated.connect(lambda name=name: self.show_view(name))

    def _play_here(self) -> None:
        self.show_keys(on=True)
        self.show_view("roll")

    def _switch(self, name: str, on: bool) -> None:
        match name:
            case "follow":
                self.furniture.roll.follow = on
                self.pulse.remember(follow=on)
            case "keys":
                self.show_keys(on=on)
            case _:
                self.pulse.switch_sound(on=on)

    def _done(self, command: str) -> None:
        if command == "example" and self.pulse.view == "welcome":
            self.show_view("roll")

    def _escape(self) -> None:
        """Panic, unless a control waits for its knob."""
        if self.pulse.learner.active:
            self.pulse.learner.cancel()
        else:
            self.pulse.desk.command("panic")

    def _say(self, sentence: str) -> None:
        self.notice.setText(sentence)
        self.notice.setVisible(bool(sentence))

    # ------------------------------------------------------------ what Qt calls

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(a0)
        self._show_sides()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802
        """The computer's keys are the piano's while it is shown, except where somebody types."""
        if not isinstance(a1, QKeyEvent) or not self.furniture.keys_area.isVisible() or not self.isActiveWindow():
            return False
        if a1.type() == QEvent.Type.KeyRelease and a0 is self.windowHandle():
            return self.furniture.keys.handle_key(a1)  # what was struck ends, wherever the focus is by now
        if _typing(QApplication.focusWidget(), a1):
            return False
        match a1.type():
            case QEvent.Type.ShortcutOverride if self.furniture.keys.wants(a1):
                a1.accept()
                return True
            case QEvent.Type.KeyPress if a0 is self.windowHandle():
                return self.furniture.keys.handle_key(a1)
            case _:
                return False

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:  # noqa: N802
        data = a0.mimeData() if a0 else None
        if a0 and data and data.hasUrls():
            a0.acceptProposedAction()

    def dropEvent(self, a0: QDropEvent | None) -> None:  # noqa: N802
        """A MIDI file that is dropped anywhere is a prompt."""
        if a0 and self.furniture.phrases.take_drop(a0.mimeData()):
            a0.acceptProposedAction()

    def closeEvent(self, a0: QCloseEvent | None) -> None:  # noqa: N802
        """Everything ends, quietly."""
        if not self.pulse.remembered.compact:
            self.pulse.remember(geometry=self.saveGeometry().toBase64().data().decode())
        app = QApplication.instance()
        if app:
            app.removeEventFilter(self)
        self.pulse.close()
        if a0:
            a0.accept()

    # ------------------------------------------------------------ layout

    def _stack(self) -> QStackedWidget:
        stack = QStackedWidget()
        stack.setMinimumSize(1, 1)  # the window's own least size counts, not that of the largest page
        for view in (self.furniture.welcome, *self.furniture.views):
            stack.addWidget(view)
        return stack

    def _laid_out(self) -> QWidget:
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        for widget, stretch in ((self.stack, 1), (self.furniture.keys_area, 0)):
            middle.addWidget(widget, stretch)
        across = QHBoxLayout()
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.furniture.side)
        across.addLayout(middle, 1)
        across.addWidget(self.furniture.phrases)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.furniture.top)
        column.addLayout(across, 1)
        column.addWidget(self.notice)
        column.addWidget(self.furniture.status)
        return whole


def _notice() -> QLabel:
    label = QLabel()
    label.setAccessibleName("Notice")
    label.setWordWrap(True)
    label.setContentsMargins(12, 6, 12, 6)
    label.setAutoFillBackground(True)
    label.setBackgroundRole(label.palette().ColorRole.ToolTipBase)
    label.setForegroundRole(label.palette().ColorRole.ToolTipText)
    label.hide()
    return label


def _typing(widget: QWidget | None, event: QKeyEvent) -> bool:
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
