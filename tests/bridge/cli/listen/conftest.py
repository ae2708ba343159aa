"""A folder of `bachbridge listen` with two short pieces, made once."""

from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge.cli.listen import listening_page
from bachbridge.cli.listen.chorales import Chorale, load_chorales
from bachbridge.cli.listen.listening_page import ListenOptions, write_listening_page

STEPS = 12


def short_chorales() -> tuple[Chorale, ...]:
    """The first notes of two chorales, with a fermata at the end."""
    return tuple(
        replace(
            chorale,
            notes=tuple(note for note in chorale.notes if note.end <= STEPS),
            bars=chorale.bars[:2],
            fermatas=((STEPS - 4, 4),),
        )
        for chorale in load_chorales()[:2]
    )


@pytest.fixture(scope="session")
def listening_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for library in ("verovio", "resvg_py", "soundfile"):
        pytest.importorskip(library)
    folder = tmp_path_factory.mktemp("listen") / "page"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listening_page, "load_chorales", short_chorales)
        write_listening_page(folder, ListenOptions("chorale-lstm", pieces=2, seed=3))
    return folder
