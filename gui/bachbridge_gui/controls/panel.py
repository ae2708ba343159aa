"""The side panel: controls for all settings on three levels, in a scroll area about 320 px wide.

The controls come from the table in `specs`, the reasons why some are disabled from `settings/availability`.
"""

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from bachbridge.settings import ANSWERS, task_for_answer
from bachbridge_gui.controls import specs
from bachbridge_gui.controls.control import Control, label_column_px
from bachbridge_gui.controls.editors import Dropdown
from bachbridge_gui.controls.model_picker import ModelChoice, ModelPicker
from bachbridge_gui.controls.section import CollapsibleSection, Section
from bachbridge_gui.controls.specs import ControlSpec
from bachbridge_gui.controls.tempo import TempoControls
from bachbridge_gui.controls.voices import VoiceControls
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_learn_overlay import MidiLearnBar
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.settings.availability import Conditions, model_obstacle, unavailable_reasons
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.tokens import SPACE_S_PX

_MIN_WIDTH_PX = 320
_WIDTH_IN_LABEL_COLUMNS = 3.3
"""The panel's width in widths of the column of labels."""
_SHAPE_SECTIONS = 4
"""Number of sections on the level Shape; the others are on the level Set up."""
_PHRASE_END_TARGETS = ("silence_beats", "phrase_bars")
"""Two controls of which one is shown, depending on what ends the phrase."""


class ControlPanel(QWidget):
    """Changes settings through `store`; `learner` binds MIDI controllers and keeps them in `profiles`."""

    def __init__(self, store: SettingsStore, learner: MidiLearn, profiles: ProfileFolder | None = None) -> None:
        super().__init__()
        self._store, self._learner = store, learner
        self._model_ready, self._model_problem = True, ""
        self._clock_running = self._link_running = False
        self._offered_answers = list(ANSWERS)
        """The kinds of answer that can be chosen now."""
        self.mode, *self.command_buttons = (
            self._make_control(row, labelled=False) for row in (specs.MODE, *specs.COMMAND_BUTTONS)
        )
        self.model, self.tempo, self.voices = (
            ModelPicker(store, learner),
            TempoControls(store, learner),
            VoiceControls(store, learner),
        )
        self.learn_bar = MidiLearnBar(learner, profiles)
        self.controls = [
            self.mode,
            *self.command_buttons,
            self.model.control,
            *self.tempo.controls,
            *self.voices.controls,
        ]
        self._play_controls = self._make_controls(specs.PLAY)
        self.sections = self._make_sections()
        self.shape = CollapsibleSection(tr("Shape"), tr("What the answers are like"), self.sections[:_SHAPE_SECTIONS])
        self.setup = CollapsibleSection(tr("Set up"), tr("Tempo, channels and output"), self.sections[_SHAPE_SECTIONS:])
        self._lay_out()
        store.changed.connect(self._refresh)
        self.setAccessibleName(tr("Controls"))
        self._refresh()

    def _make_control(self, spec: ControlSpec, *, labelled: bool = True) -> Control:
        return Control(self._store, self._learner, spec, show_label=labelled)

    def _make_controls(self, control_specs: Sequence[ControlSpec]) -> list[Control]:
        controls = [self._make_control(row) for row in control_specs]
        self.controls += controls
        return controls

    def _make_sections(self) -> list[Section]:
        return [
            Section(tr("Your phrase"), self._make_controls(specs.PHRASE)),
            Section(tr("Harmony"), self._make_controls(specs.HARMONY)),
            Section(tr("Hands"), self._make_controls(specs.HANDS)),
            Section(tr("Variety"), self._make_controls(specs.CHOICE)),
            Section(tr("Tempo"), [self.tempo, *self._make_controls(specs.TEMPO)]),
            Section(tr("Click"), self._make_controls(specs.CLICK)),
            Section(tr("Voices"), [self.voices]),
            Section(tr("Output"), self._make_controls(specs.OUTPUT)),
            Section(tr("Timing"), self._make_controls(specs.TIMING)),
        ]

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(SPACE_S_PX)
        top, buttons = QVBoxLayout(), QHBoxLayout()
        top.setSpacing(8)
        buttons.setSpacing(0)
        top.addWidget(self.mode)
        for control in self.command_buttons:
            buttons.addWidget(control, 1)
        top.addLayout(buttons)
        column.addLayout(top)
        for widget in (self.model, *self._play_controls):
            column.addWidget(widget)
        for level in (self.shape, self.setup):
            column.addWidget(_make_rule())
            column.addWidget(level)
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
        line.addWidget(self._make_footer())
        self.setFixedWidth(max(_MIN_WIDTH_PX, round(_WIDTH_IN_LABEL_COLUMNS * label_column_px(self))))

    def _make_footer(self) -> QWidget:
        footer = QWidget()
        column, inner = QVBoxLayout(footer), QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        inner.setContentsMargins(12, 8, 12, 8)
        inner.addWidget(self.learn_bar)
        column.addWidget(_make_rule())
        column.addLayout(inner)
        return footer

    # ------------------------------------------------------------ called by the window

    def set_models(self, choices: Sequence[ModelChoice]) -> None:
        """Show the models of the library."""
        self.model.set_models(choices)
        self._learner.set_models([choice.name for choice in choices])
        self._refresh()

    def set_model_state(self, *, ready: bool, problem: str = "") -> None:
        """Show whether the model is ready, and if not, the problem in a sentence."""
        self._model_ready, self._model_problem = ready, problem
        self._refresh()

    def set_clock(self, *, running: bool) -> None:
        """Show whether the DAW's MIDI clock runs."""
        self._clock_running = running
        self._refresh()

    def set_link(self, *, running: bool) -> None:
        """Show whether other programs are in the Link session."""
        self._link_running = running
        self._refresh()

    def _offer_answers(self, tasks: Sequence[str]) -> None:
        """Offer the kinds of answer that the model can give, and in any case the one that is set."""
        chosen = self._store.settings.answer
        kinds = [kind for kind in ANSWERS if task_for_answer(kind) in tasks or kind == chosen]
        for control in self.controls:
            if (
                control.spec.target == "answer"
                and isinstance(control.editor, Dropdown)
                and kinds != self._offered_answers
            ):
                control.editor.set_choices({kind: control.spec.choice_labels[kind] for kind in kinds})
                self._offered_answers = kinds

    def _refresh(self) -> None:
        conditions = Conditions(
            self._model_ready, self._model_problem, self._clock_running, self.model.tasks, self._link_running
        )
        self._offer_answers(self.model.tasks)
        obstacle = model_obstacle(self._store.settings, self.model.tasks)
        self.model.set_problem(obstacle if self._model_ready else self._model_problem)
        self.model.mark_unsuitable()
        reasons = unavailable_reasons(self._store.settings, conditions)
        for control in self.controls:
            control.set_disabled_reason(reasons.get(control.spec.target, ""))
            if control.spec.target in _PHRASE_END_TARGETS:
                bars = self._store.settings.phrase_end == "bars"
                control.setVisible((control.spec.target == "phrase_bars") == bars)
        self.tempo.set_disabled_reason(reasons.get("bpm.fixed", ""))
        for section in self.sections:
            section.show_shared_reason()


def _make_rule() -> QFrame:
    rule = QFrame()
    rule.setFrameShape(QFrame.Shape.HLine)
    rule.setFrameShadow(QFrame.Shadow.Plain)
    rule.setForegroundRole(QPalette.ColorRole.Mid)
    return rule
