"""The list of models to choose from by their names for people, a line about the chosen one, and a button to hear it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from bachbridge.settings import ANSWERS
from bachbridge_gui.controls.control import INSET_PX, Control
from bachbridge_gui.controls.editors import Dropdown
from bachbridge_gui.controls.specs import setting_control
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.settings.availability import model_obstacle
from bachbridge_gui.settings.model_names import model_name
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.icons import make_icon
from bachbridge_gui.widgets.style import set_role
from bachbridge_gui.widgets.tokens import SPACE_XS_PX, TARGET_HEIGHT_PX
from bachbridge_gui.widgets.typography import caption_label

_TASK_VERBS = {
    "continue": translatable("continues"),
    "harmonize": translatable("harmonizes"),
    "mend": translatable("mends"),
    "vary": translatable("varies"),
}
_MAX_DATA_TEXT = 400
"""Characters of a card's text about its music that are shown."""
_MODEL_SPEC = setting_control("model", "words")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model of the library, as the panel shows it."""

    name: str
    description: str
    """A sentence or two about it."""
    tasks: tuple[str, ...] = ANSWERS
    """The tasks on its card."""
    problem: str = ""
    """The reason why it cannot be chosen; empty: it can."""
    title: str = ""
    """Its name for people; empty: its technical name."""
    question: str = ""
    """The facts about a model that comes from elsewhere and has not been trusted, and the question; else empty."""


def choice_from_card(name: str, card: Mapping[str, Any]) -> ModelChoice:
    """Return the choice for a model with this parsed `card.json`."""
    tasks = tuple(str(task) for task in card.get("tasks", ()))
    *most, last = [tr(_TASK_VERBS.get(task, task)) for task in tasks] or [""]
    does = tr("{most} and {last}", most=", ".join(most), last=last) if most else last
    made = " ".join(str(card.get("data", ""))[:_MAX_DATA_TEXT].split()).rstrip(".")
    sentences = [f"{does[:1].upper()}{does[1:]}." if does else "", tr("Trained on {made}.", made=made) if made else ""]
    known = model_name(name, card)
    return ModelChoice(name, known.line or " ".join(filter(None, sentences)), tasks, title=known.title)


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
        set_role(self.dropdown.box, "large")
        self.control = Control(store, learner, _MODEL_SPEC, editor=self.dropdown, large=True)
        self.listen_button = QToolButton()
        self.listen_button.setIcon(make_icon("listen"))
        self.listen_button.setFixedSize(TARGET_HEIGHT_PX, TARGET_HEIGHT_PX)
        self.listen_button.setAccessibleName(tr("Listen to this model"))
        self.listen_button.setToolTip(tr("Hear a short phrase, and this model's answer to it"))
        self.listen_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.listen_button.clicked.connect(lambda: store.give_command("example"))
        self.description_label = caption_label("")
        self.description_label.setWordWrap(True)
        # Cards are written by anybody: their text is never taken for HTML, which could name files to be shown.
        self.description_label.setTextFormat(Qt.TextFormat.PlainText)
        self.description_label.setContentsMargins(INSET_PX, 0, INSET_PX, 0)
        self.trust_button = QPushButton(tr("Trust this model"))
        self.trust_button.setAccessibleName(tr("Trust this model"))
        self.trust_button.setToolTip(tr("Allow this model to play on this computer from now on"))
        self.trust_button.clicked.connect(lambda: self.trusted.emit(self._store.settings.model))
        self._problem = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        across = QHBoxLayout()
        across.setSpacing(SPACE_XS_PX)
        across.setContentsMargins(0, 0, INSET_PX, 0)
        across.addWidget(self.control, 1)
        across.addWidget(self.listen_button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(across)
        column.addWidget(self.description_label)
        column.addWidget(self.trust_button)
        store.changed.connect(self._refresh)
        self._refresh()

    def set_models(self, choices: Sequence[ModelChoice]) -> None:
        self._choices = {choice.name: choice for choice in choices}
        self.dropdown.set_choices({name: choice.title or name for name, choice in self._choices.items()})
        for name, choice in self._choices.items():
            if choice.problem:
                self.dropdown.disable_choice(name, tr("{name} (unusable)", name=name), choice.problem)
            else:
                self.dropdown.mark_choice(name, choice.title or name, name)
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
            title = self._choices[name].title or name
            text = tr("{title} (not in this mode)", title=title) if obstacle else title
            self.dropdown.mark_choice(name, text, f"{obstacle} ({name})" if obstacle else name)

    def set_problem(self, problem: str) -> None:
        """Show a problem instead of the description; empty: show the description."""
        self._problem = problem
        self._refresh()

    def _refresh(self, name: str = "model") -> None:
        if name != "model":
            return
        choice = self._choices.get(self._store.settings.model)
        missing = tr("This model is not installed: choose another one.") if self._choices else ""
        question = choice.question if choice else ""
        described = choice.problem or choice.description if choice else missing
        self.description_label.setText(question or self._problem or described)
        self.trust_button.setVisible(bool(question))
        self.description_label.setVisible(bool(self.description_label.text()))
