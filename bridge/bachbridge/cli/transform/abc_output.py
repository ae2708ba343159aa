"""Music as the text of an ABC file: a song with what follows it, a tune with more of it, a dream.

A tune that came as ABC stays as it is, character by character, and what follows stands after its last bar line, in the
key, the meter and the unit length that hold there. All other music is written by `codecs.abcscore`.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from bachbridge.cli.transform.inputs import SourceMusic
from bachbridge.codecs.abc import score_writer
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.normal_form import music_lines
from bachbridge.files.abc_song import AbcSong
from bachbridge.files.midi_reader import MidiSong
from bachbridge.files.score_layout import key_from_notes
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar, Meter


def abc_with_answer(source: SourceMusic, answer: Sequence[Note], answer_steps: int) -> str:
    """The music and its answer of `steps` steps, whose step 0 is the music's end."""
    found = score_writer.split_lines(answer)
    if source.abc_song and len(found) == 1:
        return _append_to_tune(
            source.abc_song, found[0][1], _bars_within(-source.steps_into_bar, range(answer_steps), source.final_meter)
        )
    return song_as_abc(source, answer, answer_steps)


def _append_to_tune(tune: AbcSong, answer_line: score_writer.MonophonicLine, bars: Sequence[Bar]) -> str:
    """The tune's own text and a line more."""
    frame = score_writer.TuneLayout(bars, tune.final_header.key, tune.final_header.unit_word)
    more = score_writer.format_voice_line(answer_line, frame, tune.final_header.meter_word)
    ended = re.search(r"[|\]:]\s*$", ["", *music_lines(tune.text)][-1])
    return f"%abc-2.1\n{tune.text.rstrip()}\n{'' if ended else '||'}{more}\n"


def _bars_within(bar_line: int, steps: range, meter: Meter) -> list[Bar]:
    """Bars from the bar line at `line` on, as far as they lie within the steps."""
    lines = range(bar_line, steps.stop, meter.steps_per_bar)
    return [Bar(max(steps.start, at), min(at + meter.steps_per_bar, steps.stop), meter) for at in lines]


def song_as_abc(source: SourceMusic, answer: Sequence[Note] = (), answer_steps: int = 0) -> str:
    """The same, written anew; without an answer the music alone."""
    song, origin = source.song, source.song.phrase.steps
    notes = [*song.phrase.notes, *(replace(note, start=note.start + origin) for note in answer)]
    key = source.abc_key or abc_tokens.format_key(key_from_notes(notes))
    frame = score_writer.TuneLayout(
        _extended_song_bars(song, origin + answer_steps), key, double_bar_step=origin if answer else None
    )
    return score_writer.format_score(notes, frame, title=source.title, bpm=60e6 / song.timeline.beat_us_at(0))


def _extended_song_bars(song: MidiSong, steps: int) -> list[Bar]:
    """The song's bars, and more like its last one."""
    bars = list(song.timeline.bars(song.phrase.steps))
    length = song.phrase.steps_per_bar
    more = range(bars[-1].end, steps, length)
    return list(chain(bars, (Bar(at, at + length, bars[-1].meter) for at in more)))


def dream_as_abc(notes: Sequence[Note], steps: range, meter: Meter, key: str | None, *, title: str, bpm: float) -> str:
    """The notes of a dream over its steps, of which 0 is the bar line before it; `key` None: that of the notes."""
    frame = score_writer.TuneLayout(_bars_within(0, steps, meter), key or abc_tokens.format_key(key_from_notes(notes)))
    return score_writer.format_score(notes, frame, title=title, bpm=bpm)
