"""A MIDI file as a prompt: a file that is dropped on the window, put on the grid as if it had been played.

Only the end of a long file is used, because the answer follows it. The music begins with the bar of its first note, and
the tempo is that of the file at this place.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import read_midi
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase
from bachbridge_gui.translation import tr

SUFFIXES = (".mid", ".midi")
MAX_BARS = 32


def droppable_file(paths: Sequence[Path]) -> Path:
    """Return the one MIDI file that was dropped, unread; `MidiFileError` with a sentence for anything else."""
    if not paths:
        raise MidiFileError(
            tr("What you dropped is not a file on this computer: save it first, then drop the MIDI file.")
        )
    if len(paths) > 1:
        raise MidiFileError(tr("{count} files at once are too many: drop one MIDI file.", count=len(paths)))
    path = paths[0]
    if path.is_dir():
        raise MidiFileError(tr("{name} is a folder: drop one MIDI file (.mid).", name=path.name))
    if path.suffix.lower() not in SUFFIXES:
        raise MidiFileError(tr("{name} is not a MIDI file: drop a file that ends in .mid.", name=path.name))
    return path


def phrase_from_file(path: Path, warn: Callable[[str], None] | None = None) -> tuple[Phrase, int]:
    """Return the last `MAX_BARS` bars of a file and their step in ns; `MidiFileError` with one sentence if it fails.

    `warn` is called with a sentence if something in the file is out of order. A large file takes seconds.
    """
    try:
        song = read_midi(path)
    except MidiFileError as error:
        raise MidiFileError(str(error).replace(str(path), path.name)) from error
    if song.warning and warn:
        warn(song.warning.replace(str(path), path.name))
    whole = replace(song.phrase, steps=song.timeline.next_bar_line(song.phrase.steps))
    phrase, skipped = _last_bars(whole)
    beat_us = song.timeline.beat_us_at(song.timeline.tick_at_step(skipped))
    return phrase, max(1, beat_us * 1000 // STEPS_PER_BEAT)


def _last_bars(phrase: Phrase) -> tuple[Phrase, int]:
    """Cut the phrase to its last bars, from the bar of its first note on; also return the number of steps cut off."""
    bar_steps = phrase.steps_per_bar
    first = min((note.start for note in phrase.notes), default=0)
    # Bars are counted back from the end, which is a bar line of the meter in which the music ends.
    skipped = max(phrase.steps - MAX_BARS * bar_steps, first - (first - phrase.steps) % bar_steps, 0)
    kept = (replace(note, start=note.start - skipped) for note in phrase.notes if note.start >= skipped)
    return Phrase(tuple(kept), phrase.steps - skipped, bar_steps, 0), skipped
