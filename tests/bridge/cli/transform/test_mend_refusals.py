"""`mend`, `vary` and `harmonize --keep-bars` refuse bad input in one sentence, and then write nothing."""

from pathlib import Path
from typing import Any

import pytest

from bachbridge.cli.transform.harmonize import harmonize_file, parse_harmonize_options
from bachbridge.cli.transform.mend import mend_file, vary_file
from bachbridge.cli.transform.output import OutputFiles
from bachbridge.errors import BachBridgeError, ConfigError, MidiFileError, ModelError
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import encode_file
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.notes import VOICES
from tests.bridge.cli.transform.mend_songs import (
    BAR,
    TPB,
    generation_options,
    keep,
    mend,
    rows,
    vary,
    write_four_tracks,
)
from tests.support.biased_infill_net import FourthsNet, make_card

pytestmark = pytest.mark.usefixtures("fake_models")


@pytest.mark.parametrize(
    ("bars", "voices", "message"),
    [
        (None, None, "nothing to mend yet"),
        ("5", None, "there is no bar 5: the piece has the bars 1 to 4"),
        ("x", None, "cannot read the bars"),
        ("2", "mezzo", "there is no voice 'mezzo'"),
        ("1-4", None, "no note of .* would stay in bars 1-4"),
        (None, "soprano,alto,tenor,bass", "no note of .* would stay"),
    ],
)
def test_mend_refuses_an_invalid_region(bars: Any, voices: Any, message: str, tmp_path: Path):
    source = write_four_tracks(tmp_path / "in.mid")
    with pytest.raises(ConfigError, match=message):
        mend(source, bars, voices)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


def test_mend_refuses_a_region_in_which_no_note_begins(tmp_path: Path):
    source = tmp_path / "in.mid"
    parts = [part_body(name, v, 19, [(0, 2 * BAR, 72 - 7 * v, 80), *rows(v, 4)[8:]]) for v, name in enumerate(VOICES)]
    source.write_bytes(encode_file(TPB, parts))
    with pytest.raises(ConfigError, match="has no notes to replace in bar 2:"):
        mend(source, "2")


@pytest.mark.parametrize(
    ("share", "message"), [(0, "no notes to replace"), (0.001, "no notes to replace"), (1, "would stay")]
)
def test_vary_refuses_a_share_of_nothing_or_all(share: float, message: str, tmp_path: Path):
    with pytest.raises(ConfigError, match=message):
        vary(write_four_tracks(tmp_path / "in.mid"), share)
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ConfigError, match="give --share a number from 0 to 1"):
            vary(tmp_path / "in.mid", wrong)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


def test_mend_refuses_music_not_in_four_voices(tmp_path: Path):
    source = tmp_path / "in.mid"
    source.write_bytes(encode_file(TPB, [part_body("melody", 0, 0, rows(0, 4))]))
    for command in (lambda: mend(source, "2"), lambda: vary(source, 0.5), lambda: keep(source, "2")):
        with pytest.raises(MidiFileError, match="is not in four voices: give a file in which soprano, alto, tenor and"):
            command()
    source.write_bytes(source.read_bytes()[:30])
    with pytest.raises(MidiFileError, match="truncated or damaged"):
        mend(source, "2")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


def test_harmonize_refuses_to_keep_all_bars(tmp_path: Path):
    source = write_four_tracks(tmp_path / "in.mid")
    with pytest.raises(ConfigError, match="no notes to replace outside bars 1-4"):
        keep(source, "1-4")
    with pytest.raises(ConfigError, match="there is no bar 9"):
        keep(source, "9")
    with pytest.raises(ConfigError, match="leave --track out"):
        parse_harmonize_options(generation_options(), voice="bass", track="1", keep="2")


def test_mend_refuses_a_model_that_cannot_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def causal(name: str) -> library.Card:
        return make_card(name, "satb")

    def names() -> list[str]:
        return []

    monkeypatch.setattr(library, "find_checked_card", causal)
    monkeypatch.setattr(library, "model_names", names)
    with pytest.raises(
        ModelError, match=r"the model 'leaning' cannot mend: choose one that can with --model \(none is installed\)"
    ):
        mend(write_four_tracks(tmp_path / "in.mid"), "2")
    with pytest.raises(ConfigError, match="leaning goes from chord to chord and has neither --fast nor --keep-bars"):
        keep(tmp_path / "in.mid", "2")


def test_mend_writes_all_outputs_or_none(tmp_path: Path):
    source = write_four_tracks(tmp_path / "in.mid")
    outputs = OutputFiles(tmp_path / "out.mid", tmp_path / "none" / "score.musicxml")
    with pytest.raises(BachBridgeError, match="cannot write"):
        mend_file(source, outputs, generation_options(), bars="2", voices=None)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


@pytest.mark.parametrize(
    ("target", "message"),
    [("none/out.mid", "there is no folder .*none.*: choose another"), ("", "it is a folder.: give")],
)
def test_commands_report_an_invalid_target_at_once(
    target: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def load_fill(_card: library.Card) -> FourthsNet:
        raise AssertionError("nothing may be generated")

    monkeypatch.setattr(onnx_nets, "load_infill_net", load_fill)
    source, outputs = write_four_tracks(tmp_path / "in.mid"), OutputFiles(tmp_path / target)
    melody = parse_harmonize_options(generation_options(), voice="soprano", track="2")
    for command in (
        lambda: mend_file(source, outputs, generation_options(), bars="2", voices=None),
        lambda: vary_file(source, outputs, generation_options(), share=0.5),
        lambda: harmonize_file(source, melody, outputs),
        lambda: harmonize_file(
            source, parse_harmonize_options(generation_options(), voice="soprano", keep="2"), outputs
        ),
    ):
        with pytest.raises(BachBridgeError, match=message):
            command()
