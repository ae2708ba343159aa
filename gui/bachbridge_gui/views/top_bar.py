"""The bar at the top: which view is shown, what is switched on, and panic.

The bar decides nothing: it says what was pressed and shows what it is told.
"""

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.widgets.theme import THEMES

VIEWS = ("roll", "score", "connect", "monitor")
_VIEW_LABELS = {
    "roll": ("Roll", "The notes as they come: yours, the answer's, and those that are about to sound"),
    "score": ("Score", "The last phrase, or the one that is selected, on staves"),
    "connect": ("Connect", "How to reach BachBridge from your DAW, and what has arrived so far"),
    "monitor": ("Monitor", "The last messages in words"),
}
SWITCHES = ("follow", "keys", "sound")
_SWITCH_LABELS = {
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
PANIC_TOOLTIP = "Silence every note on every channel at once (Esc)"


class TopBar(QWidget):
    """Signals carry the names in `VIEWS`, `SWITCHES` and `theme.THEMES`."""

    viewChosen = pyqtSignal(str)  # Qt's way to name a signal
    switchToggled = pyqtSignal(str, bool)
    themeChosen = pyqtSignal(str)
    compactChosen = pyqtSignal(bool)
    alwaysOnTopChosen = pyqtSignal(bool)
    welcomeChosen = pyqtSignal()
    panicPressed = pyqtSignal()

    def __init__(self, compact_bar: QWidget) -> None:
        """`strip`: what stands here instead of the views while the window is a strip."""
        super().__init__()
        self._compact_bar = compact_bar
        self.setAccessibleName("Views and switches")
        self._view_buttons = {name: self._make_view_button(name) for name in VIEWS}
        self._view_group = QButtonGroup(self)
        for button in self._view_buttons.values():
            self._view_group.addButton(button)
        self._switch_buttons = {name: self._make_switch_button(name) for name in SWITCHES}
        self.compact_button = _make_button("Compact", "A strip of little height beside the DAW, and back")
        self.compact_button.setCheckable(True)
        self.compact_button.toggled.connect(self.compactChosen)
        self.panic_button = _make_button("PANIC", PANIC_TOOLTIP)
        self.panic_button.clicked.connect(self.panicPressed)
        self.panic_button.setObjectName("panic")
        self._title = QLabel("BachBridge")
        self.setStyleSheet(_STYLE)
        self.menu_button = _make_button("More", "Theme, always on top, first page")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = self._make_menu()
        self.menu_button.setMenu(self._menu)
        self._lay_out()

    def show_view(self, name: str) -> None:
        """Mark the view that is shown; none of `VIEWS`: no mark."""
        self._view_group.setExclusive(False)
        for key, button in self._view_buttons.items():
            button.setChecked(key == name)
        self._view_group.setExclusive(True)

    def show_switch(self, name: str, *, on: bool, reason: str = "") -> None:
        """Show a switch as it is; `reason`: why it cannot be used."""
        button = self._switch_buttons[name]
        button.blockSignals(True)
        button.setChecked(on)
        button.blockSignals(False)
        button.setEnabled(not reason)
        button.setToolTip(reason or _SWITCH_LABELS[name][1])
        button.setAccessibleDescription(button.toolTip())

    def show_compact(self, *, on: bool) -> None:
        """In the strip only what is needed while playing is shown."""
        for widget in (
            *self._view_buttons.values(),
            self._title,
            self.menu_button,
            self._switch_buttons["keys"],
            self._switch_buttons["sound"],
        ):
            widget.setVisible(not on)
        self._spacer.setVisible(not on)
        self._compact_bar.setVisible(on)
        self.compact_button.blockSignals(True)
        self.compact_button.setChecked(on)
        self.compact_button.blockSignals(False)

    def show_theme(self, name: str, *, on_top: bool) -> None:
        """Mark the theme that is on, and whether the window stays on top."""
        for action in self._theme_actions.actions():
            action.setChecked(action.data() == name)
        self._on_top_action.setChecked(on_top)

    def _make_view_button(self, name: str) -> QToolButton:
        word, tip = _VIEW_LABELS[name]
        button = _make_button(word, tip)
        button.setCheckable(True)
        button.clicked.connect(lambda: self.viewChosen.emit(name))
        return button

    def _make_switch_button(self, name: str) -> QToolButton:
        word, tip = _SWITCH_LABELS[name]
        button = _make_button(word, tip)
        button.setCheckable(True)
        button.toggled.connect(lambda on: self.switchToggled.emit(name, on))
        return button

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        self._theme_actions = QActionGroup(self)
        for name in THEMES:
            action = QAction(f"{name.capitalize()} theme", self)
            action.setData(name)
            action.setCheckable(True)
            action.triggered.connect(lambda _, name=name: self.themeChosen.emit(name))
            self._theme_actions.addAction(action)
            menu.addAction(action)
        menu.addSeparator()
        self._on_top_action = QAction("Always on top", self)
        self._on_top_action.setCheckable(True)
        self._on_top_action.triggered.connect(self.alwaysOnTopChosen)
        menu.addAction(self._on_top_action)
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
        for button in self._view_buttons.values():
            row.addWidget(button)
        row.addWidget(self._compact_bar, 1)
        self._spacer = QWidget()
        row.addWidget(self._spacer, 1)
        for button in (*self._switch_buttons.values(), self.compact_button, self.menu_button):
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self.panic_button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)


def _make_button(label: str, tooltip: str) -> QToolButton:
    button = QToolButton()
    button.setText(label)
    button.setToolTip(tooltip)
    button.setAccessibleName(label.capitalize())
    button.setAccessibleDescription(tooltip)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    button.setMinimumSize(QSize(64, 28))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
