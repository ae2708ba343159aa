"""The music of the symbol codecs, by part.

The music comes from a folder (`--data`; see `folder`, and `splits` for its parts), from music21's chorales (`keys88`
without a folder), or from ABC tunes: music21's, or any that must stay as they are (`abc_tunes`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bachbridge.errors import ConfigError
from bachbridge.music.notes import VOICES, Note, Phrase
from bachbridge_training.datasets import abc_tunes, splits, suitability
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets import folder as music_folder
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.folder import DatasetPiece
from bachbridge_training.datasets.parsed_piece import ParsedPiece
from bachbridge_training.datasets.splits import ALL_PARTS

SourceMusic = ParsedPiece | Phrase | str


class NoMusicError(ConfigError):
    """No music for a model comes with the program."""


@dataclass(frozen=True, slots=True)
class SymbolSource:
    """A named piece: notes in a file's own time, a phrase on the grid, or a text."""

    name: str
    music: SourceMusic


def load_sources(codec: str, part: str, data: Path | None, *, raw: bool = False) -> list[SymbolSource]:
    """Return the pieces of `part` that a recipe of `codec` trains on, from `data` or from music21.

    `raw`: tunes stay as they are (see `abc_tunes`). Raises `ConfigError` if there are none.
    """
    found = _load_part(codec, part, data, raw=raw)
    if not found:
        where = data or "music21"
        wanted = "that this model can read" if part == ALL_PARTS else f"for the part {part!r}"
        raise ConfigError(f"{where} has no pieces {wanted}: choose another part, or give more music.")
    return found


def _load_part(codec: str, part: str, data: Path | None, *, raw: bool) -> list[SymbolSource]:
    if raw:
        return _tune_sources(part, data, raw=True)
    if data is None:
        bundled = _BUNDLED_SOURCES.get(codec)
        if bundled is None:
            raise NoMusicError("no music for this model comes with the program: give a folder of music with --data.")
        return bundled(part)
    found = music_folder.read_folder(data, suitability.CONVERTERS[codec])
    return sources_from_pieces(splits.pieces_of_part(found, part))


def _tune_sources(part: str, data: Path | None = None, *, raw: bool = False) -> list[SymbolSource]:
    return [SymbolSource(tune.name, tune.text) for tune in abc_tunes.tunes_of_part(part, data, raw=raw)]


def _bundled_chorales(part: str) -> list[SymbolSource]:
    with_soprano = part == "train"
    pieces = chorale_data.load_chorales(part)
    return [each for piece in pieces for each in _chorale_sources(piece, with_soprano=with_soprano)]


_BUNDLED_SOURCES: dict[str, Callable[[str], list[SymbolSource]]] = {"abc": _tune_sources, "keys88": _bundled_chorales}
"""The music that comes with music21, by codec and then by part."""


def _chorale_sources(piece: FourPartPiece, *, with_soprano: bool) -> Iterable[SymbolSource]:
    """Yield a chorale and, if wanted, its soprano alone: live input is often a single line."""
    whole = piece_to_phrase(piece)
    yield SymbolSource(piece.name, whole)
    if with_soprano:
        soprano = tuple(note for note in whole.notes if note.voice == 0)
        yield SymbolSource(f"{piece.name}, soprano", replace(whole, notes=soprano))


def sources_from_pieces(items: Iterable[DatasetPiece]) -> list[SymbolSource]:
    """Return the pieces of a folder."""
    return [SymbolSource(item.name, item.content.sections[0]) for item in items]


def piece_to_phrase(piece: FourPartPiece) -> Phrase:
    """Return a chorale as a phrase."""
    notes = [note for voice in range(len(VOICES)) for note in _voice_notes(piece, voice)]
    ordered = tuple(sorted(notes, key=lambda note: (note.start, note.voice)))
    return Phrase(ordered, len(piece.pitches), int(piece.bar[0]), int(piece.position[0]))


def _voice_notes(piece: FourPartPiece, voice: int) -> Iterable[Note]:
    pitches, onsets = piece.pitches[:, voice].tolist(), piece.onsets[:, voice].tolist()
    begin = 0
    for step in range(1, len(pitches) + 1):
        if step == len(pitches) or onsets[step] or pitches[step] != pitches[begin]:
            if pitches[begin] >= 0:
                yield Note(begin, step - begin, pitches[begin], voice=voice)
            begin = step


_BUNDLED_DATA_TEXTS = {"abc": f"{', '.join(abc_tunes.MUSIC21_COLLECTIONS)} as bundled with music21"}
_SPLIT_TEXTS = {"abc": "by tune: by the files' names, or by a hash of how the tune begins"}


def data_text(codec: str, data: Path | None) -> str:
    """Return a card's text about the music; it does not name a path of this machine."""
    if data:
        return f"the ABC tunes of {data.resolve().name}"
    return _BUNDLED_DATA_TEXTS.get(codec, chorale_data.CHORALES_TEXT)


def split_text(codec: str) -> str:
    """Return a card's text about the split of bundled music and of tunes."""
    return _SPLIT_TEXTS.get(codec, chorale_data.CHORALE_SPLIT_TEXT)
