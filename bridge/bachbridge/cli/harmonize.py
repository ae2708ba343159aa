"""`bachbridge harmonize IN.mid -o OUT.mid`: three voices more to the melody of a file.

The file's tracks are copied byte for byte, so that tempo, meter and melody stay to the tick; only the melody's track
is renamed after its voice. The other voices come in tracks of their own, on channels that the file does not use. They
are written on the 16th grid, however freely the melody is played, and where it rests for more than a beat they rest
too. A melody that lies an octave or more from where its voice sings takes them an octave along.
"""

from bisect import bisect_right
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from bachbridge import beam, engraving, library, nets, voiceleading
from bachbridge.cli.continue_ import free_channels
from bachbridge.cli.report import report_of
from bachbridge.codecs import satb
from bachbridge.errors import ConfigError, MidiFileError
from bachbridge.grid import Bar, TickNote, missing_before
from bachbridge.midifile import MAX_TRACKS, MidiSong, read_midi
from bachbridge.music import STEPS_PER_BEAT, VOICES, Note
from bachbridge.record import ANSWER_PROGRAM
from bachbridge.score import musicxml
from bachbridge.smf import file_bytes, part_chunk, renamed
from bachbridge.steering import Style
from bachbridge.voiceleading import Bools, Ints
from bachbridge.wholefile import whole_file

SCORES = (".musicxml", *engraving.PICTURES)
MAX_BEAM, MAX_LAG = 64, 256
_SOFTER = 0.85
"""Velocity of the other voices as a share of the melody's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for besides the melody."""

    model: str
    style: Style
    voice: int = 0
    track: str | None = None
    seed: int = 0
    width: int = 8
    lag: int = 16


@dataclass(frozen=True, slots=True)
class Harmony:
    """A melody with its harmony: frames on the grid, notes where they sound, and the bars that they lie in."""

    classes: Ints
    notes: tuple[Note, ...]
    bars: tuple[Bar, ...]


def wish_of(
    model: str, *, voice: str, track: str | None, rules: str, temperature: float, seed: int, beam: int, lag: int
) -> Wish:
    """The wish that the command line's words stand for."""
    if voice not in VOICES:
        raise ConfigError(f"there is no voice {voice!r}: give {', '.join(VOICES[:-1])} or {VOICES[-1]}.")
    if not 1 <= beam <= MAX_BEAM:
        raise ConfigError(f"cannot follow {beam} harmonies at once: give --beam a number from 1 to {MAX_BEAM}.")
    if not 1 <= lag <= MAX_LAG:
        raise ConfigError(f"cannot decide {lag} 16ths later: give --lag a number from 1 to {MAX_LAG}.")
    try:
        names = voiceleading.rules_of(rules)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    style = Style(temperature=temperature, rules=names, chance=1)  # the beam looks for the best itself
    return Wish(model, style, VOICES.index(voice), track, seed, beam, lag)


def harmonize_file(source: Path, target: Path, wish: Wish, *, report: bool = False, score: Path | None = None) -> None:
    """Write to `target` the music of `source` with its harmony, and to `score` all voices on staves."""
    if score is not None:
        _check_score(score)
    song = read_midi(source)
    track = melody_track(song, wish.track)
    melody = tuple(note for note in song.notes if note.track == track)
    _check_line(song, melody)
    line = _line(song, melody)
    bars = tuple(song.time.bars(line[-1].end))
    if score is not None and score.suffix.lower() in engraving.PICTURES and len(bars) > engraving.MAX_BARS:
        raise ConfigError(f"{len(bars)} bars are too many for a picture: give --score a name that ends in .musicxml.")
    if len(song.chunks) + len(VOICES) - 1 > MAX_TRACKS:
        raise MidiFileError(f"{source} has no room for {len(VOICES) - 1} more tracks: remove some of its tracks.")
    harmony = harmonized(line, bars, wish)
    with ExitStack() as files:
        files.enter_context(whole_file(target)).write_bytes(written(song, track, harmony, wish.voice))
        if score is not None:
            drawing = _score(harmony, source.stem, score.suffix)
            files.enter_context(whole_file(score)).write_bytes(drawing)
    added = sum(note.voice != wish.voice for note in harmony.notes)
    Console().print(f"wrote {target}: {len(melody)} notes of melody and {added} in the other voices, {len(bars)} bars")
    if report:
        Console().print(report_of(harmony.classes))


# ---------------------------------------------------------------- what was given


def _check_score(score: Path) -> None:
    if score.suffix.lower() not in SCORES:
        raise ConfigError(f"cannot write the score {score}: give it a name that ends in {', '.join(SCORES)}.")
    engraving.needs(score)


def melody_track(song: MidiSong, wanted: str | None) -> int:
    """The track with the melody: the one with that name or number (from 1), or the only one that holds notes."""
    sounding = sorted({note.track for note in song.notes})
    told = ", ".join(f"{track + 1} ({song.names[track] or 'no name'})" for track in sounding)
    if wanted is None:
        if len(sounding) > 1:
            raise MidiFileError(f"{song.path} has several tracks with notes: choose one with --track: {told}.")
        return sounding[0]
    named = [track for track in sounding if song.names[track].lower() == wanted.strip().lower()]
    numbered = [track for track in sounding if str(track + 1) == wanted.strip()]
    found = named or numbered
    if len(found) != 1:
        many = "several tracks named" if found else "no track with notes named or numbered"
        raise MidiFileError(f'{song.path} has {many} "{wanted}": choose one by its number: {told}.')
    return found[0]


