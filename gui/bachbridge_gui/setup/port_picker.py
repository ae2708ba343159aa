"""Choice of the MIDI ports: BachBridge's own virtual ones, or ports of other programs by name.

Windows has no virtual ports: there an end of a loopback is chosen in their place.
"""

import sys

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QFormLayout, QSizePolicy, QWidget

from bachbridge.protocol.notices import PortNames
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.styling import guard_wheel_and_menu

OWN_INPUT, OWN_OUTPUT = translatable("BachBridge In (our own)"), translatable("BachBridge Out (our own)")
LOOPBACK = translatable("A loopback, chosen by itself")


class PortPicker(QWidget):
    """Two lists of port names; `show_ports` fills them."""

    names_wanted = pyqtSignal()
    """The lists have come into view: their names should be up to date."""
    chosen = pyqtSignal(object, object)
    """The names of the input and the output; None: BachBridge's own port."""

    def __init__(self, parent: QWidget | None = None, platform: str = sys.platform) -> None:
        super().__init__(parent)
        self._own_labels = (LOOPBACK, LOOPBACK) if platform == "win32" else (OWN_INPUT, OWN_OUTPUT)
        self._input_box = _build_box(tr("Input port"), tr("Where your notes come from"))
        self._output_box = _build_box(tr("Output port"), tr("Where the answer goes"))
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(tr("Listen to"), self._input_box)
        form.addRow(tr("Play to"), self._output_box)
        self.show_ports(PortNames((), ()), None, None)
        for box in (self._input_box, self._output_box):
            box.activated.connect(self._emit_chosen)

    def showEvent(self, a0: object) -> None:
        self.names_wanted.emit()

    def show_ports(self, names: PortNames, input_name: str | None, output_name: str | None) -> None:
        """Show the ports that exist and those that are used; a used port that is missing stays in the list."""
        own_input, own_output = self._own_labels
        _fill_box(self._input_box, own_input, names.inputs, input_name)
        _fill_box(self._output_box, own_output, names.outputs, output_name)

    def _emit_chosen(self) -> None:
        self.chosen.emit(self._input_box.currentData(), self._output_box.currentData())


def _build_box(name: str, tip: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(tip)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.setMinimumContentsLength(24)
    guard_wheel_and_menu(box)
    return box


def _fill_box(box: QComboBox, own_label: str, names: tuple[str, ...], current: str | None) -> None:
    current = _full_port_name(names, current)
    box.clear()
    box.addItem(tr(own_label), None)
    for name in names:
        box.addItem(name, name)
    if current is not None and current not in names:
        box.addItem(tr("{port} (not there)", port=current), current)
    box.setCurrentIndex(0 if current is None else box.findData(current))


def _full_port_name(names: tuple[str, ...], wanted: str | None) -> str | None:
    """Return the full name of a port: on the command line a part of its name is enough."""
    if wanted is None or wanted in names:
        return wanted
    return next((name for name in names if wanted.strip().casefold() in name.casefold()), wanted)
