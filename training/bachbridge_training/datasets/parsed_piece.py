"""What a file of music holds, whatever its format: notes at their exact times, tempos, meters and the parts' names.

One file may hold several pieces (an ABC file of many tunes), and of each it is said what it holds or why it is refused,
in words that go on from the file's name ("is empty: ..."). A manuscript is packed into a few small arrays to be kept.

MIDI files are read by `bachbridge.files.midi_reader` under its limits; what is printed as a score by `notation`.
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
"""The form of a file by the end of its name."""
MAX_BYTES = 8 << 20
"""Of a file that is read at all; a MIDI file has a stricter limit."""

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class ParsedPiece:
    """A piece: notes in ticks by start, with the numbers of their tracks and of the voices (channels) in them."""

    notes: tuple[TickNote, ...]
    timeline: Timeline
    track_names: tuple[str, ...] = ()
    """The tracks' names."""
    text: str = ""
    """A tune as it stands in an ABC file; empty in other forms."""

    @property
    def phrase(self) -> Phrase:
        """All of it on the grid of 16ths."""
        return timeline.phrase_from_ticks(self.notes, self.track_names, self.timeline)


ParseOutcome = ParsedPiece | str
"""A piece, or why there is none."""


def parse_file(path: Path, data: bytes, format_name: str) -> list[ParseOutcome]:
    """The pieces of the file at `path` that holds `data`, in the order in which they stand there."""
    if not data.strip():
        return ["is empty."]
    if format_name == "midi":
        return [_parse_midi(path)]
    from bachbridge_training.datasets import music21_reader  # music21 takes a second to load

    try:
        return music21_reader.PARSERS[format_name](data)
    except ModuleNotFoundError:  # it is not the file that music21 is missing from
        raise
    except Exception as error:  # noqa: BLE001  music21 meets a stranger's file with whatever error comes up in it
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


# ---------------------------------------------------------------- as arrays


def to_arrays(outcomes: list[ParseOutcome]) -> Arrays:
    """What was found in a file, for `numpy.savez`."""
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
    """The inverse of `packed`; raises `KeyError`, `TypeError` or `ValueError` if it is something else."""
    found: list[ParseOutcome] = []
    for number, head in enumerate(json.loads(arrays["heads"].tobytes())):
        if "refused" in head:
            found.append(str(head["refused"]))
            continue
        notes, tempos, meters = (arrays[f"{number}/{name}"].tolist() for name in ("notes", "tempos", "meters"))
        time = Timeline(int(head["ticks"]), tuple(Tempo(*row) for row in tempos), tuple(Meter(*row) for row in meters))
        found.append(ParsedPiece(tuple(TickNote(*row) for row in notes), time, tuple(head["names"]), str(head["text"])))
    return found
