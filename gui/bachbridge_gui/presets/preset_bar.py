"""The presets in one line: choose, save, name, delete with undo, give away as a file, take in, and the program number.

A preset that is chosen goes to the desk and to the learner at once. The latency stays what it is: it belongs to the
output that is connected here, not to the music.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QSpinBox, QWidget

from bachbridge.errors import BachBridgeError
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.presets.presets import SUFFIX, Preset, Presets
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.widgets.name_picker import NamedBox
from bachbridge_gui.widgets.styling import calm

_FILES = f"Presets (*{SUFFIX} *.json)"


class PresetBar(QWidget):
    """`choose(name)` is what a click, a program change and the start of the program do."""

    refused = pyqtSignal(str)
    """Why something could not be done, in a sentence."""
    applied = pyqtSignal(str)
    """This preset is in force now."""

    def __init__(self, desk: Desk, learner: Learner, presets: Presets) -> None:
        super().__init__()
        self._desk, self._learner, self._presets = desk, learner, presets
        self.box, self.program = NamedBox("preset", "All settings and knobs at once, as they were saved."), QSpinBox()
        self.take_in, self.export = QAction("Import …", self), QAction("Export …", self)
        self._dress()
        self._connect()
        self.refresh()

    def _dress(self) -> None:
        self.program.setRange(0, 128)
        self.program.setSpecialValueText("No program")
        self.program.setPrefix("Program ")
        self.program.setKeyboardTracking(False)
        self.program.setAccessibleName("Program that calls the preset")
        calm(self.program)
        menu = self.box.more.menu()
        if menu:
            menu.addSeparator()
            menu.addActions([self.take_in, self.export])
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.box, 1)
        line.addWidget(self.program)
        self.setAccessibleName("Presets")

    def _connect(self) -> None:
        self.box.chosen.connect(self.choose)
        self.box.saved.connect(self.save)
        self.box.deleted.connect(self.delete)
        self.box.restored.connect(self._restore)
        self.program.valueChanged.connect(self._numbered)
        self.take_in.triggered.connect(self._ask_in)
        self.export.triggered.connect(self._ask_out)
        self._learner.called.connect(self.choose)

    # ------------------------------------------------------------ what can be done

    def choose(self, name: str) -> bool:
        """Put the preset in force; False, and `refused`, where it cannot be."""
        return self._try(lambda: self._apply(name, self._presets.load(name)))

    def recall(self, name: str) -> None:
        """Show the preset that was chosen the last time; what is in force stays."""
        self.box.recall(name)
        self.refresh()

    def save(self, name: str) -> bool:
        """Keep what is in force under this name."""
        return self._try(lambda: self._presets.save(name, self._now(name)))

    def delete(self, name: str) -> bool:
        """Take the preset away; the menu can undo it."""
        return self._try(lambda: self.box.keep(name, self._presets.delete(name)))

    def _restore(self, name: str, was: bytes) -> None:
        self._try(lambda: self._presets.restore(name, was))

    def import_file(self, path: Path) -> bool:
        """Take in a stranger's file and put it in force."""
        return self._try(lambda: self._taken_in(path))

    def export_file(self, path: Path) -> bool:
        """A copy of the preset that is chosen, for somebody else."""
        path = path if path.name.endswith(".json") else path.with_name(path.name + SUFFIX)
        return self._try(lambda: self._presets.export(self.box.current, path))

    def _taken_in(self, path: Path) -> None:
        name = self._presets.take_in(path)
        self._apply(name, self._presets.load(name))

    def _apply(self, name: str, preset: Preset) -> None:
        self._desk.take(replace(preset.settings, latency_ms=self._desk.settings.latency_ms))
        self._learner.take_bindings(preset.bindings)
        self.box.set_names(self._presets.names())
        self.box.show_current(name)
        self.applied.emit(name)

    def _now(self, name: str) -> Preset:
        """What is in force, with the program of the preset that is saved over."""
        program = next((number for number, named in self._presets.programs().items() if named == name), None)
        return Preset(self._desk.settings, self._learner.bindings, program)

    def _numbered(self, number: int) -> None:
        name = self.box.current
        self._try(lambda: self._number(name, number - 1 if number else None))

    def _number(self, name: str, program: int | None) -> None:
        """Give the preset its program; whichever had it has none then."""
        other = self._presets.programs().get(program) if program is not None else None
        if other and other != name:
            self._presets.save(other, replace(self._presets.load(other), program=None))
        self._presets.save(name, replace(self._presets.load(name), program=program))

    def _ask_in(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Import a preset", "", _FILES)
        if path:
            self.import_file(Path(path))

    def _ask_out(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export the preset", f"{self.box.current}{SUFFIX}", _FILES)
        if path:
            self.export_file(Path(path))

    # ------------------------------------------------------------ what is shown

    def _try(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except BachBridgeError as error:
            self.refused.emit(str(error))
            return False
        finally:
            self.refresh()
        return True

    def refresh(self) -> None:
        """Show what lies in the folder."""
        self.box.set_names(self._presets.names())
        programs = self._presets.programs()
        self._learner.set_programs(programs)
        chosen = self.box.current
        number = next((number + 1 for number, name in programs.items() if name == chosen), 0)
        with QSignalBlocker(self.program):
            self.program.setValue(number)
        self.program.setEnabled(bool(chosen))
        self.export.setEnabled(bool(chosen))
        why = "" if chosen else "Choose or save a preset first."
        self.program.setToolTip(why or "The program change that calls this preset from your keyboard.")
        self.program.setAccessibleDescription(why)
