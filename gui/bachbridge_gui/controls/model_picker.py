"""The list of models to choose from, and a description of the chosen one from its card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from bachbridge.settings import ANSWERS
from bachbridge_gui.controls.control import INSET_PX, Control
from bachbridge_gui.controls.editors import Dropdown
from bachbridge_gui.controls.specs import setting_control
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.settings.availability import model_obstacle
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.widgets.typography import caption_label

_TASK_VERBS = {"continue": "continues", "harmonize": "harmonizes", "mend": "mends", "vary": "varies"}
_MAX_DATA_TEXT = 400
"""Characters of a card's text about its music that are shown."""
_MODEL_SPEC = setting_control("model", "words")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model of the library, as the panel shows it."""

    name: str
    description: str
    """A sentence or two from its card."""
    tasks: tuple[str, ...] = ANSWERS
    """The tasks on its card."""
    problem: str = ""
    """The reason why it cannot be chosen; empty: it can."""
    question: str = ""
    """The facts about a model that comes from elsewhere and has not been trusted, and the question; else empty."""


def choice_from_card(name: str, card: Mapping[str, Any]) -> ModelChoice:
    """Return the choice for a model with this parsed `card.json`."""
    tasks = tuple(str(task) for task in card.get("tasks", ()))
    *most, last = [_TASK_VERBS.get(task, task) for task in tasks] or [""]
    does = f"{', '.join(most)} and {last}" if most else last
    made = " ".join(str(card.get("data", ""))[:_MAX_DATA_TEXT].split()).rstrip(".")
    sentences = [f"{does.capitalize()}." if does else "", f"Learnt from {made}." if made else ""]
    return ModelChoice(name, " ".join(filter(None, sentences)), tasks)


class ModelPicker(QWidget):
    """The dropdown of models, and a line or two of description below it.

    A model from elsewhere is described by what is known of it, with a button that trusts it.
    """

    trusted = pyqtSignal(str)
    """Emitted with the name of a model that the user trusts from now on."""

    def __init__(self, store: SettingsStore, learner: MidiLearn) -> None:
        super().__init__()
        self._store, self._choices = store, dict[str, ModelChoice]()
        self.dropdown = Dropdown({})
        self.control = Control(store, learner, _MODEL_SPEC, editor=self.dropdown)
        self.description_label = caption_label("")
        self.description_label.setWordWrap(True)
        # Cards are written by anybody: their text is never taken for HTML, which could name files to be shown.
        self.description_label.setTextFormat(Qt.TextFormat.PlainText)
        self.description_label.setContentsMargins(INSET_PX, 0, INSET_PX, 0)
        self.trust_button = QPushButton("Trust this model")
        self.trust_button.setAccessibleName("Trust this model")
        self.trust_button.setToolTip("Let this model play from now on, on this computer")
        self.trust_button.clicked.connect(lambda: self.trusted.emit(self._store.settings.model))
        self._problem = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.control)
        column.addWidget(self.description_label)
        column.addWidget(self.trust_button)
        store.changed.connect(self._refresh)
        self._refresh()

    def set_models(self, choices: Sequence[ModelChoice]) -> None:
        self._choices = {choice.name: choice for choice in choices}
        self.dropdown.set_choices({name: name for name in self._choices})
        for name, choice in self._choices.items():
            if choice.problem:
                self.dropdown.disable_choice(name, f"{name} (unusable)", choice.problem)
        self.dropdown.show_value(self._store.settings.model)
        self._refresh()

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the chosen model; all tasks if the model is unknown."""
        choice = self._choices.get(self._store.settings.model)
        return choice.tasks if choice else ANSWERS

    @property
    def tasks_by_model(self) -> dict[str, tuple[str, ...]]:
        """The tasks of each model that can be used."""
        usable = (choice for choice in self._choices.values() if not choice.problem and not choice.question)
        return {choice.name: choice.tasks for choice in usable}

    def mark_unsuitable(self) -> None:
        """Mark the models that do not play in the present mode."""
        for name, tasks in self.tasks_by_model.items():
            obstacle = model_obstacle(self._store.settings, tasks)
            text = f"{name} (not in this mode)" if obstacle else name
            self.dropdown.mark_choice(name, text, obstacle)

    def set_problem(self, problem: str) -> None:
        """Show a problem instead of the description; empty: show the description."""
        self._problem = problem
        self._refresh()

    def _refresh(self, name: str = "model") -> None:
        if name != "model":
            return
        choice = self._choices.get(self._store.settings.model)
        missing = "This model is not installed: choose another one." if self._choices else ""
        question = choice.question if choice else ""
        described = choice.problem or choice.description if choice else missing
        self.description_label.setText(question or self._problem or described)
        self.trust_button.setVisible(bool(question))
        self.description_label.setVisible(bool(self.description_label.text()))
