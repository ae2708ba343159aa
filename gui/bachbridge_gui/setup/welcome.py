"""The first page: one large button plays an example of what BachBridge does; everything else can wait.

The button works without a sound device too: the example appears on the roll and is sent to the port, and the page says
why it is not heard here.
"""

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PyQt6.QtWidgets import QBoxLayout, QCheckBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.setup.bridge_picture import BridgePicture
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.status_icon import CheckState, StatusIcon
from bachbridge_gui.widgets.tokens import TITLE_SCALE
from bachbridge_gui.widgets.typography import heading_label, scroll_area, wrapped_label

_SMALL_GAP_PX, _LARGE_GAP_PX, _MARGIN_PX = 8, 16, 32
_PAGE_WIDTH_PX = 608
_INTRODUCTION = translatable(
    "Play a phrase, and BachBridge answers it in the manner of Bach;\nor play a melody, and it adds three voices to it."
)


class WelcomePage(QWidget):
    """Call `refresh` whenever something may have changed; it does little if nothing has."""

    connect_wanted = pyqtSignal()
    keyboard_wanted = pyqtSignal()
    """The user wants to play without a keyboard."""
    play_wanted = pyqtSignal()
    show_at_start_changed = pyqtSignal(bool)

    def __init__(self, store: SettingsStore, show_at_start: bool = True) -> None:
        super().__init__()
        self.setAccessibleName(tr("Welcome"))
        self._store = store
        self.example_button = LargeButton(tr("Hear an example"))
        self.example_button.setToolTip(tr("Hear a short phrase and then BachBridge's answer to it"))
        self.example_button.clicked.connect(lambda: store.give_command("example"))
        self._sound_status = _IconText()
        self._ports_status = _IconText()
        self._show_at_start_box = QCheckBox(tr("Show this at start"))
        self._show_at_start_box.setAccessibleName(tr("Show this page at start"))
        self._show_at_start_box.setToolTip(tr("Off: BachBridge opens with the roll, ready to play."))
        self._show_at_start_box.setChecked(show_at_start)
        self._show_at_start_box.toggled.connect(self.show_at_start_changed)
        self._button_layout = self._build_buttons()
        self._build_layout()
        self._last_shown: tuple[str, str, str, CheckState] | None = None
        self.refresh("", "", "")

    def refresh(self, input_name: str, output_name: str, sound: str, state: CheckState = "seen") -> None:
        """Show the names of our ports (empty: closed) and the state of the preview sound."""
        shown = (input_name, output_name, sound, state)
        if shown != self._last_shown:
            self._last_shown = shown
            self._ports_status.set_status(*ports_text(input_name, output_name))
            self._sound_status.set_status(state, sound_text(sound, state))

    def set_show_at_start(self, *, on: bool) -> None:
        """Set the check box without emitting a signal."""
        blocked = self._show_at_start_box.blockSignals(True)
        self._show_at_start_box.setChecked(on)
        self._show_at_start_box.blockSignals(blocked)

    @property
    def status_texts(self) -> tuple[tuple[CheckState, str], tuple[CheckState, str]]:
        """States and sentences of the sound and of the ports."""
        return (self._sound_status.state, self._sound_status.text), (self._ports_status.state, self._ports_status.text)

    def _build_layout(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(_LARGE_GAP_PX)
        title = heading_label("BachBridge", TITLE_SCALE)
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        line = wrapped_label(tr(_INTRODUCTION))
        line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        font = line.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        line.setFont(font)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(line)
        column.addWidget(BridgePicture())
        column.addSpacing(_LARGE_GAP_PX)
        column.addWidget(self.example_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._sound_status)
        column.addWidget(self._ports_status)
        column.addSpacing(_LARGE_GAP_PX)
        column.addLayout(self._button_layout)
        column.addWidget(self._show_at_start_box, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        middle = QWidget()
        middle.setMaximumWidth(_PAGE_WIDTH_PX)
        middle.setLayout(column)
        column.setContentsMargins(0, 0, 0, 0)
        page = QWidget()
        across = QHBoxLayout(page)
        across.setContentsMargins(_LARGE_GAP_PX, _LARGE_GAP_PX, _LARGE_GAP_PX, _LARGE_GAP_PX)
        across.addStretch(1)
        across.addWidget(middle, 1000)
        across.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll_area(page))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Stack the three buttons if there is no room for them side by side."""
        wide = self.width() >= _PAGE_WIDTH_PX
        self._button_layout.setDirection(
            QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom,
        )
        super().resizeEvent(a0)

    def _build_buttons(self) -> QBoxLayout:
        row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        row.setSpacing(_SMALL_GAP_PX)
        for text, tip, signal in (
            (
                tr("Connect my DAW"),
                tr("How to play into BachBridge from your DAW and hear its answer there"),
                self.connect_wanted,
            ),
            (tr("Play without a keyboard"), tr("Play on the screen or on the computer's keys"), self.keyboard_wanted),
            (tr("Start playing"), tr("Play on your keyboard: BachBridge is already listening"), self.play_wanted),
        ):
            button = QPushButton(text)
            button.setMinimumHeight(40)
            button.setToolTip(tip)
            button.setAccessibleName(text)
            button.clicked.connect(signal)
            row.addWidget(button, 1)
        return row


class LargeButton(QPushButton):
    """The main button of a page, in the highlight colour."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setBold(True)
        self.setFont(font)
        self.setAccessibleName(text)
        self.setDefault(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(max(336, self.fontMetrics().horizontalAdvance(self.text()) + 3 * _MARGIN_PX), 80)

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        if self.isDown():
            colour = colour.darker(115)
        elif self.underMouse():
            colour = colour.lighter(108)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 10, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(4, 4, -4, -4), 7, 7)
        painter.setPen(self.palette().color(QPalette.ColorRole.HighlightedText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class _IconText(QWidget):
    """An icon and a sentence, centred on the page."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = StatusIcon()
        self._label = _WrappingLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_SMALL_GAP_PX)
        row.addStretch(1)
        row.addWidget(self._icon)
        row.addWidget(self._label)
        row.addStretch(1)

    @property
    def state(self) -> CheckState:
        return self._icon.state

    @property
    def text(self) -> str:
        return self._label.text()

    def set_status(self, state: CheckState, text: str) -> None:
        self._icon.set_state(state)
        self._label.setText(text)


class _WrappingLabel(QLabel):
    """A label as wide as its text, up to the page's width; it wraps if there is less room."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)

    def sizeHint(self) -> QSize:
        width = min(self.fontMetrics().horizontalAdvance(self.text()) + _SMALL_GAP_PX, _PAGE_WIDTH_PX - 2 * _MARGIN_PX)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.fontMetrics().height())


def sound_text(sound: str, state: CheckState) -> str:
    """Return the sentence about the preview sound, with what it means for the example."""
    if state == "seen" or not sound:
        return tr("You hear it from this computer; no DAW is needed.")
    return tr("{sound} The example is still shown and sent to the output port.", sound=sound)


def ports_text(input_name: str, output_name: str) -> tuple[CheckState, str]:
    """Return the state of the ports and the sentence for it."""
    match input_name, output_name:
        case "pipe", "pipe":
            return "warning", tr("This machine has no MIDI system: BachBridge plays inside this window only.")
        case "", "":
            return "waiting", tr("The MIDI ports are not open yet.")
        case "", _:
            return "warning", tr(
                "Only the output is open: {output_name}. BachBridge does not receive what you play.",
                output_name=output_name,
            )
        case _, "":
            return "warning", tr("Only the input is open: {input_name}. No answer is sent.", input_name=input_name)
        case _:
            return "seen", tr(
                "{input_name} and {output_name} are open.", input_name=input_name, output_name=output_name
            )
