"""The side panel, open and shown."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.controls.panel_rig import PanelRig


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> PanelRig:
    return PanelRig(qtbot, tmp_path)
