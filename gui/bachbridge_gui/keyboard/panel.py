"""The piano on the screen with what the mouse cannot reach on it: octave and velocity."""

from PyQt6.QtWidgets import QFormLayout, QHBoxLayout, QSizePolicy, QSpinBox, QWidget

from bachbridge_gui.keyboard.widget import Keys

_HEIGHT_PX = 120


class PianoBar(QWidget):
    """The numbers follow the keys that change them, and the other way round."""

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self.octave = _number("Octave", -3, 3, keys.octave, "The computer's keys sound so many octaves higher")
        self.velocity = _number("Velocity", 1, 127, keys.velocity, "How loud the computer's keys sound")
        self.octave.valueChanged.connect(lambda octave: setattr(keys, "octave", octave))
        self.velocity.valueChanged.connect(lambda velocity: setattr(keys, "velocity", velocity))
        keys.octaveChanged.connect(self.octave.setValue)
        keys.velocityChanged.connect(self.velocity.setValue)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Octave", self.octave)
        form.addRow("Velocity", self.velocity)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 8)
        row.setSpacing(16)
        row.addLayout(form)
        row.addWidget(keys, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaximumHeight(_HEIGHT_PX)


def _number(name: str, least: int, most: int, value: int, tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setValue(value)
    box.setAccessibleName(f"Piano: {name.lower()}")
    box.setToolTip(tip)
    return box
