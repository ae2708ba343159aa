"""Reading one file of a collection with the readers that the program plays files with, under their limits.

So a collection needs neither music21 nor the seconds that it takes for a score. Repeats are written out, as in play.
"""

from pathlib import Path

from bachbridge.errors import BachBridgeError, TuneError
from bachbridge.files.abc_reader import read_abc
from bachbridge.files.abc_song import song_from_tune
from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.files.score_reading.score_song import read_score
from bachbridge_training.datasets.parsed_piece import FORMATS, ParsedPiece, ParseOutcome


def read_music_file(path: Path) -> list[ParseOutcome]:
    """Return the pieces of a file, or the reasons why there are none; a reason continues the file's name."""
    try:
        match FORMATS.get(path.suffix.lower()):
            case "midi":
                return [_piece(read_midi(path))]
            case "musicxml" | "mxl":
                return [_piece(read_score(path))]
            case "abc":
                return [_read_tune(tune, path) for tune in read_abc(path)]
            case _:
                return ["is not a MIDI, MusicXML or ABC file."]
    except BachBridgeError as error:
        return [_reason(error, path)]


def _read_tune(tune: str, path: Path) -> ParseOutcome:
    try:
        found = song_from_tune(tune, path)
    except TuneError as error:
        return _reason(error, path)
    return _piece(found.song, found.text)


def _piece(song: MidiSong, text: str = "") -> ParsedPiece:
    return ParsedPiece(song.notes, song.timeline, song.track_names, text)


def _reason(error: BachBridgeError, path: Path) -> str:
    return str(error).replace(f"{path} ", "", 1)
