"""A stranger's model is refused before onnxruntime sees it, or plays once it is trusted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from pytestqt.qtbot import QtBot

from bachbridge.cli.play.trust import trust_model
from bachbridge.errors import ModelError
from bachbridge.inference.loading import load_model
from bachbridge.inference.runtime import library, network_check, onnx_nets, trust
from bachbridge.inference.runtime.library import UntrustedModelError
from bachbridge.inference.runtime.network_check import check_network
from bachbridge_gui import app
from tests.support.assembled_window import WindowHarness
from tests.support.tiny_infill_model import write_tiny_model

SHIPPED = library.search_paths()[-1]
TENSOR = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])
RESULT = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)


def stranger(place: Path, name: str = "hymns") -> Path:
    return write_tiny_model(place / name)


def write_hashes(folder: Path) -> None:
    """Let the card name all files in the folder, as a stranger would who changed them."""
    path = folder / library.CARD_FILE
    files = {file.name: library.sha256(file) for file in folder.iterdir() if file != path}
    path.write_text(json.dumps({**json.loads(path.read_text()), "files": files}))


def network(nodes: list[Any] | None = None, *weights: Any, opset: int = 17, **parts: Any) -> onnx.ModelProto:
    nodes = [helper.make_node("Relu", ["x"], ["y"])] if nodes is None else nodes
    graph = helper.make_graph(nodes, "net", [TENSOR], [RESULT], list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], **parts)


def constant(name: str, values: list[int]) -> Any:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def huge_tensor() -> Any:
    return TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 16, 1 << 16])


def outside_tensor() -> Any:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    return tensor


def loop() -> Any:
    body = helper.make_graph([helper.make_node("Identity", ["c"], ["d"])], "body", [], [])
    return helper.make_node("Loop", ["", "true"], ["y"], body=body)


def hidden_graph() -> Any:
    body = helper.make_graph([helper.make_node("Identity", ["c"], ["d"])], "body", [], [])
    return helper.make_node("Relu", ["x"], ["y"], body=body)


def sequence_input() -> onnx.ModelProto:
    model = network()
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [1]))
    model.graph.input.append(helper.make_value_info("s", kind))
    return model


def unpacked_sizes() -> onnx.ModelProto:
    return network(
        [helper.make_node("ConstantOfShape", ["shape"], ["y"])],
        TensorProto(name="shape", data_type=TensorProto.INT64, dims=[2], int64_data=[1 << 17, 1 << 17]),
    )


def constant_node_sizes() -> onnx.ModelProto:
    value = helper.make_node("Constant", [], ["shape"], value=constant("other", [1 << 17, 1 << 17]))
    return network([value, helper.make_node("Expand", ["x", "shape"], ["y"])])


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "loop": (lambda: network([loop()]), "another network|operator Loop"),
    "graph in an operator": (lambda: network([hidden_graph()]), "another network"),
    "random numbers": (lambda: network([helper.make_node("RandomNormal", [], ["y"])]), "operator RandomNormal"),
    "foreign operator": (lambda: network([helper.make_node("Evil", ["x"], ["y"], domain="ai.evil")]), "foreign here"),
    "microsoft's": (lambda: network([helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")]), "foreign here"),
    "old opset": (lambda: network(opset=7), "version 7 of ONNX"),
    "future opset": (lambda: network(opset=99), "version 99 of ONNX"),
    "100,000 nodes": (lambda: network([helper.make_node("Relu", ["x"], ["y"])] * 100_000), "more than 5000 operators"),
    "16 GB tensor": (lambda: network(None, huge_tensor()), "elements"),
    "tensor without data": (
        lambda: network(None, TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[9])),
        "size and data disagree",
    ),
    "negative size": (
        lambda: network(None, TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[-1])),
        "elements",
    ),
    "data outside": (lambda: network(None, outside_tensor()), "weights lie in another file"),
    "texts": (
        lambda: network(None, TensorProto(name="w", data_type=TensorProto.STRING, dims=[1], string_data=[b"x"])),
        "of a kind",
    ),
    "16 GB made of a size": (
        lambda: network([helper.make_node("ConstantOfShape", ["s"], ["y"])], constant("s", [1 << 32])),
        "makes tensors of more than",
    ),
    "16 GB in typed data": (unpacked_sizes, "makes tensors of more than"),
    "16 GB in a constant": (constant_node_sizes, "makes tensors of more than"),
    "endless range": (
        lambda: network(
            [helper.make_node("Range", ["a", "b", "c"], ["y"])],
            *(constant(name, [value]) for name, value in zip("abc", (0, 1 << 40, 1), strict=True)),
        ),
        "makes tensors of more than",
    ),
    "functions": (
        lambda: network(
            functions=[helper.make_function("f", "F", ["a"], ["b"], [], [helper.make_opsetid("", 17)])],
        ),
        "functions",
    ),
    "sequences": (sequence_input, "other values than tensors"),
    "no graph": (onnx.ModelProto, "no network"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_network_is_refused_before_it_is_loaded(
    make: Callable[[], onnx.ModelProto], reason: str, user_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stranger(user_models)
    (folder / onnx_nets.CORE_FILE).write_bytes(make().SerializeToString())
    write_hashes(folder)
    library.trust_model(folder)

    def load(*_: object, **__: object) -> None:
        raise AssertionError("onnxruntime has seen it")

    monkeypatch.setattr(onnx_nets.onnxruntime, "InferenceSession", load)
    with pytest.raises(ModelError, match=reason) as caught:
        library.find_checked_card("hymns")
    assert "is refused" in str(caught.value)
    with pytest.raises(ModelError, match=reason):
        onnx_nets.onnx_session(folder / onnx_nets.CORE_FILE)


def test_shipped_networks_pass_the_check() -> None:
    paths = sorted(SHIPPED.glob("*/*.onnx"))
    assert len(paths) >= 9
    for path in paths:
        check_network(path.read_bytes(), path.name)
    check_network(network().SerializeToString(), "small")


@given(content=st.binary(max_size=80))
def test_any_bytes_are_a_network_or_refused(content: bytes) -> None:
    for file in (content, b"\x3a" + bytes([min(len(content), 127)]) + content):
        with pytest.raises(ModelError, match="is refused"):
            check_network(file, "file")


@given(position=st.integers(0, 1 << 20), value=st.integers(0, 255))
def test_changed_network_passes_or_is_refused(position: int, value: int) -> None:
    content = bytearray(
        network([helper.make_node("Expand", ["x", "s"], ["y"])], constant("s", [2])).SerializeToString()
    )
    content[position % len(content)] = value
    try:
        check_network(bytes(content), "file")
    except ModelError as error:
        assert "is refused" in str(error)  # noqa: PT017 # it may also pass


def test_file_of_many_parts_is_given_up_early() -> None:
    many_names = b"\x12\x00" * (network_check._MAX_FIELDS + 1)
    with pytest.raises(ModelError, match="too many parts"):
        check_network(many_names, "file")


def change_nothing(_: Path) -> None:
    pass


def drop_hashes(folder: Path) -> None:
    path = folder / library.CARD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "files": {}}))


def drop_one_hash(folder: Path) -> None:
    path = folder / library.CARD_FILE
    card = json.loads(path.read_text())
    del card["files"][onnx_nets.HEADS_FILE]
    path.write_text(json.dumps(card))


def link_outside(folder: Path) -> None:
    core = folder / onnx_nets.CORE_FILE
    core.rename(folder.parents[1] / "elsewhere.onnx")
    core.symlink_to(folder.parents[1] / "elsewhere.onnx")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (drop_hashes, r"holds \w+\.onnx, of which its card has no SHA-256"),
        (drop_one_hash, "holds heads.onnx, of which its card has no SHA-256"),
        (link_outside, "is a link, and so may lead out of the model's folder"),
        (change_nothing, 'the model hymns comes from elsewhere.*"bachbridge trust hymns"'),
    ],
)
def test_strangers_model_is_unusable(change: Callable[[Path], None], reason: str, user_models: Path) -> None:
    change(stranger(user_models))
    with pytest.raises(ModelError, match=reason):
        load_model("hymns")
    with pytest.raises(ModelError):
        load_model(str(user_models / "hymns"))
    assert not isinstance(dict(library.list_models())["chorale-lstm"], ModelError)


def test_trusted_model_plays_until_it_changes(user_models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = stranger(user_models)
    trust_model("hymns")
    output = capsys.readouterr().out
    assert "comes from elsewhere. By its card it can continue, harmonize, vary" in output
    assert str(folder) in output
    assert library.find_checked_card("hymns").name == "hymns"
    trust_model("hymns")
    assert "was trusted already" in capsys.readouterr().out
    (folder / onnx_nets.CORE_FILE).write_bytes(network().SerializeToString())
    write_hashes(folder)
    with pytest.raises(UntrustedModelError):
        library.find_checked_card("hymns")
    library.trust_model(folder)
    trust_model("hymns", remove=True)
    with pytest.raises(UntrustedModelError):
        library.find_checked_card("hymns")


def test_shipped_model_needs_no_trust() -> None:
    with pytest.raises(ModelError, match="comes with BachBridge and needs no trust"):
        trust_model("chorale-lstm")


def test_shipped_name_cannot_be_taken(user_models: Path) -> None:
    library.trust_model(stranger(user_models, "chorale-lstm"))
    assert library.find_checked_card("chorale-lstm").folder == SHIPPED / "chorale-lstm"
    name, refusal = library.list_models()[-1]
    assert name == f"chorale-lstm in {user_models}"
    assert "give the folder another name" in str(refusal)


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b'{"a": 1}', b"[]", bytes(256)])
def test_damaged_file_of_trust_trusts_nothing(content: bytes, user_models: Path) -> None:
    folder = stranger(user_models)
    (user_models.parent / trust.TRUST_FILE).write_bytes(content)
    with pytest.raises(UntrustedModelError):
        library.find_checked_card("hymns")
    library.trust_model(folder)
    assert library.find_checked_card("hymns")


def test_window_opens_with_a_model_to_be_trusted(user_models: Path) -> None:
    folder = stranger(user_models)
    assert "comes from elsewhere" in app._model_notice("hymns")
    library.trust_model(folder)
    assert app._model_notice("hymns") == ""
    with pytest.raises(ModelError, match="there is no model 'himns'; did you mean 'hymns'"):
        app._model_notice("himns")


def test_window_asks_once_about_a_strangers_model(user_models: Path, tmp_path: Path, qtbot: QtBot) -> None:
    stranger(user_models)
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    picker, store = opened.parts.controls.model, opened.window.core.store
    assert picker.trust_button.isHidden()
    store.set("model", "hymns")
    assert "Do you trust whoever made it?" in picker.description_label.text()
    assert not picker.trust_button.isHidden()
    picker.trust_button.click()
    assert picker.trust_button.isHidden()
    assert "trust" not in picker.description_label.text()
    assert library.find_checked_card("hymns")
