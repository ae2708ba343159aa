"""Fixtures of the phrase list: an empty panel and one with three exchanges."""

from collections.abc import Iterator

import pytest

from bachbridge_gui.phrases.panel import PhrasePanel
from bachbridge_gui.state.drag_files import DragFiles
from tests.support.sample_exchanges import make_exchange


@pytest.fixture
def drag_files() -> Iterator[DragFiles]:
    drag_files = DragFiles()
    yield drag_files
    drag_files.close()


@pytest.fixture
def panel(qtbot, drag_files) -> PhrasePanel:
    panel = PhrasePanel(drag_files)
    qtbot.addWidget(panel)
    panel.resize(360, 480)
    panel.show()
    return panel


@pytest.fixture
def filled_panel(panel) -> PhrasePanel:
    for number in (1, 2, 3):
        panel.add(make_exchange(number))
    return panel
