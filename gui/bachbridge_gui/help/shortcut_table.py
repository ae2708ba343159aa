"""The window's shortcuts: the table from which they are made and from which the help page lists them."""

from dataclasses import dataclass
from typing import Literal

from bachbridge_gui.phrases.actions import PHRASE_ACTIONS

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
    WindowShortcut(("Space",), "space", "End your phrase, stop the answer, or play again", "outside buttons"),
    WindowShortcut(("Esc",), "escape", "Panic: silence every note (leaves MIDI learn first)"),
    WindowShortcut(("Ctrl+O",), "open", "Open a MIDI file as your phrase"),
    WindowShortcut(("Ctrl+S",), "save", "Save all phrases as one MIDI file"),
    WindowShortcut(("Ctrl+Z",), "undo", "Undo the last change of a setting", "outside text"),
    WindowShortcut(("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Redo the change that was undone", "outside text"),
    WindowShortcut(("Ctrl+1",), "view roll", "Show the roll"),
    WindowShortcut(("Ctrl+2",), "view score", "Show the score"),
    WindowShortcut(("Ctrl+3",), "view connect", "Show how to connect your DAW"),
    WindowShortcut(("Ctrl+4",), "view monitor", "Show the monitor"),
    WindowShortcut(("F1", "?"), "view help", "Show this help"),
    WindowShortcut(("Ctrl+Q",), "quit", "Quit"),
)
_ROLL_KEYS = (
    ("Left, Right", "Go back and forth in time"),
    ("Up, Down", "Move to higher or lower notes"),
    ("+, -", "Zoom in and out"),
    ("Home, End", "Go to the beginning, or follow the music"),
)
_SCORE_KEYS = (
    ("Left, Right", "Choose a note"),
    ("Home, End", "Choose the first or the last note"),
    ("Enter", "Play from the chosen note"),
    ("Ctrl+wheel", "Make the staves larger or smaller"),
)
_PIANO_KEYS = (("Letters and digits", "Play notes, while the piano is shown"),)


def shortcut_groups() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return a heading and rows of keys and text for each place where shortcuts work."""
    window = tuple((" or ".join(row.keys), row.text) for row in WINDOW_SHORTCUTS)
    phrases = tuple((action.shortcut, action.tooltip) for action in PHRASE_ACTIONS)
    return (
        ("Everywhere", window),
        ("In the list of phrases", (*phrases, ("Ctrl+Z", "Bring back what was deleted last"))),
        ("On the roll", _ROLL_KEYS),
        ("On the score", _SCORE_KEYS),
        ("On the piano", _PIANO_KEYS),
    )
