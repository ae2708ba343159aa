"""Music as the text of an ABC file: a song with its answer, a tune with its continuation, a dream.

A tune of one voice that came as ABC stays as it is, character by character, and its continuation stands after its last
bar line, in the key, meter and unit length that hold there. All other music is written by `codecs.abc.score_writer`.
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
from bachbridge.music.keys import key_from_notes
from bachbridge.music.notation.tuplets import written_song
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar, Meter, part_voices


def abc_with_answer(source: SourceMusic, answer: Sequence[Note], answer_steps: int) -> str:
    """Return the music and its answer of `answer_steps` steps, whose step 0 is the music's end."""
    lines = score_writer.split_lines(answer)
    if source.abc_song and source.abc_song.can_append and len(lines) == 1:
        bars = _bars_within(-source.steps_into_bar, range(answer_steps), source.final_meter)
        return _append_to_tune(source.abc_song, lines[0][1], bars)
    return song_as_abc(source, answer, answer_steps)


def _append_to_tune(tune: AbcSong, answer_line: score_writer.MonophonicLine, bars: Sequence[Bar]) -> str:
    """Return the tune's own text with one more line."""
    layout = score_writer.TuneLayout(bars, tune.final_header.key, tune.final_header.unit_word)
    line = score_writer.format_voice_line(answer_line, layout, tune.final_header.meter_word)
    ends_in_bar_line = re.search(r"[|\]:]\s*$", ["", *music_lines(tune.text)][-1])
    return f"%abc-2.1\n{tune.text.rstrip()}\n{'' if ends_in_bar_line else '||'}{line}\n"


def _bars_within(bar_line: int, steps: range, meter: Meter) -> list[Bar]:
    """Return the bars from the step `bar_line` on, cut to the range of steps."""
    bar_lines = range(bar_line, steps.stop, meter.steps_per_bar)
    return [Bar(max(steps.start, at), min(at + meter.steps_per_bar, steps.stop), meter) for at in bar_lines]


def song_as_abc(source: SourceMusic, answer: Sequence[Note] = (), answer_steps: int = 0) -> str:
    """Return the music, and its answer if there is one, as a newly written tune."""
    song, origin = source.song, source.song.phrase.steps
    moved = [replace(note, start=note.start + origin) for note in answer]
    key = source.abc_key or abc_tokens.format_key(key_from_notes([*song.phrase.notes, *moved]))
    voice_of = part_voices(song.notes, song.track_names, song.timeline)
    notes = [*written_song(song.notes, voice_of, song.timeline), *moved]
    bars = extended_song_bars(song, origin + answer_steps)
    layout = score_writer.TuneLayout(bars, key, double_bar_step=origin if answer else None)
    return score_writer.format_score(notes, layout, title=source.title, bpm=60e6 / song.timeline.beat_us_at(0))


def extended_song_bars(song: MidiSong, steps: int) -> list[Bar]:
    """Return the song's bars, continued like its last one up to the step `steps`."""
    bars = list(song.timeline.bars(song.phrase.steps))
    length = song.phrase.steps_per_bar
    more = range(bars[-1].end, steps, length)
    return list(chain(bars, (Bar(at, at + length, bars[-1].meter) for at in more)))


def dream_as_abc(notes: Sequence[Note], steps: range, meter: Meter, key: str | None, *, title: str, bpm: float) -> str:
    """Return a dream over these steps, of which 0 is the bar line before it; `key` None is estimated from the notes."""
    layout = score_writer.TuneLayout(_bars_within(0, steps, meter), key or abc_tokens.format_key(key_from_notes(notes)))
    return score_writer.format_score(notes, layout, title=title, bpm=bpm)
