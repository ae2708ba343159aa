"""The controls of the tempo, which comes from the playing, a number or taps, and of our own transport."""

from PyQt6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bachbridge_gui.controls.control import INSET_PX, Control, label_column_px
from bachbridge_gui.controls.editors import Dropdown, NumberBox
from bachbridge_gui.controls.specs import BPM_SPEC, START_SPEC, STOP_SPEC, TAP_SPEC
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.translation import tr, translatable

_DEFAULT_BPM = 92.0
_FROM_PLAYING, _FIXED = "playing", "fixed"
_SOURCE_TOOLTIP = translatable("From my playing: the answer follows your tempo. Fixed: it has the tempo below.")


class TempoControls(QWidget):
    """The choice of the tempo's source, the number and three buttons; `controls` holds all but the first."""

    def __init__(self, store: SettingsStore, learner: MidiLearn) -> None:
        super().__init__()
        self._store = store
        self._last_bpm = store.settings.bpm or _DEFAULT_BPM
        self.label = QLabel(tr("Tempo"))
        self.label.setFixedWidth(label_column_px(self))
        self.source = Dropdown({_FROM_PLAYING: tr("From my playing"), _FIXED: tr("Fixed")})
        self.source.box.setAccessibleName(tr("Where the tempo comes from"))
        self.bpm_box = NumberBox(BPM_SPEC)
        self.bpm_control = Control(store, learner, BPM_SPEC, show_label=False, editor=self.bpm_box)
        self.tap_control = Control(store, learner, TAP_SPEC, show_label=False)
        self.start_buttons = [Control(store, learner, spec, show_label=False) for spec in (START_SPEC, STOP_SPEC)]
        self.controls = [self.bpm_control, self.tap_control, *self.start_buttons]
        self._lay_out()
        self.source.moved.connect(self._on_source_chosen)
        store.changed.connect(self._on_setting_changed)
        self._on_setting_changed("bpm")
        self.set_disabled_reason("")

    def _lay_out(self) -> None:
        above, below, lowest, column = QHBoxLayout(), QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        above.setSpacing(8)
        below.setSpacing(0)
        lowest.setSpacing(0)
        above.setContentsMargins(INSET_PX, 0, INSET_PX, 0)
        above.addWidget(self.label)
        above.addWidget(self.source, 1)
        below.addSpacing(label_column_px(self) + 8)
        below.addWidget(self.bpm_control, 3)
        below.addWidget(self.tap_control, 2)
        lowest.addSpacing(label_column_px(self) + 8)
        for button in self.start_buttons:
            lowest.addWidget(button, 1)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(above)
        column.addLayout(below)
        column.addLayout(lowest)

    def set_disabled_reason(self, reason: str) -> None:
        """Disable the choice for this reason, or enable it if the reason is empty."""
        self.source.setEnabled(not reason)
        self.label.setEnabled(not reason)
        self.source.box.setToolTip(reason or tr(_SOURCE_TOOLTIP))
        self.source.box.setAccessibleDescription(reason)

    def _on_source_chosen(self, source: str) -> None:
        self._store.set("bpm", self._last_bpm if source == _FIXED else 0.0)

    def _on_setting_changed(self, name: str) -> None:
        if name != "bpm":
            return
        bpm = self._store.settings.bpm
        self._last_bpm = bpm or self._last_bpm
        self.bpm_box.box.setSpecialValueText("" if bpm else "…")
        self.source.show_value(_FIXED if bpm else _FROM_PLAYING)
