"""The bar at the top: the choice of the view, the switches, and panic.

The bar decides nothing. It emits what was pressed and shows the state that its owner sets.
"""

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.widgets.style import set_role
from bachbridge_gui.widgets.theme import THEMES

VIEWS = ("roll", "score", "connect", "monitor")
_VIEW_LABELS = {
    "roll": ("Roll", "Your notes, the answer and the notes that are about to sound, as they happen"),
    "score": ("Score", "The last or the selected phrase in staff notation"),
    "connect": ("Connect", "How to connect BachBridge to your DAW, and what has arrived so far"),
    "monitor": ("Monitor", "The latest messages in plain words"),
}
SWITCHES = ("follow", "keys", "sound")
_SWITCH_LABELS = {
    "follow": ("Follow", "Scroll the roll along with the music"),
    "keys": ("Piano", "Show a piano that you play with the mouse or the computer keyboard"),
    "sound": ("Sound", "Preview sound: hear everything without a DAW"),
}
PANIC_TOOLTIP = "Silence every note on every channel at once (Esc)"


class TopBar(QWidget):
    """The signals carry names of `VIEWS`, `SWITCHES` and `theme.THEMES`."""

    viewChosen = pyqtSignal(str)
    switchToggled = pyqtSignal(str, bool)
    themeChosen = pyqtSignal(str)
    compactChosen = pyqtSignal(bool)
    alwaysOnTopChosen = pyqtSignal(bool)
    welcomeChosen = pyqtSignal()
    panicPressed = pyqtSignal()

    def __init__(self, compact_bar: QWidget) -> None:
        """Make the bar; `compact_bar` takes the place of the views while the window is compact."""
        super().__init__()
        self._compact_bar = compact_bar
        self.setAccessibleName("Views and switches")
        self._view_buttons = {name: self._make_view_button(name) for name in VIEWS}
        self._view_group = QButtonGroup(self)
        for button in self._view_buttons.values():
            self._view_group.addButton(button)
        self._switch_buttons = {name: self._make_switch_button(name) for name in SWITCHES}
        self.compact_button = _make_button("Compact", "Switch to a low window beside the DAW, and back")
        self.compact_button.setCheckable(True)
        self.compact_button.toggled.connect(self.compactChosen)
        self.panic_button = _make_button("PANIC", PANIC_TOOLTIP)
        self.panic_button.clicked.connect(self.panicPressed)
        set_role(self.panic_button, "danger")
        self._title = QLabel("BachBridge")
        self.menu_button = _make_button("More", "Theme, always on top, welcome page")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = self._make_menu()
        self.menu_button.setMenu(self._menu)
        self._lay_out()

    def show_view(self, name: str) -> None:
        """Mark the button of the visible view; any other name removes the mark."""
        self._view_group.setExclusive(False)
        for key, button in self._view_buttons.items():
            button.setChecked(key == name)
        self._view_group.setExclusive(True)

    def show_switch(self, name: str, *, on: bool, reason: str = "") -> None:
        """Show the state of a switch. If a `reason` is given, the switch is disabled and its tooltip says why."""
        button = self._switch_buttons[name]
        _set_checked_silently(button, on=on)
        button.setEnabled(not reason)
        button.setToolTip(reason or _SWITCH_LABELS[name][1])
        button.setAccessibleDescription(button.toolTip())

    def show_compact(self, *, on: bool) -> None:
        """Show only what is needed while playing if `on`, otherwise everything."""
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
        _set_checked_silently(self.compact_button, on=on)

    def show_theme(self, name: str, *, on_top: bool) -> None:
        """Mark the current theme in the menu, and show if the window stays on top."""
        for action in self._theme_actions.actions():
            action.setChecked(action.data() == name)
        self._on_top_action.setChecked(on_top)

    def _make_view_button(self, name: str) -> QToolButton:
        button = _make_button(*_VIEW_LABELS[name])
        button.setCheckable(True)
        button.clicked.connect(lambda: self.viewChosen.emit(name))
        return button

    def _make_switch_button(self, name: str) -> QToolButton:
        button = _make_button(*_SWITCH_LABELS[name])
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
        welcome_action = QAction("Welcome page", self)
        welcome_action.triggered.connect(self.welcomeChosen)
        menu.addAction(welcome_action)
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


def _set_checked_silently(button: QToolButton, *, on: bool) -> None:
    button.blockSignals(True)
    button.setChecked(on)
    button.blockSignals(False)


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
