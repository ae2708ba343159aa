"""The models to choose from, and what the card of the chosen one says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bachbridge.settings import ANSWERS
from bachbridge_gui.controls.control import INSET_PX, Control
from bachbridge_gui.controls.editors import Words
from bachbridge_gui.controls.specs import Row
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.widgets.styling import small

_DOES = {"continue": "continues", "harmonize": "harmonizes", "mend": "mends", "vary": "varies"}
_ROW = Row("model", "Model", "words", "Which network answers; the next notes are the new one's, without a break.")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model of the library."""

    name: str
    says: str
    """What its card says, in a sentence or two."""
    tasks: tuple[str, ...] = ANSWERS
    """What it can be asked, by its card."""


def choice_of(name: str, facts: Mapping[str, Any]) -> ModelChoice:
    """From a `card.json`, read."""
    tasks = tuple(str(task) for task in facts.get("tasks", ()))
    *most, last = [_DOES.get(task, task) for task in tasks] or [""]
    does = f"{', '.join(most)} and {last}" if most else last
    made = str(facts.get("data", "")).strip().rstrip(".")
    sentences = [f"{does.capitalize()}." if does else "", f"Learnt from {made}." if made else ""]
    return ModelChoice(name, " ".join(filter(None, sentences)), tasks)


class Model(QWidget):
    """The list, and a line or two below it."""

    def __init__(self, desk: Desk, learner: Learner) -> None:
        super().__init__()
        self._desk, self._choices = desk, dict[str, ModelChoice]()
        self.words = Words({})
        self.control = Control(desk, learner, _ROW, editor=self.words)
        self.says = small("")
        self.says.setWordWrap(True)
        self.says.setContentsMargins(INSET_PX, 0, INSET_PX, 0)
        self._sentence = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.control)
        column.addWidget(self.says)
        desk.changed.connect(self._refresh)
        self._refresh()

    def set_models(self, choices: Sequence[ModelChoice]) -> None:
        self._choices = {choice.name: choice for choice in choices}
        self.words.set_words({name: name for name in self._choices})
        self.words.show_value(self._desk.settings.model)
        self._refresh()

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the model that is chosen can be asked; of one that is not known, everything."""
        choice = self._choices.get(self._desk.settings.model)
        return choice.tasks if choice else ANSWERS

    def set_sentence(self, sentence: str) -> None:
        """What is the matter with it; empty: nothing, and the card has the word."""
        self._sentence = sentence
        self._refresh()

    def _refresh(self, name: str = "model") -> None:
        if name != "model":
            return
        choice = self._choices.get(self._desk.settings.model)
        missing = "This model is not installed: choose another one." if self._choices else ""
        self.says.setText(self._sentence or (choice.says if choice else missing))
        self.says.setVisible(bool(self.says.text()))
