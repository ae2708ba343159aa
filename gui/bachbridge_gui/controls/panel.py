"""The side panel: everything that can be set, in sections, in a scroll area about 320 px wide.

It is made from `table`; what each control can do just now comes from `possible`.
"""

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from bachbridge.settings import ANSWERS, task_of_answer
from bachbridge_gui.controls import specs
from bachbridge_gui.controls.control import Control, column_px
from bachbridge_gui.controls.editors import Words
from bachbridge_gui.controls.model_picker import Model, ModelChoice
from bachbridge_gui.controls.section import Disclosure, Section
from bachbridge_gui.controls.specs import Row
from bachbridge_gui.controls.tempo import Tempo
from bachbridge_gui.controls.voices import Voices
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.presets.midi_learn_overlay import LearnBar
from bachbridge_gui.presets.midi_profiles import Profiles
from bachbridge_gui.settings.availability import Conditions, reasons
from bachbridge_gui.settings.store import Desk

_LEAST_PX = 320
_LABELS = 3.3
"""The width, by that of the column of labels."""
_LENGTHS = ("silence_beats", "phrase_bars")
"""Of these the one that the phrase's end goes by is shown."""


class Controls(QWidget):
    """Built on a desk; learnt by `learner`, whose profiles are kept in `profiles`."""

    def __init__(self, desk: Desk, learner: Learner, profiles: Profiles | None = None) -> None:
        super().__init__()
        self._desk, self._learner = desk, learner
        self._ready, self._sentence, self._clock = True, "", False
        self._offered = list(ANSWERS)
        """The kinds of answer that there are to choose from."""
        self.mode, *self.commands = (self._control(row, labelled=False) for row in (specs.MODE, *specs.COMMANDS))
        self.model, self.tempo, self.voices = Model(desk, learner), Tempo(desk, learner), Voices(desk, learner)
        self.learn_bar = LearnBar(learner, profiles)
        self.controls = [self.mode, *self.commands, self.model.control, *self.tempo.controls, *self.voices.controls]
        self.sections = self._sections()
        self._lay_out()
        desk.changed.connect(self._refresh)
        self.setAccessibleName("Controls")
        self._refresh()

    def _control(self, row: Row, *, labelled: bool = True) -> Control:
        return Control(self._desk, self._learner, row, labelled=labelled)

    def _rows(self, rows: Sequence[Row]) -> list[Control]:
        controls = [self._control(row) for row in rows]
        self.controls += controls
        return controls

    def _sections(self) -> list[Section]:
        return [
            Section("Model", [self.model, *self._rows(specs.MODEL)]),
            Section("Your phrase", self._rows(specs.PHRASE)),
            Section("Harmony", self._rows(specs.HARMONY)),
            Section("Voices", [self.voices]),
            Section("Tempo", [self.tempo, *self._rows(specs.TEMPO)]),
            Section("Output", self._rows(specs.OUTPUT)),
        ]

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(24)
        top, buttons = QVBoxLayout(), QHBoxLayout()
        top.setSpacing(8)
        buttons.setSpacing(0)
        top.addWidget(self.mode)
        for control in self.commands:
            buttons.addWidget(control, 1)
        top.addLayout(buttons)
        column.addLayout(top)
        for section in self.sections:
            column.addWidget(section)
        column.addWidget(Disclosure("More", self._rows(specs.FINE)))
        column.addStretch()
        area = QScrollArea()
        area.setWidget(body)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        line = QVBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(area, 1)
        line.addWidget(self._footer())
        self.setFixedWidth(max(_LEAST_PX, round(_LABELS * column_px(self))))

    def _footer(self) -> QWidget:
        footer, rule = QWidget(), QFrame()
        rule.setFrameShape(QFrame.Shape.HLine)
        rule.setFrameShadow(QFrame.Shadow.Sunken)
        column, inner = QVBoxLayout(footer), QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        inner.setContentsMargins(12, 8, 12, 8)
        inner.addWidget(self.learn_bar)
        column.addWidget(rule)
        column.addLayout(inner)
        return footer

    # ------------------------------------------------------------ what the window tells

    def set_models(self, choices: Sequence[ModelChoice]) -> None:
        """The models of the library."""
        self.model.set_models(choices)
        self._learner.set_models([choice.name for choice in choices])
        self._refresh()

    def set_model_state(self, *, ready: bool, sentence: str = "") -> None:
        """Whether the model answers; `sentence` says why not."""
        self._ready, self._sentence = ready, sentence
        self.model.set_sentence("" if ready else sentence)
        self._refresh()

    def set_clock(self, *, running: bool) -> None:
        """Whether the DAW's MIDI clock runs."""
        self._clock = running
        self._refresh()

    def _offer(self, tasks: Sequence[str]) -> None:
        """Of the answers those that the model knows, and the one that is set, whether it does or not."""
        chosen = self._desk.settings.answer
        kinds = [kind for kind in ANSWERS if task_of_answer(kind) in tasks or kind == chosen]
        for control in self.controls:
            if control.row.target == "answer" and isinstance(control.editor, Words) and kinds != self._offered:
                control.editor.set_words({kind: control.row.words[kind] for kind in kinds})
                self._offered = kinds

    def _refresh(self) -> None:
        conditions = Conditions(self._ready, self._sentence, self._clock, self.model.tasks)
        self._offer(self.model.tasks)
        found = reasons(self._desk.settings, conditions)
        for control in self.controls:
            control.forbid(found.get(control.row.target, ""))
            if control.row.target in _LENGTHS:
                bars = self._desk.settings.phrase_end == "bars"
                control.setVisible((control.row.target == "phrase_bars") == bars)
        self.tempo.forbid(found.get("bpm.fixed", ""))
        for section in self.sections:
            section.explain()
