"""Conversion of a parsed piece to the form that a recipe needs, or `UnsuitableError` with the reason.

`as_four_parts` is for the codecs of four voices. `as_parsed`, `on_grid` and `as_tune_text` are for the symbol codecs,
which encode notes and texts themselves. Converters travel between processes, so they are functions of a module.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge.music import timeline
from bachbridge.music.frames import HIGHEST_PITCH, LOWEST_PITCH, REST
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge.music.timeline import TickNote, Timeline, notes_by_part
from bachbridge.music.voice_assignment import GivenFrames, frames_from_phrase
from bachbridge_training.datasets import abc_tunes, chorale_grids
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.parsed_piece import ParsedPiece
from bachbridge_training.recipe import AnyRecipe

NOTE_LOSS_TEXTS = {
    "moved": "notes that begin between two 16ths or are shorter than a 16th: moved to the grid",
    "folded": f"notes outside MIDI pitches {LOWEST_PITCH} to {HIGHEST_PITCH}: moved by octaves",
    "cut": "notes shortened where the next note of their voice begins",
    "left_out": "notes left out: more than four at once, or two in one place",
    "other_parts": "notes of parts other than soprano, alto, tenor and bass: left out",
}
"""Descriptions of the ways in which notes are changed or lost."""
MAX_SECTION_STEPS = 2048
"""Maximum length of a section in steps: a longer piece is cut, so that whole sections can be scored."""
_MIN_STEPS = 2 * STEPS_PER_BEAT
_FOUR_VOICE_SHARE_OF_PARTS, _FOUR_VOICE_SHARE_OF_CHORDS = 0.25, 0.5
"""Minimum share of the time with four sounding voices: with four parts, and with chords only."""
_MAX_DIVIDED_SHARE = 0.2
"""A part is no voice if more than this share of its notes begin together with another note."""


class UnsuitableError(Exception):
    """The piece is not what the recipe needs; the message continues the file's name."""


@dataclass(frozen=True, slots=True)
class TrainablePiece:
    """The sections of one piece that a recipe trains on, with facts for the report."""

    sections: tuple[Any, ...]
    section_steps: tuple[int, ...]
    """Length of each section in steps."""
    pitch_ranges: tuple[tuple[int, int], ...]
    """Lowest and highest pitch of each voice, or of the whole piece."""
    note_losses: dict[str, int] = field(default_factory=dict[str, int])
    """Number of changed or lost notes by the keys of `NOTE_LOSS_TEXTS`."""
    part: str = ""
    """The part of the split, if the converter knows it."""


PieceConverter = Callable[[ParsedPiece], TrainablePiece]


def as_parsed(parsed: ParsedPiece) -> TrainablePiece:
    """Return the piece itself, for codecs that encode notes at their exact times."""
    pitches = [note.pitch for note in parsed.notes]
    return TrainablePiece((parsed,), (parsed.phrase.steps,), ((min(pitches), max(pitches)),))


def on_grid(parsed: ParsedPiece) -> TrainablePiece:
    """Return all notes on the grid of 16ths."""
    moved = sum(_is_off_grid(note, parsed.timeline) for note in parsed.notes)
    phrase = parsed.phrase
    lost = {"moved": moved, "left_out": len(parsed.notes) - len(phrase.notes)}
    return replace(as_parsed(parsed), sections=(phrase,), note_losses=lost)


def as_tune_text(parsed: ParsedPiece) -> TrainablePiece:
    """Return the text of a tune in normal form (see `abc_tunes`)."""
    if not parsed.text:
        raise UnsuitableError("is not an ABC tune: this recipe trains on ABC files.")
    text, reason = abc_tunes.normalize_tune(parsed.text)
    if reason:
        raise UnsuitableError(f"is a tune that cannot be used: {reason}.")
    return replace(as_parsed(parsed), sections=(text,), part=abc_tunes.part_by_opening(text))


def as_four_parts(parsed: ParsedPiece) -> TrainablePiece:
    """Return four voices on the grid in sections of `FourPartPiece`."""
    vocal, time = _vocal_notes(parsed), parsed.timeline
    notes = _outer_notes(vocal)
    phrase = timeline.phrase_from_ticks(notes, parsed.track_names, time)
    is_spread = not any(note.voice for note in phrase.notes)
    prompt = frames_from_phrase(phrase)
    _check_four_voices(prompt, notes, is_spread=is_spread)
    pitches = np.where(prompt.pitch_indices > REST, prompt.pitch_indices + LOWEST_PITCH - 1, -1).astype(np.int16)
    position, bar = _bar_positions(time, len(pitches))
    kept = chorale_grids.steps_to_keep(pitches, bar)
    onsets = (prompt.onsets & (pitches >= 0))[kept]
    whole = FourPartPiece("", pitches[kept], onsets, position[kept], bar[kept])
    if len(whole.pitches) < _MIN_STEPS:
        raise UnsuitableError("is shorter than two beats.")
    pieces = tuple(_cut_sections(whole))
    played = [note.pitch + prompt.shift for note in phrase.notes]
    lost = {
        "moved": sum(_is_off_grid(note, time) for note in notes),
        "folded": sum(not LOWEST_PITCH <= pitch <= HIGHEST_PITCH for pitch in played),
        "cut": _count_overlaps(notes, time),
        "left_out": max(0, len(vocal) - int(onsets.sum())),
        "other_parts": len(parsed.notes) - len(vocal),
    }
    ranges = tuple((int(line[line >= 0].min()), int(line.max())) for line in whole.pitches.T)
    return TrainablePiece(pieces, tuple(len(piece.pitches) for piece in pieces), ranges, lost)


