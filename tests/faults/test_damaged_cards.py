"""One damaged card in the models folder costs that model and nothing else."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from bachbridge.cli.play.models import print_models
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library
from bachbridge.settings import Settings
from bachbridge_gui.app import model_choices
from tests.support.assembled_window import WindowHarness

SHIPPED = library.search_paths()[-1]
WHOLE = json.loads((SHIPPED / "chorale-lstm" / "card.json").read_text())


def with_fact(**facts: object) -> bytes:
    return json.dumps({**WHOLE, **facts}).encode()


BAD = "[red] \x1b[2J bad"
"""The name of a folder may hold what a terminal obeys."""
DAMAGED = {
    "empty": b"",
    "no object": b"[1]",
    "nested": b'{"codec":' * 100_000,
    "nested fact": b'{"codec": "satb", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "binary": bytes(range(256)),
    "long number": with_fact().replace(b'"units": 320', b'"units": ' + b"9" * 5000),
    "too large": b" " * (5 << 20),
    "files elsewhere": with_fact(files={"../../etc/passwd": "0"}),
    "absolute file": with_fact(files={"/etc/passwd": "0"}),
    "null in a name": with_fact(files={"a\0b": "0"}),
    "no name": with_fact(files={"": "0"}),
    "many layers": with_fact(layers=1 << 40),
    "no layers": with_fact(layers=0),
    "wrong kind": with_fact(codec=["satb"]),
    "markup": with_fact(codec="[/red]"),
    "escape in the codec": with_fact(codec="\x1b[2J"),
    "odd metrics": with_fact(metrics=[1]),
    "odd score": with_fact(metrics={"valid": {"nats_per_frame": "x"}}),
}


def write_card(place: Path, content: bytes, name: str = BAD) -> None:
    (place / name).mkdir(exist_ok=True)
    (place / name / library.CARD_FILE).write_bytes(content)


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_library_lists_a_damaged_card_with_its_reason(
    content: bytes, user_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_card(user_models, content)
    listed = dict(library.list_models())
    assert isinstance(listed.pop(BAD), ModelError)
    assert len(listed) >= 5
    assert not any(isinstance(card, ModelError) for card in listed.values())
    print_models()
    output = capsys.readouterr().out
    assert "unusable" in output
    assert "\x1b" not in output
    assert [choice.name for choice in model_choices() if choice.problem] == [BAD]


def test_window_opens_beside_damaged_cards(user_models: Path, tmp_path: Path, qtbot: QtBot) -> None:
    for name, content in DAMAGED.items():
        write_card(user_models, content, name)
    (user_models / "no folder").write_text("x")
    (user_models / "card is a folder" / library.CARD_FILE).mkdir(parents=True)
    (user_models / "broken link").symlink_to(tmp_path / "nowhere")
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    box = opened.parts.controls.model.dropdown.box
    assert box.currentText() == "Chorale"
    words = [box.itemText(row) for row in range(box.count())]
    assert sum(word.endswith("(unusable)") for word in words) == len(DAMAGED)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_unreadable_folder_holds_no_models(error: OSError, user_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original: Callable[[Path], object] = Path.iterdir

    def iterdir(path: Path) -> object:
        if path == user_models:
            raise error
        return original(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert Settings().model in library.model_names()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(facts=st.dictionaries(st.sampled_from(sorted(WHOLE)), json_values, max_size=4))
def test_card_with_any_values_is_read_or_refused(
    facts: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / library.CARD_FILE).write_bytes(with_fact(**facts))
    with suppress(ModelError):
        library.check_files(library.read_card(folder))
