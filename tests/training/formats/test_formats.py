"""Other formats of a model: they play and agree with the original, or they are not written."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from bachbridge.errors import ConfigError, ModelError
from bachbridge.inference import loading
from bachbridge.inference.runtime import library
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask
from bachbridge_training import onnx_export, recipe
from bachbridge_training.cli.export import _validation_pieces
from bachbridge_training.cli.export import compare_formats as table_command
from bachbridge_training.cli.export import export_model as export_command
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.formats import formats as model_formats
from bachbridge_training.formats import size_report
from bachbridge_training.formats.formats import OriginalModel
from bachbridge_training.nets.motions import pitch_motions
from bachbridge_training.recipe import ChoraleRecipe, InfillRecipe, SymbolRecipe
from bachbridge_training.runs import step as training_step
from bachbridge_training.runs.families import family_of
from bachbridge_training.symbols.alphabet import Alphabet
from bachbridge_training.symbols.batches import SymbolPiece
from bachbridge_training.symbols.task import SymbolTask


def chorale_export(toy: ChoraleRecipe) -> onnx_export.ModelExport:
    return training_step.start_run(replace(toy, steps=1)).task.make_export()


def infill_export() -> onnx_export.ModelExport:
    shipped = recipe.read_recipe("coconet")
    assert isinstance(shipped, InfillRecipe)
    tiny = replace(shipped, units=32, blocks=1, heads=2, wide=32, head=32, dropout=0.0, window=32, batch=8)
    return training_step.start_run(tiny).task.make_export()


def symbol_export() -> tuple[onnx_export.ModelExport, SymbolPiece]:
    shipped = recipe.read_recipe("play-bach-heads")
    assert isinstance(shipped, SymbolRecipe)
    tiny = replace(
        shipped, units=24, layers=2, embedding=16, head=16, attention=8, reach=20, melodic_sequences=True, dropout=0.0,
        shifts=0,
    )  # fmt: skip
    pitches = np.array([-1, *range(8), -1, -1, -1])
    features = np.vstack([np.zeros((1, 9)), np.eye(11, 9)])
    alphabet = Alphabet((12, 5, 4), features, pitches, 8, pitch_motions(pitches, 8))
    rng = np.random.default_rng(1)
    symbols = np.stack([rng.integers(1, size, 40) for size in alphabet.vocab_sizes], axis=1).astype(np.int32)
    return SymbolTask(tiny, alphabet, {"vocabulary": {}}).make_export(), SymbolPiece("random", {0: symbols})


def original_model(model_export: onnx_export.ModelExport, folder: Path, pieces: Sequence[Any]) -> OriginalModel:
    onnx_export.export_model(model_export, folder / "toy", held_out_piece=pieces[0])
    return OriginalModel(library.read_card(folder / "toy"), model_export, pieces)


@pytest.mark.parametrize(
    "kind",
    ["satb", pytest.param("infill_grid", marks=pytest.mark.soak), pytest.param("chords", marks=pytest.mark.soak)],
)
def test_every_format_agrees_with_the_original(
    kind: str, toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An untrained network gives all ids nearly equal logits, so its choices say nothing.
    monkeypatch.setattr(model_formats, "MIN_AGREEMENT", dict.fromkeys(model_formats.MIN_AGREEMENT, 0.0))
    pieces: list[Any] = list(phrases)
    match kind:
        case "satb":
            model_export = chorale_export(replace(toy, pointer=True))
        case "infill_grid":
            model_export = infill_export()
        case _:
            model_export, piece = symbol_export()
            pieces = [piece]
    original = original_model(model_export, tmp_path, pieces)
    rows = size_report.measure_formats(original, pieces[:1], rounds=2)
    assert tuple(rows) == model_formats.FORMATS
    before = rows["onnx"]
    assert (before["largest_difference"], before["same_choice"], before["step_against_original"]) == (0.0, 1.0, 1.0)
    family = family_of(original.card.codec)
    held_out = family.held_out_logits(original.card, family.load_runtime(original.card), pieces[:1])
    spread = max(float(np.ptp(logits)) for logits in held_out.logits)
    shares = {"onnx-fp16": 5e-3, "onnx-int8": 0.2, "litert": 1e-4, "litert-int8": 0.2, "litert-int8-fixed": 0.2}
    for name, share in shares.items():
        assert rows[name]["largest_difference"] <= share * spread, name
        assert rows[name]["step_ms"] > 0
    assert rows["onnx-fp16"]["largest_difference"] > 0
    assert rows["onnx-int8"]["largest_difference"] > 0
    assert rows["litert-int8-fixed"]["largest_difference"] not in (0, rows["litert-int8"]["largest_difference"])
    if kind == "satb":
        assert rows["onnx-fp16"]["megabytes"] < 0.7 * before["megabytes"]
        assert rows["onnx-int8"]["megabytes"] < 0.6 * before["megabytes"]
        assert rows["litert-int8"]["megabytes"] < 0.6 * rows["litert"]["megabytes"]
        assert rows["litert-int8-fixed"]["megabytes"] < 0.6 * rows["litert"]["megabytes"]


def test_converted_model_plays_and_its_card_names_the_format(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = original_model(chorale_export(toy), tmp_path, phrases)
    monkeypatch.setattr(model_formats, "MIN_AGREEMENT", dict.fromkeys(model_formats.MIN_AGREEMENT, 0.0))
    monkeypatch.setattr("bachbridge.inference.runtime.library.search_paths", lambda: (tmp_path / "own", tmp_path))
    (original.card.folder / recipe.RECIPE_FILE).write_text("how it was made")
    model_formats.convert_model(replace(original, model_export=None), "onnx-int8", tmp_path / "toy-int8", phrases)
    card = library.find_checked_card("toy-int8")
    assert (card.folder / recipe.RECIPE_FILE).read_text() == "how it was made"
    facts = card.facts
    assert (facts["format"], facts["original"]["files"]) == ("onnx-int8", original.card.files)
    assert facts["bytes"] == {name: (card.folder / name).stat().st_size for name in card.files}
    assert facts["metrics"]["against_original"]["pieces"] == ["one", "two"]
    ask = Ask(1, "continue", "toy-int8", Phrase((Note(0, 4, 60),), 4), 4, 1.0, 0.95, 0)
    model_formats.convert_model(original, "litert", tmp_path / "toy-litert", phrases)
    with pytest.raises(ModelError, match="in LiteRT format"):
        library.find_checked_card("toy-litert")
    assert any(answer and answer.notes for answer in loading.load_model("toy-int8").generate(ask))
    assert onnxruntime.InferenceSession(card.folder / "model.onnx").get_inputs()[0].name == "ids"
    weights = [onnx.numpy_helper.to_array(each) for each in onnx.load(card.folder / "heads.onnx").graph.initializer]
    whole = [values for values in weights if values.dtype == np.int8]
    assert whole
    assert all(np.abs(values.astype(int)).max() <= 64 for values in whole)  # products of 7 bits fit into 16 in pairs
    with pytest.raises(ConfigError, match="converted model"):
        export_command("toy-int8", run=None, output=tmp_path, format_="onnx-fp16")


def test_convert_model_writes_nothing_without_agreement(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = original_model(chorale_export(toy), tmp_path, phrases)
    monkeypatch.setattr(model_formats, "MIN_AGREEMENT", {"onnx-fp16": 1.01})
    with pytest.raises(ModelError, match="choose otherwise"):
        model_formats.convert_model(original, "onnx-fp16", tmp_path / "toy-fp16", phrases[:1])
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


def test_export_refuses_formats_that_it_cannot_make(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original_model(chorale_export(toy), tmp_path, phrases)
    monkeypatch.setattr("bachbridge.inference.runtime.library.search_paths", lambda: (tmp_path / "own", tmp_path))
    monkeypatch.setattr("bachbridge_training.cli.export._validation_pieces", lambda *_: phrases)
    with pytest.raises(ConfigError, match="--run"):
        export_command("toy", run=None, output=tmp_path, format_="litert")
    with pytest.raises(ConfigError, match="--run"):
        export_command("toy", run=None, output=tmp_path)
    with pytest.raises(ConfigError, match="choose from onnx, onnx-fp16"):
        export_command("toy", run=None, output=tmp_path, format_="onnx-int4")


def test_formats_are_compared_on_own_music_if_there_is_no_other() -> None:
    pieces = _validation_pieces(library.find_card("play-bach"), None)
    assert [piece.name for piece in pieces] == ["the model's own music, seed 0", "the model's own music, seed 1"]
    assert all(len(piece.symbols) > 100 for piece in pieces)


def test_export_keeps_a_model_unless_forced(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original_model(chorale_export(toy), tmp_path, phrases)
    monkeypatch.setattr(model_formats, "MIN_AGREEMENT", dict.fromkeys(model_formats.MIN_AGREEMENT, 0.0))
    monkeypatch.setattr("bachbridge.inference.runtime.library.search_paths", lambda: (tmp_path / "own", tmp_path))
    monkeypatch.setattr("bachbridge_training.cli.export._validation_pieces", lambda *_: phrases)
    export_command("toy", run=None, output=tmp_path, format_="onnx-fp16")
    with pytest.raises(ConfigError, match="--force"):
        export_command("toy", run=None, output=tmp_path, format_="onnx-fp16")
    export_command("toy", run=None, output=tmp_path, format_="onnx-fp16", force=True)


def test_compare_formats_prints_a_table_and_keeps_no_file(
    toy: ChoraleRecipe,
    phrases: list[FourPartPiece],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    original_model(chorale_export(toy), tmp_path, phrases)
    monkeypatch.setattr(model_formats, "MIN_AGREEMENT", dict.fromkeys(model_formats.MIN_AGREEMENT, 0.0))
    monkeypatch.setattr("bachbridge.inference.runtime.library.search_paths", lambda: (tmp_path / "own", tmp_path))
    monkeypatch.setattr("bachbridge_training.cli.export._validation_pieces", lambda *_: phrases)
    capsys.readouterr()
    table_command("toy", run=None, data=None, pieces=1, json=True)
    report = json.loads(capsys.readouterr().out)
    assert (report["model"], report["pieces"], list(report["formats"])) == (
        "toy",
        1,
        ["onnx", "onnx-fp16", "onnx-int8"],
    )
    table_command("toy", run=None, data=None, pieces=2, json=False)
    printed = capsys.readouterr()
    assert "toy on 2 validation pieces" in printed.out
    assert "--run" in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]
