"""The on-screen piano beside its octave, its velocity and the letters on the computer's keys."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QSizePolicy, QSpinBox, QWidget

from bachbridge_gui.keyboard.computer_keys import KEY_LAYOUTS, KeyLayout
from bachbridge_gui.keyboard.widget import OCTAVE_RANGE, PianoKeyboard
from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.tokens import SPACE_XS_PX

_HEIGHT_PX = 120


class KeyboardPanel(QWidget):
    """The piano with its number boxes; each follows changes of the other."""

    layout_chosen = pyqtSignal(str)
    """Emitted with one of `KEY_LAYOUTS`."""

    def __init__(self, keyboard: PianoKeyboard) -> None:
        super().__init__()
        self._keyboard = keyboard
        self.octave = _make_spin_box(
            tr("Octave"), *OCTAVE_RANGE, keyboard.octave, tr("Shift the computer keyboard by this many octaves")
        )
        self.velocity = _make_spin_box(
            tr("Velocity"), 1, 127, keyboard.velocity, tr("Velocity of the notes from the computer keyboard")
        )
        self.octave.valueChanged.connect(lambda octave: setattr(keyboard, "octave", octave))
        self.velocity.valueChanged.connect(lambda velocity: setattr(keyboard, "velocity", velocity))
        self.layout_box = QComboBox()
        for layout in KEY_LAYOUTS:
            self.layout_box.addItem(layout.upper(), layout)
        self.layout_box.setAccessibleName(tr("Piano: letters on the computer's keys"))
        self.layout_box.setToolTip(tr("The letters on your computer's keyboard; the same places play the same notes"))
        self.layout_box.activated.connect(self._choose_layout)
        self.show_layout(keyboard.key_layout)
        keyboard.octaveChanged.connect(self.octave.setValue)
        keyboard.velocityChanged.connect(self.velocity.setValue)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(tr("Octave"), self.octave)
        form.addRow(tr("Velocity"), self.velocity)
        form.addRow(tr("Keys"), self.layout_box)
        form.setVerticalSpacing(SPACE_XS_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 8)
        row.setSpacing(16)
        row.addLayout(form)
        row.addWidget(keyboard, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaximumHeight(_HEIGHT_PX)

    def show_layout(self, layout: KeyLayout) -> None:
        """Label the keys with the letters of this layout."""
        self._keyboard.key_layout = layout
        self.layout_box.setCurrentIndex(self.layout_box.findData(layout))

    def _choose_layout(self, index: int) -> None:
        self.show_layout(KEY_LAYOUTS[index])
        self.layout_chosen.emit(KEY_LAYOUTS[index])


def _make_spin_box(name: str, minimum: int, maximum: int, value: int, tooltip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(minimum, maximum)
    box.setValue(value)
    box.setAccessibleName(tr("Piano: {name}", name=name))
    box.setToolTip(tooltip)
    return box
