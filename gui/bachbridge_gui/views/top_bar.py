"""The bar at the top: which view is shown, what is switched on, and panic.

The bar decides nothing: it says what was pressed and shows what it is told.
"""

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.widgets.theme import THEMES

VIEWS = ("roll", "score", "connect", "monitor")
_VIEW_WORDS = {
    "roll": ("Roll", "The notes as they come: yours, the answer's, and those that are about to sound"),
    "score": ("Score", "The last phrase, or the one that is selected, on staves"),
    "connect": ("Connect", "How to reach BachBridge from your DAW, and what has arrived so far"),
    "monitor": ("Monitor", "The last messages in words"),
}
SWITCHES = ("follow", "keys", "sound")
_SWITCH_WORDS = {
    "follow": ("Follow", "The roll moves along with the music"),
    "keys": ("Piano", "A piano on the screen and on the computer's keys, for playing without a keyboard"),
    "sound": ("Sound", "Preview sound: hear everything without a DAW"),
}
_STYLE = """
QLabel { font-weight: bold; }
QToolButton:checked { background: palette(highlight); color: palette(highlighted-text);
                      border: 1px solid palette(highlight); border-radius: 3px; }
QToolButton:checked:focus { border: 2px solid palette(window-text); }
QToolButton#panic { background: #b3261e; color: white; font-weight: bold; border: none; border-radius: 3px; }
QToolButton#panic:pressed { background: #7f1510; }
QToolButton#panic:focus { border: 2px solid palette(window-text); }
"""
"""What is on is seen from afar, in dark too; Fusion's own difference is a shade."""
PANIC = "Silence every note on every channel at once (Esc)"


class TopBar(QWidget):
    """Signals carry the names in `VIEWS`, `SWITCHES` and `theme.THEMES`."""

    viewChosen = pyqtSignal(str)  # noqa: N815 # Qt's way to name a signal
    switched = pyqtSignal(str, bool)
    themeChosen = pyqtSignal(str)  # noqa: N815
    compactChosen = pyqtSignal(bool)  # noqa: N815
    topChosen = pyqtSignal(bool)  # noqa: N815
    welcomeChosen = pyqtSignal()  # noqa: N815
    panicPressed = pyqtSignal()  # noqa: N815

    def __init__(self, strip: QWidget) -> None:
        """`strip`: what stands here instead of the views while the window is a strip."""
        super().__init__()
        self._strip = strip
        self.setAccessibleName("Views and switches")
        self._views = {name: self._view(name) for name in VIEWS}
        self._group = QButtonGroup(self)
        for button in self._views.values():
            self._group.addButton(button)
        self._switches = {name: self._switch(name) for name in SWITCHES}
        self.compact = _button("Compact", "A strip of little height beside the DAW, and back")
        self.compact.setCheckable(True)
        self.compact.toggled.connect(self.compactChosen)
        self.panic = _button("PANIC", PANIC)
        self.panic.clicked.connect(self.panicPressed)
        self.panic.setObjectName("panic")
        self._title = QLabel("BachBridge")
        self.setStyleSheet(_STYLE)
        self.menu = _button("More", "Theme, always on top, first page")
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = self._fill_menu()
        self.menu.setMenu(self._menu)
        self._lay_out()

    def show_view(self, name: str) -> None:
        """Mark the view that is shown; none of `VIEWS`: no mark."""
        self._group.setExclusive(False)
        for key, button in self._views.items():
            button.setChecked(key == name)
        self._group.setExclusive(True)

    def show_switch(self, name: str, *, on: bool, reason: str = "") -> None:
        """Show a switch as it is; `reason`: why it cannot be used."""
        button = self._switches[name]
        button.blockSignals(True)
        button.setChecked(on)
        button.blockSignals(False)
        button.setEnabled(not reason)
        button.setToolTip(reason or _SWITCH_WORDS[name][1])
        button.setAccessibleDescription(button.toolTip())

    def show_compact(self, *, on: bool) -> None:
        """In the strip only what is needed while playing is shown."""
        for widget in (*self._views.values(), self._title, self.menu, self._switches["keys"], self._switches["sound"]):
            widget.setVisible(not on)
        self._gap.setVisible(not on)
        self._strip.setVisible(on)
        self.compact.blockSignals(True)
        self.compact.setChecked(on)
        self.compact.blockSignals(False)

    def show_theme(self, name: str, *, on_top: bool) -> None:
        """Mark the theme that is on, and whether the window stays on top."""
        for action in self._themes.actions():
            action.setChecked(action.data() == name)
        self._on_top.setChecked(on_top)

    def _view(self, name: str) -> QToolButton:
        word, tip = _VIEW_WORDS[name]
        button = _button(word, tip)
        button.setCheckable(True)
        button.clicked.connect(lambda: self.viewChosen.emit(name))
        return button

    def _switch(self, name: str) -> QToolButton:
        word, tip = _SWITCH_WORDS[name]
        button = _button(word, tip)
        button.setCheckable(True)
        button.toggled.connect(lambda on: self.switched.emit(name, on))
        return button

    def _fill_menu(self) -> QMenu:
        menu = QMenu(self)
        self._themes = QActionGroup(self)
        for name in THEMES:
            action = QAction(f"{name.capitalize()} theme", self)
            action.setData(name)
            action.setCheckable(True)
            action.triggered.connect(lambda _, name=name: self.themeChosen.emit(name))
            self._themes.addAction(action)
            menu.addAction(action)
        menu.addSeparator()
        self._on_top = QAction("Always on top", self)
        self._on_top.setCheckable(True)
        self._on_top.triggered.connect(self.topChosen)
        menu.addAction(self._on_top)
        first = QAction("First page", self)
        first.triggered.connect(self.welcomeChosen)
        menu.addAction(first)
        return menu

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(4)
        row.addWidget(self._title)
        row.addSpacing(12)
        for button in self._views.values():
            row.addWidget(button)
        row.addWidget(self._strip, 1)
        self._gap = QWidget()
        row.addWidget(self._gap, 1)
        for button in (*self._switches.values(), self.compact, self.menu):
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self.panic)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)


def _button(word: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(word)
    button.setToolTip(tip)
    button.setAccessibleName(word.capitalize())
    button.setAccessibleDescription(tip)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    button.setMinimumSize(QSize(64, 28))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
