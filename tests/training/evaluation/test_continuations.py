"""The protocol of continuations: openings, what is given of them, and phrases of all kinds."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from bachbridge.music.notes import Note, scale_pitch_classes
from bachbridge.protocol.effects import Ask, Feed
from bachbridge.protocol.events import Answer
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import continuations
from bachbridge_training.evaluation.answer_phrases import PHRASES
from bachbridge_training.evaluation.continuations import AskOptions


class EchoingModel:
    """A model that answers with the prompt, over and over."""

    tasks = ("continue",)
    recorded_step_ns = 0

    def __init__(self) -> None:
        self.asks: list[Ask] = []

    def feed(self, feed: Feed) -> None:
        raise NotImplementedError

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        self.asks.append(ask)
        yield None
        for begin in range(0, ask.steps, ask.prompt.steps):
            notes = tuple(
                replace(note, start=begin + note.start) for note in ask.prompt.notes if begin + note.start < ask.steps
            )
            end = min(ask.steps, begin + ask.prompt.steps)
            yield Answer(ask.ask, notes, end, final=end == ask.steps)


def long_piece(phrase: FourPartPiece) -> FourPartPiece:
    """Return a piece of sixteen bars, each pair of them the phrase's two, with a phrase end every four."""
    rows = {name: np.concatenate([getattr(phrase, name)] * 8) for name in ("pitches", "onsets", "position", "bar")}
    return replace(phrase, **rows, fermatas=np.array([[60, 4], [124, 4], [188, 4]], np.int32))


def test_openings_are_whole_phrases_of_one_meter(phrases: list[FourPartPiece]) -> None:
    whole = long_piece(phrases[0])
    elsewhere = replace(whole, fermatas=np.array([[56, 4]], np.int32))
    two_meters = replace(whole, bar=np.where(np.arange(256) < 32, 16, 12).astype(np.int16))
    assert continuations.choose_openings([elsewhere, whole, two_meters, phrases[0], whole]) == [whole, whole]


def test_valid_part_has_twenty_openings() -> None:
    assert len(continuations.choose_openings(chorale_data.load_chorales("valid"))) == continuations.OPENING_COUNT


@pytest.mark.parametrize("voices", [4, 1])
def test_continue_opening_gives_the_upper_voices(phrases: list[FourPartPiece], voices: int) -> None:
    model, piece = EchoingModel(), long_piece(phrases[0])
    made = continuations.continue_opening(model, piece, voices, AskOptions(close="open", seed=7))
    (ask,) = model.asks
    assert {note.voice for note in ask.prompt.notes} == set(range(voices))
    assert (ask.task, ask.steps, ask.close, ask.seed, ask.temperature, ask.top_p) == (
        "continue", 128, "open", 7, 0.9, 0.95,
    )  # fmt: skip
    assert (ask.prompt.steps, ask.prompt.steps_per_bar, ask.prompt.position) == (64, 16, int(piece.position[0]))
    own = continuations.own_continuation(piece)
    assert np.array_equal(made.opening, own.opening)
    assert np.array_equal(made.answer[:, :voices], own.answer[:, :voices])
    assert np.array_equal(made.onsets[:, :voices], own.onsets[:, :voices])


def test_continuation_rows_set_bach_beside_the_model(phrases: list[FourPartPiece]) -> None:
    rows = dict(continuations.continuation_rows(EchoingModel(), [long_piece(phrases[0])]))
    assert list(rows) == ["bach", "four_voices", "melody"]
    assert rows["four_voices"] == rows["bach"]
    assert rows["melody"].repeated_melody_bars == 1


def test_phrases_of_all_kinds_are_in_their_keys() -> None:
    assert len(PHRASES) == 12
    for keyed in PHRASES:
        phrase = keyed.phrase
        outside = [note for note in phrase.notes if note.pitch % 12 not in scale_pitch_classes(keyed.key)]
        assert not outside, keyed.name
        assert phrase.steps % phrase.steps_per_bar == 0, keyed.name
        assert [*phrase.notes] == sorted(phrase.notes, key=lambda note: (note.start, note.pitch)), keyed.name
    assert len({keyed.name for keyed in PHRASES}) == len(PHRASES)


def test_answer_measures_of_an_echo_are_near_the_player() -> None:
    measures = continuations.answer_measures(EchoingModel(), PHRASES[:3])
    assert measures is not None
    assert (measures.answers, measures.in_key, measures.near_register, measures.near_velocity) == (3, 1, 1, 1)


def test_answer_measures_join_the_parts_of_a_note() -> None:
    frames, onsets = continuations.frames_of_notes([Note(0, 2, 60, voice=1), Note(2, 1, 62, voice=1)], 4)
    assert frames[:, 1].tolist() == [25, 25, 27, 0]
    assert onsets[:, 1].tolist() == [True, False, True, False]
