"""A MIDI file as a prompt: what a person drops on the window, brought to the grid as if it had been played.

Of a long file the end counts, for that is what an answer follows; the music begins with the bar of its first note. The
tempo is the file's at that place.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import read_midi
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase

SUFFIXES = (".mid", ".midi")
MAX_BARS = 32


def phrase_from_files(paths: Sequence[Path]) -> tuple[Phrase, int]:
    """The phrase in the one file that was dropped and its step in ns; or `MidiFileError`."""
    if not paths:
        raise MidiFileError("That is not a file on this computer: save it first, then drop the MIDI file.")
    if len(paths) > 1:
        raise MidiFileError(f"{len(paths)} files at once are too many: drop one MIDI file.")
    return phrase_from_file(paths[0])


def phrase_from_file(path: Path) -> tuple[Phrase, int]:
    """The file's last bars as a phrase, and its step in ns; or `MidiFileError` with one sentence."""
    if path.is_dir():
        raise MidiFileError(f"{path.name} is a folder: drop one MIDI file (.mid).")
    if path.suffix.lower() not in SUFFIXES:
        raise MidiFileError(f"{path.name} is not a MIDI file: drop a file that ends in .mid.")
    try:
        song = read_midi(path)
    except MidiFileError as error:
        raise MidiFileError(str(error).replace(str(path), path.name)) from error
    phrase, skipped = _last_bars(song.phrase)
    beat_us = song.timeline.beat_us_at(song.timeline.tick_at_step(skipped))
    return phrase, max(1, beat_us * 1000 // STEPS_PER_BEAT)


def _last_bars(phrase: Phrase) -> tuple[Phrase, int]:
    """The last bars of the phrase from the bar in which its music begins, and how many steps lie before them."""
    bar = phrase.steps_per_bar
    first = min((note.start for note in phrase.notes), default=0)
    # Bars are counted back from the end, which is a bar line in whatever meter the music ends.
    skipped = max(phrase.steps - MAX_BARS * bar, first - (first - phrase.steps) % bar, 0)
    kept = (replace(note, start=note.start - skipped) for note in phrase.notes if note.start >= skipped)
    return Phrase(tuple(kept), phrase.steps - skipped, bar, 0), skipped
