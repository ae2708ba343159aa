"""From a card to a model that plays, whatever its codec."""

import json
from pathlib import Path

import numpy as np
import pytest

from bachbridge.codecs.keys88 import codec as keys88_codec
from bachbridge.errors import ModelError
from bachbridge.inference import host, sweep_benchmark
from bachbridge.inference.loading import cached_model, load_model
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.protocols import AccompanyingGenerator
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask, PlanRequest
from bachbridge.protocol.events import Answer
from bachbridge.protocol.style import Style
from tests.support.hash_symbol_net import HashNet
from tests.support.tiny_infill_model import write_tiny_model

SHIPPED = Path(__file__).parents[3] / "models"
TUNE = Phrase(tuple(Note(4 * i, 4, pitch) for i, pitch in enumerate((67, 69, 71, 72))), 16)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which models are found beside the shipped ones."""
    monkeypatch.setattr(library, "search_paths", lambda: (tmp_path / "own", tmp_path, SHIPPED))
    monkeypatch.setattr(sweep_benchmark, "record_path", lambda: tmp_path / "pace.json")
    cached_model.cache_clear()
    return tmp_path


def test_infill_model_answers_and_accompanies_with_partner(place: Path) -> None:
    write_tiny_model(place / "tiny")
    model = load_model("tiny")
    assert model.recorded_step_ns > 0
    assert host.measure_step_ns(model, "tiny") > 0
    for task in model.tasks:
        *parts, last = model.generate(Ask(1, task, "tiny", TUNE, 16, 0.9, 0.95, 3))
        assert not any(parts)
        assert isinstance(last, Answer)
        assert {note.voice for note in last.notes} == {0, 1, 2, 3}
    frame = (36, 31, 27, 20, 15)
    request = PlanRequest("tiny", 0, 0, (frame,), 0, 36, 16, 1, Style(repeat="hold"))
    assert isinstance(model, AccompanyingGenerator)
    model.follow(request)
    plan = model.plan(request)
    assert plan.step == 1
    assert len(plan.rows) == 23
    sweeps = 0
    while model.idle_work():
        sweeps += 1
    assert sweeps > 4
    assert len(model.plan(request).rows) == 23


def test_symbol_model_gets_its_codec_from_the_card(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"model.onnx": b"core", "heads.onnx": b"heads"}
    (place / "tune").mkdir()
    for name, content in files.items():
        (place / "tune" / name).write_bytes(content)
    card = {
        "codec": "keys88",
        "tasks": ["continue"],
        "vocabulary": keys88_codec.build_vocabulary([TUNE]),
        "sampler": {"temperature": 0.9, "top_p": 0.95},
        "files": {name: library.sha256(place / "tune" / name) for name in files},
    }
    (place / "tune" / library.CARD_FILE).write_text(json.dumps(card))
    monkeypatch.setattr(onnx_nets, "load_symbol_net", lambda _: HashNet(vocab_sizes=(90,)))
    model = load_model("tune")
    assert host.measure_step_ns(model, "tune") > 0
    *_, last = model.generate(Ask(1, "continue", "tune", TUNE, 16, 0.9, 0.95, 3))
    assert isinstance(last, Answer)
    assert (last.until, last.final) == (16, True)
    (place / "tune" / library.CARD_FILE).write_text(json.dumps({**card, "vocabulary": {}}))
    with pytest.raises(ModelError, match="the vocabulary of tune is damaged"):
        load_model("tune")


def test_load_model_caches_until_the_card_changes(place: Path) -> None:
    folder = write_tiny_model(place / "tiny")
    first = load_model("tiny")
    assert load_model("tiny") is first
    card = json.loads((folder / library.CARD_FILE).read_text())
    (folder / library.CARD_FILE).write_text(json.dumps({**card, "tasks": ["vary"]}))
    assert load_model("tiny") is not first


def test_sweep_time_is_recorded_and_not_measured_again(place: Path) -> None:
    write_tiny_model(place / "tiny")
    first = load_model("tiny").recorded_step_ns
    cached_model.cache_clear()
    assert load_model("tiny").recorded_step_ns == first


def test_load_model_names_a_missing_partner(place: Path) -> None:
    write_tiny_model(place / "tiny", partner="nobody")
    with pytest.raises(ModelError, match="there is no model 'nobody'"):
        load_model("tiny")


def test_load_model_refuses_an_infill_model_as_partner(place: Path) -> None:
    write_tiny_model(place / "tiny", partner="tiny")
    with pytest.raises(ModelError, match="tiny does not generate frame by frame"):
        load_model("tiny")


def test_infill_net_takes_any_number_of_steps(place: Path) -> None:
    net = onnx_nets.load_infill_net(library.read_card(write_tiny_model(place / "tiny")))
    for batch, steps in ((1, 1), (3, 40)):
        cells = np.zeros((batch, steps, 4), np.int32)
        pitch, onset = net.predict(cells, cells, cells)
        assert (pitch.shape, onset.shape) == ((batch, steps, 4, 47), (batch, steps, 4))
