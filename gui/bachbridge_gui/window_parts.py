"""All widgets of the window, made and named; where they stand is the window's matter, what they show the pulse's."""

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bachbridge_gui.controls.panel import ControlPanel
from bachbridge_gui.keyboard.panel import KeyboardPanel
from bachbridge_gui.keyboard.widget import PianoKeyboard
from bachbridge_gui.phrases.panel import PhrasePanel
from bachbridge_gui.piano_roll.widget import PianoRoll
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.presets.preset_bar import PresetBar
from bachbridge_gui.presets.presets import PresetFolder
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.setup.connect_page import ConnectPage
from bachbridge_gui.setup.port_picker import PortPicker
from bachbridge_gui.setup.welcome import WelcomePage
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.views.compact_bar import CompactBar
from bachbridge_gui.views.monitor import Monitor
from bachbridge_gui.views.score import ScoreView
from bachbridge_gui.views.status_bar import StatusBar
from bachbridge_gui.views.top_bar import TopBar


@dataclass(frozen=True, slots=True)
class WindowParts:
    """Made once; `views` stand in the order of `topbar.VIEWS`."""

    top_bar: TopBar
    welcome_page: WelcomePage
    roll: PianoRoll
    score: ScoreView
    connect_page: ConnectPage
    port_picker: PortPicker
    monitor: Monitor
    controls: ControlPanel
    preset_bar: PresetBar
    side_panel: QWidget
    phrases: PhrasePanel
    keyboard: PianoKeyboard
    keyboard_panel: QWidget
    status_bar: StatusBar
    compact_bar: CompactBar
    views: tuple[QWidget, ...]


def build_window_parts(
    store: SettingsStore,
    midi_learn: MidiLearn,
    state: AppState,
    *,
    presets: PresetFolder,
    profiles: ProfileFolder,
    drag_files: DragFiles,
    send_midi: Callable[[bytes], None],
    wall_offset_ns: int,
    show_welcome: bool,
) -> WindowParts:
    """All widgets; `play` takes what is played on the screen's piano.

    `wall_ns` is the wall clock's lead over the monotonic one; `welcome`: whether the first page is shown at the start.
    """
    roll, score, monitor = PianoRoll(state.timeline), ScoreView(), Monitor(wall_offset_ns)
    connect, ports = ConnectPage(), PortPicker()
    controls, preset_bar = ControlPanel(store, midi_learn, profiles), PresetBar(store, midi_learn, presets)
    keys, strip = PianoKeyboard(send_midi), CompactBar(store, midi_learn)
    connect_page = _build_connect_page(connect, ports)
    return WindowParts(
        top_bar=TopBar(strip),
        welcome_page=WelcomePage(store, show_welcome),
        roll=roll,
        score=score,
        connect_page=connect,
        port_picker=ports,
        monitor=monitor,
        controls=controls,
        preset_bar=preset_bar,
        side_panel=_build_side_panel(preset_bar, controls),
        phrases=_build_phrase_list(drag_files),
        keyboard=keys,
        keyboard_panel=KeyboardPanel(keys),
        status_bar=StatusBar(),
        compact_bar=strip,
        views=(roll, score, connect_page, monitor),
    )


def _build_side_panel(presets: QWidget, controls: QWidget) -> QWidget:
    side = QWidget()
    column = QVBoxLayout(side)
    column.setContentsMargins(0, 8, 0, 0)
    column.setSpacing(8)
    presets.setContentsMargins(12, 0, 12, 0)
    column.addWidget(presets)
    column.addWidget(controls, 1)
    side.setFixedWidth(controls.width())
    return side


def _build_phrase_list(drag_files: DragFiles) -> PhrasePanel:
    phrases = PhrasePanel(drag_files)
    phrases.setFixedWidth(280)
    phrases.setContentsMargins(8, 8, 8, 8)
    return phrases


def _build_connect_page(top: QWidget, bottom: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 24)
    bottom.setContentsMargins(40, 0, 40, 0)
    column.setSpacing(16)
    column.addWidget(top, 1)
    column.addWidget(bottom, 0, Qt.AlignmentFlag.AlignLeft)
    return page
