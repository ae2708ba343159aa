"""A network walks over symbols: what it is fed is kept as far as it is true, what it answers depends on the seed."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bachbridge.codecs import keys88
from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import SymbolCodec
from bachbridge.codecs.chords import codec as chords_codec
from bachbridge.codecs.chords.onsets import phrase_onsets
from bachbridge.codecs.chords.options import ChordOptions
from bachbridge.inference.runtime.protocols import AccompanyingGenerator
from bachbridge.inference.symbols.generator import SymbolGenerator
from bachbridge.music.notes import Key, Note, Phrase, key_to_number, scale_pitch_classes
from bachbridge.protocol.effects import Ask, Feed
from bachbridge.protocol.events import Answer
from tests.support.hash_symbol_net import LONGEST, SIZES, HashNet, MelodyCodec


def phrase(count: int, last: int = 4) -> Phrase:
    notes = tuple(Note(4 * index, 4, 60 + index * 5 % 13, 33, offset_ns=3) for index in range(count))
    return Phrase((*notes[:-1], replace(notes[-1], length=last)), 4 * (count - 1) + last)


def ask(prompt: Phrase, steps: int = 16, seed: int = 5) -> Ask:
    return Ask(3, "continue", "m", prompt, steps, 1.0, 0.95, seed)


def notes_of(answers: list[Answer]) -> dict[tuple[int, int], int]:
    return {(note.start, note.pitch): note.length for answer in answers for note in answer.notes}


def test_the_same_ask_gets_the_same_answer_whatever_was_fed_before() -> None:
    fed, fresh = SymbolGenerator(HashNet(), MelodyCodec()), SymbolGenerator(HashNet(), MelodyCodec())
    for count in (1, 3, 2, 6):
        fed.feed(Feed("m", phrase(count), 5))
    first = list(fed.generate(ask(phrase(6))))
    assert first == list(fresh.generate(ask(phrase(6)))) == list(fresh.generate(ask(phrase(6))))
    assert first != list(fresh.generate(ask(phrase(6), seed=6)))
    assert first != list(fresh.generate(ask(phrase(5))))


def test_a_longer_or_corrected_phrase_is_taken_up_where_it_is_still_true() -> None:
    nets = HashNet()
    stream = SymbolGenerator(nets, MelodyCodec())
    stream.feed(Feed("m", phrase(6), 5))
    assert nets.ids_seen == [(0, 0), *MelodyCodec().encode_phrase(phrase(6))]
    nets.ids_seen.clear()
    stream.feed(Feed("m", phrase(6), 5))
    assert nets.ids_seen == []
    stream.feed(Feed("m", phrase(6, last=5), 5))
    assert nets.ids_seen == MelodyCodec().encode_phrase(phrase(6, last=5))[-1:], (
        "a note that is held is the one corrected"
    )
    nets.ids_seen.clear()
    stream.feed(Feed("m", phrase(8), 5))
    assert nets.ids_seen == MelodyCodec().encode_phrase(phrase(8))[5:]


def test_memories_thin_out_and_an_old_correction_costs_little() -> None:
    nets, long = HashNet(), phrase(1000)
    stream = SymbolGenerator(nets, MelodyCodec())
    stream.feed(Feed("m", long, 5))
    assert len(stream._checkpoints) < 200
    nets.ids_seen.clear()
    for changed in (990, 970, 900, 600):
        notes = list(long.notes)
        notes[changed] = replace(notes[changed], pitch=notes[changed].pitch ^ 1)
        nets.ids_seen.clear()
        stream.feed(Feed("m", replace(long, notes=tuple(notes)), 5))
        assert 1000 - changed <= len(nets.ids_seen) <= 1.1 * (1000 - changed) + 2
    assert (
        SymbolGenerator(HashNet(), MelodyCodec())._checkpoint_after(long).hidden
        == stream._checkpoint_after(long).hidden
    )


def test_the_first_note_is_told_as_soon_as_it_is_settled_then_beat_by_beat() -> None:
    for seed in range(8):
        answers = list(SymbolGenerator(HashNet(), MelodyCodec()).generate(ask(phrase(3), 24, seed)))
        untils = [answer.until for answer in answers]
        assert [answer.final for answer in answers] == [False] * (len(answers) - 1) + [True]
        assert len(answers[0].notes) == 1
        assert untils[0] == min(24, answers[0].notes[0].length)
        assert untils == sorted(set(untils))
        assert untils[-1] == 24
        assert all(a // 4 < b // 4 for a, b in pairwise(untils[1:]))
        written = sorted(notes_of(answers).items())
        ends = [start + length for (start, _), length in written]
        assert [start for (start, _), _ in written] == [0, *ends[:-1]]
        assert ends[-1] == 24, "what is written beyond the answer's end is cut"
        assert answers[0].ask == 3


def test_the_chain_of_fields_is_told_to_the_heads_and_masked_by_the_pen() -> None:
    nets = HashNet()
    answers = list(SymbolGenerator(nets, MelodyCodec(shortest=3)).generate(ask(phrase(3), 30)))
    lengths = [note.length for answer in answers for note in answer.notes]
    assert min(lengths[:-1]) >= 3
    assert [sorted(i == -1 for i in known) for known in nets.known_seen[:4]] == [[True, True], [False, True]] * 2
    assert all(known[0] >= 1 for known in nets.known_seen[1::2])


def test_where_one_id_is_allowed_the_heads_are_not_asked() -> None:
    nets = HashNet()
    list(SymbolGenerator(nets, MelodyCodec(shortest=LONGEST)).generate(ask(phrase(3), 32)))
    assert len(nets.known_seen) == 4
    assert len(nets.known_seen[0]) == len(SIZES)


def test_a_text_that_comes_no_step_further_ends_the_answer() -> None:
    nets = HashNet()
    assert list(SymbolGenerator(nets, MelodyCodec(silent=True)).generate(ask(phrase(2)))) == [
        Answer(3, (), 16, final=True)
    ]
    assert len(nets.ids_seen) < 1000


@pytest.mark.parametrize(("dynamics", "velocity"), [(False, 33), (True, 11)])
def test_how_loud_the_notes_are_is_the_players_touch_or_the_models_own(dynamics: bool, velocity: int) -> None:
    stream = SymbolGenerator(HashNet(), MelodyCodec(), dynamics=dynamics)
    notes = [note for answer in stream.generate(ask(phrase(3))) for note in answer.notes]
    assert {note.velocity for note in notes} == {velocity}
    assert {note.offset_ns for note in notes} == {3}


def test_a_phrase_without_notes_is_answered_too() -> None:
    stream = SymbolGenerator(HashNet(), MelodyCodec())
    assert list(stream.generate(ask(Phrase((), 16))))[-1].final
    assert np.isfinite(stream._checkpoint_after(Phrase((), 8)).hidden).all()


def test_symbol_generator_only_continues() -> None:
    generator = SymbolGenerator(HashNet(), MelodyCodec())
    assert not isinstance(generator, AccompanyingGenerator)
    assert generator.tasks == ("continue",)


# ---------------------------------------------------------------- the codecs that there are

AIR = "M:4/4\nL:1/8\nK:D\nABAG FEDE|d2 A2 F4|\n"


def codecs() -> list[tuple[str, SymbolCodec]]:
    tune = replace(phrase(8), notes=tuple(replace(note, length=4) for note in phrase(8).notes))
    full = ChordOptions(durations=True, levels=8)
    return [
        ("abc", abc_codec.codec_from_vocabulary(abc_codec.build_vocabulary([AIR]))),
        (
            "chords",
            chords_codec.codec_from_vocabulary(chords_codec.build_vocabulary([phrase_onsets(tune)], ChordOptions())),
        ),
        (
            "chords with heads",
            chords_codec.codec_from_vocabulary(chords_codec.build_vocabulary([phrase_onsets(tune)], full)),
        ),
        ("keys88", keys88.codec_from_vocabulary(keys88.build_vocabulary([tune]))),
    ]


@pytest.mark.parametrize(("name", "codec"), codecs())
@pytest.mark.parametrize("steps", [8, 26])
def test_every_codec_writes_an_answer_under_its_pens_mask(name: str, codec: SymbolCodec, steps: int) -> None:
    nets = HashNet(vocab_sizes=codec.vocab_sizes)
    stream = SymbolGenerator(nets, codec)
    for seed in range(3):
        answers = list(stream.generate(ask(phrase(4), steps, seed)))
        untils = [answer.until for answer in answers]
        notes = [note for answer in answers for note in answer.notes]
        assert untils == sorted(set(untils)), name
        assert untils[0] > 0
        assert untils[-1] == steps
        assert [answer.final for answer in answers] == [False] * (len(answers) - 1) + [True]
        assert notes
        assert all(note.start >= 0 and note.length >= 1 and note.end <= steps and 0 <= note.voice < 4 for note in notes)
        assert all(0 <= note.pitch <= 127 for note in notes)
        again = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec)
        again.feed(Feed("m", phrase(2), seed))
        assert list(again.generate(ask(phrase(4), steps, seed))) == answers


# ---------------------------------------------------------------- the key that is locked

E_FLAT: Key = (3, False)


@pytest.mark.parametrize(("name", "codec"), codecs())
@pytest.mark.parametrize("locked", [E_FLAT, (6, True)])
def test_an_answer_is_in_the_key_that_is_locked(name: str, codec: SymbolCodec, locked: Key) -> None:
    if name.startswith("chords"):  # a vocabulary in which each key has chords
        tune = Phrase(tuple(Note(at, 1, 50 + at) for at in range(24)), 24)
        heads = ChordOptions(durations=True, levels=8) if name != "chords" else ChordOptions()
        codec = chords_codec.codec_from_vocabulary(chords_codec.build_vocabulary([phrase_onsets(tune)], heads))
    played = phrase(4)
    notes: list[Note] = []
    for seed in range(4):
        stream = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec)
        key = key_to_number(locked)
        stream.feed(Feed("m", played, seed, key))
        answers = list(stream.generate(replace(ask(played, 64, seed), key=key)))
        assert answers == list(
            SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec).generate(
                replace(ask(played, 64, seed), key=key)
            )
        )
        notes += [note for answer in answers for note in answer.notes]
    outside = sum(note.pitch % 12 not in scale_pitch_classes(locked) for note in notes)
    if name == "abc":  # signs may be written, but the letters are those of the key
        assert outside < len(notes) / 3
    else:
        assert outside == 0
    free = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec).generate(ask(played, 64, 0))
    assert any(note.pitch % 12 not in scale_pitch_classes(locked) for answer in free for note in answer.notes)


def test_the_header_of_a_tune_says_the_key_that_is_locked_before_the_one_that_was_played() -> None:
    codec = abc_codec.codec_from_vocabulary(
        abc_codec.build_vocabulary([AIR, AIR.replace("K:D", "K:Bb"), AIR.replace("K:D", "K:Em")])
    )
    scale_of_g = Phrase(tuple(Note(2 * at, 2, pitch) for at, pitch in enumerate((67, 69, 71, 72, 74, 76, 78, 79))), 16)

    def header(key: Key | None) -> str:
        nets = HashNet(vocab_sizes=codec.vocab_sizes)
        stream = SymbolGenerator(nets, codec)
        stream.feed(Feed("m", scale_of_g, 1, key_to_number(key)))
        fed = len(nets.ids_seen)
        next(stream.generate(replace(ask(scale_of_g), key=key_to_number(key))))
        read = [(number,) for (number,) in nets.ids_seen[1:fed]]
        assert stream._cached_symbols == read, "what was fed is what the answer goes on from"
        return codec.decode_text(read).split("\n")[2]

    assert header(None) == "K:Bb", "G is three semitones below B flat, five below D"
    assert header((2, False)) == "K:D"
    assert header((4, True)) == "K:Em"
    assert header((6, True)) == "K:Em", "the nearest minor key that the network has met"


def test_a_key_that_is_locked_while_it_is_fed_is_read_anew() -> None:
    codec = abc_codec.codec_from_vocabulary(abc_codec.build_vocabulary([AIR, AIR.replace("K:D", "K:Em")]))
    nets, key = HashNet(vocab_sizes=codec.vocab_sizes), key_to_number((4, True))
    stream = SymbolGenerator(nets, codec)
    stream.feed(Feed("m", phrase(4), 1))
    stream.feed(Feed("m", phrase(4), 1, key))
    fresh = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec)
    assert list(stream.generate(replace(ask(phrase(4)), key=key))) == list(
        fresh.generate(replace(ask(phrase(4)), key=key))
    )
