"""Answers of the symbol generator: checkpoints follow the phrase, and all chance follows from the seed."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import SymbolCodec
from bachbridge.codecs.chords import codec as chords_codec
from bachbridge.codecs.chords.onsets import phrase_onsets
from bachbridge.codecs.chords.options import ChordOptions
from bachbridge.codecs.keys88 import codec as keys88_codec
from bachbridge.inference.runtime.protocols import AccompanyingGenerator
from bachbridge.inference.symbols.generator import SymbolGenerator
from bachbridge.music.notes import Key, Note, Phrase, key_to_number, scale_pitch_classes
from bachbridge.protocol.effects import Ask, Feed
from bachbridge.protocol.events import Answer
from tests.support.hash_symbol_net import LONGEST, SIZES, HashNet, MelodyCodec


def make_phrase(count: int, last: int = 4) -> Phrase:
    notes = tuple(Note(4 * index, 4, 60 + index * 5 % 13, 33, offset_ns=3) for index in range(count))
    return Phrase((*notes[:-1], replace(notes[-1], length=last)), 4 * (count - 1) + last)


def make_ask(prompt: Phrase, steps: int = 16, seed: int = 5) -> Ask:
    return Ask(3, "continue", "m", prompt, steps, 1.0, 0.95, seed)


def notes_of(answers: list[Answer]) -> dict[tuple[int, int], int]:
    return {(note.start, note.pitch): note.length for answer in answers for note in answer.notes}


def test_generate_depends_on_the_ask_and_not_on_earlier_feeds() -> None:
    fed, fresh = SymbolGenerator(HashNet(), MelodyCodec()), SymbolGenerator(HashNet(), MelodyCodec())
    for count in (1, 3, 2, 6):
        fed.feed(Feed("m", make_phrase(count), 5))
    first = list(fed.generate(make_ask(make_phrase(6))))
    assert first == list(fresh.generate(make_ask(make_phrase(6)))) == list(fresh.generate(make_ask(make_phrase(6))))
    assert first != list(fresh.generate(make_ask(make_phrase(6), seed=6)))
    assert first != list(fresh.generate(make_ask(make_phrase(5))))


def test_feed_takes_in_only_symbols_that_are_new_or_changed() -> None:
    net = HashNet()
    generator = SymbolGenerator(net, MelodyCodec())
    generator.feed(Feed("m", make_phrase(6), 5))
    assert net.ids_seen == [(0, 0), *MelodyCodec().encode_phrase(make_phrase(6))]
    net.ids_seen.clear()
    generator.feed(Feed("m", make_phrase(6), 5))
    assert net.ids_seen == []
    generator.feed(Feed("m", make_phrase(6, last=5), 5))
    assert net.ids_seen == MelodyCodec().encode_phrase(make_phrase(6, last=5))[-1:], "only the held note is corrected"
    net.ids_seen.clear()
    generator.feed(Feed("m", make_phrase(8), 5))
    assert net.ids_seen == MelodyCodec().encode_phrase(make_phrase(8))[5:]


def test_feed_thins_out_checkpoints_but_corrects_at_low_cost() -> None:
    net, long = HashNet(), make_phrase(1000)
    generator = SymbolGenerator(net, MelodyCodec())
    generator.feed(Feed("m", long, 5))
    assert len(generator._checkpoints) < 200
    net.ids_seen.clear()
    for changed in (990, 970, 900, 600):
        notes = list(long.notes)
        notes[changed] = replace(notes[changed], pitch=notes[changed].pitch ^ 1)
        net.ids_seen.clear()
        generator.feed(Feed("m", replace(long, notes=tuple(notes)), 5))
        assert 1000 - changed <= len(net.ids_seen) <= 1.1 * (1000 - changed) + 2
    assert (
        SymbolGenerator(HashNet(), MelodyCodec())._checkpoint_after(long).hidden
        == generator._checkpoint_after(long).hidden
    )


def test_generate_sends_the_first_note_at_once_and_then_beats() -> None:
    for seed in range(8):
        answers = list(SymbolGenerator(HashNet(), MelodyCodec()).generate(make_ask(make_phrase(3), 24, seed)))
        untils = [answer.until for answer in answers]
        assert [answer.final for answer in answers] == [False] * (len(answers) - 1) + [True]
        assert len(answers[0].notes) == 1
        assert untils[0] == min(24, answers[0].notes[0].length)
        assert untils == sorted(set(untils))
        assert untils[-1] == 24
        assert all(a // 4 < b // 4 for a, b in pairwise(untils[1:]))
        lengths_by_note = sorted(notes_of(answers).items())
        ends = [start + length for (start, _), length in lengths_by_note]
        assert [start for (start, _), _ in lengths_by_note] == [0, *ends[:-1]]
        assert ends[-1] == 24, "the last note is cut at the answer's end"
        assert answers[0].ask == 3


def test_sample_symbol_draws_fields_in_order_under_the_mask() -> None:
    net = HashNet()
    answers = list(SymbolGenerator(net, MelodyCodec(shortest=3)).generate(make_ask(make_phrase(3), 30)))
    lengths = [note.length for answer in answers for note in answer.notes]
    assert min(lengths[:-1]) >= 3
    assert [sorted(i == -1 for i in known) for known in net.known_seen[:4]] == [[True, True], [False, True]] * 2
    assert all(known[0] >= 1 for known in net.known_seen[1::2])


def test_sample_symbol_skips_the_heads_for_a_single_allowed_id() -> None:
    net = HashNet()
    list(SymbolGenerator(net, MelodyCodec(shortest=LONGEST)).generate(make_ask(make_phrase(3), 32)))
    assert len(net.known_seen) == 4
    assert len(net.known_seen[0]) == len(SIZES)


def test_generate_ends_an_answer_that_makes_no_progress() -> None:
    net = HashNet()
    assert list(SymbolGenerator(net, MelodyCodec(silent=True)).generate(make_ask(make_phrase(2)))) == [
        Answer(3, (), 16, final=True)
    ]
    assert len(net.ids_seen) < 1000


@pytest.mark.parametrize("dynamics", [False, True])
def test_generate_is_as_loud_as_the_player(dynamics: bool) -> None:
    generator = SymbolGenerator(HashNet(), MelodyCodec(), dynamics=dynamics)
    notes = [note for answer in generator.generate(make_ask(make_phrase(3))) for note in answer.notes]
    assert {note.velocity for note in notes} == {33}, "the model's notes are all equally loud, too"
    assert {note.offset_ns for note in notes} == {3}


def test_generate_keeps_the_models_accents() -> None:
    generator = SymbolGenerator(HashNet(), MelodyCodec(accents=(90, 110, 104, 96)), dynamics=True)
    notes = [note for answer in generator.generate(make_ask(make_phrase(3), 64)) for note in answer.notes]
    velocities = [note.velocity for note in sorted(notes, key=lambda note: note.start)]
    assert abs(np.mean(velocities) - 33) < 5
    assert velocities[0] == 33
    assert velocities[1] > velocities[0]
    assert max(velocities) - min(velocities) >= 10


def test_generate_evens_out_accents_that_all_fall_on_notes() -> None:
    accented = Phrase(tuple(Note(4 * at, 4, 60 + at, 30 if at % 4 else 110) for at in range(16)), 64)
    generator = SymbolGenerator(HashNet(), MelodyCodec(shortest=LONGEST))
    notes = [note for answer in generator.generate(make_ask(accented, 128)) for note in answer.notes]
    assert abs(np.mean([note.velocity for note in notes]) - 50) <= 10


def test_generate_answers_a_phrase_without_notes() -> None:
    generator = SymbolGenerator(HashNet(), MelodyCodec())
    assert list(generator.generate(make_ask(Phrase((), 16))))[-1].final
    assert np.isfinite(generator._checkpoint_after(Phrase((), 8)).hidden).all()


def test_symbol_generator_only_continues() -> None:
    generator = SymbolGenerator(HashNet(), MelodyCodec())
    assert not isinstance(generator, AccompanyingGenerator)
    assert generator.tasks == ("continue",)


# ---------------------------------------------------------------- all codecs

AIR = "M:4/4\nL:1/8\nK:D\nABAG FEDE|d2 A2 F4|\n"


def codecs() -> list[tuple[str, SymbolCodec]]:
    tune = replace(make_phrase(8), notes=tuple(replace(note, length=4) for note in make_phrase(8).notes))
    full = ChordOptions(durations=True, levels=8)
    return [
        ("abc", abc_codec.codec_from_vocabulary(abc_codec.build_vocabulary([AIR]))),
        (
            "chords",
            chords_codec.codec_from_vocabulary(chords_codec.build_vocabulary([phrase_onsets(tune)], ChordOptions())),
        ),
        (
            "chords with fields",
            chords_codec.codec_from_vocabulary(chords_codec.build_vocabulary([phrase_onsets(tune)], full)),
        ),
        ("keys88", keys88_codec.codec_from_vocabulary(keys88_codec.build_vocabulary([tune]))),
    ]


@pytest.mark.parametrize(("name", "codec"), codecs())
@pytest.mark.parametrize("steps", [8, 26])
def test_generate_answers_with_every_codec(name: str, codec: SymbolCodec, steps: int) -> None:
    net = HashNet(vocab_sizes=codec.vocab_sizes)
    generator = SymbolGenerator(net, codec)
    for seed in range(3):
        answers = list(generator.generate(make_ask(make_phrase(4), steps, seed)))
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
        again.feed(Feed("m", make_phrase(2), seed))
        assert list(again.generate(make_ask(make_phrase(4), steps, seed))) == answers


# ---------------------------------------------------------------- locked keys

E_FLAT: Key = (3, False)


@pytest.mark.parametrize(("name", "codec"), codecs())
@pytest.mark.parametrize("locked", [E_FLAT, (6, True)])
def test_generate_answers_in_the_locked_key(name: str, codec: SymbolCodec, locked: Key) -> None:
    if name.startswith("chords"):  # a vocabulary with chords of every key
        tune = Phrase(tuple(Note(at, 1, 50 + at) for at in range(24)), 24)
        options = ChordOptions(durations=True, levels=8) if name != "chords" else ChordOptions()
        codec = chords_codec.codec_from_vocabulary(chords_codec.build_vocabulary([phrase_onsets(tune)], options))
    prompt = make_phrase(4)
    notes: list[Note] = []
    for seed in range(4):
        generator = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec)
        key = key_to_number(locked)
        generator.feed(Feed("m", prompt, seed, key))
        answers = list(generator.generate(replace(make_ask(prompt, 64, seed), key=key)))
        assert answers == list(
            SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec).generate(
                replace(make_ask(prompt, 64, seed), key=key)
            )
        )
        notes += [note for answer in answers for note in answer.notes]
    outside = sum(note.pitch % 12 not in scale_pitch_classes(locked) for note in notes)
    if name == "abc":  # accidentals may be written, but letters without one follow the key signature
        assert outside < len(notes) / 3
    else:
        assert outside == 0
    free = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec).generate(make_ask(prompt, 64, 0))
    assert any(note.pitch % 12 not in scale_pitch_classes(locked) for answer in free for note in answer.notes)


def test_header_names_the_locked_key_or_else_the_played_one() -> None:
    codec = abc_codec.codec_from_vocabulary(
        abc_codec.build_vocabulary([AIR, AIR.replace("K:D", "K:Bb"), AIR.replace("K:D", "K:Em")])
    )
    scale_of_g = Phrase(tuple(Note(2 * at, 2, pitch) for at, pitch in enumerate((67, 69, 71, 72, 74, 76, 78, 79))), 16)

    def header(key: Key | None) -> str:
        net = HashNet(vocab_sizes=codec.vocab_sizes)
        generator = SymbolGenerator(net, codec)
        generator.feed(Feed("m", scale_of_g, 1, key_to_number(key)))
        fed_count = len(net.ids_seen)
        next(generator.generate(replace(make_ask(scale_of_g), key=key_to_number(key))))
        symbols = [(number,) for (number,) in net.ids_seen[1:fed_count]]
        assert generator._cached_symbols == symbols, "the answer continues from the fed symbols"
        return codec.decode_text(symbols).split("\n")[2]

    assert header(None) == "K:Bb", "G is three semitones below B flat, five below D"
    assert header((2, False)) == "K:D"
    assert header((4, True)) == "K:Em"
    assert header((6, True)) == "K:Em", "the nearest minor key in the vocabulary"


def test_feed_encodes_the_phrase_anew_if_the_key_changes() -> None:
    codec = abc_codec.codec_from_vocabulary(abc_codec.build_vocabulary([AIR, AIR.replace("K:D", "K:Em")]))
    net, key = HashNet(vocab_sizes=codec.vocab_sizes), key_to_number((4, True))
    generator = SymbolGenerator(net, codec)
    generator.feed(Feed("m", make_phrase(4), 1))
    generator.feed(Feed("m", make_phrase(4), 1, key))
    fresh = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec)
    assert list(generator.generate(replace(make_ask(make_phrase(4)), key=key))) == list(
        fresh.generate(replace(make_ask(make_phrase(4)), key=key))
    )
