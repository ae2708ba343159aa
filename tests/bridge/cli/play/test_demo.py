"""The demo with a real engine and model: a short phrase at a quick tempo, and the three files."""

import wave
from pathlib import Path

import pytest
from PIL import Image

from bachbridge.cli.play.demo import DEMO_FILES, run_demo
from bachbridge.errors import BachBridgeError, ModelError
from bachbridge.files.midi_reader import read_midi
from bachbridge.music.example_phrase import ExamplePhrase
from bachbridge.music.notes import Note, Phrase

PITCHES = (67, 69, 71, 72)
SHORT = ExamplePhrase("BWV 0", "A bar", 240.0, Phrase(tuple(Note(4 * i, 4, p) for i, p in enumerate(PITCHES)), 16))


def run(directory: Path, model: str = "chorale-lstm", *, ports: bool = False) -> None:
    run_demo(directory, model=model, temperature=0.9, seed=1, melody=SHORT, ports=ports)


def test_demo_answers_short_phrase_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("SOUNDFONT", "/nowhere.sf2")
    run(tmp_path / "new" / "folder")
    written = tmp_path / "new" / "folder"
    assert {path.name for path in written.iterdir()} == set(DEMO_FILES)
    song = read_midi(written / "demo.mid")
    assert song.track_names[1:] == ("Player", "Soprano", "Alto", "Tenor", "Bass")
    assert song.timeline.tempos[0].beat_us == 250_000
    player = [note for note in song.notes if note.track == 1]
    assert [note.pitch for note in player] == list(PITCHES)
    answer = [note for note in song.notes if note.track > 1]
    assert {note.track for note in answer} == {2, 3, 4, 5}
    assert all(song.timeline.step_at_tick(note.start) >= 16 for note in answer)
    with wave.open(str(written / "demo.wav")) as sound:
        assert sound.getnframes() / sound.getframerate() > 2
    with Image.open(written / "demo.png") as image:
        image.verify()
    out = capsys.readouterr().out
    assert "4 notes, 1 bar at 240 bpm" in out
    assert "built-in" in out


def test_demo_without_model_writes_nothing(tmp_path: Path):
    with pytest.raises(ModelError, match="no-such-model"):
        run(tmp_path, "no-such-model")
    assert not list(tmp_path.iterdir())


def test_demo_rejects_impossible_folder_before_playing(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(BachBridgeError, match="choose another folder"):
        run(tmp_path / "file" / "folder")
