"""The strip above the roll: key in large letters, sounding chord and numeral, cadence, left hand, beat and tempo."""

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from bachbridge_gui.hearing.hearing import HearingTexts
from bachbridge_gui.widgets.tokens import HEADING_SCALE, SPACE_M_PX, SPACE_S_PX
from bachbridge_gui.widgets.typography import scaled_font

_CHORD_SCALE = 1.6
_CHORD_WIDTH_LETTERS = 9
"""The chord keeps this much room, so that its neighbours stay in place."""


class HearingStrip(QWidget):
    """Updated with `show_texts`; it changes its labels only where a word has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("What sounds")
        self.key_label = _label("Key", HEADING_SCALE, bold=True)
        self.certainty_label = _label("Certainty of the key", is_muted=True)
        self.chord_label = _label("Chord", _CHORD_SCALE, bold=True)
        self.numeral_label = _label("Roman numeral", HEADING_SCALE)
        self.cadence_label = _label("Cadence")
        self.beat_label = _label("Beat", is_muted=True)
        self.tempo_label = _label("Tempo", is_muted=True)
        self.left_hand_label = _label("Left hand", is_muted=True)
        self.chord_label.setMinimumWidth(self.chord_label.fontMetrics().averageCharWidth() * _CHORD_WIDTH_LETTERS)
        self._shown: tuple[HearingTexts, str] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M_PX, SPACE_S_PX, SPACE_M_PX, SPACE_S_PX)
        row.setSpacing(SPACE_S_PX)
        for label in (self.key_label, self.certainty_label):
            row.addWidget(label)
        row.addSpacing(SPACE_M_PX)
        for label in (self.chord_label, self.numeral_label):
            row.addWidget(label)
        row.addSpacing(SPACE_M_PX)
        row.addWidget(self.cadence_label, 1)
        for label in (self.left_hand_label, self.beat_label, self.tempo_label):
            row.addWidget(label)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_texts(self, texts: HearingTexts, tempo_text: str) -> None:
        """Show these words; a dash stands for a key that is not known yet."""
        if (texts, tempo_text) == self._shown:
            return
        self._shown = texts, tempo_text
        for label, text in (
            (self.key_label, texts.key or "Key \N{EN DASH}"),
            (self.certainty_label, texts.certainty),
            (self.chord_label, texts.chord),
            (self.numeral_label, texts.numeral),
            (self.cadence_label, texts.cadence),
            (self.left_hand_label, texts.left_hand),
            (self.beat_label, texts.beat),
            (self.tempo_label, tempo_text),
        ):
            if label.text() != text:
                label.setText(text)
        self.setAccessibleDescription(f"{texts.spoken}, {tempo_text}")


def _label(name: str, scale: float = 1.0, *, bold: bool = False, is_muted: bool = False) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setFont(scaled_font(label.font(), scale, bold=bold))
    label.setTextFormat(Qt.TextFormat.PlainText)
    if is_muted:
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
