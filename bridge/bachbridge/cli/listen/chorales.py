"""The chorales of the listening test, in Bach's four voices.

They are test pieces of the data's split that passed fixed rules, in the order of the split; nobody chose among them.
Their tunes occur in no piece that the shipped models were trained on (`scripts/tables/listening_chorales.py` says
more). Bach's music is in the public domain, and the notes come from music21's corpus.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from bachbridge.files.score_layout import regular_bars
from bachbridge.music.notes import VOICES, Key, Note
from bachbridge.music.timeline import Bar


@dataclass(frozen=True, slots=True)
class Chorale:
    """One chorale: its number in the catalogue of Bach's works, the tune's title, its key, notes by voice, and bars.

    `fermatas` are the first step and the length, in steps, of the notes of the melody that end a phrase.
    """

    work: str
    title: str
    key: Key
    notes: tuple[Note, ...]
    bars: tuple[Bar, ...]
    fermatas: tuple[tuple[int, int], ...]

    @property
    def melody(self) -> tuple[Note, ...]:
        """The soprano's notes."""
        return tuple(note for note in self.notes if note.voice == 0)


@cache
def load_chorales() -> tuple[Chorale, ...]:
    """Return the bundled chorales in their order."""
    text = resources.files("bachbridge.cli.listen").joinpath("chorales.json").read_text("utf-8")
    return tuple(_parse_chorale(entry) for entry in json.loads(text)["chorales"])


def _parse_chorale(entry: dict[str, Any]) -> Chorale:
    notes = tuple(note for voice in range(len(VOICES)) for note in _parse_line(entry["voices"][voice], voice))
    end = max(note.end for note in notes)
    bars = regular_bars(end, entry["steps_per_bar"], entry["position"])
    bars[-1] = replace(bars[-1], end=end)
    fermatas = tuple((start, length) for start, length in entry["fermatas"])
    tonic = (7 * entry["sharps"] + (9 if entry["minor"] else 0)) % 12
    return Chorale(entry["work"], entry["title"], (tonic, entry["minor"]), notes, tuple(bars), fermatas)


def _parse_line(numbers: list[int], voice: int) -> list[Note]:
    """Return the notes of a voice from their lengths (16ths) and pitches in turn."""
    notes: list[Note] = []
    step = 0
    for length, pitch in zip(numbers[::2], numbers[1::2], strict=True):
        notes.append(Note(step, length, pitch, voice=voice))
        step += length
    return notes
