"""The list of exchanges without its widget: a phrase and its answer each, which can be named, kept and deleted.

The list runs from the oldest to the newest. It holds the last `MAX_EXCHANGES` exchanges, and of older ones those that
are marked as kept. In a MIDI file all exchanges share one grid: phrases of several tempos get the tempo of the first,
each starts at a bar line, and as many bars lie between them as passed in reality.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bachbridge.music.notes import VOICES, Note, Phrase, bpm_from_step_ns, key_from_number, pitch_name
from bachbridge.music.performance import Part, TimedNote, last_note_end_ns, notes_from_grid, shift_part
from bachbridge.music.timeline import Meter, meter_from_steps
from bachbridge.music.tonality.key_names import key_level
from bachbridge_gui.state.harmony_words import cadence_text, key_text
from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr, tr_count

MAX_EXCHANGES = 500
_MAX_UNDO = 100
_TITLE_PITCHES = 3
"""Number of a phrase's pitches in its title."""


@dataclass(frozen=True, slots=True)
class ExchangeClose:
    """The key in which an exchange is written, with its probability, and the kind of cadence that it closes with.

    -1 and empty: none. The score, the list and the strip show this key; the cadence may be in another one.
    """

    key: int = -1
    confidence: float = 0.0
    cadence: str = ""
    cadence_key: int = -1


@dataclass(frozen=True, slots=True)
class Exchange:
    """A phrase and its answer. Steps of `answer` count from its own start, at step `answer_step` of `prompt`."""

    number: int
    prompt: Phrase
    answer: tuple[Note, ...]
    answer_step: int
    step_ns: int
    started_at: datetime
    """Wall-clock time at which the prompt began."""
    mode: str = "continue"
    seed: int = -1
    interrupted: bool = False
    name: str = ""
    kept: bool = False
    close: ExchangeClose = ExchangeClose()

    @property
    def bpm(self) -> float:
        return bpm_from_step_ns(self.step_ns)

    @property
    def answer_steps(self) -> int:
        return max((note.end for note in self.answer), default=0)

    @property
    def steps(self) -> int:
        """Length of the whole exchange in steps."""
        return max(self.prompt.steps, self.answer_step + self.answer_steps)


class ExchangeList:
    """Rows count from the oldest exchange; only the methods change the list."""

    def __init__(self, limit: int = MAX_EXCHANGES) -> None:
        self._limit = limit
        self._items: list[Exchange] = []
        self._undo_stack: list[tuple[Exchange, ...]] = []

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, row: int) -> Exchange:
        return self._items[row]

    @property
    def items(self) -> tuple[Exchange, ...]:
        return tuple(self._items)

    @property
    def last_deleted(self) -> tuple[Exchange, ...]:
        """Exchanges that `undo` would bring back."""
        return self._undo_stack[-1] if self._undo_stack else ()

    def row_of(self, number: int) -> int | None:
        """Row of the exchange with that number; None if it is not in the list."""
        return next((row for row, entry in enumerate(self._items) if entry.number == number), None)

    def insertion_row(self, number: int) -> int:
        """Row at which an exchange with that number belongs."""
        return sum(entry.number < number for entry in self._items)

    def rows_to_evict(self) -> list[int]:
        """Rows to remove so that one more exchange fits in."""
        surplus = len(self._items) + 1 - self._limit
        return [row for row, entry in enumerate(self._items[: max(0, surplus)]) if not entry.kept]

    def add(self, exchange: Exchange) -> int:
        """Add the exchange, or replace the one with its number; return its row."""
        if (row := self.row_of(exchange.number)) is not None:
            self._items[row] = exchange
            return row
        for row in reversed(self.rows_to_evict()):
            self.remove(row)
        return self.insert(exchange)

    def rename(self, row: int, name: str) -> None:
        self._items[row] = replace(self._items[row], name=" ".join(name.split()))

    def set_kept(self, row: int, *, kept: bool) -> None:
        self._items[row] = replace(self._items[row], kept=kept)

    def set_close(self, row: int, close: ExchangeClose) -> None:
        self._items[row] = replace(self._items[row], close=close)

    def remove(self, row: int) -> Exchange:
        """Remove an exchange without undo."""
        return self._items.pop(row)

    def delete(self, rows: Sequence[int]) -> None:
        """Remove exchanges so that one `undo` brings all of them back."""
        self.push_deleted(tuple(self._items[row] for row in sorted(set(rows))))
        for row in sorted(set(rows), reverse=True):
            self.remove(row)

    def undo(self) -> tuple[Exchange, ...]:
        """Bring back the last deletion; return its exchanges."""
        restored = self.pop_deleted()
        for exchange in restored:
            self.insert(exchange)
        return restored

    def push_deleted(self, deleted: tuple[Exchange, ...]) -> None:
        """Push removed exchanges on the undo stack."""
        if deleted:
            self._undo_stack = [*self._undo_stack, deleted][-_MAX_UNDO:]

    def pop_deleted(self) -> tuple[Exchange, ...]:
        """Pop the newest deletion off the undo stack."""
        return self._undo_stack.pop() if self._undo_stack else ()

    def insert(self, exchange: Exchange) -> int:
        """Insert the exchange at the row of its number; return the row."""
        row = self.insertion_row(exchange.number)
        self._items.insert(row, exchange)
        return row


