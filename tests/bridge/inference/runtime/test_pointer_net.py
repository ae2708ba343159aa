"""A chorale network with a pointer: what its state remembers, and when the pointer is asked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.codecs import satb, satb_copies
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.frames import PITCH_INDEX_COUNT, Frame, Ints
from bachbridge.music.notes import VOICES

_UNITS, _WIDTH = 8, 6
_ONSETS = (True,) * len(VOICES)
_CHORDS = ((40, 30, 20, 10), (42, 33, 21, 8), (41, 35, 25, 9), (45, 31, 22, 11), (43, 30, 24, 6))


class _FakeFile:
    """Stands for one of the three files, and keeps the pointer's inputs."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.inputs: list[dict[str, Any]] = []

    def run(self, _names: None, inputs: dict[str, Any]) -> list[Any]:
        self.inputs.append(inputs)
        match self.name:
            case onnx_nets.CORE_FILE:
                before = satb.previous_pitch_indices(inputs["ids"]).astype(np.float32)
                return [np.pad(before, [(0, 0), (_WIDTH - len(VOICES), 0)]), inputs["state"] + 1]
            case onnx_nets.HEADS_FILE:
                rows = len(inputs["known"])
                return [np.full((rows, len(VOICES), PITCH_INDEX_COUNT), 3.0, np.float32), np.zeros((rows, len(VOICES)))]
            case _:
                return [np.full_like(inputs["logits"], -1)]


class _Files:
    """The opened files, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, _FakeFile] = {}

    def open(self, path: Path) -> _FakeFile:
        return self.by_name.setdefault(path.name, _FakeFile(path))

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The inputs of the pointer."""
        return self.by_name[onnx_nets.POINTER_FILE].inputs


@pytest.fixture
def files() -> _Files:
    return _Files()


@pytest.fixture
def net(files: _Files) -> onnx_nets.ChoraleNet:
    return onnx_nets.ChoraleNet(Path(), layers=1, units=_UNITS, pointer={"calibration": 1.5}, open_session=files.open)


def _walk(net: onnx_nets.ChoraleNet, chords: list[tuple[int, ...]]) -> tuple[Any, Any]:
    """Return `hidden` and the state after the chords."""
    context = satb.FrameContext()
    hidden, state = net.core(context.feature_ids(), net.initial_state())
    for chord in chords:
        context = context.after(Frame(chord, _ONSETS))
        hidden, state = net.core(context.feature_ids(), state)
    return hidden, state


def _known(rows: int) -> Ints:
    return np.full((rows, len(VOICES)), -1, np.int32)


def test_heads_are_calibrated_while_there_are_no_copies(net: onnx_nets.ChoraleNet, files: _Files) -> None:
    hidden, _ = _walk(net, [])
    pitch, _ = net.heads(hidden, _known(2))
    assert (pitch == 2).all()
    assert not files.asked


def test_heads_ask_the_pointer_about_copies(net: onnx_nets.ChoraleNet, files: _Files) -> None:
    hidden, _ = _walk(net, [*_CHORDS, *_CHORDS[:3]])
    pitch, _ = net.heads(hidden, _known(2))
    assert (pitch == -1).all()
    (asked,) = files.asked
    assert tuple(asked["copies"][0, 0, : len(VOICES)]) == _CHORDS[3]
    assert tuple(asked["before"][0]) == _CHORDS[2]
    assert asked["known"].shape == (2, len(VOICES))


def test_states_keep_their_own_past(net: onnx_nets.ChoraleNet) -> None:
    """Check a state that is selected, repeated and gone on with in two ways."""
    past = [*_CHORDS, *_CHORDS[:2]]
    _, state = _walk(net, past)
    context = satb.FrameContext()
    for chord in past:
        context = context.after(Frame(chord, _ONSETS))
    ways = (_CHORDS[2], (1, 2, 3, 4))
    ids = np.concatenate([context.after(Frame(way, _ONSETS)).feature_ids() for way in ways])
    hidden, both = net.core(ids, np.repeat(state, 2, axis=1))
    alone, _ = _walk(net, [*past, ways[0]])
    assert (hidden[0] == alone[0]).all()
    assert not (hidden[1] == alone[0]).all()
    again, _ = net.core(context.after(Frame(_CHORDS[3], _ONSETS)).feature_ids(), both[:, :1])
    assert (again[0, :_WIDTH][-len(VOICES) :] == _CHORDS[3]).all()


def test_state_begins_with_the_layers(net: onnx_nets.ChoraleNet, files: _Files) -> None:
    _, state = _walk(net, [_CHORDS[0]])
    assert (state[:2] == 2).all()
    assert (state[2:] != 2).any()
    assert files.by_name[onnx_nets.CORE_FILE].inputs[0]["state"].shape == (2, 1, _UNITS)


def test_hidden_is_unchanged_without_a_pointer(files: _Files) -> None:
    net = onnx_nets.ChoraleNet(Path(), layers=1, units=_UNITS, open_session=files.open)
    hidden, state = _walk(net, [*_CHORDS])
    assert (hidden.shape, state.shape) == ((1, _WIDTH), (2, 1, _UNITS))
    assert satb_copies.MEMORY_SIZE > _UNITS


def test_heads_read_a_hidden_that_was_copied(net: onnx_nets.ChoraleNet, files: _Files) -> None:
    """Check that a row of a batch, or a `hidden` that is kept, gives the pointer what the newest one gave it."""
    hidden, _ = _walk(net, [*_CHORDS, *_CHORDS[:3]])
    for again in (hidden, hidden.copy(), np.concatenate([hidden, hidden])):
        net.heads(again, _known(len(again)))
    for asked in files.asked:
        for name in ("copies", "before"):
            assert (asked[name] == files.asked[0][name][:1]).all()
            assert asked[name].dtype == np.int32


def test_damaged_pointer_facts_are_refused(tmp_path: Path) -> None:
    facts = {
        "codec": "satb", "tasks": ["continue"], "sampler": {}, "files": {}, "chain": list(VOICES), "layers": 1,
        "units": 8, "pointer": {"calibration": 0},
    }  # fmt: skip
    with pytest.raises(ModelError, match="damaged"):
        onnx_nets.load_chorale_net(library.parse_card(tmp_path, facts))
