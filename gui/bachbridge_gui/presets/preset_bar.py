"""The presets in one line: choose, save, name, delete with undo, import, export, and the program number.

A preset that is chosen is applied to the settings and the bindings at once. The latency stays as it is: it belongs to
the output that is connected here, not to the music.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QSpinBox, QWidget

from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.settings import Settings
from bachbridge_gui.presets.factory_presets import FACTORY_PRESETS, factory_preset
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.presets import SUFFIX, Preset, PresetFolder
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.name_picker import NamePicker
from bachbridge_gui.widgets.styling import guard_wheel_and_menu

_FILE_PATTERN = f"(*{SUFFIX} *.json)"


class PresetBar(QWidget):
    """Call `choose` for a click and a program change, and `recall` at the start of the program."""

    refused = pyqtSignal(str)
    """Something could not be done; the sentence that says why."""
    applied = pyqtSignal(str)
    """This preset has been applied."""

    def __init__(self, store: SettingsStore, midi_learn: MidiLearn, presets: PresetFolder) -> None:
        super().__init__()
        self._store, self._midi_learn, self._presets = store, midi_learn, presets
        self.preset_box, self.program_box = (
            NamePicker(
                translatable("preset"),
                tr("A preset is all settings and learnt knobs under one name. Choose one to begin."),
            ),
            QSpinBox(),
        )
        self.import_action, self.export_action = QAction(tr("Import …"), self), QAction(tr("Export …"), self)
        self._chosen: Settings | None = None
        """The settings of the chosen preset; None if none is chosen."""
        self._build_layout()
        self._connect_signals()
        self.refresh()

    def _build_layout(self) -> None:
        self.program_box.setRange(0, 128)
        self.program_box.setSpecialValueText(tr("No program"))
        self.program_box.setPrefix(f"{tr('Program')} ")
        self.program_box.setKeyboardTracking(False)
        self.program_box.setAccessibleName(tr("Program number of the preset"))
        guard_wheel_and_menu(self.program_box)
        menu = self.preset_box.menu_button.menu()
        if menu:
            menu.addSeparator()
            menu.addActions([self.import_action, self.export_action])
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.preset_box, 1)
        line.addWidget(self.program_box)
        self.setAccessibleName(tr("Presets"))

    def _connect_signals(self) -> None:
        self.preset_box.chosen.connect(self.choose)
        self.preset_box.saved.connect(self.save)
        self.preset_box.deleted.connect(self.delete)
        self.preset_box.restored.connect(self._restore)
        self.program_box.valueChanged.connect(self._on_program_changed)
        self.import_action.triggered.connect(self._choose_import_file)
        self.export_action.triggered.connect(self._choose_export_file)
        self._midi_learn.preset_called.connect(self.choose)
        self._store.changed.connect(self._mark_changed)

    # ------------------------------------------------------------ actions

    def choose(self, name: str) -> bool:
        """Apply the preset; return False, and emit `refused`, if that fails."""
        return self._try(lambda: self._apply(name, self._load(name)))

    def recall(self, name: str) -> None:
        """Show the preset that was chosen last time, without applying it."""
        self.preset_box.show_if_present(name)
        self.refresh()
        try:
            self._chosen = self._load(name).settings if self.preset_box.current else None
        except BachBridgeError:
            self._chosen = None
        self._mark_changed()

    def _load(self, name: str) -> Preset:
        """Return the user's preset of this name, or else the program's."""
        built_in = factory_preset(name)
        return built_in.preset if built_in and name not in self._presets.names() else self._presets.load(name)

    def save(self, name: str) -> bool:
        """Save the present settings and bindings under this name."""
        return self._try(lambda: self._save(name))

    def _save(self, name: str) -> None:
        if factory_preset(name):
            raise ConfigError(
                tr('"{name}" comes with the program and stays as it is: save yours under another name.', name=name)
            )
        self._presets.save(name, self._current_preset(name))
        self._chosen = self._store.settings
        self._mark_changed()

    def delete(self, name: str) -> bool:
        """Delete the preset; the menu can undo it."""
        return self._try(lambda: self.preset_box.set_deleted(name, self._presets.delete(name)))

    def _restore(self, name: str, content: bytes) -> None:
        self._try(lambda: self._presets.restore(name, content))

    def import_file(self, path: Path) -> bool:
        """Import a stranger's file and apply it."""
        return self._try(lambda: self._import_and_apply(path))

    def export_file(self, path: Path) -> bool:
        """Write a copy of the chosen preset for somebody else."""
        path = path if path.name.endswith(".json") else path.with_name(path.name + SUFFIX)
        return self._try(lambda: self._presets.export(self.preset_box.current, path))

    def _import_and_apply(self, path: Path) -> None:
        name = self._presets.import_file(path)
        self._apply(name, self._presets.load(name))

    def _apply(self, name: str, preset: Preset) -> None:
        self._store.apply_all(replace(preset.settings, latency_ms=self._store.settings.latency_ms))
        if not factory_preset(name) or preset.bindings:
            self._midi_learn.set_bindings(preset.bindings)
        self._show_names()
        self.preset_box.show_current(name)
        self._chosen = self._store.settings
        self._mark_changed()
        self.applied.emit(name)

    def _mark_changed(self, _: str = "") -> None:
        """Mark the preset if the settings are not its own any more."""
        latency_ms = self._store.settings.latency_ms
        is_same = self._chosen is None or replace(self._chosen, latency_ms=latency_ms) == self._store.settings
        self.preset_box.mark_changed(changed=not is_same)

    def _current_preset(self, name: str) -> Preset:
        """Return the present settings and bindings, with the program of the preset that is overwritten."""
        program = next((number for number, named in self._presets.names_by_program().items() if named == name), None)
        return Preset(self._store.settings, self._midi_learn.bindings, program)

    def _on_program_changed(self, number: int) -> None:
        name = self.preset_box.current
        self._try(lambda: self._assign_program(name, number - 1 if number else None))

    def _assign_program(self, name: str, program: int | None) -> None:
        """Assign a program to the preset; the preset that had it before loses it."""
        other = self._presets.names_by_program().get(program) if program is not None else None
        if other and other != name:
            self._presets.save(other, replace(self._presets.load(other), program=None))
        self._presets.save(name, replace(self._presets.load(name), program=program))

    def _choose_import_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Import a preset"), "", _file_filter())
        if path:
            self.import_file(Path(path))

    def _choose_export_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, tr("Export the preset"), f"{self.preset_box.current}{SUFFIX}", _file_filter()
        )
        if path:
            self.export_file(Path(path))

    # ------------------------------------------------------------ display

    def _try(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except BachBridgeError as error:
            self.refused.emit(str(error))
            return False
        finally:
            self.refresh()
        return True

    def _show_names(self) -> None:
        names = self._presets.names()
        fixed = {preset.name: tr(preset.line) for preset in FACTORY_PRESETS if preset.name not in names}
        self.preset_box.set_names(names, fixed, {name: tr(name) for name in fixed})

    def refresh(self) -> None:
        """Show the presets in the folder, and after them the program's."""
        self._show_names()
        programs = self._presets.names_by_program()
        self._midi_learn.set_programs(programs)
        current = self.preset_box.current
        number = next((number + 1 for number, name in programs.items() if name == current), 0)
        with QSignalBlocker(self.program_box):
            self.program_box.setValue(number)
        obstacle = "" if current in self._presets.names() else tr("Choose or save a preset of your own first.")
        self.program_box.setEnabled(not obstacle)
        self.export_action.setEnabled(not obstacle)
        self.program_box.setToolTip(obstacle or tr("This program change from your keyboard chooses the preset."))
        self.program_box.setAccessibleDescription(obstacle)


def _file_filter() -> str:
    return f"{tr('Presets')} {_FILE_PATTERN}"
