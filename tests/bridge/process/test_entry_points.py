"""The parts that pyproject.toml registers exist, and a missing part is reported in one sentence."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

from bachbridge.install_advice import reinstall_advice
from bachbridge.process import ipc
from bachbridge.process.entry_points import (
    COMMAND_GROUP,
    PROCESS_GROUP,
    WINDOW_GROUP,
    EntryPointError,
    entry_points_in,
    find_entry_point,
    load_entry_point,
)

REGISTERED = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]["entry-points"]


def test_installed_entry_points_are_those_of_pyproject() -> None:
    """If this test fails, run `pip install --no-deps -e .` again."""
    for group in (COMMAND_GROUP, WINDOW_GROUP, PROCESS_GROUP):
        assert {name: point.value for name, point in entry_points_in(group).items()} == REGISTERED[group]


@pytest.mark.parametrize(("group", "name"), [(group, name) for group, names in REGISTERED.items() for name in names])
def test_registered_part_can_be_loaded(group: str, name: str) -> None:
    assert callable(load_entry_point(group, name))


def test_missing_part_is_reported_in_one_sentence() -> None:
    sentence = f'The part "butler" of BachBridge is not installed: {reinstall_advice()}.'
    with pytest.raises(EntryPointError, match=re.escape(sentence)):
        find_entry_point(PROCESS_GROUP, "butler")


def test_checkout_without_installation_has_no_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", fail)
    assert entry_points_in(PROCESS_GROUP) == {}
    assert ipc.process_roles() == ["engine", "ports", "model"]
