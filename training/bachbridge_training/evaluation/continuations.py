"""Continuations under fixed conditions: openings of chorales answered by models of four voices, phrases by all models.

Twenty openings of four bars are answered by eight bars, once with all four voices given and once with the melody alone,
and Bach's own next eight bars stand beside them. Bars are counted from a piece's first note, upbeat or not, because
phrases are whole then. The openings are those of the first pieces of a part that have one meter and in which a phrase
ends with the twelfth bar.

Twelve phrases of all kinds (`answer_phrases`) are answered by four bars each.

A model answers asks as in live play (`Ask`), with a seed for each, and with the setting `close`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.inference.runtime.protocols import Generator
from bachbridge.music.frames import REST, Bools, Ints, folded_pitch_index, notes_from_frames
from bachbridge.music.notes import VOICES, Note, Phrase, keep_longest_notes
from bachbridge.music.phrasing.measures.answers import AnswerMeasures, compare_answer, measure_answers
from bachbridge.music.phrasing.measures.continuations import (
    Continuation,
    ContinuationMeasures,
    compute_continuation_measures,
)
from bachbridge.protocol.effects import Ask
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.answer_phrases import PHRASES, KeyedPhrase
from bachbridge_training.evaluation.tables import EvaluationRequest

OPENING_BARS, ANSWER_BARS, PHRASE_ANSWER_BARS = 4, 8, 4
OPENING_COUNT = 20
TEMPERATURE, TOP_P = 0.9, 0.95
SEED = 1
GIVEN_VOICES = {"four_voices": len(VOICES), "melody": 1}
"""The rows of the table: how many voices of the opening are given, from the soprano on."""


@dataclass(frozen=True, slots=True)
class AskOptions:
    """The sampling of an answer, and how it is to end (see `Ask.close`)."""

    close: str = "cadence"
    temperature: float = TEMPERATURE
    top_p: float = TOP_P
    seed: int = SEED


def choose_openings(pieces: Sequence[FourPartPiece], count: int = OPENING_COUNT) -> list[FourPartPiece]:
    """Return the first `count` pieces with one meter in which a phrase ends with the twelfth bar."""
    return [piece for piece in pieces if _has_whole_answer(piece)][:count]


def _has_whole_answer(piece: FourPartPiece) -> bool:
    end = (OPENING_BARS + ANSWER_BARS) * int(piece.bar[0])
    return bool((piece.bar == piece.bar[0]).all()) and end in piece.fermatas.sum(axis=1)


def own_continuation(piece: FourPartPiece) -> Continuation:
    """Return a piece's opening with its own next bars."""
    bar = int(piece.bar[0])
    begin, end = OPENING_BARS * bar, (OPENING_BARS + ANSWER_BARS) * bar
    frames = four_part_windows.pitch_indices_of(piece.pitches)
    return Continuation(frames[:begin], frames[begin:end], piece.onsets[begin:end], bar)


def continue_opening(generator: Generator, piece: FourPartPiece, voices: int, options: AskOptions) -> Continuation:
    """Return a piece's opening, of which the upper `voices` are given, with a model's answer."""
    bar = int(piece.bar[0])
    begin, steps = OPENING_BARS * bar, ANSWER_BARS * bar
    frames = four_part_windows.pitch_indices_of(piece.pitches[:begin])
    notes = tuple(note for note in notes_from_frames(frames, piece.onsets[:begin]) if note.voice < voices)
    answer = ask_for_answer(generator, Phrase(notes, begin, bar, int(piece.position[0])), steps, options)
    return Continuation(frames, *frames_of_notes(answer, steps), bar)


def ask_for_answer(generator: Generator, prompt: Phrase, steps: int, options: AskOptions) -> tuple[Note, ...]:
    """Return the notes of a model's answer, by start and voice."""
    ask = Ask(
        ask=1,
        task="continue",
        model="",
        prompt=prompt,
        steps=steps,
        temperature=options.temperature,
        top_p=options.top_p,
        seed=options.seed,
        close=options.close,
    )
    parts = (answer.notes for answer in generator.generate(ask) if answer is not None)
    return keep_longest_notes(note for part in parts for note in part)


def frames_of_notes(notes: Iterable[Note], steps: int) -> tuple[Ints, Bools]:
    """Return `pitch_indices[step, voice]` and `onsets[step, voice]` of notes that have voices; elsewhere rests."""
    pitch_indices, onsets = np.full((steps, len(VOICES)), REST, np.int32), np.zeros((steps, len(VOICES)), bool)
    for note in notes:
        pitch_indices[note.start : note.end, note.voice] = folded_pitch_index(note.pitch)
        onsets[note.start, note.voice] = True
    return pitch_indices, onsets


def request_rows(generator: Generator, request: EvaluationRequest) -> dict[str, ContinuationMeasures]:
    """Return the rows for the pieces of a request, with no more openings than outputs were asked for."""
    openings = choose_openings(request.pieces, min(OPENING_COUNT, request.outputs))
    return dict(continuation_rows(generator, openings))


def continuation_rows(
    generator: Generator, openings: Sequence[FourPartPiece], options: AskOptions | None = None
) -> Iterator[tuple[str, ContinuationMeasures]]:
    """Yield the name and the measures of each row: Bach's own bars, and the model's by how much was given."""
    rows = {"bach": [own_continuation(piece) for piece in openings]}
    for name, voices in GIVEN_VOICES.items():
        rows[name] = [
            continue_opening(generator, piece, voices, _seeded(options or AskOptions(), number))
            for number, piece in enumerate(openings)
        ]
    for name, continuations in rows.items():
        measures = compute_continuation_measures(continuations)
        if measures is not None:
            yield name, measures


def answer_rows(generator: Generator, outputs: int) -> dict[str, AnswerMeasures]:
    """Return the row of a model's answers, to no more phrases than outputs were asked for."""
    measures = answer_measures(generator, PHRASES[:outputs])
    return {"answers": measures} if measures else {}


def answer_measures(
    generator: Generator, phrases: Sequence[KeyedPhrase] = PHRASES, options: AskOptions | None = None
) -> AnswerMeasures | None:
    """Return the measures of a model's answers to phrases of all kinds."""
    comparisons = []
    for number, keyed in enumerate(phrases):
        steps = PHRASE_ANSWER_BARS * keyed.phrase.steps_per_bar
        answer = ask_for_answer(generator, keyed.phrase, steps, _seeded(options or AskOptions(), number))
        comparisons.append(compare_answer(keyed.phrase, answer, steps, keyed.key))
    return measure_answers(comparisons)


def _seeded(options: AskOptions, number: int) -> AskOptions:
    return replace(options, seed=options.seed + number)
