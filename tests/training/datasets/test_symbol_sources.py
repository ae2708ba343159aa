"""Sources of symbol sequences: folders by part, chorales as phrases, chords and keys as symbols; and copies."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bachbridge.errors import ConfigError
from bachbridge.inference import codec_registry
from bachbridge.music.notes import Note, Phrase
from bachbridge_training import recipe
from bachbridge_training.datasets import symbol_sources
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.symbol_sources import SymbolSource
from bachbridge_training.recipe import SymbolRecipe
from bachbridge_training.symbols import copying
from bachbridge_training.symbols import nll as symbols_nll
from bachbridge_training.symbols import vocabulary as symbol_vocabulary
from bachbridge_training.symbols.batches import SymbolPiece

PHRASE = Phrase((Note(0, 2, 60), Note(2, 2, 64), Note(4, 4, 48), Note(4, 4, 64), Note(8, 4, 62)), 12)


def read(name: str) -> SymbolRecipe:
    found = recipe.read_recipe(name)
    assert isinstance(found, SymbolRecipe)
    return found


def test_load_sources_refuses_chords_without_folder() -> None:
    with pytest.raises(ConfigError, match="give a folder of music with --data"):
        symbol_sources.load_sources("chords", "train", None)


def test_piece_to_phrase_keeps_onsets_and_rests(phrases: list[FourPartPiece]) -> None:
    pitches = phrases[0].pitches.copy()
    pitches[24:28, 2] = -1
    found = symbol_sources.piece_to_phrase(replace(phrases[0], pitches=pitches))
    assert (found.steps, found.steps_per_bar, found.position) == (32, 16, 0)
    alto = [(note.start, note.length, note.pitch) for note in found.notes if note.voice == 1]
    assert alto[:2] == [(0, 8, 67), (8, 4, 67)], "held where it is not struck again"
    assert not any(note.voice == 2 and note.start < 28 and note.end > 24 for note in found.notes), "a rest"


def test_chord_vocabulary_counts_transpositions() -> None:
    settings = read("play-bach")
    source = SymbolSource("one", PHRASE)
    vocabulary = symbol_vocabulary.build_vocabulary(settings, [source])
    codec = codec_registry.make_codec("chords", vocabulary)
    (passage,) = symbol_vocabulary.encode_pieces(codec, [source], settings.shifts)
    assert sorted(passage.by_transposition) == list(range(-6, 7))
    assert passage.unknown_symbols == 0
    assert len({tuple(its[:, 0]) for its in passage.by_transposition.values()}) == 13
    (strange,) = symbol_vocabulary.encode_pieces(codec, [SymbolSource("high", Phrase((Note(0, 2, 100),), 4))])
    assert strange.unknown_symbols == 1


def test_chord_vocabulary_spells_chords_by_their_notes() -> None:
    settings = read("play-bach")
    codec = codec_registry.make_codec(
        "chords", symbol_vocabulary.build_vocabulary(settings, [SymbolSource("one", PHRASE)])
    )
    alphabet = symbol_vocabulary.build_alphabet(codec)
    assert alphabet.pitch_features is not None
    assert alphabet.reference_pitch is not None
    ids = codec.encode_phrase(PHRASE)
    low, high, both = (alphabet.pitch_features[ids[number][0]][: alphabet.pitch_count] for number in (0, 1, 2))
    assert (low.sum(), high.sum(), both.sum()) == (1, 1, 2)
    assert int(low.argmax()) == int(high.argmax()) - 4
    assert alphabet.reference_pitch[ids[2][0]] == high.argmax() == both.nonzero()[0][1]
    assert alphabet.reference_pitch[0] == -1


def test_keys88_vocabulary_keeps_the_training_range() -> None:
    settings = read("keys88")
    source = SymbolSource("one", PHRASE)
    codec = codec_registry.make_codec(
        "keys88",
        symbol_vocabulary.build_vocabulary(settings, [source, SymbolSource("two", Phrase((Note(0, 1, 67),), 1))]),
    )
    (passage,) = symbol_vocabulary.encode_pieces(codec, [source], 6)
    assert sorted(passage.by_transposition) == [0, 1, 2, 3]
    assert passage.steps == 12
    alphabet = symbol_vocabulary.build_alphabet(codec)
    assert alphabet.reference_pitch is not None
    assert alphabet.reference_pitch[[row[0] for row in passage.symbols[:2]]].tolist() == [60 - 21, -1]


def test_tune_symbols_include_the_end() -> None:
    text = "X:1\nM:6/8\nL:1/8\nK:G\nGAB d2B|d2B d2B|\n"
    source = SymbolSource("tune", text)
    codec = codec_registry.make_codec("abc", symbol_vocabulary.build_vocabulary(read("abc"), [source]))
    (passage,) = symbol_vocabulary.encode_pieces(codec, [source])
    assert (len(passage.symbols), passage.unknown_symbols) == (len(text) + 1, 0)
    assert symbol_vocabulary.build_alphabet(codec).pitch_features is None
    (strange,) = symbol_vocabulary.encode_pieces(codec, [SymbolSource("strange", text + "€")])
    assert strange.unknown_symbols == 1


def test_longest_copy_stays_within_one_piece() -> None:
    def passage(*ids: int) -> SymbolPiece:
        return SymbolPiece("", {0: np.array(ids, np.int32)[:, None]})

    copies = copying.CopyFinder([passage(1, 2, 3, 4), passage(5, 6, 7)])
    assert copies.copy_lengths(passage(2, 3, 4, 5, 6, 9).symbols) == [3, 2, 1, 2, 1, 0]
    found = copying.summary([[3, 2, 1, 2, 1, 0], [20, *range(19, 0, -1)]])
    assert (found["longest"], found["longest_median"]) == (20, 11.5)
    assert found["share_in_long"] == pytest.approx(20 / 26)


def test_symbol_is_fresh_until_its_past_returns() -> None:
    row = [*range(1, 11), *range(1, 11)]
    fresh = symbols_nll.fresh_symbols(np.array(row, np.int32)[:, None])
    assert fresh.tolist() == [True] * 18 + [False] * 2


def test_recipe_with_options_survives_writing(tmp_path: Path) -> None:
    for name in ("play-bach", "play-bach-heads", "keys88", "abc"):
        recipe.write_recipe(read(name), tmp_path / "its.toml")
        assert recipe.read_recipe(str(tmp_path / "its.toml")) == read(name)
