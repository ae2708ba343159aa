"""`harmonize` refuses bad input in one sentence, and then writes nothing."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from bachbridge.cli.transform.harmonize import parse_harmonize_options
from bachbridge.cli.transform.infill_run import parse_generation_options
from bachbridge.errors import BachBridgeError, ConfigError, MidiFileError
from bachbridge.files import engraving
from tests.bridge.cli.transform.harmonize_songs import TPB, rows, run_harmonize, write_song

pytestmark = pytest.mark.usefixtures("fake_models")


def test_parse_harmonize_options_names_the_choices_of_ends() -> None:
    generation = parse_generation_options("flat", rules="all", temperature=0.9, seed=1, fast=False)
    with pytest.raises(ConfigError, match="give --phrase-ends auto, written or none"):
        parse_harmonize_options(generation, voice="soprano", phrase_ends="some")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"model": "leaning", "beam": 4}, "leaning generates all chords together: leave --beam and --lag out"),
        ({"model": "leaning", "lag": 4}, "leaning generates all chords together: leave --beam and --lag out"),
        ({"fast": True}, "flat goes from chord to chord and has neither --fast nor --keep-bars"),
        ({"keep": "1"}, "flat goes from chord to chord and has neither --fast nor --keep-bars"),
        ({"voice": "alto,bass"}, "is not one voice"),
    ],
)
def test_harmonize_refuses_options_of_the_other_model_family(words: dict[str, Any], message: str, tmp_path: Path):
    with pytest.raises(ConfigError, match=message):
        run_harmonize(write_song(tmp_path / "in.mid", rows(60)), **words)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


def test_harmonize_refuses_a_file_without_notes(tmp_path: Path):
    with pytest.raises(MidiFileError, match="holds no notes"):
        run_harmonize(write_song(tmp_path / "in.mid", []))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"voice": "mezzo"}, "there is no voice 'mezzo': give soprano, alto, tenor or bass"),
        ({"beam": 0}, "give --beam a number from 1 to 64"),
        ({"lag": 257}, "give --lag a number from 1 to 256"),
        ({"rules": "all,fun"}, "there is no rule"),
    ],
)
def test_harmonize_refuses_invalid_options(words: dict[str, Any], message: str, tmp_path: Path):
    with pytest.raises(ConfigError, match=message):
        run_harmonize(write_song(tmp_path / "in.mid", rows(60)), **words)


def test_harmonize_refuses_an_unwritable_score_at_once(tmp_path: Path):
    source = write_song(tmp_path / "in.mid", rows(60, 62))
    with pytest.raises(ConfigError, match=r"give --score a name that ends in \.musicxml, \.xml, .* or \.pdf"):
        run_harmonize(source, score=tmp_path / "score.doc")
    pytest.importorskip("verovio")
    long = write_song(tmp_path / "in.mid", [*rows(60), *rows(62, start=4 * TPB * engraving.MAX_BARS)])
    with pytest.raises(ConfigError, match="at most 400 bars and this piece has 401"):
        run_harmonize(long, score=tmp_path / "score.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


def test_harmonize_reports_a_missing_library_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError) as raised:
        run_harmonize(write_song(tmp_path / "in.mid", rows(60)), score=tmp_path / "score.svg")
    assert raised.value.name == "verovio"
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]
    run_harmonize(tmp_path / "in.mid", score=tmp_path / "score.musicxml")


def test_harmonize_writes_all_outputs_or_none(tmp_path: Path):
    source = write_song(tmp_path / "in.mid", rows(60, 62))
    with pytest.raises(BachBridgeError, match="cannot write"):
        run_harmonize(source, score=tmp_path / "none" / "score.musicxml")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]
