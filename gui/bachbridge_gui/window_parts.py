"""All widgets of the window, created and named. `main_window` lays them out; `frame_loop` refreshes them."""

from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bachbridge.protocol.events import Midi
from bachbridge_gui.app_core import AppCore
from bachbridge_gui.controls.panel import ControlPanel
from bachbridge_gui.hearing.strip import HearingStrip
from bachbridge_gui.help.page import HelpPage
from bachbridge_gui.keyboard.panel import KeyboardPanel
from bachbridge_gui.keyboard.widget import PianoKeyboard
from bachbridge_gui.phrases.panel import PhrasePanel
from bachbridge_gui.piano_roll.widget import PianoRoll
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.presets.preset_bar import PresetBar
from bachbridge_gui.presets.presets import PresetFolder
from bachbridge_gui.score.view import ScoreView
from bachbridge_gui.setup.connect_page import ConnectPage
from bachbridge_gui.setup.port_picker import PortPicker
from bachbridge_gui.setup.welcome import WelcomePage
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.views.compact_bar import CompactBar
from bachbridge_gui.views.monitor import Monitor
from bachbridge_gui.views.status_bar import StatusBar
from bachbridge_gui.views.top_bar import TopBar
from bachbridge_gui.widgets.typography import scroll_area

_MIN_STEPS_HEIGHT_PX = 330


@dataclass(frozen=True, slots=True)
class UserFiles:
    """The folders that the window reads and writes for its user."""

    presets: PresetFolder
    profiles: ProfileFolder
    drag_files: DragFiles


@dataclass(frozen=True, slots=True)
class WindowParts:
    """The widgets; `views` has the order of `top_bar.VIEWS`."""

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
    keyboard_panel: KeyboardPanel
    status_bar: StatusBar
    help_page: HelpPage
    compact_bar: CompactBar
    hearing_strip: HearingStrip
    views: tuple[QWidget, ...]


def build_window_parts(core: AppCore, files: UserFiles, wall_offset_ns: int) -> WindowParts:
    """Create all widgets. `wall_offset_ns` is how far the wall clock is ahead of the monotonic one."""
    store, midi_learn = core.store, core.midi_learn
    connect_page, port_picker = ConnectPage(), PortPicker()
    controls, preset_bar = ControlPanel(store, midi_learn, files.profiles), PresetBar(store, midi_learn, files.presets)
    roll, score, monitor = PianoRoll(core.state.timeline), ScoreView(), Monitor(wall_offset_ns)
    keyboard = PianoKeyboard(lambda data: core.supervisor.send(Midi(data)))
    compact_bar = CompactBar(store, midi_learn)
    return WindowParts(
        top_bar=TopBar(compact_bar),
        welcome_page=WelcomePage(store, core.state.prefs.welcome),
        roll=roll,
        score=score,
        connect_page=connect_page,
        port_picker=port_picker,
        monitor=monitor,
        controls=controls,
        preset_bar=preset_bar,
        side_panel=_build_side_panel(preset_bar, controls),
        phrases=_build_phrase_list(files.drag_files),
        keyboard=keyboard,
        keyboard_panel=KeyboardPanel(keyboard),
        status_bar=StatusBar(),
        help_page=HelpPage(lambda: [f"{notice.level}: {notice.text}" for _, notice in core.state.notices.history]),
        compact_bar=compact_bar,
        hearing_strip=HearingStrip(),
        views=(roll, score, _build_connect_page(connect_page, port_picker), monitor),
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
    """Return the page; in a low window it scrolls as a whole, so that its steps stay legible."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 24)
    bottom.setContentsMargins(40, 0, 40, 0)
    column.setSpacing(16)
    top.setMinimumHeight(_MIN_STEPS_HEIGHT_PX)
    column.addWidget(top, 1)
    column.addWidget(bottom, 0, Qt.AlignmentFlag.AlignLeft)
    return scroll_area(page)
