"""Answers of all codecs, whatever the network: they keep to the phrase and close as they are asked."""

from dataclasses import replace
from statistics import fmean

import pytest

from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import SymbolCodec
from bachbridge.codecs.chords import codec as chords_codec
from bachbridge.codecs.chords.onsets import phrase_onsets
from bachbridge.codecs.chords.options import ChordOptions
from bachbridge.codecs.keys88 import codec as keys88_codec
from bachbridge.inference.symbols.generator import SymbolGenerator
from bachbridge.music.notes import Note, Phrase, keep_longest_notes, scale_pitch_classes
from bachbridge.protocol.effects import Ask
from tests.support.hash_symbol_net import HashNet

_AIR = "M:{meter}\nL:1/8\nK:{key}\nABAG FEDE|d2 A2 F4|\n"
_EVERY_NOTE = Phrase(tuple(Note(2 * at, 2, 48 + at) for at in range(37)), 74)


def _chords(options: ChordOptions) -> SymbolCodec:
    return chords_codec.codec_from_vocabulary(
        chords_codec.build_vocabulary([phrase_onsets(_EVERY_NOTE)], options),
    )


CODECS: dict[str, SymbolCodec] = {
    "abc": abc_codec.codec_from_vocabulary(
        abc_codec.build_vocabulary([_AIR.format(meter="4/4", key=key) for key in ("G", "C", "Em")])
    ),
    "chords": _chords(ChordOptions()),
    "chords with fields": _chords(ChordOptions(durations=True, rests=True, levels=8)),
    "keys88": keys88_codec.codec_from_vocabulary(keys88_codec.build_vocabulary([_EVERY_NOTE])),
}
MELODY = tuple(Note(2 * at, 2, pitch, 60) for at, pitch in enumerate((67, 69, 71, 72, 74, 72, 71, 67)))
IN_FOUR = Phrase(MELODY, 16, 16, 0)
IN_SIX = Phrase(
    tuple(replace(note, pitch=pitch) for note, pitch in zip(MELODY, (67, 71, 74, 78, 74, 67), strict=False)), 12, 12, 0
)
SLOW = Phrase(tuple(replace(note, start=8 * note.start, length=16) for note in MELODY), 128, 16, 0)


def _answer(codec: SymbolCodec, phrase: Phrase, steps: int, close: str, seed: int) -> tuple[Note, ...]:
    generator = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec, dynamics=False)
    ask = Ask(1, "continue", "m", phrase, steps, 1.0, 0.95, seed, close=close)
    return keep_longest_notes(note for answer in generator.generate(ask) for note in answer.notes)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize(("close", "root"), [("cadence", 7), ("open", 2)])
@pytest.mark.parametrize(("phrase", "steps", "final"), [(IN_FOUR, 32, 24), (IN_SIX, 24, 12), (SLOW, 64, 48)])
def test_answer_closes(name: str, close: str, root: int, phrase: Phrase, steps: int, final: int) -> None:
    for seed in range(2):
        notes = _answer(CODECS[name], phrase, steps, close, seed)
        last = [note for note in notes if note.start == final]
        assert min(note.pitch for note in last) % 12 == root
        assert {note.end for note in last} == {steps}
        assert not [note for note in notes if note.start > final]
        assert not [note for note in notes if note.start < final < note.end]


@pytest.mark.parametrize("name", CODECS)
def test_answer_goes_on_where_no_close_is_wanted(name: str) -> None:
    assert max(_answer(CODECS[name], IN_FOUR, 32, "music", seed)[-1].start for seed in range(4)) > 24


@pytest.mark.parametrize("name", CODECS)
def test_answer_keeps_key_and_register_of_the_phrase(name: str) -> None:
    scale, notes = scale_pitch_classes((7, False)), list[Note]()
    for seed in range(3):
        notes += _answer(CODECS[name], IN_FOUR, 64, "cadence", seed)
    if name != "abc":  # a network that is no network writes accidentals at random
        assert sum(note.pitch % 12 in scale for note in notes) > 0.9 * len(notes)
    assert abs(fmean(note.pitch for note in notes) - fmean(note.pitch for note in MELODY)) <= 7
    assert abs(fmean(note.velocity for note in notes) - 60) <= 5


@pytest.mark.parametrize(
    ("name", "phrase"),
    [("chords", IN_FOUR), ("chords", SLOW), ("chords with fields", IN_FOUR), ("chords with fields", SLOW)],
)
def test_answer_has_as_many_onsets_as_the_phrase(name: str, phrase: Phrase) -> None:
    counts = [len({note.start for note in _answer(CODECS[name], phrase, 128, "cadence", seed)}) for seed in range(2)]
    rate = fmean(counts) / 128 * phrase.steps / len(phrase.notes)
    assert 2 / 3 <= rate <= 1.5
