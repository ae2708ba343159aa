"""The list of exchanges without its widget: what was played and what came back, kept, named, deleted, taken back.

The list runs from the oldest to the newest and holds the last `LIMIT` exchanges; of older ones those that are kept.
For files the notes go into real time on one grid: phrases played at several tempos come at that of the first, each
from a bar line on, and between them lie the bars that really passed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bachbridge.engine.session_log import write_midi
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note, Phrase, bpm_of, pitch_name
from bachbridge.music.performance import Part, Played, end_ns, from_grid, shifted
from bachbridge_gui.state.view_types import PLAYER

LIMIT = 500
_UNDOABLE = 100
_SHOWN = 3
"""How many of a phrase's pitches its title names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One exchange. `answer` counts its steps from its own start, which is step `answer_step` of the prompt."""

    number: int
    prompt: Phrase
    answer: tuple[Note, ...]
    answer_step: int
    step_ns: int
    at: datetime
    """When the prompt began."""
    mode: str = "continue"
    seed: int = -1
    interrupted: bool = False
    name: str = ""
    kept: bool = False

    @property
    def bpm(self) -> float:
        return bpm_of(self.step_ns)

    @property
    def answer_steps(self) -> int:
        return max((note.end for note in self.answer), default=0)

    @property
    def steps(self) -> int:
        """Steps of the whole exchange."""
        return max(self.prompt.steps, self.answer_step + self.answer_steps)


class Entries:
    """Changed by its methods only; rows count from the oldest."""

    __slots__ = ("_deleted", "_items", "_limit")

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._items: list[Entry] = []
        self._deleted: list[tuple[Entry, ...]] = []

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, row: int) -> Entry:
        return self._items[row]

    @property
    def items(self) -> tuple[Entry, ...]:
        return tuple(self._items)

    @property
    def undoable(self) -> tuple[Entry, ...]:
        """What `undo` would bring back."""
        return self._deleted[-1] if self._deleted else ()

    def row(self, number: int) -> int | None:
        """Where the exchange of that number is."""
        return next((row for row, entry in enumerate(self._items) if entry.number == number), None)

    def place(self, number: int) -> int:
        """Where an exchange of that number belongs."""
        return sum(entry.number < number for entry in self._items)

    def overdue(self) -> list[int]:
        """The rows that make room for one exchange more."""
        surplus = len(self._items) + 1 - self._limit
        return [row for row, entry in enumerate(self._items[: max(0, surplus)]) if not entry.kept]

    def add(self, entry: Entry) -> int:
        """Add the exchange, or put it in the place of the one with its number; its row."""
        if (row := self.row(entry.number)) is not None:
            self._items[row] = entry
            return row
        for row in reversed(self.overdue()):
            self.drop(row)
        return self.insert(entry)

    def rename(self, row: int, name: str) -> None:
        self._items[row] = replace(self._items[row], name=" ".join(name.split()))

    def keep(self, row: int, *, kept: bool) -> None:
        self._items[row] = replace(self._items[row], kept=kept)

    def drop(self, row: int) -> Entry:
        """Take an exchange off the list for good."""
        return self._items.pop(row)

    def delete(self, rows: Sequence[int]) -> None:
        """Take exchanges off the list so that `undo` brings them back together."""
        self.remember(tuple(self._items[row] for row in sorted(set(rows))))
        for row in sorted(set(rows), reverse=True):
            self.drop(row)

    def undo(self) -> tuple[Entry, ...]:
        """Bring back what was deleted last."""
        back = self.forget()
        for entry in back:
            self.insert(entry)
        return back

    def remember(self, deleted: tuple[Entry, ...]) -> None:
        """Put what was taken off the list on the stack of deletions."""
        if deleted:
            self._deleted = [*self._deleted, deleted][-_UNDOABLE:]

    def forget(self) -> tuple[Entry, ...]:
        """Take the newest deletion off the stack, for putting it back."""
        return self._deleted.pop() if self._deleted else ()

    def insert(self, entry: Entry) -> int:
        """Put the exchange where its number belongs; its row."""
        row = self.place(entry.number)
        self._items.insert(row, entry)
        return row


# ---------------------------------------------------------------- in words


