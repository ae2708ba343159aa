"""The strip above the roll: key, sounding chord and numeral, the next chord, cadence, left hand, beat and tempo.

In the compact window it is lower and also names the model, the preset and the temperature. Where there is no room for
all words, the least important ones are left out.
"""

from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette, QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QLayout, QSizePolicy, QWidget

from bachbridge_gui.hearing.hearing import HearingTexts
from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.tokens import (
    BODY_SCALE,
    CAPTION_SCALE,
    HEADING_SCALE,
    SPACE_M_PX,
    SPACE_S_PX,
    SPACE_XS_PX,
)
from bachbridge_gui.widgets.typography import scaled_font

_CHORD_SCALE = 1.6
_CHORD_WIDTH_LETTERS = 11
"""Chord and numeral keep this much room together, so that their neighbours stay in place."""


@dataclass(frozen=True, slots=True)
class StripFacts:
    """The words at the right of the strip that do not come from what sounds."""

    tempo: str = ""
    tempo_source: str = ""
    temperature: str = ""
    model: str = ""
    preset: str = ""


class HearingStrip(QWidget):
    """Updated with `show_texts`; it changes its labels only where a word has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("What sounds"))
        self.key_label, self.certainty_label = _label(tr("Key")), _label(tr("Certainty of the key"), is_muted=True)
        self.chord_label, self.numeral_label = _label(tr("Chord")), _label(tr("Roman numeral"))
        self.next_label, self.cadence_label = _label(tr("Next chord"), is_muted=True), _label(tr("Cadence"))
        self.left_hand_label, self.beat_label = (
            _label(tr("Left hand"), is_muted=True),
            _label(tr("Beat"), is_muted=True),
        )
        self.tempo_label, self.source_label = _label(tr("Tempo")), _label(tr("Source of the tempo"), is_muted=True)
        self.temperature_label = _label(tr("Temperature"), is_muted=True)
        self.model_label, self.preset_label = _label(tr("Model"), is_muted=True), _label(tr("Preset"), is_muted=True)
        self._by_importance = (
            self.chord_label,
            self.key_label,
            self.numeral_label,
            self.tempo_label,
            self.cadence_label,
            self.next_label,
            self.model_label,
            self.preset_label,
            self.temperature_label,
            self.left_hand_label,
            self.source_label,
            self.certainty_label,
            self.beat_label,
        )
        """All labels; the last ones give way first."""
        self._shown: tuple[HearingTexts, StripFacts] | None = None
        self._row = self._lay_out()
        self._is_compact = True
        self.show_compact(on=False)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def _lay_out(self) -> QHBoxLayout:
        row = QHBoxLayout(self)
        row.setSpacing(SPACE_S_PX)
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        for label in (self.key_label, self.certainty_label):
            row.addWidget(label)
        row.addSpacing(SPACE_S_PX)
        for label in (self.chord_label, self.numeral_label, self.next_label, self.cadence_label):
            row.addWidget(label)
        row.addStretch(1)
        for label in (
            *(self.left_hand_label, self.beat_label, self.tempo_label, self.source_label),
            *(self.temperature_label, self.model_label, self.preset_label),
        ):
            row.addWidget(label)
        return row

    def show_compact(self, *, on: bool) -> None:
        """Use smaller letters, and say what the compact window has no controls for."""
        if on == self._is_compact:
            return
        self._is_compact, font = on, self.font()
        top_px = SPACE_XS_PX // 2 if on else SPACE_S_PX
        self._row.setContentsMargins(SPACE_M_PX, top_px, SPACE_M_PX, top_px)
        self.key_label.setFont(scaled_font(font, BODY_SCALE if on else HEADING_SCALE, bold=True))
        self.chord_label.setFont(scaled_font(font, HEADING_SCALE if on else _CHORD_SCALE, bold=True))
        self.numeral_label.setFont(scaled_font(font, BODY_SCALE if on else HEADING_SCALE))
        for label in (self.next_label, self.cadence_label, *self._by_importance[6:], self.tempo_label):
            label.setFont(scaled_font(font, CAPTION_SCALE if on else BODY_SCALE))
        self._keep_chord_room()
        self._fit()

    def _keep_chord_room(self) -> None:
        room_px = self.chord_label.fontMetrics().averageCharWidth() * _CHORD_WIDTH_LETTERS
        self.numeral_label.setMinimumWidth(max(0, room_px - self.chord_label.sizeHint().width()))

    def show_texts(self, texts: HearingTexts, facts: StripFacts) -> None:
        """Show these words; a dash stands for a key that is not known yet."""
        if (texts, facts) == self._shown:
            return
        self._shown = texts, facts
        for label, text in (
            (self.key_label, texts.key or tr("Key \N{EN DASH}")),
            (self.certainty_label, texts.certainty),
            (self.chord_label, texts.chord),
            (self.numeral_label, texts.numeral),
            (self.next_label, f"\N{RIGHTWARDS ARROW} {texts.next_chord}" if texts.next_chord else ""),
            (self.cadence_label, texts.cadence),
            (self.left_hand_label, texts.left_hand),
            (self.beat_label, texts.beat),
            (self.tempo_label, facts.tempo),
            (self.source_label, facts.tempo_source),
            (self.temperature_label, facts.temperature),
            (self.model_label, facts.model),
            (self.preset_label, facts.preset),
        ):
            if label.text() != text:
                label.setText(text)
        self._keep_chord_room()
        self._fit()
        known = (texts.spoken, facts.tempo, facts.tempo_source, facts.temperature, facts.model, facts.preset)
        self.setAccessibleDescription(", ".join(fact for fact in known if fact))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._fit()

    def _fit(self) -> None:
        """Hide the least important words that there is no room for."""
        margins = self._row.contentsMargins()
        room_px = self.width() - margins.left() - margins.right() - 3 * SPACE_S_PX
        is_full = False
        for label in self._by_importance:
            needed_px = max(label.sizeHint().width(), label.minimumWidth()) + self._row.spacing()
            has_words = bool(label.text()) or label is self.numeral_label
            is_full = is_full or (has_words and needed_px > room_px)
            shown = has_words and not is_full
            room_px -= needed_px if shown else 0
            if label.isHidden() is shown:
                label.setVisible(shown)


def _label(name: str, *, is_muted: bool = False) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if is_muted:
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
