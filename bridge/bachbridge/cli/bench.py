"""`bachbridge bench`: latencies over real ports, seen from the engine and from the other end of the cable.

This process is the DAW: it plays into "BachBridge In" and hears "BachBridge Out", the engine and the model running in
processes of their own as ever. First single notes go through and come back (thru). Then short phrases are played,
ended by silence or by a control message, each as soon as the answer before has begun. At last phrase upon phrase is
answered, fast and at a high temperature for the sake of many notes, until enough of them have come; meanwhile the
player plays on and keeps changing the seed, so that the model has to take in the whole phrase anew each time: its
process is never idle.

"Inside" is the engine's own view, the moment before a message is handed to the port; "outside" adds the way through
the MIDI system and this process's thread. On one machine all processes read the same monotonic clock.
"""

import json as json_
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar

from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from bachbridge import midi
from bachbridge.config import Settings
from bachbridge.errors import BachBridgeError, ModelError, PortError
from bachbridge.events import (
    Answer,
    Answered,
    Answering,
    Ask,
    Failed,
    Message,
    ModelDown,
    ModelUp,
    PortsChanged,
    Sent,
    Setting,
)
from bachbridge.jack import DummyServer
from bachbridge.link import Link
from bachbridge.ports import INPUT, OUTPUT, Ports, list_ports
from bachbridge.record import read_log

_SETTINGS = Settings(
    bpm=300,
    phrase_end="control",
    answer_bars=4,
    let_finish=True,
    thru=True,
    mode="off",
    temperature=2.0,
    top_p=1.0,
    seed=0,
)
_THRU_NOTES = 200
_PHRASES = 20
_KEYS = 8
"""Notes of a phrase."""
_SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79)
_KEY_S = 0.04
"""How long the player holds a key; the next one follows at once."""
_PATIENCE_S = 60.0

Times = list[int]
Share = Callable[[float], None]
M = TypeVar("M", bound=Message)


def bench(*, json: bool, notes: int) -> None:
    """Measure with at least `notes` answered notes, and print a table, or JSON."""
    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with _midi_system() as system, TemporaryDirectory() as folder, progress:
        task = progress.add_task("measuring", total=1.0)
        with _Player(Path(folder) / "session.log") as player:
            player.thru()
            player.phrases()
            player.dialogue(notes, lambda share: progress.update(task, completed=share))
            memory = {"engine": _resident_mb(player.engine), "model": _resident_mb(_child_of(player.engine))}
            figures = {name: _summary(times) for name, times in player.times().items()}
        for ending, times in _ready(Path(folder) / "session.log").items():
            figures[f"first note ready after the phrase's end by {ending}"] = _summary(times)
    python = platform.python_version()
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {python}",
        "midi": system,
        "model": _SETTINGS.model,
        "milliseconds": figures,
        "model_step_ms": player.step_ns / 1e6,
        "resident_mb": memory,
    }
    if json:
        print(json_.dumps(report, indent=2))
    else:
        _print(report)


@contextmanager
def _midi_system() -> Generator[str]:
    """The machine's MIDI system; if it has none, a JACK server of our own for the time being."""
    try:
        list_ports()
        server, remark = nullcontext(), ""
    except PortError:
        if not DummyServer.available():
            raise
        server, remark = DummyServer(f"bachbridge-bench-{os.getpid()}"), ", a dummy server started for this run"
        print("No MIDI system is running: using a JACK server of our own.", file=sys.stderr)
    with server:
        yield list_ports().system + remark


