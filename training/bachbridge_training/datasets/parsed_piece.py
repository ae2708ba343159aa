"""The contents of a music file in any format: notes at their exact times, tempos, meters and part names.

A file may hold several pieces (an ABC file with many tunes). For each there is either its content or the reason why it
is refused, in words that continue the file's name ("is empty."). For the cache a piece is packed into small arrays.

`bachbridge.files.midi_reader` reads MIDI files under its limits; `music21_reader` reads scores.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import read_midi
from bachbridge.music import timeline
from bachbridge.music.notes import Phrase
from bachbridge.music.timeline import Meter, Tempo, TickNote, Timeline

FORMATS = {
    ".mid": "midi",
    ".midi": "midi",
    ".xml": "musicxml",
    ".musicxml": "musicxml",
    ".mxl": "mxl",
    ".abc": "abc",
}
"""The format of a file by its suffix."""
MAX_BYTES = 8 << 20
"""Maximum size of a file; MIDI files have a stricter limit."""

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class ParsedPiece:
    """A piece: notes in ticks, ordered by start, each with the numbers of its track and of its voice (channel)."""

    notes: tuple[TickNote, ...]
    timeline: Timeline
    track_names: tuple[str, ...] = ()
    text: str = ""
    """The text of a tune in an ABC file; empty in other formats."""

    @property
    def phrase(self) -> Phrase:
        """All notes on the grid of 16ths."""
        return timeline.phrase_from_ticks(self.notes, self.track_names, self.timeline)


ParseOutcome = ParsedPiece | str
"""A piece, or the reason why there is none."""


def parse_file(path: Path, data: bytes, format_name: str) -> list[ParseOutcome]:
    """Return the pieces of the file at `path` with content `data`, in their order in the file."""
    if not data.strip():
        return ["is empty."]
    if format_name == "midi":
        return [_parse_midi(path)]
    from bachbridge_training.datasets import music21_reader  # music21 takes a second to load

    try:
        return music21_reader.PARSERS[format_name](data)
    except ModuleNotFoundError:  # music21 is missing; the file is not to blame
        raise
    except Exception as error:  # noqa: BLE001 # music21 raises any error for a damaged file
        return [f"cannot be read as {format_name} ({_first_line(error)})."]


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _parse_midi(path: Path) -> ParseOutcome:
    try:
        song = read_midi(path)
    except MidiFileError as error:
        return str(error).removeprefix(f"{path} ")
    return ParsedPiece(song.notes, song.timeline, song.track_names)


# ---------------------------------------------------------------- arrays for the cache


def to_arrays(outcomes: list[ParseOutcome]) -> Arrays:
    """Return the outcomes of a file as arrays for `numpy.savez`."""
    heads: list[dict[str, object]] = []
    arrays: Arrays = {}
    for number, outcome in enumerate(outcomes):
        if isinstance(outcome, str):
            heads.append({"refused": outcome})
            continue
        heads.append({"ticks": outcome.timeline.ticks_per_beat, "names": outcome.track_names, "text": outcome.text})
        arrays[f"{number}/notes"] = _int_rows(
            [(n.start, n.end, n.pitch, n.velocity, n.track, n.channel) for n in outcome.notes], 6
        )
        arrays[f"{number}/tempos"] = _int_rows([(t.tick, t.beat_us) for t in outcome.timeline.tempos], 2)
        arrays[f"{number}/meters"] = _int_rows(
            [(m.tick, m.numerator, m.denominator) for m in outcome.timeline.meters], 3
        )
    return {"heads": np.frombuffer(json.dumps(heads).encode(), np.uint8), **arrays}


def _int_rows(values: list[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    return np.array(values, np.int64).reshape(-1, width)


def from_arrays(arrays: Arrays) -> list[ParseOutcome]:
    """Reverse `to_arrays`; raise `KeyError`, `TypeError` or `ValueError` for other arrays."""
    found: list[ParseOutcome] = []
    for number, head in enumerate(json.loads(arrays["heads"].tobytes())):
        if "refused" in head:
            found.append(str(head["refused"]))
            continue
        notes, tempos, meters = (arrays[f"{number}/{name}"].tolist() for name in ("notes", "tempos", "meters"))
        time = Timeline(int(head["ticks"]), tuple(Tempo(*row) for row in tempos), tuple(Meter(*row) for row in meters))
        found.append(ParsedPiece(tuple(TickNote(*row) for row in notes), time, tuple(head["names"]), str(head["text"])))
    return found
