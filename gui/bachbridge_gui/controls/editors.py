"""Widgets that hold one value each. They emit `moved` only when a person changes the value.

`show_value` shows a value without emitting `moved`.
"""

import html
from collections.abc import Mapping

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QStandardItemModel
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
    QStyle,
    QWidget,
)

from bachbridge.protocol.field_types import SettingValue
from bachbridge.settings import Settings
from bachbridge_gui.controls.specs import ControlSpec, suffix_for
from bachbridge_gui.settings.targets import setting_of
from bachbridge_gui.widgets.segments import SegmentButton, exclusive_group
from bachbridge_gui.widgets.style import set_role
from bachbridge_gui.widgets.styling import guard_wheel_and_menu
from bachbridge_gui.widgets.tokens import LINE_HEIGHT_PX, TARGET_HEIGHT_PX
from bachbridge_gui.widgets.typography import caption_label

JUMP_INSET_PX = 8
"""Half a slider's handle: the least and the greatest value lie this far from its ends."""


def make_spin_box(spec: ControlSpec) -> QSpinBox | QDoubleSpinBox:
    """Return a spin box with the spec's range; a typed value takes effect when it is complete."""
    whole = isinstance(getattr(Settings(), setting_of(spec.target)), int | tuple)
    box = QSpinBox() if whole else QDoubleSpinBox()
    low, high = spec.range
    if isinstance(box, QSpinBox):
        box.setRange(int(low), int(high))
        box.setSingleStep(int(spec.step))
    else:
        box.setDecimals(2 if spec.step < 1 else 1)
        box.setRange(low, high)
        box.setSingleStep(spec.step)
    box.setSuffix(suffix_for(spec, spec.range[1]))
    box.setSpecialValueText(spec.minimum_label)
    box.setKeyboardTracking(False)
    box.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
    box.setMinimumWidth(48)
    guard_wheel_and_menu(box)
    return box


class NumberBox(QWidget):
    """A spin box."""

    moved = pyqtSignal(object)

    def __init__(self, spec: ControlSpec) -> None:
        super().__init__()
        self.box = make_spin_box(spec)
        self._spec = spec
        _lay_out_in_row(self, self.box)
        self.box.valueChanged.connect(self.moved.emit)

    def show_value(self, value: SettingValue) -> None:
        with QSignalBlocker(self.box):
            _set_spin_value(self.box, value)
            self.box.setSuffix(suffix_for(self._spec, self.box.value()))


