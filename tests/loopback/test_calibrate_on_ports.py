"""`bachbridge calibrate` on real ports, with a DAW that sends everything back."""

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import mido
import pytest

from bachbridge.cli.bench.fake_daw import FakeDaw
from bachbridge.cli.play.calibrate import NOTES, calibrate
from bachbridge.errors import PortError
from bachbridge.midi.jack import DummyServer
from bachbridge.settings_file import load_settings

DELAY_S = 0.02
TRACK = ("Track Out", "Track In")
"""The ports by which calibrate reaches the DAW's track."""


@contextmanager
def echo(drop_every: int = 0) -> Generator[None]:
    """Run a DAW whose track sends each message back later; every so many messages are lost."""
    is_over = threading.Event()
    with FakeDaw(None, None, "Track") as daw:

        def send_back() -> None:
            count = 0
            while not is_over.is_set():
                try:
                    at_ns, data = daw.receive(0.05)
                except PortError:
                    continue
                count += 1
                if drop_every and count % drop_every:
                    continue
                time.sleep(max(0.0, DELAY_S - (time.monotonic_ns() - at_ns) / 1e9))
                daw.send(mido.Message.from_bytes(data))

        track = threading.Thread(target=send_back)
        track.start()
        try:
            yield
        finally:
            is_over.set()
            track.join()


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.toml"
    monkeypatch.setattr("bachbridge.cli.play.calibrate.settings_path", lambda: path)
    return path


def test_calibrate_proposes_and_saves_the_round_trip(
    jack: DummyServer, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with echo():
        calibrate(*TRACK, wait_s=10, save=True, json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures["sent"] == NOTES
    assert figures["latency_ms"] >= DELAY_S * 1000
    assert load_settings(settings_file).latency_ms == figures["latency_ms"]


def test_calibrate_says_if_no_note_comes_back(
    jack: DummyServer, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PortError, match='No note came back: connect "BachBridge Out" to a track'):
        calibrate(None, None, wait_s=1, save=True, json=False)
    assert not settings_file.exists()
    assert capsys.readouterr().out == ""


def test_calibrate_says_if_most_notes_are_lost(jack: DummyServer, settings_file: Path) -> None:
    with echo(drop_every=7), pytest.raises(PortError, match=f"of {NOTES} notes came back"):
        calibrate(*TRACK, wait_s=20, save=True, json=False)
    assert not settings_file.exists()
