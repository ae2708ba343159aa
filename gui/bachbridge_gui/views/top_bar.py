"""The bar at the top: the choice of the view, what BachBridge is doing, the switches, and panic.

The bar decides nothing. It emits what was pressed and shows the state that its owner sets. Where it gets narrow, the
switches lose their words first and the views their icons; their tooltips and accessible names stay.
"""

from typing import cast

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup, QResizeEvent
from PyQt6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.views.activity_light import ActivityLight
from bachbridge_gui.widgets.icons import IconName, make_icon
from bachbridge_gui.widgets.style import set_role
from bachbridge_gui.widgets.theme import THEMES
from bachbridge_gui.widgets.tokens import ICON_SIZE_PX, SPACE_S_PX, SPACE_XS_PX
from bachbridge_gui.widgets.typography import heading_label

VIEWS = ("roll", "score", "connect", "monitor")
_VIEW_LABELS = {
    "roll": (
        translatable("Roll"),
        translatable("Your notes, the answer and the notes that are about to sound, as they happen"),
    ),
    "score": (translatable("Score"), translatable("The last or the selected phrase in staff notation")),
    "connect": (
        translatable("Connect"),
        translatable("How to connect BachBridge to your DAW, and what has arrived so far"),
    ),
    "monitor": (translatable("Monitor"), translatable("The latest messages in plain words")),
}
SWITCHES = ("follow", "keys", "sound")
_SWITCH_LABELS = {
    "follow": (translatable("Follow"), translatable("Scroll the roll along with the music")),
    "keys": (translatable("Piano"), translatable("Show a piano that you play with the mouse or the computer keyboard")),
    "sound": (translatable("Sound"), translatable("Preview sound: hear everything without a DAW")),
}
PANELS = ("controls", "phrases")
_PANEL_LABELS = {
    "controls": (translatable("Controls"), translatable("Show or hide the controls")),
    "phrases": (translatable("Phrases"), translatable("Show or hide the list of phrases and answers")),
}
_THEME_LABELS = {
    "system": translatable("System theme"),
    "light": translatable("Light theme"),
    "dark": translatable("Dark theme"),
}
_ICONS: dict[str, IconName] = {"keys": "piano"}
"""The icons of buttons whose names differ."""
_WIDE_PX, _MEDIUM_PX = 1180, 880
"""Widths from which on all buttons have words and icons, and from which on the views have icons."""
PANIC_TOOLTIP = translatable("Silence every note on every channel at once (Esc)")


