"""What a recipe needs of a piece: a `Kind` makes it from a manuscript, or raises `UnfitError` that says why it cannot.

`quartet` is for the codecs of four voices; `exact`, `gridded` and `tune` are for those of symbol sequences, which read
notes and texts for themselves. Kinds travel between processes, so they are functions of a module.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np

from bachbridge.music import timeline
from bachbridge.music.frames import HIGHEST_PITCH, LOWEST_PITCH, REST
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge.music.timeline import TickNote, Timeline, notes_by_part
from bachbridge.music.voice_assignment import GivenFrames, frames_from_phrase
from bachbridge_training.datasets import abc_tunes, chorale_grids
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.parsed_piece import ParsedPiece
from bachbridge_training.recipe import AnyRecipe, ChoraleRecipe

NOTE_LOSS_TEXTS = {
    "moved": "notes that begin between two 16ths or are shorter than one: moved to the grid",
    "folded": f"notes outside MIDI pitches {LOWEST_PITCH} to {HIGHEST_PITCH}: moved by octaves",
    "cut": "notes cut where the next one of their voice begins",
    "left_out": "notes left out: more than four at once, or two in one place",
    "other_parts": "notes of parts other than soprano, alto, tenor and bass: left out",
}
"""What is thrown away, in words."""
MAX_SECTION_STEPS = 2048
"""Steps of a section: a longer piece becomes several, so that whole pieces can be scored."""
_MIN_STEPS = 2 * STEPS_PER_BEAT
_FOUR_VOICE_SHARE_OF_PARTS, _FOUR_VOICE_SHARE_OF_CHORDS = 0.25, 0.5
"""For this share of the time four must sing: where there are four parts, and where there are only chords."""
_MAX_DIVIDED_SHARE = 0.2
"""A part in which more of the notes than this are struck together with another is no voice."""


class UnsuitableError(Exception):
    """The manuscript is not what the recipe needs; the message goes on from the file's name."""


@dataclass(frozen=True, slots=True)
class TrainablePiece:
    """What a recipe trains on: the sections of one piece, and what the report says of them."""

    sections: tuple[Any, ...]
    section_steps: tuple[int, ...]
    """The length of each section."""
    pitch_ranges: tuple[tuple[int, int], ...]
    """Lowest and highest pitch of each voice, or of everything."""
    note_losses: dict[str, int] = field(default_factory=dict[str, int])
    """How many notes by the names of `LOSSES`."""
    part: str = ""
    """The part that it belongs to, where the kind knows."""


PieceConverter = Callable[[ParsedPiece], TrainablePiece]


def as_parsed(manuscript: ParsedPiece) -> TrainablePiece:
    """The manuscript itself, for codecs that read notes at their exact times."""
    pitches = [note.pitch for note in manuscript.notes]
    return TrainablePiece((manuscript,), (manuscript.phrase.steps,), ((min(pitches), max(pitches)),))


def on_grid(manuscript: ParsedPiece) -> TrainablePiece:
    """All notes on the grid of 16ths."""
    moved = sum(_is_off_grid(note, manuscript.timeline) for note in manuscript.notes)
    phrase = manuscript.phrase
    lost = {"moved": moved, "left_out": len(manuscript.notes) - len(phrase.notes)}
    return replace(as_parsed(manuscript), sections=(phrase,), note_losses=lost)


def as_tune_text(manuscript: ParsedPiece) -> TrainablePiece:
    """The text of a tune in normal form (see `tunes`)."""
    if not manuscript.text:
        raise UnsuitableError("is no ABC tune: this recipe learns from ABC files.")
    text, reason = abc_tunes.normalize_tune(manuscript.text)
    if reason:
        raise UnsuitableError(f"is a tune that cannot be taken: {reason}.")
    return replace(as_parsed(manuscript), sections=(text,), part=abc_tunes.part_by_opening(text))


def as_four_parts(manuscript: ParsedPiece) -> TrainablePiece:
    """Four voices on the grid (`scores.Piece`), in sections."""
    vocal, time = _vocal_notes(manuscript), manuscript.timeline
    notes = _outer_notes(vocal)
    phrase = timeline.phrase_from_ticks(notes, manuscript.track_names, time)
    spread = not any(note.voice for note in phrase.notes)
    prompt = frames_from_phrase(phrase)
    _check_four_voices(prompt, notes, is_spread=spread)
    pitches = np.where(prompt.pitch_indices > REST, prompt.pitch_indices + LOWEST_PITCH - 1, -1).astype(np.int16)
    position, bar = _bar_positions(time, len(pitches))
    kept = chorale_grids.steps_to_keep(pitches, bar)
    struck = (prompt.onsets & (pitches >= 0))[kept]
    whole = FourPartPiece("", pitches[kept], struck, position[kept], bar[kept])
    if len(whole.pitches) < _MIN_STEPS:
        raise UnsuitableError("is shorter than two beats.")
    pieces = tuple(_cut_sections(whole))
    played = [note.pitch + prompt.shift for note in phrase.notes]
    lost = {
        "moved": sum(_is_off_grid(note, time) for note in notes),
        "folded": sum(not LOWEST_PITCH <= pitch <= HIGHEST_PITCH for pitch in played),
        "cut": _count_overlaps(notes, time),
        "left_out": max(0, len(vocal) - int(struck.sum())),
        "other_parts": len(manuscript.notes) - len(vocal),
    }
    ranges = tuple((int(line[line >= 0].min()), int(line.max())) for line in whole.pitches.T)
    return TrainablePiece(pieces, tuple(len(piece.pitches) for piece in pieces), ranges, lost)