# ---------------------------------------------------------------- texts


def exchange_title(exchange: Exchange) -> str:
    """Return the name that a person gave, or the first pitches of the phrase."""
    if exchange.name:
        return exchange.name
    notes = [note for note in exchange.prompt.notes if note.voice == exchange.prompt.notes[0].voice]
    pitches = " ".join(pitch_name(note.pitch) for note in notes[:_TITLE_PITCHES])
    return f"{pitches} …" if len(notes) > _TITLE_PITCHES else pitches or tr("No notes")


def exchange_summary(exchange: Exchange) -> str:
    """Return the lengths of phrase and answer: "3 → 4 bars, cut short"."""
    played = _bar_count(exchange.prompt.steps, exchange.prompt)
    if not exchange.answer:
        return tr("{bars} → no answer", bars=_bars_text(played))
    if exchange.mode == "harmonize":
        return tr("{bars}, harmonized", bars=_bars_text(played))
    lengths = f"{played} → {_bars_text(_bar_count(exchange.answer_steps, exchange.prompt))}"
    return tr("{lengths}, cut short", lengths=lengths) if exchange.interrupted else lengths


def exchange_close_text(exchange: Exchange) -> str:
    """Return the key and how the exchange closes: "D minor · half cadence"; a key that is a guess has a "?"."""
    close = exchange.close
    key = key_from_number(close.key)
    name = key_text(key)
    is_guess = key_level(close.confidence) == "guess"
    is_elsewhere = close.cadence_key not in (-1, close.key)
    cadence = cadence_text(close.cadence, key_from_number(close.cadence_key) if is_elsewhere else None)
    return " · ".join(part for part in (f"{name}?" if name and is_guess else name, cadence) if part)


def screen_reader_text(exchange: Exchange) -> str:
    """Return the whole row as a screen reader reads it."""
    words = [
        tr("Phrase {number}", number=exchange.number),
        exchange_title(exchange),
        exchange_summary(exchange).replace("→", tr("answered with")),
    ]
    words += [close] if (close := exchange_close_text(exchange).replace(" ·", ",")) else []
    return ", ".join(
        [*words, tr("at {time}", time=f"{exchange.started_at:%H:%M}"), *([tr("kept")] if exchange.kept else [])]
    )


def _bar_count(steps: int, phrase: Phrase) -> int:
    return max(1, round(steps / phrase.steps_per_bar))


def _bars_text(bars: int) -> str:
    return tr_count("{count} bar", "{count} bars", bars)