def _check_line(song: MidiSong, melody: Sequence[TickNote]) -> None:
    """A voice sings one note at a time; players' legato, less than a 16th, is allowed."""
    slack = song.time.ticks_per_beat / STEPS_PER_BEAT
    for first, second in pairwise(sorted(melody, key=lambda note: (note.start, note.end))):
        if first.start == second.start or first.end - second.start >= slack:
            step = second.start * STEPS_PER_BEAT // song.time.ticks_per_beat
            bar = sum(1 for _ in song.time.bars(step + 1))
            raise MidiFileError(
                f"{song.path} has notes that overlap in bar {bar}: harmonize takes one line, one note at a time."
            )


def _line(song: MidiSong, melody: Sequence[TickNote]) -> list[Note]:
    """The melody on the grid, one note at a time; of several that begin in one step, the longest."""
    longest: dict[int, TickNote] = {}
    for note in melody:
        start = song.time.step(note.start)
        if start not in longest or longest[start].end - longest[start].start < note.end - note.start:
            longest[start] = note
    starts = sorted(longest)
    ends = [*starts[1:], song.time.step(melody[-1].end) + 1]
    line: list[Note] = []
    for start, following in zip(starts, ends, strict=True):
        length = max(1, min(song.time.step(longest[start].end), following) - start)
        line.append(Note(start, length, longest[start].pitch, longest[start].velocity))
    return line


# ---------------------------------------------------------------- harmony


def harmonized(line: Sequence[Note], bars: Sequence[Bar], wish: Wish) -> Harmony:
    """The line in four voices; tells on standard error how far it is."""
    first, end = line[0].start, line[-1].end
    prompt = satb.line([replace(note, start=note.start - first) for note in line], wish.voice, end - first)
    prompt.classes[prompt.classes[:, wish.voice] == satb.REST] = satb.REST
    position, lengths = places(bars)
    card = library.find(wish.model)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("harmonizing", total=end - first)
        classes, struck = beam.harmonized(
            nets.load(card),
            card.chain,
            prompt.classes,
            prompt.struck,
            position=position[first:end],
            steps_per_bar=lengths[first:end],
            style=wish.style,
            width=wish.width,
            lag=wish.lag,
            seed=wish.seed,
            progress=lambda step: progress.update(task, completed=step + 1),
        )
    along = int(np.clip(-prompt.shift, -12, 12))
    return Harmony(classes, _sounding(classes, struck, line, first, along, wish.voice), tuple(bars))


def places(bars: Sequence[Bar]) -> tuple[Ints, Ints]:
    """For each step its place in its bar and that bar's length; a short first bar is the end of one, a pick-up."""
    position = np.concatenate([np.arange(bar.end - bar.start) for bar in bars]).astype(np.int32)
    lengths = np.repeat([bar.meter.steps for bar in bars], [bar.end - bar.start for bar in bars]).astype(np.int32)
    if missing := missing_before(bars):
        position[: bars[0].end] += missing
        lengths[: bars[0].end] = bars[1].meter.steps
    return position, lengths


def _sounding(
    classes: Ints, struck: Bools, line: Sequence[Note], first: int, along: int, voice: int
) -> tuple[Note, ...]:
    """The line as it is and the other voices moved by `along` semitones, as loud as the line allows."""
    starts = [note.start for note in line]
    notes = [replace(note, voice=voice) for note in line]
    for note in satb.notes_of(classes, struck):
        if note.voice != voice:
            start = note.start + first
            loud = line[max(0, bisect_right(starts, start) - 1)].velocity
            velocity = max(1, round(_SOFTER * loud))
            notes.append(replace(note, start=start, pitch=note.pitch + along, velocity=velocity))
    return tuple(sorted(notes, key=lambda note: (note.start, note.voice)))


# ---------------------------------------------------------------- what is written


def written(song: MidiSong, track: int, harmony: Harmony, voice: int) -> bytes:
    """The file's bytes with the melody's track renamed and the other voices' tracks appended."""
    names = [name.capitalize() for name in VOICES]
    chunks = [*song.chunks]
    chunks[track] = renamed(chunks[track], names[voice])
    others = [other for other in range(len(VOICES)) if other != voice]
    for other, channel in zip(others, free_channels(song, len(others)), strict=True):
        rows = [
            (song.time.tick(note.start), song.time.tick(note.end), note.pitch, note.velocity)
            for note in harmony.notes
            if note.voice == other
        ]
        chunks.append(part_chunk(names[other], channel, ANSWER_PROGRAM, rows))
    return file_bytes(song.division, chunks)


def _score(harmony: Harmony, title: str, suffix: str) -> bytes:
    weights = np.zeros(12)
    for note in harmony.notes:
        weights[note.pitch % 12] += note.length
    xml = musicxml(harmony.notes, harmony.bars, voiceleading.key_of(weights), title)
    return xml if suffix.lower() == ".musicxml" else engraving.picture(xml, suffix)
