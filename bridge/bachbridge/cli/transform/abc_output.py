"""Music as the text of an ABC file: a song with what follows it, a tune with more of it, a dream.

A tune that came as ABC stays as it is, character by character, and what follows stands after its last bar line, in the
key, the meter and the unit length that hold there. All other music is written by `codecs.abcscore`.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from bachbridge.cli.transform.inputs import Source
from bachbridge.codecs.abc import score_writer
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.normal_form import music_lines
from bachbridge.files.abc_song import AbcSong
from bachbridge.files.midi_reader import MidiSong
from bachbridge.files.score_layout import key_of
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar, Meter


def continued(source: Source, answer: Sequence[Note], steps: int) -> str:
    """The music and its answer of `steps` steps, whose step 0 is the music's end."""
    found = score_writer.lines(answer)
    if source.tune and len(found) == 1:
        return _longer(source.tune, found[0][1], _bars(-source.into, range(steps), source.meter))
    return written(source, answer, steps)


def _longer(tune: AbcSong, line: score_writer.Line, bars: Sequence[Bar]) -> str:
    """The tune's own text and a line more."""
    frame = score_writer.Frame(bars, tune.closing.key, tune.closing.unit_word)
    more = score_writer.music(line, frame, tune.closing.meter_word)
    ended = re.search(r"[|\]:]\s*$", ["", *music_lines(tune.text)][-1])
    return f"%abc-2.1\n{tune.text.rstrip()}\n{'' if ended else '||'}{more}\n"


def _bars(line: int, steps: range, meter: Meter) -> list[Bar]:
    """Bars from the bar line at `line` on, as far as they lie within the steps."""
    lines = range(line, steps.stop, meter.steps)
    return [Bar(max(steps.start, at), min(at + meter.steps, steps.stop), meter) for at in lines]


def written(source: Source, answer: Sequence[Note] = (), steps: int = 0) -> str:
    """The same, written anew; without an answer the music alone."""
    song, origin = source.song, source.song.phrase.steps
    notes = [*song.phrase.notes, *(replace(note, start=note.start + origin) for note in answer)]
    key = source.key_word or abc_tokens.key_called(key_of(notes))
    frame = score_writer.Frame(_song_bars(song, origin + steps), key, join=origin if answer else None)
    return score_writer.score(notes, frame, title=source.title, bpm=60e6 / song.time.beat_us(0))


def _song_bars(song: MidiSong, steps: int) -> list[Bar]:
    """The song's bars, and more like its last one."""
    bars = list(song.time.bars(song.phrase.steps))
    length = song.phrase.steps_per_bar
    more = range(bars[-1].end, steps, length)
    return list(chain(bars, (Bar(at, at + length, bars[-1].meter) for at in more)))


def dreamt(notes: Sequence[Note], steps: range, meter: Meter, key: str | None, *, title: str, bpm: float) -> str:
    """The notes of a dream over its steps, of which 0 is the bar line before it; `key` None: that of the notes."""
    frame = score_writer.Frame(_bars(0, steps, meter), key or abc_tokens.key_called(key_of(notes)))
    return score_writer.score(notes, frame, title=title, bpm=bpm)