def title(entry: Entry) -> str:
    """The name that a person gave, or how the phrase begins."""
    if entry.name:
        return entry.name
    firsts = [note for note in entry.prompt.notes if note.voice == entry.prompt.notes[0].voice]
    words = " ".join(pitch_name(note.pitch) for note in firsts[:_SHOWN])
    return f"{words} …" if len(firsts) > _SHOWN else words or "No notes"


def summary(entry: Entry) -> str:
    """What became of the phrase: "3 → 4 bars, cut short"."""
    played = _bars(entry.prompt.steps, entry.prompt)
    if not entry.answer:
        return f"{_counted(played)} → no answer"
    if entry.mode == "harmonize":
        return f"{_counted(played)}, harmonised"
    cut = ", cut short" if entry.interrupted else ""
    return f"{played} → {_counted(_bars(entry.answer_steps, entry.prompt))}{cut}"


def spoken(entry: Entry) -> str:
    """The whole row for a screen reader."""
    words = [f"Phrase {entry.number}", title(entry), summary(entry).replace("→", "answered with")]
    return ", ".join([*words, f"at {entry.at:%H:%M}", *(["kept"] if entry.kept else [])])


def _bars(steps: int, phrase: Phrase) -> int:
    return max(1, round(steps / phrase.steps_per_bar))


def _counted(bars: int) -> str:
    return f"{bars} bar" if bars == 1 else f"{bars} bars"


# ---------------------------------------------------------------- in real time


@dataclass(frozen=True, slots=True)
class Piece:
    """Exchanges as they go into a file; 0 is a bar line."""

    title: str
    parts: tuple[Part, ...]
    bpm: float
    beats_per_bar: int

    def write(self, path: Path) -> None:
        """Write the piece as a MIDI file, a track a part."""
        write_midi(path, self.parts, bpm=self.bpm, beats_per_bar=self.beats_per_bar, title=self.title)


def whole(entry: Entry) -> Phrase:
    """Prompt and answer as one phrase, the prompt's notes in the player's voice."""
    played = (replace(note, voice=PLAYER) for note in entry.prompt.notes)
    answered = (replace(note, start=note.start + entry.answer_step) for note in entry.answer)
    notes = sorted((*played, *answered), key=lambda note: (note.start, note.voice))
    return Phrase(tuple(notes), entry.steps, entry.prompt.steps_per_bar, entry.prompt.position)


def parts(entry: Entry, step_ns: int = 0) -> list[Part]:
    """The player's part and the voices', 0 being the bar line at or before the prompt; `step_ns` 0: as it was."""
    step_ns = step_ns or entry.step_ns
    notes, origin_ns = whole(entry).notes, (entry.prompt.position or 0) * step_ns
    return [
        _begun(Part(voice, from_grid((note for note in notes if note.voice == voice), step_ns, origin_ns)))
        for voice in (PLAYER, *range(len(VOICES)))
        if any(note.voice == voice for note in notes)
    ]


def merged(entries: Sequence[Entry]) -> Piece:
    """The exchanges one after another, as far apart as they were, in whole bars."""
    first = entries[0]
    bar_ns = first.step_ns * first.prompt.steps_per_bar
    voices: dict[int, list[Played]] = {}
    free_bar = 0
    for entry in entries:
        music = parts(entry, first.step_ns)
        bar = max(free_bar, round((entry.at - first.at).total_seconds() * 1e9 / bar_ns))
        for part in music:
            voices.setdefault(part.voice, []).extend(shifted(part, bar * bar_ns).notes)
        free_bar = bar - -end_ns(music) // bar_ns
    whole_parts = tuple(Part(voice, tuple(voices[voice])) for voice in sorted(voices))
    beats = max(1, round(first.prompt.steps_per_bar / STEPS_PER_BEAT))
    return Piece(file_stem(entries), whole_parts, first.bpm, beats)


def file_stem(entries: Sequence[Entry]) -> str:
    """A file's name for the exchanges, without its ending: "BachBridge 03 Minuet"."""
    first, last = entries[0], entries[-1]
    if len(entries) > 1:
        return f"BachBridge {first.number:02}-{last.number:02}"
    words = "".join(sign if sign.isalnum() or sign in " #-_" else " " for sign in first.name or "answer")
    return " ".join(f"BachBridge {first.number:02} {words}".split())[:80]


def _begun(part: Part) -> Part:
    """The part with nothing before 0: a first note that was played early is on time."""
    return Part(part.voice, tuple(replace(note, start_ns=max(0, note.start_ns)) for note in part.notes))
