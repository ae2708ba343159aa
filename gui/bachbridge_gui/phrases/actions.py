"""What can be done with the exchanges of the list, in words, and when it cannot be done, why."""

from collections.abc import Sequence
from dataclasses import dataclass

from bachbridge_gui.state.exchanges import Exchange

NOTHING_SELECTED = "Choose a phrase first."
LIST_EMPTY = "Nothing has been played yet."
SELECT_ONE_ONLY = "Choose one phrase only."
WAS_HARMONIZED = "It was harmonised while you played; another answer is for phrases that were continued."


@dataclass(frozen=True, slots=True)
class PhraseAction:
    """An action: its words, its key, its place among the buttons (row, column, columns), what one will hear or get."""

    name: str
    text: str
    shortcut: str
    grid_cell: tuple[int, int, int]
    tooltip: str

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """All keys that do it."""
        return ("Return", "Enter") if self.shortcut == "Enter" else (self.shortcut,)


PHRASE_ACTIONS = (
    PhraseAction("play", "Play again", "Enter", (0, 0, 3), "Play the phrase and its answer once more"),
    PhraseAction("another", "Another answer", "A", (0, 3, 3), "Hear a different answer to the same phrase"),
    PhraseAction("keep", "Keep", "K", (1, 0, 2), "Keep the phrase when older ones make room for new ones"),
    PhraseAction("rename", "Rename", "F2", (1, 2, 2), "Give the phrase a name of your own"),
    PhraseAction("delete", "Delete", "Delete", (1, 4, 2), "Take the phrase off the list; Undo brings it back"),
    PhraseAction("export", "Export…", "Ctrl+E", (2, 0, 3), "Save the phrase and its answer as a MIDI file"),
    PhraseAction(
        "session", "Whole session…", "Ctrl+Shift+E", (2, 3, 3), "Save all phrases as one MIDI file, or drag it off"
    ),
)


def all_kept(selected: Sequence[Exchange]) -> bool:
    """Whether the chosen exchanges are kept already: then the same press lets them go."""
    return bool(selected) and all(entry.kept for entry in selected)


def find_obstacle(action_name: str, selected: Sequence[Exchange], count: int, ask_obstacle: str) -> str:
    """Why the deed cannot be done with the chosen ones of `count` exchanges; "" if it can.

    `cannot_ask` is the sentence that says why the model cannot be asked now, "" if it can.
    """
    if not count:
        return LIST_EMPTY
    if action_name == "session":
        return ""
    if not selected:
        return NOTHING_SELECTED
    if action_name in {"play", "another", "rename"} and len(selected) > 1:
        return SELECT_ONE_ONLY
    if action_name == "another":
        return WAS_HARMONIZED if selected[0].mode == "harmonize" else ask_obstacle
    return ""


def action_tooltip(action: PhraseAction, obstacle: str) -> str:
    """The tooltip: what one will hear, or what stands in the way."""
    return obstacle or f"{action.tooltip} ({action.shortcut})"
