"""The actions on the exchanges of the list, with their texts, and the reasons why one is not possible now."""

from collections.abc import Sequence
from dataclasses import dataclass

from bachbridge_gui.state.exchanges import Exchange
from bachbridge_gui.translation import tr, translatable

NOTHING_SELECTED = translatable("Select a phrase first.")
LIST_EMPTY = translatable("Nothing has been played yet.")
SELECT_ONE_ONLY = translatable("Select a single phrase.")
WAS_HARMONIZED = translatable(
    "This phrase was harmonized while you played. Only continued phrases can get another answer."
)


@dataclass(frozen=True, slots=True)
class PhraseAction:
    """An action with its text, its shortcut and its cell in the grid of buttons (row, column, column span)."""

    name: str
    text: str
    shortcut: str
    grid_cell: tuple[int, int, int]
    tooltip: str

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """All keys that trigger the action."""
        return ("Return", "Enter") if self.shortcut == "Enter" else (self.shortcut,)


PHRASE_ACTIONS = (
    PhraseAction(
        "play",
        translatable("Play again"),
        "Enter",
        (0, 0, 3),
        translatable("Play the phrase and its answer once more"),
    ),
    PhraseAction(
        "another",
        translatable("Another answer"),
        "A",
        (0, 3, 3),
        translatable("Hear a different answer to the same phrase"),
    ),
    PhraseAction(
        "keep", translatable("Keep"), "K", (1, 0, 2), translatable("Keep this phrase when the oldest ones are removed")
    ),
    PhraseAction("rename", translatable("Rename"), "F2", (1, 2, 2), translatable("Give the phrase a name")),
    PhraseAction(
        "delete",
        translatable("Delete"),
        "Del",
        (1, 4, 2),
        translatable("Remove the phrase from the list; Undo brings it back"),
    ),
    PhraseAction(
        "export",
        translatable("Export…"),
        "Ctrl+E",
        (2, 0, 3),
        translatable("Save the phrase and its answer as a MIDI file"),
    ),
    PhraseAction(
        "session",
        translatable("Whole session…"),
        "Ctrl+Shift+E",
        (2, 3, 3),
        translatable("Save all phrases as one MIDI file, or drag it into your DAW"),
    ),
)


_KEY_NAMES = {
    "Ctrl": translatable("Ctrl"),
    "Shift": translatable("Shift"),
    "Esc": translatable("Esc"),
    "Space": translatable("Space"),
    "Enter": translatable("Enter"),
    "Del": translatable("Del"),
}


def key_label(shortcut: str) -> str:
    """Return a shortcut such as "Ctrl+Shift+E" with the names on the keys of the language's keyboards."""
    return "+".join(tr(_KEY_NAMES[key]) if key in _KEY_NAMES else key for key in shortcut.split("+"))


def all_kept(selected: Sequence[Exchange]) -> bool:
    """Return True if all selected exchanges are marked as kept; the action then removes the mark."""
    return bool(selected) and all(exchange.kept for exchange in selected)


def find_obstacle(action_name: str, selected: Sequence[Exchange], count: int, ask_obstacle: str) -> str:
    """Return why the action is not possible with the selected ones of `count` exchanges; empty if it is possible.

    `ask_obstacle` says why the model cannot be asked now; empty if it can.
    """
    if not count:
        return tr(LIST_EMPTY)
    if action_name == "session":
        return ""
    if not selected:
        return tr(NOTHING_SELECTED)
    if action_name in {"play", "another", "rename"} and len(selected) > 1:
        return tr(SELECT_ONE_ONLY)
    if action_name == "another":
        return tr(WAS_HARMONIZED) if selected[0].mode == "harmonize" else ask_obstacle
    return ""


def action_tooltip(action: PhraseAction, obstacle: str) -> str:
    """Return the tooltip: the obstacle if there is one, otherwise the action with its shortcut."""
    return obstacle or f"{tr(action.tooltip)} ({key_label(action.shortcut)})"
