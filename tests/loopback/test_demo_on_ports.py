"""The demo through real ports: a phrase goes into one port, and the answer comes out of the other."""

from pathlib import Path

import pytest

from bachbridge.cli.play.demo import DEMO_FILES
from bachbridge.files.midi_reader import read_midi
from tests.bridge.cli.play.test_demo import PITCHES, run


@pytest.mark.usefixtures("jack")
def test_demo_plays_through_real_ports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, ports=True)
    assert {path.name for path in tmp_path.iterdir()} == set(DEMO_FILES)
    notes = read_midi(tmp_path / "demo.mid").notes
    assert [note.pitch for note in notes if note.track == 1] == list(PITCHES)
    assert {note.track for note in notes if note.track > 1} == {2, 3, 4, 5}
    assert "MIDI ports (" in capsys.readouterr().out
