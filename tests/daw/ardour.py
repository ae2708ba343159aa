"""Ardour without a window: a session with a phrase and a track that records the answer, controlled from tests."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import mido

from bachbridge.cli.bench.fake_daw import FakeDaw
from bachbridge.midi.midi_system import list_ports
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME

_SCRIPT = Path(__file__).with_name("ardour.lua")
_ROOT = Path("/usr/lib")
_PHRASE_QUARTERS = 400
_GRACE_S = 10.0


@dataclass(frozen=True, slots=True, order=True)
class RecordedNote:
    """A note in the file that Ardour recorded; times in quarters of Ardour's time line."""

    quarter: float
    quarters: float
    channel: int
    pitch: int
    lateness_s: float = 0.0
    """How late BachBridge sent it at most, because the machine was busy."""


def find_program() -> Path | None:
    """Return Ardour's program for scripts, or None if Ardour is not installed."""
    return next(iter(sorted(_ROOT.glob("ardour*/luasession"))), None)


class Ardour:
    """One session at 4/4, as a context manager. Its clock and its phrase go to BachBridge once that is connected."""

    def __init__(self, program: Path, folder: Path) -> None:
        """Keep session, settings and the program's messages in `folder`."""
        self._folder = folder
        self._messages = (folder / "ardour.log").open("w", encoding="utf-8")
        name = program.parent.name
        self._process = subprocess.Popen(
            [program, _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
            env={
                **os.environ,
                "HOME": str(folder),
                "XDG_CONFIG_HOME": str(folder / "config"),
                "XDG_CACHE_HOME": str(folder / "cache"),
                "LD_LIBRARY_PATH": str(program.parent),
                "ARDOUR_DATA_PATH": f"/usr/share/{name}",
                "ARDOUR_CONFIG_PATH": f"/etc/{name}",
                "ARDOUR_DLL_PATH": str(program.parent),
            },
        )

    def __enter__(self) -> Self:
        self.run(f'create("{self._folder / "session"}", "session")')
        with FakeDaw(None, None, "Keys") as keys:
            _connect("Keys:Keys Out", "ardour:to BachBridge/midi_in 1")
            self.run("start_phrase_region()")
            keys.play(0, 60, hold_s=0.1)
            self.run(f"finish_phrase_region({_PHRASE_QUARTERS})")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._messages.close()

    @property
    def is_running(self) -> bool:
        """False if Ardour has crashed."""
        return self._process.poll() is None

    def run(self, code: str) -> str:
        """Return the value of one line of Lua; see ardour.lua for what there is."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        print(code, file=process.stdin, flush=True)
        for line in process.stdout:
            if line.startswith("= "):
                return line[2:].rstrip("\n")
            assert not line.startswith("! "), f"{code}: {line}"
            self._messages.write(line)
        raise AssertionError(f"Ardour has ended: see {self._messages.name}")

    def connect(self) -> None:
        """Connect both tracks and the clock with BachBridge's ports."""
        listing = list_ports()
        (source,) = [name for name in listing.inputs if OUTPUT_NAME in name]
        (sink,) = [name for name in listing.outputs if INPUT_NAME in name]
        _connect("ardour:to BachBridge/midi_out 1", sink)
        _connect("ardour:MIDI Clock out", sink)
        _connect(source, "ardour:from BachBridge/midi_in 1")

    def set_notes(self, notes: Sequence[tuple[float, float, int]]) -> None:
        """Play these notes and no others: each has its place, its length (quarters) and its pitch."""
        table = ",".join(f"{{{quarter},{length},{pitch}}}" for quarter, length, pitch in notes)
        self.run(f"set_notes {{{table}}}")

    def stop_recording(self) -> list[RecordedNote]:
        """Stop the transport and return the notes that were recorded."""
        start, _, path = self.run("return stop_recording()").partition(" ")
        return read_notes(Path(path), float(start)) if path else []


def _connect(source: str, destination: str) -> None:
    """Connect two ports; Ardour's may appear a moment after its track."""
    deadline_s = time.monotonic() + _GRACE_S
    while subprocess.run(["jack_connect", source, destination], check=False, capture_output=True).returncode:
        assert time.monotonic() < deadline_s, f"{source} cannot be connected to {destination}"
        time.sleep(0.1)


def read_notes(path: Path, start_quarter: float) -> list[RecordedNote]:
    """Return the notes of a file that was recorded from `start_quarter` on, in order; fails if a note never ends."""
    file = mido.MidiFile(path)
    notes = [note for track in file.tracks for note in _notes_of_track(track, start_quarter, file.ticks_per_beat)]
    return sorted(notes)


def _notes_of_track(track: mido.MidiTrack, start_quarter: float, ticks_per_quarter: int) -> Iterator[RecordedNote]:
    starts: dict[tuple[int, int], float] = {}
    quarter = start_quarter
    for message in track:
        quarter += message.time / ticks_per_quarter
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if message.type == "note_on" and message.velocity:
            assert key not in starts, f"{message} sounds already"
            starts[key] = quarter
        elif key in starts:
            start = starts.pop(key)
            yield RecordedNote(start, quarter - start, *key)
    assert not starts, f"notes without end: {starts}"
