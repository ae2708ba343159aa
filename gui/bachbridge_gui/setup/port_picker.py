"""Which ports are used: our own virtual ones, or those of others by name."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QFormLayout, QSizePolicy, QWidget

from bachbridge.protocol.events import PortNames
from bachbridge_gui.widgets.styling import calm

OWN_INPUT, OWN_OUTPUT = "BachBridge In (our own)", "BachBridge Out (our own)"


class PortChooser(QWidget):
    """`wanted`: somebody is about to choose, so the names should be fresh."""

    wanted = pyqtSignal()
    chosen = pyqtSignal(object, object)
    """The names of input and output; None: our own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._input = _box("Input port", "Where your notes come from")
        self._output = _box("Output port", "Where the answer goes")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Listen to", self._input)
        form.addRow("Play to", self._output)
        self.show_ports(PortNames((), ()), None, None)
        for box in (self._input, self._output):
            box.activated.connect(self._tell)

    def showEvent(self, a0: object) -> None:  # noqa: ARG002, N802
        """The names are asked for when the page comes into sight."""
        self.wanted.emit()

    def show_ports(self, names: PortNames, source: str | None, sink: str | None) -> None:
        """The ports that there are, and those that are used; one that is absent stays in the list."""
        _fill(self._input, OWN_INPUT, names.inputs, source)
        _fill(self._output, OWN_OUTPUT, names.outputs, sink)

    def _tell(self) -> None:
        self.chosen.emit(self._input.currentData(), self._output.currentData())


def _box(name: str, tip: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(tip)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.setMinimumContentsLength(24)
    calm(box)
    return box


def _fill(box: QComboBox, own: str, names: tuple[str, ...], current: str | None) -> None:
    current = _named(names, current)
    box.clear()
    box.addItem(own, None)
    for name in names:
        box.addItem(name, name)
    if current is not None and current not in names:
        box.addItem(f"{current} (not there)", current)
    box.setCurrentIndex(0 if current is None else box.findData(current))


def _named(names: tuple[str, ...], wanted: str | None) -> str | None:
    """The port that is meant: on the command line a part of its name is enough."""
    if wanted is None or wanted in names:
        return wanted
    return next((name for name in names if wanted.strip().casefold() in name.casefold()), wanted)
