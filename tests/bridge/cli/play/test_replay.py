"""Replaying a session log."""

from pathlib import Path

import pytest

from bachbridge.cli.play.replay import replay_session
from bachbridge.engine.session_log import LogWriter
from bachbridge.errors import BachBridgeError
from bachbridge.files.midi_reader import read_midi
from bachbridge.settings import Settings
from tests.support.virtual_driver import Driver, S

SETTINGS = Settings(bpm=60.0, seed=1, phrase_end="bars", phrase_bars=1)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Record a bar played at 60 bpm, and its answer."""
    driver = Driver(SETTINGS)
    for beat in range(4):
        driver.play((10 + beat) * S, 60 + beat, 900_000_000)
    driver.run(30 * S)
    path = tmp_path / "session.log"
    writer = LogWriter(path, SETTINGS)
    for now_ns, direction, message in driver.log:
        if direction == "in":
            writer.write_event(now_ns, message)  # pyright: ignore[reportArgumentType] # the driver's log holds events and effects
        else:
            writer.write_effects(now_ns, [message])  # pyright: ignore[reportArgumentType] # likewise
    writer.close()
    return path


def test_replay_confirms_unchanged_session(log: Path, capsys: pytest.CaptureFixture[str]):
    replay_session(log, midi_path=None)
    assert "all as recorded" in capsys.readouterr().out


def test_replay_writes_played_notes_as_midi(log: Path, tmp_path: Path):
    replay_session(log, midi_path=tmp_path / "out.mid")
    song = read_midi(tmp_path / "out.mid")
    assert song.track_names == ("", "Player", "Soprano", "Alto", "Tenor", "Bass")
    assert song.timeline.tempos[0].beat_us == 1_000_000
    by_track = {track: [note for note in song.notes if note.track == track] for track in range(1, 6)}
    assert [(note.start, note.pitch) for note in by_track[1]] == [(960 * beat, 60 + beat) for beat in range(4)]
    assert [len(notes) for notes in by_track.values()] == [4, 4, 4, 4, 4]
    assert all(abs(by_track[track][0].start - 4 * 960) <= 1 for track in range(2, 6))


def test_replay_shows_where_a_changed_log_differs(log: Path, capsys: pytest.CaptureFixture[str]):
    log.write_text(log.read_text().replace('"ended_by":"bars"', '"ended_by":"pedal"'))
    with pytest.raises(BachBridgeError, match="differs after 1 of"):
        replay_session(log, midi_path=None)
    out = capsys.readouterr().out
    assert '- {"type":"PhraseEnded"' in out
    assert '+ {"type":"PhraseEnded"' in out
