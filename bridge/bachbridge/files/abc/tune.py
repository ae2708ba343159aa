"""A tune in ABC as it is played: the notes of each voice with repeats written out, meters and tempos with their times.

The text becomes lines (`tune_text`), the lines become tokens (`scanner`), and each voice turns its tokens into notes
and marks (`tune_reader`, `voice`). Then each voice's repeats are written out (`playing_order`, `unrolled`). A voice
without any repeat sign is played in the order of the first voice that has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE, TuneNote
from bachbridge.errors import TuneError
from bachbridge.files.abc.playing_order import (
    Span,
    count_played,
    has_repeats,
    played_spans,
    spans_length,
    unroll_changes,
)
from bachbridge.files.abc.tune_reader import WrittenTune, read_written_tune
from bachbridge.files.abc.tune_text import MAX_NOTES
from bachbridge.files.abc.unrolled import join_ties, unroll_notes, unroll_signs
from bachbridge.files.abc.voice import AbcVoice
from bachbridge.music.phrasing.marks import Sign


@dataclass(frozen=True, slots=True)
class TuneVoice:
    """A voice: its name (empty for the only one), its notes by start, and its signs of the ends of phrases."""

    name: str
    notes: tuple[TuneNote, ...]
    signs: tuple[tuple[Fraction, Sign], ...] = ()


@dataclass(frozen=True, slots=True)
class TuneEnding:
    """Values that hold at the end of a tune: meter, unit length in whole notes, and key as ABC writes it.

    The key is empty if it has no name. `can_continue` is True if a line of music in this key can follow the text and is
    played after it.
    """

    meter: str
    unit: Fraction
    key: str
    can_continue: bool


@dataclass(frozen=True, slots=True)
class PlayedTune:
    """A tune as it is played; times are in steps."""

    title: str
    voices: tuple[TuneVoice, ...]
    end: Fraction
    meters: tuple[tuple[Fraction, str], ...]
    """Each meter with the step from which it holds; empty for free meter."""
    tempos: tuple[tuple[Fraction, float], ...]
    """Quarter notes a minute with the step from which they hold; none if the tune states none."""
    pickup: Fraction
    """Length of the first bar if it is short; else 0."""
    last_bar_steps: Fraction
    """Length of the last bar if it is short; 0 if it is full."""
    ending: TuneEnding

    @property
    def notes(self) -> tuple[TuneNote, ...]:
        """The notes of all voices by start."""
        found = [note for voice in self.voices for note in voice.notes]
        return tuple(sorted(found, key=lambda note: (note.start, note.pitch)))


def read_tune(text: str) -> PlayedTune:
    """Return the tune of a text; raise `TuneError`."""
    written = read_written_tune(text)
    orders = _playing_orders(written)
    _check_size(written.voices, orders)
    voices = [
        TuneVoice(
            voice.name,
            tuple(join_ties(unroll_notes(voice.notes, spans))),
            unroll_signs(voice.phrase_signs.signs, spans),
        )
        for voice, spans in zip(written.voices, orders, strict=True)
    ]
    index = next((index for index, voice in enumerate(voices) if voice.notes), 0)
    main = written.voices[index]
    bars = [(begin, end) for begin, end in pairwise(main.bar_lines) if end > begin]
    return PlayedTune(
        title=written.title,
        voices=tuple(voice for voice in voices if voice.notes),
        end=max(map(spans_length, orders)),
        meters=unroll_changes(main.meters, orders[index]),
        tempos=_tempos(written, orders),
        pickup=_pickup(bars, main.meters[0][1]),
        last_bar_steps=_last_bar_steps(bars, main.state.meter),
        ending=_ending(main, is_alone=len(written.voices) == 1 and not written.part_order),
    )


def _playing_orders(written: WrittenTune) -> list[list[Span]]:
    """Return the spans of each voice in the order in which they are played."""
    marked = next((voice.marks for voice in written.voices if has_repeats(voice.marks)), written.voices[0].marks)
    return [
        played_spans(voice.marks if has_repeats(voice.marks) else marked, voice.step, written.part_order)
        for voice in written.voices
    ]


def _check_size(voices: Sequence[AbcVoice], orders: Sequence[Sequence[Span]]) -> None:
    played = 0
    for voice, spans in zip(voices, orders, strict=True):
        pairs = (voice.meters, voice.tempos, voice.phrase_signs.signs)
        times = ([note.start for note in voice.notes], *([at for at, _ in changes] for changes in pairs))
        played += sum(count_played(sorted(steps), spans) for steps in times)
    if played > MAX_NOTES:
        raise TuneError(f"the tune has over {MAX_NOTES:,} notes as it is played: cut it into shorter tunes.")


def _tempos(written: WrittenTune, orders: Sequence[Sequence[Span]]) -> tuple[tuple[Fraction, float], ...]:
    """Return the tempos of all voices; where two voices change it at once, the later voice's."""
    first = [(Fraction(0), written.bpm)] if written.bpm else []
    found: dict[Fraction, float] = {}
    for voice, spans in zip(written.voices, orders, strict=True):
        if voice.tempos or voice is written.voices[0]:
            found.update(unroll_changes([*first, *voice.tempos], spans))
    return tuple(sorted(found.items()))


def _pickup(bars: Sequence[Span], meter: str) -> Fraction:
    if len(bars) < 2 or not meter:
        return Fraction(0)
    first = bars[0][1] - bars[0][0]
    return first if first < Fraction(meter) * STEPS_PER_WHOLE_NOTE else Fraction(0)


def _last_bar_steps(bars: Sequence[Span], meter: str) -> Fraction:
    return (bars[-1][1] - bars[-1][0]) % (Fraction(meter or 1) * STEPS_PER_WHOLE_NOTE) if bars else Fraction(0)


def _ending(voice: AbcVoice, *, is_alone: bool) -> TuneEnding:
    state = voice.state
    jumps = any(mark.kind in ("da capo", "dal segno") for mark in voice.marks)
    is_plain = is_alone and not jumps and bool(state.key.name) and state.total_shift == 0
    return TuneEnding(state.meter or "4/4", state.unit, state.key.name, is_plain)
