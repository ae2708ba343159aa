"""Models are found by name, first in the user's folder, and are loaded only if their files match their cards."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bachbridge.cli.play.models import print_models
from bachbridge.errors import ModelError
from bachbridge.inference import loading
from bachbridge.inference.runtime import library, onnx_nets, trust

FACTS = {
    "codec": "satb",
    "tasks": ["continue"],
    "chain": ["soprano", "bass", "alto", "tenor"],
    "layers": 2,
    "units": 8,
    "sampler": {"temperature": 1, "top_p": 0.9},
}


def make_model(parent: Path, name: str, content: bytes = b"not a network") -> Path:
    folder = parent / name
    folder.mkdir(parents=True)
    for file in (onnx_nets.CORE_FILE, onnx_nets.HEADS_FILE):
        (folder / file).write_bytes(content)
    files = {file: library.sha256(folder / file) for file in (onnx_nets.CORE_FILE, onnx_nets.HEADS_FILE)}
    (folder / library.CARD_FILE).write_text(json.dumps({**FACTS, "files": files}))
    return folder


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    found = tmp_path / "user", tmp_path / "package"
    monkeypatch.setattr(library, "search_paths", lambda: found)
    return found


def test_library_finds_models_and_keeps_shipped_names(folders: tuple[Path, Path]) -> None:
    user, package = folders
    make_model(package, "one")
    make_model(package, "two")
    make_model(user, "two", b"mine")
    assert library.model_names() == ["one", "two"]
    card = library.find_checked_card("two")
    assert card.folder == package / "two"
    *_, (name, refusal) = library.list_models()
    assert name == f"two in {user}"
    assert "the name two belongs to a model that comes with BachBridge" in str(refusal)
    assert card.chain == (0, 3, 1, 2)
    assert card.sampler["top_p"] == pytest.approx(0.9)


INFILL_FACTS: dict[str, object] = {"codec": "canvas", "tasks": ["harmonize", "vary"], "partner": "one", "sampler": {}}


def replace_card(folder: Path, facts: dict[str, object]) -> None:
    """Replace the card in the folder by one with other facts about the same files."""
    files = json.loads((folder / library.CARD_FILE).read_text())["files"]
    (folder / library.CARD_FILE).write_text(json.dumps({**facts, "files": files}))


def test_infill_card_has_a_partner_and_no_chain(folders: tuple[Path, Path]) -> None:
    replace_card(make_model(folders[1], "two"), INFILL_FACTS)
    card = library.find_checked_card("two")
    assert (card.codec, card.partner, card.chain, card.layers) == ("infill_grid", "one", (), 0)
    with pytest.raises(ModelError, match="two does not generate frame by frame: choose another model, such as one"):
        onnx_nets.load_chorale_net(card)
    replace_card(folders[1] / "two", {name: fact for name, fact in INFILL_FACTS.items() if name != "partner"})
    with pytest.raises(ModelError, match="is not a model's card"):
        library.find_checked_card("two")


def test_load_infill_net_refuses_a_chorale_model(folders: tuple[Path, Path]) -> None:
    make_model(folders[1], "one")
    with pytest.raises(ModelError, match="one cannot fill in missing notes"):
        onnx_nets.load_infill_net(library.find_checked_card("one"))


def test_load_model_names_an_unknown_codec(folders: tuple[Path, Path]) -> None:
    replace_card(make_model(folders[1], "next"), {"codec": "runes", "tasks": [], "sampler": {}})
    with pytest.raises(ModelError, match="next uses the codec 'runes', which this version does not know: update"):
        loading.load_model("next")


def test_find_checked_card_hints_at_similar_names(folders: tuple[Path, Path]) -> None:
    make_model(folders[1], "chorale-lstm")
    with pytest.raises(ModelError, match="did you mean 'chorale-lstm'"):
        library.find_checked_card("choral-lstm")
    with pytest.raises(ModelError, match="there are: chorale-lstm"):
        library.find_checked_card("xyz")


def test_find_checked_card_refuses_a_changed_file(folders: tuple[Path, Path]) -> None:
    folder = make_model(folders[1], "one")
    (folder / onnx_nets.HEADS_FILE).write_bytes(b"not a netw0rk")
    with pytest.raises(ModelError, match=r"heads.onnx is not the file that its card describes"):
        library.find_checked_card("one")
    (folder / onnx_nets.HEADS_FILE).unlink()
    with pytest.raises(ModelError, match=r"heads.onnx is missing"):
        library.find_checked_card("one")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"codec": "satb", "tasks": ["continue"], "files": 3}'])
def test_find_checked_card_refuses_a_damaged_card(folders: tuple[Path, Path], text: str) -> None:
    (make_model(folders[1], "one") / library.CARD_FILE).write_text(text)
    with pytest.raises(ModelError, match="is not a model's card"):
        library.find_checked_card("one")


def test_load_chorale_net_refuses_a_file_without_network(folders: tuple[Path, Path]) -> None:
    make_model(folders[1], "one")
    with pytest.raises(ModelError, match=r"model.onnx cannot be loaded"):
        onnx_nets.load_chorale_net(library.find_checked_card("one"))


def test_print_models_names_damaged_models(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    print_models()
    assert "No models are installed." in capsys.readouterr().out
    make_model(folders[1], "whole")
    (make_model(folders[1], "broken") / onnx_nets.CORE_FILE).write_bytes(b"")
    make_model(folders[1], "a-name-that-is-to-be-typed")
    print_models()
    output = capsys.readouterr().out
    assert "whole" in output
    assert "unusable" in output
    assert "a-name-that-is-to-be-typed" in output


def _valid(**figures: float) -> dict[str, Any]:
    return {"metrics": {"valid": figures}}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (_valid(pieces=2, nats_per_frame=1.25), "1.250 nats per frame"),
        (_valid(pieces=2, bits_per_symbol=0.5, bits_per_step=2), "0.500 bits per symbol"),
        (_valid(pieces=2, framewise_nll=0.56, framewise_nll_8th=1.8), "0.560 nats, frames in any order"),
        ({"original": _valid(bits_per_symbol=2.25)}, "2.250 bits per symbol (its original)"),
        (_valid(bits_per_symbol=2.26) | {"original": _valid(bits_per_symbol=2.25)}, "2.260 bits per symbol "),
    ],
)
def test_print_models_shows_validation_scores(
    facts: dict[str, Any],
    expected: str,
    folders: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    card = make_model(folders[1], "one") / library.CARD_FILE
    card.write_text(json.dumps({**json.loads(card.read_text()), **facts}))
    print_models()
    assert expected in capsys.readouterr().out


def test_add_trusted_model_takes_paths_that_are_not_utf8(tmp_path: Path) -> None:
    trust.add_trusted_model(tmp_path, "hash", Path(os.fsdecode(b"/mod\xe8les/toy")))
    assert trust.is_trusted(tmp_path, "hash")
    assert "/mod?les/toy" in (tmp_path / trust.TRUST_FILE).read_text("utf-8")
