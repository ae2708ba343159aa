"""The music of the codecs of symbol sequences, by parts, and the same as passages of symbols.

Where the music comes from: of a folder (`--data`; see `collection`, and `repertoire` for its parts), of music21's
chorales (`keys88` without a folder), or of music21's ABC tunes, or any that are to stay as they were given (`tunes`).
"""

from collections.abc import Iterable
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

SourceMusic = ParsedPiece | Phrase | str


@dataclass(frozen=True, slots=True)
class SymbolSource:
    """A piece by its name: notes in a file's own time, a phrase on the grid, or a text."""

    name: str
    music: SourceMusic


def load_sources(codec: str, part: str, data: Path | None, *, raw: bool = False) -> list[SymbolSource]:
    """The pieces of `part` that a recipe of `codec` trains on, from `data` or else from what music21 brings.

    `given`: tunes stay as they were given (see `tunes`).
    """
    found = _load_part(codec, part, data, raw=raw)
    if not found:
        where = data or "music21"
        raise ConfigError(f"{where} has no pieces for the part {part!r}: choose another part, or give more music.")
    return found


def _load_part(codec: str, part: str, data: Path | None, *, raw: bool) -> list[SymbolSource]:
    match codec:
        case "abc" if data is None or raw:
            return [SymbolSource(its.name, its.text) for its in abc_tunes.tunes_of_part(part, data, raw=raw)]
        case "keys88" if data is None:
            return [
                each
                for piece in chorale_data.load_chorales(part)
                for each in _chorale_sources(piece, with_soprano=part == "train")
            ]
        case _ if data is None:
            raise ConfigError("no music for this comes with the program: name a folder of it after --data.")
        case _:
            items = music_folder.read_folder(data, suitability.CONVERTERS[codec]).pieces
            return sources_from_pieces(items if data.is_file() and len(items) < 2 else splits.split_pieces(items)[part])


def _chorale_sources(piece: FourPartPiece, *, with_soprano: bool) -> Iterable[SymbolSource]:
    """A chorale, and if wished its soprano `alone`: what is played live is often a single line."""
    whole = piece_to_phrase(piece)
    yield SymbolSource(piece.name, whole)
    if with_soprano:
        sung = tuple(note for note in whole.notes if note.voice == 0)
        yield SymbolSource(f"{piece.name}, soprano", replace(whole, notes=sung))


def sources_from_pieces(items: Iterable[DatasetPiece]) -> list[SymbolSource]:
    """The pieces of a collection."""
    return [SymbolSource(item.name, item.content.sections[0]) for item in items]


def piece_to_phrase(piece: FourPartPiece) -> Phrase:
    """A chorale as a phrase."""
    notes = [note for voice in range(len(VOICES)) for note in _voice_notes(piece, voice)]
    ordered = tuple(sorted(notes, key=lambda note: (note.start, note.voice)))
    return Phrase(ordered, len(piece.pitches), int(piece.bar[0]), int(piece.position[0]))


def _voice_notes(piece: FourPartPiece, voice: int) -> Iterable[Note]:
    pitches, struck = piece.pitches[:, voice].tolist(), piece.onsets[:, voice].tolist()
    begin = 0
    for step in range(1, len(pitches) + 1):
        if step == len(pitches) or struck[step] or pitches[step] != pitches[begin]:
            if pitches[begin] >= 0:
                yield Note(begin, step - begin, pitches[begin], voice=voice)
            begin = step


def data_text(codec: str, data: Path | None) -> str:
    """What a card says of the music, without saying where on this machine it lies."""
    if data:
        return f"the ABC tunes of {data.resolve().name}"
    return (
        f"{', '.join(abc_tunes.MUSIC21_COLLECTIONS)} as bundled with music21"
        if codec == "abc"
        else chorale_data.CHORALES_TEXT
    )


def split_text(codec: str) -> str:
    """What a card says of how music that is not of a folder was divided, and tunes always."""
    if codec == "abc":
        return "by tune: by the files' names, or by a hash of how the tune begins"
    return chorale_data.CHORALE_SPLIT_TEXT
