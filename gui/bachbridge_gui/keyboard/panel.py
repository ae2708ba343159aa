"""The on-screen piano beside two number boxes for its octave and velocity."""

from PyQt6.QtWidgets import QFormLayout, QHBoxLayout, QSizePolicy, QSpinBox, QWidget

from bachbridge_gui.keyboard.widget import OCTAVE_RANGE, PianoKeyboard

_HEIGHT_PX = 120


class KeyboardPanel(QWidget):
    """The piano with its number boxes; each follows changes of the other."""

    def __init__(self, keyboard: PianoKeyboard) -> None:
        super().__init__()
        self.octave = _make_spin_box(
            "Octave", *OCTAVE_RANGE, keyboard.octave, "Shift the computer keyboard by this many octaves"
        )
        self.velocity = _make_spin_box(
            "Velocity", 1, 127, keyboard.velocity, "Velocity of the notes from the computer keyboard"
        )
        self.octave.valueChanged.connect(lambda octave: setattr(keyboard, "octave", octave))
        self.velocity.valueChanged.connect(lambda velocity: setattr(keyboard, "velocity", velocity))
        keyboard.octaveChanged.connect(self.octave.setValue)
        keyboard.velocityChanged.connect(self.velocity.setValue)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Octave", self.octave)
        form.addRow("Velocity", self.velocity)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 8)
        row.setSpacing(16)
        row.addLayout(form)
        row.addWidget(keyboard, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaximumHeight(_HEIGHT_PX)


def _make_spin_box(name: str, minimum: int, maximum: int, value: int, tooltip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(minimum, maximum)
    box.setValue(value)
    box.setAccessibleName(f"Piano: {name.lower()}")
    box.setToolTip(tooltip)
    return box