class _Player:
    """The DAW and its player. Used on one thread; what is heard arrives on another."""

    def __init__(self, log: Path) -> None:
        self._link = Link(_SETTINGS, log=log)
        self._heard: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self._ports: Ports | None = None
        self.step_ns = 0
        self._thru_out: Times = []
        self._thru_in: Times = []
        self._sent: list[Sent] = []
        self._starts: list[int] = []
        """How many messages had been sent when an answer was announced."""

    def __enter__(self) -> Self:
        try:
            self._await(PortsChanged)
            self.step_ns = self._await(ModelUp).step_ns
            self._ports = Ports(OUTPUT, INPUT, lambda at_ns, data: self._heard.put((at_ns, data)), client="Bench")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._ports:
            self._ports.close()
        self._link.close()

    @property
    def engine(self) -> int:
        return self._link.pid

    # ------------------------------------------------------------ playing

    def thru(self) -> None:
        """Notes one by one, each waited for."""
        for n in range(_THRU_NOTES):
            pitch = _SCALE[n % len(_SCALE)]
            for data in (midi.note_on(0, pitch, 80), midi.note_off(0, pitch)):
                begin_ns = time.monotonic_ns()
                self._play(data)
                end_ns, _ = self._hear()
                self._thru_out.append(end_ns - begin_ns)
                sent = self._await(Sent)
                self._thru_in.append(sent.sent_ns - sent.due_ns)
        self._sent.clear()
        self._link.send(Setting("thru", value=False))
        self._link.send(Setting("mode", "continue"))

    def phrases(self) -> None:
        """Short phrases, the first ones ended by silence, then as many by a control; the answers are cut short."""
        self._link.send(Setting("silence_beats", 1.0))
        for ending in ("silence", "control"):
            self._link.send(Setting("phrase_end", ending))
            for _ in range(_PHRASES):
                self._keys(_KEYS)
                if ending == "control":
                    self._end_phrase()
                else:
                    self._await(Answering)
                while not _strikes(self._await(Sent)):
                    pass

    def dialogue(self, notes: int, tell: Share) -> None:
        """Phrase upon phrase, played while the answer before sounds, until enough notes have been answered."""
        self._keys(_KEYS)
        keys = struck = 0
        while struck < notes:
            self._end_phrase()
            while not self._drain(Answered):
                self._keys(1)
                keys += 1
                self._link.send(Setting("seed", keys % 2))
                struck = sum(map(_strikes, self._sent))
                tell(struck / notes)

    def _keys(self, count: int) -> None:
        for n in range(count):
            pitch = _SCALE[(n + len(self._sent)) % len(_SCALE)]
            self._play(midi.note_on(0, pitch, 80))
            time.sleep(_KEY_S)
            self._play(midi.note_off(0, pitch))

    def _end_phrase(self) -> None:
        self._play(bytes((0xB0, _SETTINGS.end_control, 127)))
        self._await(Answering)
        self._starts.append(len(self._sent))

    def _play(self, data: bytes) -> None:
        assert self._ports
        if not self._ports.send(data):
            raise PortError("The MIDI system has gone during the measurement: start it again.")

    # ------------------------------------------------------------ hearing

    def _hear(self) -> tuple[int, bytes]:
        try:
            return self._heard.get(timeout=_PATIENCE_S)
        except Empty:
            raise PortError("Messages get lost on their way: restart the MIDI system and try again.") from None

    def _await(self, kind: type[M]) -> M:
        """The engine's next message of that kind."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline_s:
            message = self._receive(0.5)
            if isinstance(message, kind):
                return message
        raise BachBridgeError("The engine does not go on: close other programs and try again.")

    def _drain(self, kind: type[Message]) -> bool:
        """Take what the engine has said by now; whether a message of that kind was among it."""
        found = False
        while (message := self._receive(0.0)) is not None:
            found = found or isinstance(message, kind)
        return found

    def _receive(self, timeout_s: float) -> Message | None:
        try:
            message = self._link.receive(timeout_s)
        except EOFError:
            raise BachBridgeError("The engine has ended during the measurement: try again.") from None
        match message:
            case Failed(reason):
                raise PortError(reason)
            case ModelDown(reason):
                raise ModelError(reason)
            case Sent():
                self._sent.append(message)
            case _:
                pass
        return message

    # ------------------------------------------------------------ figures

    def times(self) -> dict[str, Times]:
        """All latencies by what they are, once the engine's last message has been heard."""
        self._drain(Sent)
        heard = [self._hear() for _ in self._sent]
        if [data for _, data in heard] != [sent.data for sent in self._sent]:
            raise PortError("Messages arrived out of order: restart the MIDI system and try again.")
        strikes = [index for index, sent in enumerate(self._sent) if _strikes(sent)]
        firsts = [index for start in self._starts if (index := next((i for i in strikes if i >= start), -1)) >= 0]

        def inside(indices: Iterable[int]) -> Times:
            return [self._sent[index].sent_ns - self._sent[index].due_ns for index in indices]

        def outside(indices: Iterable[int]) -> Times:
            return [heard[index][0] - self._sent[index].due_ns for index in indices]

        return {
            "thru, inside": self._thru_in,
            "thru, there and back": self._thru_out,
            "first answered note after its due time, inside": inside(firsts),
            "first answered note after its due time, outside": outside(firsts),
            "scheduled notes after their due time, inside": inside(strikes),
            "scheduled notes after their due time, outside": outside(strikes),
        }


def _strikes(sent: Sent) -> bool:
    return sent.data[0] & 0xF0 == 0x90


def _ready(log: Path) -> dict[str, Times]:
    """From the ask, put when the phrase's end is decided, to the first part of its answer in the engine.

    By the time that silence ends a phrase, the model has taken all of it in. A control message may come with the last
    note: then up to a beat is left to be taken in.
    """
    asked: dict[int, int] = {}
    times: dict[str, Times] = {"silence": [], "control": []}
    for entry in read_log(log).entries:
        match entry.message:
            case Ask(ask=number) if number <= 2 * _PHRASES:
                asked[number] = entry.at_ns
            case Answer(ask=number) if number in asked:
                times["silence" if number <= _PHRASES else "control"].append(entry.at_ns - asked.pop(number))
            case _:
                pass
    return times


def _summary(times: Sequence[int]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    ordered = sorted(times)
    if not ordered:
        raise BachBridgeError("Nothing was measured: give a greater number of notes.")
    points = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    milliseconds = {name: ordered[math.ceil(share * len(ordered)) - 1] / 1e6 for name, share in points.items()}
    return {"count": len(ordered), **milliseconds}


def _child_of(pid: int) -> int | None:
    """The process that the engine has started; known on Linux only."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    except (OSError, IndexError):
        return None


def _resident_mb(pid: int | None) -> float | None:
    """Resident memory without what is shared with others (JACK's server alone has 100 MB); known on Linux only."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    kilobytes = [int(status.partition(name)[2].split()[0]) for name in ("RssAnon:", "RssFile:")]
    return round(sum(kilobytes) / 1024, 1)


def _print(report: dict[str, Any]) -> None:
    """The report as a table for people."""
    table = Table("milliseconds", *(Column(name, justify="right") for name in ("count", "p50", "p95", "p99", "max")))
    for name, figures in report["milliseconds"].items():
        table.add_row(name, f"{figures['count']}", *(f"{figures[key]:.2f}" for key in ("p50", "p95", "p99", "max")))
    console = Console()
    console.print(table)
    memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in report["resident_mb"].items() if mb is not None)
    for name, fact in (
        ("one step of the network", f"{report['model_step_ms']:.2f} ms in the model's process ({report['model']})"),
        ("resident memory", memory or "unknown on this system"),
        ("MIDI", report["midi"]),
        ("machine", f"{report['machine']}, {report['date']}"),
    ):
        console.print(f"{name}: {fact}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    bench(json="--json" in sys.argv, notes=int(sys.argv[1]))
