"""The first page: one large button lets hear what BachBridge does; everything else can wait.

The button works without a sound device too: the example is seen on the roll and goes out of the port, and the page
says why it is not heard here.
"""

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PyQt6.QtWidgets import QBoxLayout, QCheckBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from bachbridge_gui.settings.store import Desk
from bachbridge_gui.setup.checklist import State
from bachbridge_gui.widgets.status_icon import Sign
from bachbridge_gui.widgets.typography import heading, scrolled, sentence

_NEAR, _FAR, _EDGE = 8, 16, 32
_WIDTH = 608
_LINE = (
    "Play a phrase, and BachBridge answers it in the manner of Bach;\n"
    "or play a melody, and it sings three voices to it."
)


class Welcome(QWidget):
    """Call `refresh` whenever something changed; it is cheap where nothing did."""

    connect_wanted = pyqtSignal()
    keys_wanted = pyqtSignal()
    """The person wants to play without a keyboard."""
    play_wanted = pyqtSignal()
    shown_at_start = pyqtSignal(bool)

    def __init__(self, desk: Desk, shown: bool = True) -> None:
        super().__init__()
        self.setAccessibleName("Welcome")
        self._desk = desk
        self.example = LargeButton("Hear an example")
        self.example.setToolTip("You will hear a short phrase and then BachBridge's answer to it")
        self.example.clicked.connect(lambda: desk.command("example"))
        self._sound = _Line()
        self._ports = _Line()
        self._at_start = QCheckBox("Show this at start")
        self._at_start.setAccessibleName("Show this page at start")
        self._at_start.setToolTip("Off: BachBridge opens ready to play. Nothing that sounds changes")
        self._at_start.setChecked(shown)
        self._at_start.toggled.connect(self.shown_at_start)
        self._buttons = self._row()
        self._arrange()
        self._shown: tuple[str, str, str, State] | None = None
        self.refresh("", "", "")

    def refresh(self, input_name: str, output_name: str, sound: str, state: State = "seen") -> None:
        """The names of our ports (empty: closed), and what the preview sound says of itself."""
        shown = (input_name, output_name, sound, state)
        if shown != self._shown:
            self._shown = shown
            self._ports.say(*ports_in_words(input_name, output_name))
            self._sound.say(state, sound_in_words(sound, state))

    def show_at_start(self, *, on: bool) -> None:
        """Whether the page is shown at the start, as remembered; nothing is told."""
        blocked = self._at_start.blockSignals(True)
        self._at_start.setChecked(on)
        self._at_start.blockSignals(blocked)

    @property
    def said(self) -> tuple[tuple[State, str], tuple[State, str]]:
        """What the page says of the sound and of the ports."""
        return (self._sound.state, self._sound.text), (self._ports.state, self._ports.text)

    def _arrange(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(_FAR)
        title = heading("BachBridge", 2.4)
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        line = sentence(_LINE)
        line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        font = line.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        line.setFont(font)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(line)
        column.addSpacing(_FAR)
        column.addWidget(self.example, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._sound)
        column.addWidget(self._ports)
        column.addSpacing(_FAR)
        column.addLayout(self._buttons)
        column.addWidget(self._at_start, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        middle = QWidget()
        middle.setMaximumWidth(_WIDTH)
        middle.setLayout(column)
        column.setContentsMargins(0, 0, 0, 0)
        page = QWidget()
        across = QHBoxLayout(page)
        across.setContentsMargins(_FAR, _FAR, _FAR, _FAR)
        across.addStretch(1)
        across.addWidget(middle, 1000)
        across.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(page))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802
        """Where there is no room for three buttons side by side they stand one below the other."""
        wide = self.width() >= _WIDTH
        self._buttons.setDirection(
            QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom,
        )
        super().resizeEvent(a0)

    def _row(self) -> QBoxLayout:
        row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        row.setSpacing(_NEAR)
        for text, tip, signal in (
            (
                "Connect my DAW",
                "How to play into BachBridge from your DAW and hear its answer there",
                self.connect_wanted,
            ),
            ("Play without a keyboard", "Play on the screen or on the computer's keys", self.keys_wanted),
            ("Start playing", "Play on your keyboard: BachBridge listens already", self.play_wanted),
        ):
            button = QPushButton(text)
            button.setMinimumHeight(40)
            button.setToolTip(tip)
            button.setAccessibleName(text)
            button.clicked.connect(signal)
            row.addWidget(button, 1)
        return row


class LargeButton(QPushButton):
    """The one button of a page, in the colour of what is selected."""

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

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(max(336, self.fontMetrics().horizontalAdvance(self.text()) + 3 * _EDGE), 80)

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802, ARG002
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


class _Line(QWidget):
    """A sign and a sentence, in the middle of the page."""

    def __init__(self) -> None:
        super().__init__()
        self._sign = Sign()
        self._label = _Words()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_NEAR)
        row.addStretch(1)
        row.addWidget(self._sign)
        row.addWidget(self._label)
        row.addStretch(1)

    @property
    def state(self) -> State:
        return self._sign.state

    @property
    def text(self) -> str:
        return self._label.text()

    def say(self, state: State, text: str) -> None:
        self._sign.set_state(state)
        self._label.setText(text)


class _Words(QLabel):
    """A sentence as wide as it is long, up to the page's width; it breaks its lines where there is less room."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)

    def sizeHint(self) -> QSize:  # noqa: N802
        width = min(self.fontMetrics().horizontalAdvance(self.text()) + _NEAR, _WIDTH - 2 * _EDGE)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, self.fontMetrics().height())


def sound_in_words(sound: str, state: State) -> str:
    """What the preview sound says of itself, and what that means for the example."""
    if state == "seen" or not sound:
        return "You hear it from this computer; no DAW is needed."
    return f"{sound} The example is shown all the same, and goes out of the port."


def ports_in_words(input_name: str, output_name: str) -> tuple[State, str]:
    """The state of the ports, and the sentence for it."""
    match input_name, output_name:
        case "pipe", "pipe":
            return "warning", "This machine has no MIDI system: BachBridge plays inside this window only."
        case "", "":
            return "waiting", "The MIDI ports are not open yet."
        case "", _:
            return "warning", f"Only the output is open: {output_name}. Nothing that you play arrives."
        case _, "":
            return "warning", f"Only the input is open: {input_name}. No answer goes out."
        case _:
            return "seen", f"{input_name} and {output_name} are open."
