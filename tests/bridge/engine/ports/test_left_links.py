"""Connections that a killed engine leaves for the next one."""

import os
import time
from pathlib import Path

import pytest

from bachbridge.engine.ports import left_links
from bachbridge.engine.ports.left_links import find_left_links, leave_links

LINKS = [("BachBridge In", "Keys:out"), ("BachBridge Out", "Synth:in")]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "cache" / "links.json"
    monkeypatch.setattr(left_links, "_path", lambda _: place)
    return place


def test_left_links_are_found_once(path: Path) -> None:
    leave_links("BachBridge", LINKS)
    assert path.stat().st_mode & 0o077 == 0
    assert find_left_links("BachBridge") == LINKS
    assert find_left_links("BachBridge") == []


def test_left_links_are_for_a_moment(path: Path) -> None:
    leave_links("BachBridge", LINKS)
    os.utime(path, (0, time.time() - 300))
    assert find_left_links("BachBridge") == []
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", "[[1, 2, 3]]", '["ab"]', "null", "7"])
def test_damaged_left_links_do_no_harm(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    assert find_left_links("BachBridge") in ([], [("a", "b")])


def test_no_links_leave_no_file(path: Path) -> None:
    leave_links("BachBridge", [])
    assert not path.exists()
