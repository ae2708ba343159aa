"""The window's shortcuts: the table from which they are made and from which the help page lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bachbridge_gui.phrases.actions import PHRASE_ACTIONS, key_label
from bachbridge_gui.translation import tr, translatable

Reach = Literal["everywhere", "outside text", "outside buttons"]
"""Where a shortcut works: everywhere; not where text or the phrase list has the focus, which have their own undo; or
only where no button, list or field has the focus, which use the key themselves."""


@dataclass(frozen=True, slots=True)
class WindowShortcut:
    """Keys that give a command of the window, and a line for people."""

    keys: tuple[str, ...]
    command: str
    text: str
    reach: Reach = "everywhere"


WINDOW_SHORTCUTS = (
    WindowShortcut(
        ("Space",),
        "space",
        translatable("End your phrase, stop the answer, or play again"),
        "outside buttons",
    ),
    WindowShortcut(("Esc",), "escape", translatable("Panic: silence every note (leaves MIDI learn first)")),
    WindowShortcut(("Ctrl+O",), "open", translatable("Open a MIDI file as your phrase")),
    WindowShortcut(("Ctrl+S",), "save", translatable("Save all phrases as one MIDI file")),
    WindowShortcut(("Ctrl+Z",), "undo", translatable("Undo the last change of a setting"), "outside text"),
    WindowShortcut(("Ctrl+Shift+Z", "Ctrl+Y"), "redo", translatable("Redo the change that was undone"), "outside text"),
    WindowShortcut(("Ctrl+1",), "view roll", translatable("Show the roll")),
    WindowShortcut(("Ctrl+2",), "view score", translatable("Show the score")),
    WindowShortcut(("Ctrl+3",), "view connect", translatable("Show how to connect your DAW")),
    WindowShortcut(("Ctrl+4",), "view monitor", translatable("Show the monitor")),
    WindowShortcut(("F1", "?"), "view help", translatable("Show this help")),
    WindowShortcut(("Ctrl+Q",), "quit", translatable("Quit")),
)
_ROLL_KEYS = (
    (translatable("Left, Right"), translatable("Go back and forth in time")),
    (translatable("Up, Down"), translatable("Move to higher or lower notes")),
    ("+, -", translatable("Zoom in and out")),
    (translatable("Home, End"), translatable("Go to the beginning, or follow the music")),
)
_SCORE_KEYS = (
    (translatable("Left, Right"), translatable("Choose a note")),
    (translatable("Home, End"), translatable("Choose the first or the last note")),
    (translatable("Enter"), translatable("Play from the chosen note")),
    (translatable("Ctrl+wheel"), translatable("Make the staves larger or smaller")),
)
_PIANO_KEYS = ((translatable("Letters and digits"), translatable("Play notes, while the piano is shown")),)


def shortcut_groups() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return a heading and rows of keys and text for each place where shortcuts work."""
    window = tuple((_joined(row.keys), tr(row.text)) for row in WINDOW_SHORTCUTS)
    phrases = tuple((key_label(action.shortcut), tr(action.tooltip)) for action in PHRASE_ACTIONS)
    return (
        (tr("Everywhere"), window),
        (tr("In the list of phrases"), (*phrases, (key_label("Ctrl+Z"), tr("Bring back what was deleted last")))),
        (tr("On the roll"), _translated(_ROLL_KEYS)),
        (tr("On the score"), _translated(_SCORE_KEYS)),
        (tr("On the piano"), _translated(_PIANO_KEYS)),
    )


def _joined(keys: Sequence[str]) -> str:
    first, *others = map(key_label, keys)
    return tr("{key} or {other_key}", key=first, other_key=others[0]) if others else first


def _translated(rows: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((tr(keys), tr(text)) for keys, text in rows)
