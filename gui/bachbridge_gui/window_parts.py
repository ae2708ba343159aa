"""All widgets of the window, made and named; where they stand is the window's matter, what they show the pulse's."""

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bachbridge_gui.controls.panel import Controls
from bachbridge_gui.keyboard.panel import PianoBar
from bachbridge_gui.keyboard.widget import Keys
from bachbridge_gui.phrases.panel import PhraseList
from bachbridge_gui.piano_roll.widget import PianoRoll
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.presets.midi_profiles import Profiles
from bachbridge_gui.presets.preset_bar import PresetBar
from bachbridge_gui.presets.presets import Presets
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.setup.connect_page import Connect
from bachbridge_gui.setup.port_picker import PortChooser
from bachbridge_gui.setup.welcome import Welcome
from bachbridge_gui.state.app_state import State
from bachbridge_gui.state.drag_files import MidiShelf
from bachbridge_gui.views.compact_bar import Strip
from bachbridge_gui.views.monitor import Monitor
from bachbridge_gui.views.score import ScoreView
from bachbridge_gui.views.status_bar import StatusLine
from bachbridge_gui.views.top_bar import TopBar


@dataclass(frozen=True, slots=True)
class Furniture:
    """Made once; `views` stand in the order of `topbar.VIEWS`."""

    top: TopBar
    welcome: Welcome
    roll: PianoRoll
    score: ScoreView
    connect: Connect
    ports: PortChooser
    monitor: Monitor
    controls: Controls
    presets: PresetBar
    side: QWidget
    phrases: PhraseList
    keys: Keys
    keys_area: QWidget
    status: StatusLine
    strip: Strip
    views: tuple[QWidget, ...]


def furnish(
    desk: Desk,
    learner: Learner,
    state: State,
    *,
    presets: Presets,
    profiles: Profiles,
    shelf: MidiShelf,
    play: Callable[[bytes], None],
    wall_ns: int,
    welcome: bool,
) -> Furniture:
    """All widgets; `play` takes what is played on the screen's piano.

    `wall_ns` is the wall clock's lead over the monotonic one; `welcome`: whether the first page is shown at the start.
    """
    roll, score, monitor = PianoRoll(state.timeline), ScoreView(), Monitor(wall_ns)
    connect, ports = Connect(), PortChooser()
    controls, preset_bar = Controls(desk, learner, profiles), PresetBar(desk, learner, presets)
    keys, strip = Keys(play), Strip(desk, learner)
    connect_page = _column(connect, ports)
    return Furniture(
        top=TopBar(strip),
        welcome=Welcome(desk, welcome),
        roll=roll,
        score=score,
        connect=connect,
        ports=ports,
        monitor=monitor,
        controls=controls,
        presets=preset_bar,
        side=_side(preset_bar, controls),
        phrases=_phrases(shelf),
        keys=keys,
        keys_area=PianoBar(keys),
        status=StatusLine(),
        strip=strip,
        views=(roll, score, connect_page, monitor),
    )


def _side(presets: QWidget, controls: QWidget) -> QWidget:
    side = QWidget()
    column = QVBoxLayout(side)
    column.setContentsMargins(0, 8, 0, 0)
    column.setSpacing(8)
    presets.setContentsMargins(12, 0, 12, 0)
    column.addWidget(presets)
    column.addWidget(controls, 1)
    side.setFixedWidth(controls.width())
    return side


def _phrases(shelf: MidiShelf) -> PhraseList:
    phrases = PhraseList(shelf)
    phrases.setFixedWidth(280)
    phrases.setContentsMargins(8, 8, 8, 8)
    return phrases


def _column(top: QWidget, bottom: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 24)
    bottom.setContentsMargins(40, 0, 40, 0)
    column.setSpacing(16)
    column.addWidget(top, 1)
    column.addWidget(bottom, 0, Qt.AlignmentFlag.AlignLeft)
    return page