class TopBar(QWidget):
    """The signals carry names of `VIEWS`, `SWITCHES`, `PANELS` and `theme.THEMES`."""

    viewChosen = pyqtSignal(str)
    switchToggled = pyqtSignal(str, bool)
    panelToggled = pyqtSignal(str, bool)
    themeChosen = pyqtSignal(str)
    compactChosen = pyqtSignal(bool)
    alwaysOnTopChosen = pyqtSignal(bool)
    welcomeChosen = pyqtSignal()
    panicPressed = pyqtSignal()

    def __init__(self, compact_bar: QWidget) -> None:
        """Make the bar; `compact_bar` takes the place of the views while the window is compact."""
        super().__init__()
        self._compact_bar, self._compact = compact_bar, False
        self.setAccessibleName(tr("Views and switches"))
        self._words: dict[QToolButton, str] = {}
        """The word on each button; it is hidden where there is no room."""
        self._view_buttons = {name: self._make_view_button(name) for name in VIEWS}
        self._view_group = QButtonGroup(self)
        for button in self._view_buttons.values():
            self._view_group.addButton(button)
        self._switch_buttons = {name: self._make_switch_button(name) for name in SWITCHES}
        self._panel_buttons = {name: self._make_panel_button(name) for name in PANELS}
        self.compact_button = self._make_button(
            tr("Compact"), tr("Switch to a low window beside the DAW, and back"), "compact", on_tint="accent"
        )
        self.compact_button.setCheckable(True)
        self.compact_button.toggled.connect(self.compactChosen)
        self.panic_button = self._make_button(tr("PANIC"), tr(PANIC_TOOLTIP), "panic", tint="on_danger")
        self.panic_button.clicked.connect(self.panicPressed)
        set_role(self.panic_button, "danger")
        self.menu_button = self._make_button(tr("More"), tr("Theme, language, always on top, welcome page"), "more")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = self._make_menu()
        self.menu_button.setMenu(self._menu)
        self.activity = ActivityLight()
        self._title = heading_label("BachBridge", 1.0)
        self._segments = self._build_segments()
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
        button.setToolTip(reason or tr(_SWITCH_LABELS[name][1]))
        button.setAccessibleDescription(button.toolTip())

    def show_panel(self, name: str, *, on: bool, possible: bool = True) -> None:
        """Show whether a panel is open; its button is hidden on pages that have no panels."""
        _set_checked_silently(self._panel_buttons[name], on=on)
        self._panel_buttons[name].setVisible(possible)

    def show_compact(self, *, on: bool) -> None:
        """Show only what is needed while playing if `on`, otherwise everything."""
        self._compact = on
        for widget in (
            self._title,
            self._segments,
            self.activity,
            self.menu_button,
            self._switch_buttons["keys"],
            self._switch_buttons["sound"],
        ):
            widget.setVisible(not on)
        self._compact_bar.setVisible(on)
        _set_checked_silently(self.compact_button, on=on)
        self._fit_words()

    def show_theme(self, name: str, *, on_top: bool) -> None:
        """Mark the current theme in the menu, and show if the window stays on top."""
        for action in self._theme_actions.actions():
            action.setChecked(action.data() == name)
        self._on_top_action.setChecked(on_top)

    def _make_view_button(self, name: str) -> QToolButton:
        label, tooltip = _VIEW_LABELS[name]
        button = self._make_button(tr(label), tr(tooltip), name)
        button.setCheckable(True)
        set_role(button, "segment")
        button.clicked.connect(lambda: self.viewChosen.emit(name))
        return button

    def _make_switch_button(self, name: str) -> QToolButton:
        label, tooltip = _SWITCH_LABELS[name]
        button = self._make_button(tr(label), tr(tooltip), name, on_tint="accent")
        button.setCheckable(True)
        set_role(button, "quiet")
        button.toggled.connect(lambda on: self.switchToggled.emit(name, on))
        return button

    def _make_panel_button(self, name: str) -> QToolButton:
        label, tooltip = _PANEL_LABELS[name]
        button = self._make_button(tr(label), tr(tooltip), name, on_tint="accent")
        button.setCheckable(True)
        set_role(button, "quiet")
        button.clicked.connect(lambda on: self.panelToggled.emit(name, on))
        return button

    def _make_button(
        self, label: str, tooltip: str, name: str, *, tint: str = "text", on_tint: str = "on_accent"
    ) -> QToolButton:
        button = QToolButton()
        button.setText(label)
        button.setIcon(make_icon(_ICONS.get(name, cast("IconName", name)), tint=tint, on_tint=on_tint))
        button.setIconSize(QSize(ICON_SIZE_PX, ICON_SIZE_PX))
        button.setToolTip(tooltip)
        button.setAccessibleName(label.capitalize())
        button.setAccessibleDescription(tooltip)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setMinimumSize(QSize(32, 32))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._words[button] = label
        return button

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        self._theme_actions = QActionGroup(self)
        for name in THEMES:
            action = QAction(tr(_THEME_LABELS[name]), self)
            action.setData(name)
            action.setCheckable(True)
            action.triggered.connect(lambda _, name=name: self.themeChosen.emit(name))
            self._theme_actions.addAction(action)
            menu.addAction(action)
        menu.addSeparator()
        self._on_top_action = QAction(tr("Always on top"), self)
        self._on_top_action.setCheckable(True)
        self._on_top_action.triggered.connect(self.alwaysOnTopChosen)
        menu.addAction(self._on_top_action)
        welcome_action = QAction(tr("Welcome page"), self)
        welcome_action.triggered.connect(self.welcomeChosen)
        menu.addAction(welcome_action)
        return menu

    def _build_segments(self) -> QFrame:
        frame = QFrame()
        frame.setFrameShape(QFrame.Shape.NoFrame)
        row = QHBoxLayout(frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for button in self._view_buttons.values():
            row.addWidget(button)
        return frame

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_S_PX, SPACE_XS_PX, SPACE_S_PX, SPACE_XS_PX)
        row.setSpacing(SPACE_XS_PX)
        row.addWidget(self._panel_buttons["controls"])
        row.addWidget(self._title)
        row.addSpacing(SPACE_S_PX)
        row.addWidget(self._segments)
        row.addWidget(self._compact_bar, 1)
        row.addSpacing(SPACE_S_PX)
        row.addWidget(self.activity, 1)
        for button in (*self._switch_buttons.values(), self._panel_buttons["phrases"]):
            row.addWidget(button)
        for button in (self.compact_button, self.menu_button):
            row.addWidget(button)
            set_role(button, "quiet")
        row.addSpacing(SPACE_XS_PX)
        row.addWidget(self.panic_button)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._fit_words()

    def _fit_words(self) -> None:
        """Hide what there is no room for: words of switches first, then icons of views."""
        wide, medium = self.width() >= _WIDE_PX and not self._compact, self.width() >= _MEDIUM_PX
        beside, only = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        for button, word in self._words.items():
            if button in self._view_buttons.values():
                button.setToolButtonStyle(beside if medium else Qt.ToolButtonStyle.ToolButtonTextOnly)
            elif button is not self.panic_button:
                shown = wide and button not in self._panel_buttons.values()
                button.setText(word if shown else "")
                button.setToolButtonStyle(beside if shown else only)
        self._title.setVisible(medium and not self._compact)


def _set_checked_silently(button: QToolButton, *, on: bool) -> None:
    button.blockSignals(True)
    button.setChecked(on)
    button.blockSignals(False)