def _vocal_notes(manuscript: ParsedPiece) -> tuple[TickNote, ...]:
    """Of more than four parts those that are named as voices, if each voice is there once; else all."""
    parts = {(note.track, note.channel) for note in manuscript.notes}
    if len(parts) <= len(VOICES):
        return manuscript.notes
    named = {
        track: voice
        for track, name in enumerate(manuscript.track_names)
        if (voice := timeline.voice_from_name(name)) is not None
    }
    vocal = [part for part in parts if part[0] in named]
    if len(vocal) != len(VOICES) or {named[track] for track, _ in vocal} != set(range(len(VOICES))):
        return manuscript.notes
    return tuple(note for note in manuscript.notes if (note.track, note.channel) in vocal)


def _outer_notes(notes: tuple[TickNote, ...]) -> tuple[TickNote, ...]:
    """Of four parts that are divided now and then the outer notes, so that soprano and bass stay the chord's frame."""
    parts: dict[tuple[int, int], dict[int, TickNote]] = {}
    pitches = {part: [note.pitch for note in its] for part, its in notes_by_part(notes).items()}
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
    """Whether four voices sing often enough; what was `spread` over the voices has no parts of its own to show it."""
    singing = (prompt.pitch_indices > REST).sum(axis=1)
    said = _count(len({(note.track, note.channel) for note in notes}), "part")
    most = int(singing.max(initial=0))
    if not (prompt.pitch_indices > REST).any(axis=0).all():
        raise UnsuitableError(f"has not four voices ({said}, {_count(most, 'note')} at once at most).")
    share = float((singing == len(VOICES)).sum() / max(1, (singing > 0).sum()))
    if share < (_FOUR_VOICE_SHARE_OF_CHORDS if is_spread else _FOUR_VOICE_SHARE_OF_PARTS):
        raise UnsuitableError(f"has not four voices ({said}, four notes sound {share:.0%} of the time).")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _bar_positions(time: Timeline, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Position in the bar and the bar's length at every step, in steps; a pick-up is the end of a bar."""
    position, bar = np.zeros(steps, np.int16), np.full(steps, 16, np.int16)
    bars = list(time.bars(steps))
    missing = timeline.missing_pickup_steps(bars)
    for number, its in enumerate(bars):
        before = missing if number == 0 else 0
        length = bars[1].meter.steps_per_bar if before else its.meter.steps_per_bar
        size = min(its.end, steps) - its.start
        position[its.start : its.start + size] = before + np.arange(size)
        bar[its.start : its.start + size] = length
    return position, bar


def _cut_sections(piece: FourPartPiece) -> list[FourPartPiece]:
    """The piece, cut at bar lines where it is longer than `LONGEST`."""
    cuts, lines = [0], np.flatnonzero(piece.position == 0)
    while len(piece.pitches) - cuts[-1] > MAX_SECTION_STEPS:
        near = lines[(lines > cuts[-1] + MAX_SECTION_STEPS // 2) & (lines <= cuts[-1] + MAX_SECTION_STEPS)]
        cuts.append(int(near[-1]) if len(near) else cuts[-1] + MAX_SECTION_STEPS // 2)
    parts = [slice(begin, end) for begin, end in pairwise([*cuts, len(piece.pitches)])]
    rows = (piece.pitches, piece.onsets, piece.position, piece.bar)
    found = [FourPartPiece(piece.name, *(row[part] for row in rows)) for part in parts]
    return [part for part in found if len(part.pitches) >= _MIN_STEPS]


def _is_off_grid(note: TickNote, time: Timeline) -> bool:
    """Whether it begins more than a quarter of a step from a grid line, or lasts less than half a step."""
    step_ticks = time.ticks_per_beat / STEPS_PER_BEAT
    away = abs(note.start - time.step_at_tick(note.start) * step_ticks)
    return away > step_ticks / 4 or note.end - note.start < step_ticks / 2


def _count_overlaps(notes: tuple[TickNote, ...], time: Timeline) -> int:
    """How many notes have more than half a step to go where the next one of their part begins."""
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
    "canvas": as_four_parts,
    "chords": as_parsed,
    "keys88": on_grid,
    "abc": as_tune_text,
}
"""What a recipe needs of a piece, by its codec."""


def converter_for(recipe: AnyRecipe) -> PieceConverter:
    """What a recipe needs of a piece."""
    return CONVERTERS["satb" if isinstance(recipe, ChoraleRecipe) else recipe.codec]
