"""The panels beside the page: the controls on the left and the phrases on the right.

Where the window is wide enough, each is open or closed as the preferences say. In a narrow window there is room for
one: opening it closes the other, as drawers do.
"""

from PyQt6.QtWidgets import QWidget

from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.views.top_bar import TopBar

BOTH_MIN_WIDTH_PX = 1040
"""Width of the window from which on there is room for both panels."""


class SidePanels:
    """Call `update` when the window's width or its page changes."""

    def __init__(self, state: AppState, top_bar: TopBar, controls: QWidget, phrases: QWidget) -> None:
        self._state, self._top_bar = state, top_bar
        self._panels = {"controls": controls, "phrases": phrases}
        self._drawer = "controls"
        """The panel that is open in a narrow window; empty: none."""
        self._width_px = 0

    def update(self, width_px: int) -> None:
        """Show the panels that are open beside pages for playing; none beside pages for reading, nor when compact."""
        self._width_px = width_px
        prefs = self._state.prefs
        wanted = {"controls": prefs.controls_open, "phrases": prefs.phrases_open}
        playing = self._state.view not in ("welcome", "connect", "help") and not prefs.compact
        for name, panel in self._panels.items():
            is_open = wanted[name] if self._has_room_for_both else name == self._drawer
            panel.setVisible(playing and is_open)
            self._top_bar.show_panel(name, on=is_open, possible=playing)

    def open_panel(self, name: str, *, on: bool) -> None:
        """Open or close one of `top_bar.PANELS`."""
        if not self._has_room_for_both:
            self._drawer = name if on else ""
        elif name == "controls":
            self._state.update_prefs(controls_open=on)
        else:
            self._state.update_prefs(phrases_open=on)
        self.update(self._width_px)

    @property
    def _has_room_for_both(self) -> bool:
        return self._width_px >= BOTH_MIN_WIDTH_PX