def _vocal_notes(parsed: ParsedPiece) -> tuple[TickNote, ...]:
    """Return the notes of the four parts named after the voices, or all notes.

    All notes are returned if there are at most four parts or if the names do not give each voice once.
    """
    parts = {(note.track, note.channel) for note in parsed.notes}
    if len(parts) <= len(VOICES):
        return parsed.notes
    named = {
        track: voice
        for track, name in enumerate(parsed.track_names)
        if (voice := timeline.voice_from_name(name)) is not None
    }
    vocal = [part for part in parts if part[0] in named]
    if len(vocal) != len(VOICES) or {named[track] for track, _ in vocal} != set(range(len(VOICES))):
        return parsed.notes
    return tuple(note for note in parsed.notes if (note.track, note.channel) in vocal)


def _outer_notes(notes: tuple[TickNote, ...]) -> tuple[TickNote, ...]:
    """Return only the outer notes of sometimes divided parts, so that soprano and bass frame the chord."""
    parts: dict[tuple[int, int], dict[int, TickNote]] = {}
    pitches = {part: [note.pitch for note in part_notes] for part, part_notes in notes_by_part(notes).items()}
    if len(pitches) != len(VOICES):
        return notes
    lowest = min(pitches, key=lambda part: fmean(pitches[part]))
    for note in notes:
        part = note.track, note.channel
        rival = parts.setdefault(part, {}).get(note.start)
        if rival is None or (note.pitch < rival.pitch if part == lowest else note.pitch > rival.pitch):
            parts[part][note.start] = note
    kept = {id(note) for part in parts.values() for note in part.values()}
    few = len(notes) - len(kept) <= _MAX_DIVIDED_SHARE * len(notes)
    return tuple(note for note in notes if id(note) in kept) if few else notes


def _check_four_voices(prompt: GivenFrames, notes: tuple[TickNote, ...], *, is_spread: bool) -> None:
    """Raise `UnsuitableError` unless four voices sound often enough.

    `is_spread`: the voices were assigned from chords, so no parts confirm them.
    """
    sounding = (prompt.pitch_indices > REST).sum(axis=1)
    parts_text = _count(len({(note.track, note.channel) for note in notes}), "part")
    most = int(sounding.max(initial=0))
    if not (prompt.pitch_indices > REST).any(axis=0).all():
        raise UnsuitableError(f"does not have four voices ({parts_text}, {_count(most, 'note')} at once at most).")
    share = float((sounding == len(VOICES)).sum() / max(1, (sounding > 0).sum()))
    if share < (_FOUR_VOICE_SHARE_OF_CHORDS if is_spread else _FOUR_VOICE_SHARE_OF_PARTS):
        raise UnsuitableError(f"does not have four voices ({parts_text}, four notes sound {share:.0%} of the time).")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _bar_positions(time: Timeline, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the position in the bar and the length of the bar at every step; a pickup is the end of a bar."""
    position, bar = np.zeros(steps, np.int16), np.full(steps, 16, np.int16)
    bars = list(time.bars(steps))
    missing = timeline.missing_pickup_steps(bars)
    for number, each in enumerate(bars):
        before = missing if number == 0 else 0
        length = bars[1].meter.steps_per_bar if before else each.meter.steps_per_bar
        size = min(each.end, steps) - each.start
        position[each.start : each.start + size] = before + np.arange(size)
        bar[each.start : each.start + size] = length
    return position, bar


def _cut_sections(piece: FourPartPiece) -> list[FourPartPiece]:
    """Cut a piece at bar lines into sections of at most `MAX_SECTION_STEPS`."""
    cuts, lines = [0], np.flatnonzero(piece.position == 0)
    while len(piece.pitches) - cuts[-1] > MAX_SECTION_STEPS:
        near = lines[(lines > cuts[-1] + MAX_SECTION_STEPS // 2) & (lines <= cuts[-1] + MAX_SECTION_STEPS)]
        cuts.append(int(near[-1]) if len(near) else cuts[-1] + MAX_SECTION_STEPS // 2)
    parts = [slice(begin, end) for begin, end in pairwise([*cuts, len(piece.pitches)])]
    rows = (piece.pitches, piece.onsets, piece.position, piece.bar)
    found = [FourPartPiece(piece.name, *(row[part] for row in rows)) for part in parts]
    return [part for part in found if len(part.pitches) >= _MIN_STEPS]


def _is_off_grid(note: TickNote, time: Timeline) -> bool:
    """Return True if the note begins more than a quarter of a step off the grid or lasts less than half a step."""
    step_ticks = time.ticks_per_beat / STEPS_PER_BEAT
    distance = abs(note.start - time.step_at_tick(note.start) * step_ticks)
    return distance > step_ticks / 4 or note.end - note.start < step_ticks / 2


def _count_overlaps(notes: tuple[TickNote, ...], time: Timeline) -> int:
    """Count the notes that last more than half a step past the next onset of their part."""
    slack = time.ticks_per_beat / STEPS_PER_BEAT / 2
    parts = notes_by_part(notes)
    if len(parts) != len(VOICES):
        return 0
    return sum(
        first.end - second.start > slack and second.start > first.start
        for part in parts.values()
        for first, second in pairwise(part)
    )


CONVERTERS: dict[str, PieceConverter] = {
    "satb": as_four_parts,
    "infill_grid": as_four_parts,
    "chords": as_parsed,
    "keys88": on_grid,
    "abc": as_tune_text,
}
"""The converter for each codec."""


def converter_for(recipe: AnyRecipe) -> PieceConverter:
    """Return the converter for a recipe; raises `ConfigError` if it does not learn from a folder's music."""
    if recipe.codec not in CONVERTERS:
        raise ConfigError(f"{recipe.name} is learnt from the fermatas of the bundled chorales: leave --data out.")
    return CONVERTERS[recipe.codec]
