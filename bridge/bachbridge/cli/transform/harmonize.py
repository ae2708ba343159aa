"""`bachbridge harmonize IN.mid -o OUT.mid`: three voices more to the melody of a file.

The file's tracks are copied byte for byte, so that tempo, meter and melody stay to the tick; only the melody's track
is renamed after its voice. The other voices come in tracks of their own, on channels that the file does not use. They
are written on the 16th grid, however freely the melody is played, and where it rests for more than a beat they rest
too. With bars to keep, the file holds all four voices, and the others are drawn anew elsewhere.
"""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from rich.console import Console

from bachbridge.atomic_files import whole_file
from bachbridge.cli.transform import four_part_file, staves
from bachbridge.cli.transform.continue_ import free_channels
from bachbridge.cli.transform.infill_run import CODEC, Way
from bachbridge.cli.transform.melody_harmony import Harmony, Wish, harmonized
from bachbridge.cli.transform.regenerate import Outputs, read, redraw
from bachbridge.cli.transform.report import octaves, report_of
from bachbridge.cli.transform.tune import Tune, tune_of
from bachbridge.engine.session_log import ANSWER_PROGRAM
from bachbridge.errors import ConfigError, MidiFileError
from bachbridge.files.midi_reader import MAX_TRACKS, MidiSong, read_midi
from bachbridge.files.smf import file_bytes, part_chunk, renamed
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card
from bachbridge.music import bar_ranges
from bachbridge.music.notes import VOICES

MAX_BEAM, MAX_LAG = 64, 256


def wish_of(
    way: Way,
    *,
    voice: str,
    track: str | None = None,
    beam: int | None = None,
    lag: int | None = None,
    keep: str | None = None,
    program: int = ANSWER_PROGRAM,
) -> Wish:
    """The wish that the command line's words stand for; raises `ConfigError`."""
    voices = bar_ranges.voices_of(voice)
    if len(voices) != 1:
        raise ConfigError(f"a melody is one voice, not {voice!r}: give {', '.join(VOICES[:-1])} or {VOICES[-1]}.")
    if beam is not None and not 1 <= beam <= MAX_BEAM:
        raise ConfigError(f"cannot follow {beam} harmonies at once: give --beam a number from 1 to {MAX_BEAM}.")
    if lag is not None and not 1 <= lag <= MAX_LAG:
        raise ConfigError(f"cannot decide {lag} 16ths later: give --lag a number from 1 to {MAX_LAG}.")
    if keep is not None and track is not None:
        raise ConfigError("with --keep-bars all tracks are read, as the four voices: leave --track out.")
    if keep is not None and program != ANSWER_PROGRAM:
        raise ConfigError("with --keep-bars all voices keep their instruments: leave --instrument out.")
    return Wish(way, voices[0], track, beam, lag, keep, program)


def harmonize_file(source: Path, wish: Wish, outputs: Outputs) -> None:
    """Write the music of `source` with its harmony, and on request all voices on staves."""
    card = library.find(wish.way.model)
    _check_fit(card, wish)
    if wish.keep is None:
        _add_voices(source, wish, card, outputs)
    else:
        _redraw_others(source, wish, card, wish.keep, outputs)


def _check_fit(card: Card, wish: Wish) -> None:
    """Whether all that is wished is for models of this kind."""
    if card.codec == CODEC and (wish.width or wish.lag) is not None:
        raise ConfigError(
            f"{card.name} draws all chords together: leave --beam and --lag out, or choose another --model."
        )
    if card.codec != CODEC and (wish.way.fast or wish.keep is not None):
        raise ConfigError(
            f"{card.name} goes from chord to chord and knows neither --fast nor --keep-bars: leave them out, or "
            "choose a --model that fills in, such as coconet."
        )


def _add_voices(source: Path, wish: Wish, card: Card, outputs: Outputs) -> None:
    """Three voices more in tracks of their own."""
    outputs.check()
    song = read_midi(source)
    tune = tune_of(song, wish.track)
    bars = tuple(song.time.bars(tune.line[-1].end))
    if outputs.score is not None:
        staves.check_length(outputs.score, bars)
    if len(song.chunks) + len(VOICES) - 1 > MAX_TRACKS:
        raise MidiFileError(f"{source} has no room for {len(VOICES) - 1} more tracks: remove some of its tracks.")
    harmony = harmonized(tune.line, bars, wish, card)
    with ExitStack() as files:
        files.enter_context(whole_file(outputs.target)).write_bytes(written(song, tune.track, harmony, wish))
        if (score := outputs.score) is not None:
            drawing = staves.drawn(harmony.notes, harmony.bars, source.stem, score.suffix)
            files.enter_context(whole_file(score)).write_bytes(drawing)
    for sentence in _told(tune, harmony, wish):
        print(sentence)
    added = len(harmony.notes) - len(tune.line)
    print(f"wrote {outputs.target}: {len(tune.line)} notes of melody and {added} in the other voices, {len(bars)} bars")
    if outputs.report:
        Console().print(report_of(harmony.classes))


def _told(tune: Tune, harmony: Harmony, wish: Wish) -> list[str]:
    """What was done to the melody on the way, a sentence each."""
    told: list[str] = []
    if tune.below:
        times = "once" if len(tune.below) == 1 else f"{len(tune.below)} times"
        bar = bar_ranges.number(harmony.bars, tune.below[0])
        told.append(f"notes sound together in the melody {times}, first in bar {bar}: the top one was taken")
    if harmony.shift:
        voice = VOICES[wish.voice]
        told.append(
            f"the melody lies outside the {voice}'s range: it was read {octaves(harmony.shift)}, and the other voices "
            f"sound {octaves(harmony.along)}"
        )
    return told


def _redraw_others(source: Path, wish: Wish, card: Card, keep: str, outputs: Outputs) -> None:
    """The other voices of a file in four, but not in the bars to keep."""
    four = read(source, outputs)
    wanted = np.ones(four.classes.shape, np.bool_)
    wanted[:, wish.voice] = False
    wanted &= ~bar_ranges.steps_of(keep, four.bars)[: len(wanted), None]
    open_ = four_part_file.in_region(four, wanted, silence=True)
    redraw(four, open_, wish.way, card, outputs, doing="harmonizing", where=f" outside {bar_ranges.in_words(keep)}")


# ---------------------------------------------------------------- what is written


def written(song: MidiSong, track: int, harmony: Harmony, wish: Wish) -> bytes:
    """The file's bytes with the melody's track renamed and the other voices' tracks appended."""
    names = [name.capitalize() for name in VOICES]
    chunks = [*song.chunks]
    chunks[track] = renamed(chunks[track], names[wish.voice])
    others = [other for other in range(len(VOICES)) if other != wish.voice]
    for other, channel in zip(others, free_channels(song, len(others)), strict=True):
        rows = [
            (song.time.tick(note.start), song.time.tick(note.end), note.pitch, note.velocity)
            for note in harmony.notes
            if note.voice == other
        ]
        chunks.append(part_chunk(names[other], channel, wish.program, rows))
    return file_bytes(song.division, chunks)
