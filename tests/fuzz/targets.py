"""Kinds of files that are fuzzed: the reader of each, the one error that it may raise, and what else must hold.

A reader returns or raises its error, whose message is one line. It writes nothing, and it takes no more processor time
than a large file of its kind. `tests/fuzz` mutates files with Hypothesis, `scripts/fuzz.py` with Atheris.
"""

import contextlib
import io
import signal
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from bachbridge.cli.play.replay import replay_session
from bachbridge.errors import BachBridgeError, ConfigError, MidiFileError, ModelError, TuneError
from bachbridge.files.abc_song import read_song
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.score_reading.score_song import read_score
from bachbridge.inference.runtime import library
from bachbridge.settings_file import load_settings
from bachbridge_gui.presets.presets import preset_from_json
from bachbridge_gui.state.json_store import read_json

MAX_CPU_S = 10.0
"""A mutated file takes some milliseconds; the largest file of a kind takes about half of this."""
MAX_MESSAGE = 1000


class TookTooLong(BaseException):
    """The reader has used up its processor time; no reader catches this."""


@dataclass(frozen=True, slots=True)
class FuzzTarget:
    """A kind of file: its name, its reader, and the error of that reader."""

    file_name: str
    read_file: Callable[[Path], object]
    error: type[BachBridgeError]


def _read_card(path: Path) -> None:
    card = library.read_card(path.parent)
    library.check_files(card)
    assert library.facts_text(card)


def _replay(path: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        replay_session(path, midi_path=None)


TARGETS = {
    "midi": FuzzTarget("file.mid", read_midi, MidiFileError),
    "abc": FuzzTarget("file.abc", read_song, TuneError),
    "musicxml": FuzzTarget("file.musicxml", read_score, MidiFileError),
    "packed score": FuzzTarget("file.mxl", read_score, MidiFileError),
    "card": FuzzTarget(library.CARD_FILE, _read_card, ModelError),
    "settings": FuzzTarget("settings.toml", load_settings, ConfigError),
    "preset": FuzzTarget("file.json", lambda path: preset_from_json(read_json(path, "preset")), ConfigError),
    "log": FuzzTarget("session.log", _replay, BachBridgeError),
}


def check_file(target: FuzzTarget, content: bytes, folder: Path) -> str:
    """Read a file with this content in an otherwise empty folder; return the error's message, "" if there is none."""
    path = folder / target.file_name
    path.write_bytes(content)
    message = ""
    with _limited_cpu_time(MAX_CPU_S):
        try:
            target.read_file(path)
        except target.error as error:
            message = str(error)
            assert message, "an error says what is wrong"
    assert "\n" not in message, message
    assert len(message) < MAX_MESSAGE + len(str(folder)), message
    assert [found.name for found in folder.iterdir()] == [target.file_name], "a reader writes nothing"
    assert path.read_bytes() == content
    return message


@contextlib.contextmanager
def _limited_cpu_time(seconds: float) -> Generator[None]:
    """Raise `TookTooLong` in the block once it has used so much processor time. For the main thread; not on Windows."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
