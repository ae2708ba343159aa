"""Where the tempo comes from: the playing, a number, or taps."""

import time
from collections.abc import Callable

from PyQt6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bachbridge_gui.controls.control import INSET_PX, Control, column_px
from bachbridge_gui.controls.editors import Number, Words
from bachbridge_gui.controls.specs import BPM, TAP
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.settings.tap_tempo import Taps

_USUAL_BPM = 92.0
_FROM_PLAYING, _FIXED = "playing", "fixed"
_HEARS = "From my playing: the answer keeps the tempo that you played in. Fixed: it keeps this number."


class Tempo(QWidget):
    """The choice, the number and the tap button; `controls` are the latter two."""

    def __init__(self, desk: Desk, learner: Learner, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__()
        self._desk, self._now_ns, self._taps = desk, now_ns, Taps()
        self._last_bpm = desk.settings.bpm or _USUAL_BPM
        self.label = QLabel("Tempo")
        self.label.setFixedWidth(column_px(self))
        self.source = Words({_FROM_PLAYING: "From my playing", _FIXED: "Fixed"})
        self.source.box.setAccessibleName("Where the tempo comes from")
        self.number = Number(BPM)
        self.bpm = Control(desk, learner, BPM, labelled=False, editor=self.number)
        self.tap = Control(desk, learner, TAP, labelled=False)
        self.controls = [self.bpm, self.tap]
        self._lay_out()
        self.source.moved.connect(self._chosen)
        desk.changed.connect(self._changed)
        desk.done.connect(self._done)
        self._changed("bpm")
        self.forbid("")

    def _lay_out(self) -> None:
        above, below, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        above.setSpacing(8)
        below.setSpacing(0)
        above.setContentsMargins(INSET_PX, 0, INSET_PX, 0)
        above.addWidget(self.label)
        above.addWidget(self.source, 1)
        below.addSpacing(column_px(self) + 8)
        below.addWidget(self.bpm, 3)
        below.addWidget(self.tap, 2)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(above)
        column.addLayout(below)

    def forbid(self, reason: str) -> None:
        """Why the choice changes nothing now; empty: it does."""
        self.source.setEnabled(not reason)
        self.label.setEnabled(not reason)
        self.source.box.setToolTip(reason or _HEARS)
        self.source.box.setAccessibleDescription(reason)

    def _chosen(self, source: str) -> None:
        self._desk.set("bpm", self._last_bpm if source == _FIXED else 0.0)

    def _changed(self, name: str) -> None:
        if name != "bpm":
            return
        bpm = self._desk.settings.bpm
        self._last_bpm = bpm or self._last_bpm
        self.number.box.setSpecialValueText("" if bpm else "…")
        self.source.show_value(_FIXED if bpm else _FROM_PLAYING)

    def _done(self, command: str) -> None:
        """A tap, from wherever it comes: the button, a key or a learnt controller."""
        if command != "tap" or self.tap.reason:
            return
        bpm = self._taps.tap(self._now_ns())
        if bpm is not None:
            self._desk.set("bpm", bpm)
