"""The widgets that hold one value each: all of them emit `moved` when a person moves them, and only then.

`show_value` shows what the value is without emitting.
"""

from collections.abc import Mapping

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)

from bachbridge.protocol.events import Value
from bachbridge.settings import Settings
from bachbridge_gui.controls.specs import Row
from bachbridge_gui.settings.targets import setting_of
from bachbridge_gui.widgets.segments import Segment, grouped
from bachbridge_gui.widgets.styling import calm, small

_ONE = {" bars": " bar", " beats": " beat"}
"""What stands behind a number, and behind the number one."""


def spin_box(row: Row) -> QSpinBox | QDoubleSpinBox:
    """A spin box with the row's range; a value that is typed counts when it is whole."""
    whole = isinstance(getattr(Settings(), setting_of(row.target)), int | tuple)
    box = QSpinBox() if whole else QDoubleSpinBox()
    low, high = row.range
    if isinstance(box, QSpinBox):
        box.setRange(int(low), int(high))
        box.setSingleStep(int(row.step))
    else:
        box.setDecimals(2 if row.step < 1 else 1)
        box.setRange(low, high)
        box.setSingleStep(row.step)
    box.setSuffix(row.suffix)
    box.setSpecialValueText(row.special)
    box.setKeyboardTracking(False)
    box.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
    box.setMinimumWidth(48)
    calm(box)
    return box


class Number(QWidget):
    """A spin box."""

    moved = pyqtSignal(object)

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.box = spin_box(row)
        self._suffix = row.suffix
        _fill(self, self.box)
        self.box.valueChanged.connect(self.moved.emit)

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.box):
            _show(self.box, value)
            self.box.setSuffix(_ONE.get(self._suffix, self._suffix) if self.box.value() == 1 else self._suffix)


class Slider(QWidget):
    """A slider and its number, the words for its two ends below."""

    moved = pyqtSignal(object)

    def __init__(self, row: Row) -> None:
        super().__init__()
        self._low, self._step = row.range[0], row.step
        self.slider, self.box = QSlider(Qt.Orientation.Horizontal), spin_box(row)
        self.slider.setRange(0, round((row.range[1] - row.range[0]) / row.step))
        self.slider.setPageStep(max(1, self.slider.maximum() // 10))
        calm(self.slider)
        self.box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.box.setFixedWidth(self.box.fontMetrics().horizontalAdvance("-0.00") + 12)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        grid.addWidget(self.slider, 0, 0, 1, 2)
        grid.addWidget(self.box, 0, 2)
        if row.ends:
            grid.addWidget(small(row.ends[0]), 1, 0)
            grid.addWidget(small(row.ends[1]), 1, 1, Qt.AlignmentFlag.AlignRight)
        self.slider.valueChanged.connect(self._slid)
        self.box.valueChanged.connect(self.moved.emit)

    def _slid(self, position: int) -> None:
        self.moved.emit(round(self._low + position * self._step, 3))

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.slider), QSignalBlocker(self.box):
            self.slider.setValue(round((float(value) - self._low) / self._step))
            _show(self.box, value)


class Words(QWidget):
    """A list of words to choose from; a value that is not among them is added, as it is."""

    moved = pyqtSignal(object)

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__()
        self.box = QComboBox()
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(6)
        calm(self.box)
        _fill(self, self.box)
        self.set_words(words)
        self.box.activated.connect(self._chosen)

    def set_words(self, words: Mapping[str, str]) -> None:
        """Other words to choose from; what is chosen stays."""
        chosen = self.box.currentData()
        with QSignalBlocker(self.box):
            self.box.clear()
            for value, word in words.items():
                self.box.addItem(word, value)
        if chosen is not None:
            self.show_value(chosen)

    def _chosen(self, index: int) -> None:
        self.moved.emit(self.box.itemData(index))

    def show_value(self, value: Value) -> None:
        with QSignalBlocker(self.box):
            if self.box.findData(value) < 0:
                self.box.addItem(str(value), value)
            self.box.setCurrentIndex(self.box.findData(value))


class Switch(QWidget):
    """On or off."""

    moved = pyqtSignal(object)

    def __init__(self, box: QAbstractButton | None = None) -> None:
        super().__init__()
        self.box = box or QCheckBox()
        self.box.setMinimumHeight(self.box.fontMetrics().height() + 10)
        calm(self.box)
        _fill(self, self.box)
        self.box.clicked.connect(self.moved.emit)

    def show_value(self, value: Value) -> None:
        self.box.setChecked(bool(value))


class Segments(QWidget):
    """A few words side by side, one of them chosen."""

    moved = pyqtSignal(object)

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__()
        self._values = list(words)
        self.segments = [Segment(word) for word in words.values()]
        _fill(self, *self.segments)
        self._group = grouped(self, self.segments)
        self._group.idClicked.connect(self._chosen)

    def _chosen(self, index: int) -> None:
        self.moved.emit(self._values[index])

    def show_value(self, value: Value) -> None:
        for word, segment in zip(self._values, self.segments, strict=True):
            segment.setChecked(word == value)
            # The tab key stops once, at what is chosen; the arrow keys go on from there.
            chosen, other = Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.ClickFocus
            segment.setFocusPolicy(chosen if word == value else other)


class Button(QWidget):
    """A command; it shows no value."""

    moved = pyqtSignal(object)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.button = QPushButton(text)
        self.button.setMinimumWidth(48)
        calm(self.button)
        _fill(self, self.button)
        self.button.clicked.connect(self.moved.emit)

    def show_value(self, value: Value) -> None:
        """Nothing is to be shown."""


Editor = Number | Slider | Words | Switch | Segments | Button


def editor_of(row: Row) -> Editor:
    """The widget that the row asks for."""
    match row.kind:
        case "slider":
            return Slider(row)
        case "number":
            return Number(row)
        case "words":
            return Words(row.words)
        case "switch":
            return Switch()
        case "segments":
            return Segments(row.words)
        case "button":
            return Button(row.label)


def _show(box: QSpinBox | QDoubleSpinBox, value: Value) -> None:
    if isinstance(box, QSpinBox):
        box.setValue(int(value))
    else:
        box.setValue(float(value))


def _fill(widget: QWidget, *parts: QWidget) -> None:
    line = QHBoxLayout(widget)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(0)
    for part in parts:
        line.addWidget(part)
