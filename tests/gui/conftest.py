"""Run the window's tests without a display, and open the whole window for those that want it."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The window speaks the system's language; the tests expect English.
os.environ |= {"LC_ALL": "C.UTF-8", "LANGUAGE": "en"}

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.support.assembled_window import WindowHarness


@pytest.fixture
def opened(tmp_path: Path, qtbot: QtBot) -> Iterator[WindowHarness]:
    """Yield the whole window, without the welcome page."""
    made = WindowHarness(tmp_path)
    qtbot.addWidget(made.window)
    yield made
    made.window.close()
