"""Run the window's tests without a display, and lay a folder for the user's models beside the shipped ones."""

import os
from pathlib import Path

import pytest

from bachbridge.inference.runtime import library

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHIPPED = library.search_paths()[-1]


@pytest.fixture
def user_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "user data" / "models"
    place.mkdir(parents=True)
    monkeypatch.setattr(library, "search_paths", lambda: (place, SHIPPED))
    return place