# ---------------------------------------------------------------- MIDI files


@dataclass(frozen=True, slots=True)
class MidiExport:
    """Exchanges as they are written into a MIDI file; time 0 is a bar line."""

    title: str
    parts: tuple[Part, ...]
    bpm: float
    meter: Meter

    def write(self, path: Path) -> None:
        """Write a MIDI file with one track for each part."""
        from bachbridge.files.midi_writer import write_midi  # mido takes 60 ms to load

        write_midi(path, self.parts, bpm=self.bpm, meter=self.meter, title=self.title)


def exchange_phrase(exchange: Exchange) -> Phrase:
    """Join prompt and answer to one phrase, with the prompt's notes in the player's voice."""
    played = (replace(note, voice=PLAYER) for note in exchange.prompt.notes)
    answered = (replace(note, start=note.start + exchange.answer_step) for note in exchange.answer)
    notes = sorted((*played, *answered), key=lambda note: (note.start, note.voice))
    return Phrase(tuple(notes), exchange.steps, exchange.prompt.steps_per_bar, exchange.prompt.position)


def phrase_from_step(phrase: Phrase, step: int) -> Phrase:
    """Return what begins at `step` or later, which becomes step 0."""
    notes = tuple(replace(note, start=note.start - step) for note in phrase.notes if note.start >= step)
    position = None if phrase.position is None else (phrase.position + step) % phrase.steps_per_bar
    return replace(phrase, notes=notes, steps=max(0, phrase.steps - step), position=position)


def exchange_parts(exchange: Exchange, step_ns: int = 0) -> list[Part]:
    """Return the player's part and the voices' parts; time 0 is the bar line at or before the prompt.

    `step_ns` 0: the exchange's own step.
    """
    step_ns = step_ns or exchange.step_ns
    notes, origin_ns = exchange_phrase(exchange).notes, (exchange.prompt.position or 0) * step_ns
    return [
        _clamped_to_start(
            Part(voice, notes_from_grid((note for note in notes if note.voice == voice), step_ns, origin_ns))
        )
        for voice in (PLAYER, *range(len(VOICES)))
        if any(note.voice == voice for note in notes)
    ]


def midi_export(exchanges: Sequence[Exchange]) -> MidiExport:
    """Arrange the exchanges one after another, as far apart as they were played, in whole bars."""
    first = exchanges[0]
    bar_ns = first.step_ns * first.prompt.steps_per_bar
    voices: dict[int, list[TimedNote]] = {}
    free_bar = 0
    for entry in exchanges:
        parts = exchange_parts(entry, first.step_ns)
        bar = max(free_bar, round((entry.started_at - first.started_at).total_seconds() * 1e9 / bar_ns))
        for part in parts:
            voices.setdefault(part.voice, []).extend(shift_part(part, bar * bar_ns).notes)
        free_bar = bar - -last_note_end_ns(parts) // bar_ns
    whole_parts = tuple(Part(voice, tuple(voices[voice])) for voice in sorted(voices))
    meter = meter_from_steps(first.prompt.steps_per_bar)
    return MidiExport(file_stem(exchanges), whole_parts, first.bpm, meter)


def file_stem(exchanges: Sequence[Exchange]) -> str:
    """Return a file name for the exchanges, without its suffix: "BachBridge 03 Minuet"."""
    first, last = exchanges[0], exchanges[-1]
    if len(exchanges) > 1:
        return f"BachBridge {first.number:02}-{last.number:02}"
    words = "".join(sign if sign.isalnum() or sign in " #-_" else " " for sign in first.name or "answer")
    return " ".join(f"BachBridge {first.number:02} {words}".split())[:80]


def _clamped_to_start(part: Part) -> Part:
    """Move notes before time 0 to 0: a first note that was played early."""
    return Part(part.voice, tuple(replace(note, start_ns=max(0, note.start_ns)) for note in part.notes))