class JumpSlider(QSlider):
    """A horizontal slider that jumps to where it is pressed, so that nobody has to hit the handle."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)

    def mousePressEvent(self, ev: QMouseEvent | None) -> None:
        if ev is not None and ev.button() == Qt.MouseButton.LeftButton:
            inset = JUMP_INSET_PX
            at, room = round(ev.position().x()) - inset, self.width() - 2 * inset
            self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), at, room))
        super().mousePressEvent(ev)


class Slider(QWidget):
    """A slider with its number, and labels for its two ends below it."""

    moved = pyqtSignal(object)

    def __init__(self, spec: ControlSpec) -> None:
        super().__init__()
        self._range_low, self._step = spec.range[0], spec.step
        self.slider, self.box = JumpSlider(), make_spin_box(spec)
        self.slider.setRange(0, round((spec.range[1] - spec.range[0]) / spec.step))
        self.slider.setPageStep(max(1, self.slider.maximum() // 10))
        guard_wheel_and_menu(self.slider)
        if spec.large:
            set_role(self.slider, "large")
            set_role(self.box, "large")
            self.slider.setMinimumHeight(TARGET_HEIGHT_PX)
        self.box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.box.setFixedWidth(self.box.fontMetrics().horizontalAdvance("-0.00") + 12)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        grid.addWidget(self.slider, 0, 0, 1, 2)
        grid.addWidget(self.box, 0, 2)
        if spec.end_labels:
            grid.addWidget(caption_label(spec.end_labels[0]), 1, 0)
            grid.addWidget(caption_label(spec.end_labels[1]), 1, 1, Qt.AlignmentFlag.AlignRight)
        self.slider.valueChanged.connect(self._on_slider_moved)
        self.box.valueChanged.connect(self.moved.emit)

    def _on_slider_moved(self, position: int) -> None:
        self.moved.emit(round(self._range_low + position * self._step, 3))

    def show_value(self, value: SettingValue) -> None:
        with QSignalBlocker(self.slider), QSignalBlocker(self.box):
            self.slider.setValue(round((float(value) - self._range_low) / self._step))
            _set_spin_value(self.box, value)


class Dropdown(QWidget):
    """A list of words to choose from; `show_value` adds a value that is not in the list."""

    moved = pyqtSignal(object)

    def __init__(self, choices: Mapping[str, str]) -> None:
        super().__init__()
        self.box = QComboBox()
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(6)
        guard_wheel_and_menu(self.box)
        _lay_out_in_row(self, self.box)
        self.set_choices(choices)
        self.box.activated.connect(self._on_activated)

    def set_choices(self, choices: Mapping[str, str]) -> None:
        """Replace the words to choose from; the chosen one stays."""
        chosen = self.box.currentData()
        with QSignalBlocker(self.box):
            self.box.clear()
            for value, word in choices.items():
                self.box.addItem(word, value)
        if chosen is not None:
            self.show_value(chosen)

    def disable_choice(self, value: str, word: str, reason: str) -> None:
        """Show a choice as `word`; it cannot be chosen, and its tool tip is the reason."""
        index, model = self.box.findData(value), self.box.model()
        self.box.setItemText(index, word)
        self.box.setItemData(index, html.escape(reason), Qt.ItemDataRole.ToolTipRole)
        if isinstance(model, QStandardItemModel) and (item := model.item(index)) is not None:
            item.setEnabled(False)

    def mark_choice(self, value: str, word: str, hint: str) -> None:
        """Show a choice as `word`, with a tool tip; it can be chosen."""
        index = self.box.findData(value)
        self.box.setItemText(index, word)
        self.box.setItemData(index, html.escape(hint) if hint else None, Qt.ItemDataRole.ToolTipRole)

    def _on_activated(self, index: int) -> None:
        self.moved.emit(self.box.itemData(index))

    def show_value(self, value: SettingValue) -> None:
        with QSignalBlocker(self.box):
            if self.box.findData(value) < 0:
                self.box.addItem(str(value), value)
            self.box.setCurrentIndex(self.box.findData(value))


class Switch(QWidget):
    """A check box or another button that is on or off."""

    moved = pyqtSignal(object)

    def __init__(self, box: QAbstractButton | None = None) -> None:
        super().__init__()
        self.box = box or QCheckBox()
        self.box.setMinimumHeight(max(LINE_HEIGHT_PX, self.box.fontMetrics().height() + 10))
        guard_wheel_and_menu(self.box)
        _lay_out_in_row(self, self.box)
        self.box.clicked.connect(self.moved.emit)

    def show_value(self, value: SettingValue) -> None:
        self.box.setChecked(bool(value))


class SegmentedControl(QWidget):
    """A few words side by side, one of them chosen."""

    moved = pyqtSignal(object)

    def __init__(self, choices: Mapping[str, str]) -> None:
        super().__init__()
        self._values = list(choices)
        self.segments = [SegmentButton(word) for word in choices.values()]
        _lay_out_in_row(self, *self.segments)
        self._group = exclusive_group(self, self.segments)
        self._group.idClicked.connect(self._on_clicked)

    def _on_clicked(self, index: int) -> None:
        self.moved.emit(self._values[index])

    def show_value(self, value: SettingValue) -> None:
        for word, segment in zip(self._values, self.segments, strict=True):
            segment.setChecked(word == value)
            # The tab key stops once, at the chosen segment; the arrow keys move on from there.
            chosen, other = Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.ClickFocus
            segment.setFocusPolicy(chosen if word == value else other)


class CommandButton(QWidget):
    """The button of a command; it has no value."""

    moved = pyqtSignal(object)

    def __init__(self, text: str, *, large: bool = False) -> None:
        super().__init__()
        self.button = QPushButton(text)
        self.button.setMinimumWidth(48)
        if large:
            set_role(self.button, "large")
        guard_wheel_and_menu(self.button)
        _lay_out_in_row(self, self.button)
        self.button.clicked.connect(self.moved.emit)

    def show_value(self, value: SettingValue) -> None:
        """Do nothing: a command has no value."""


Editor = NumberBox | Slider | Dropdown | Switch | SegmentedControl | CommandButton


def make_editor(spec: ControlSpec) -> Editor:
    """Return the widget of the spec's kind."""
    match spec.kind:
        case "slider":
            return Slider(spec)
        case "number":
            return NumberBox(spec)
        case "words":
            dropdown = Dropdown(spec.choice_labels)
            if spec.large:
                set_role(dropdown.box, "large")
            return dropdown
        case "switch":
            return Switch()
        case "segments":
            return SegmentedControl(spec.choice_labels)
        case "button":
            return CommandButton(spec.label, large=spec.large)


def _set_spin_value(box: QSpinBox | QDoubleSpinBox, value: SettingValue) -> None:
    if isinstance(box, QSpinBox):
        box.setValue(int(value))
    else:
        box.setValue(float(value))


def _lay_out_in_row(widget: QWidget, *parts: QWidget) -> None:
    line = QHBoxLayout(widget)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(0)
    for part in parts:
        line.addWidget(part)
