"""`bachbridge bench --gui`: what the window costs, and what it does to the engine's timing.

A dense passage, sixteen notes on every 16th at 120 bpm, goes out of the engine by appointment while a key is played and
passed on sixteen times a second. That is measured with the window watching and without it, in turns. The window is
the real one in a process of its own; it is handed every message that the engine says, as it would be in use. Without
it the messages are written as well, to nobody, so that this process has the same work to do. The ratio is that of the
turns' median 99th percentiles: what else the machine does strikes single turns.

Then the whole program is started as a person starts it: when its window is there, when it can be played, and what it
takes of a core while nothing happens. That needs a display; without one it is offscreen.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from threading import Thread

from bachbridge.cli.bench.fake_daw import BENCH_SETTINGS
from bachbridge.errors import BachBridgeError, PortError
from bachbridge.midi import messages as midi
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME, Ports
from bachbridge.music.notes import Note, Phrase
from bachbridge.process import realtime
from bachbridge.process.ipc import ANNOUNCE_START, ChildProcess, EngineLink, Outbox, process_command
from bachbridge.protocol.events import Failed, Message, PlayPhrase, PortsChanged, Sent, Status

_STEP_NS = 125_000_000
_NOTES_PER_STEP, _PASSAGE_S = 16, 12
_WINDOW_IN_TURN = (False, True) * 4
"""Whether the window watches."""
_KEY_HOLD_S = 0.03
_KEY_CHANNEL = 15
_WARM_UP_S, _START_TIMEOUT_S, _IDLE_MEASURE_S, _IDLE_SETTLE_S = 3.0, 60.0, 10.0, 6.0

_NOTE_KINDS = ("thru", "scheduled")
_WINDOW_BY_NAME = {"no window": False, "window": True}
TimesNs = list[int]


def measure_window(report_progress: Callable[[float], None]) -> dict[str, object]:
    """All figures; `tell` gets the share that is over."""
    realtime.prepare_listener_process()
    turns: dict[bool, list[dict[str, TimesNs]]] = {False: [], True: []}
    costs: list[float] = []
    frames: list[list[float]] = []
    for number, watched in enumerate(_WINDOW_IN_TURN):
        turns[watched].append({"thru": [], "scheduled": []})
        cost = _measure_turn(turns[watched][-1], frames, with_window=watched)
        costs += [] if cost is None else [cost]
        report_progress((number + 1) / (len(_WINDOW_IN_TURN) + 1))
    figures = {
        f"{kind}, {'window painting' if watched else 'no window'}": _percentiles_ms(
            [time_ns for turn in turns[watched] for time_ns in turn[kind]]
        )
        for kind in _NOTE_KINDS
        for watched in (False, True)
    }
    p99s = {
        kind: {
            name: [round(_p99_ms(turn[kind]), 2) for turn in turns[watched]]
            for name, watched in _WINDOW_BY_NAME.items()
        }
        for kind in _NOTE_KINDS
    }
    ratios = {kind: round(median(named["window"]) / median(named["no window"]), 2) for kind, named in p99s.items()}
    return {
        "milliseconds": figures,
        "p99_of_each_turn": p99s,
        "p99_with_window_against_without": ratios,
        "frames_apart_ms": {
            name: max((turn[place] for turn in frames if turn), default=None)
            for place, name in enumerate(("p50", "p99"))
        },
        "painting_share_of_a_core": round(sum(costs) / len(costs), 3) if costs else None,
    }


def _measure_turn(
    times_ns: dict[str, TimesNs], frame_intervals_ms: list[list[float]], *, with_window: bool
) -> float | None:
    """One passage; the share of a core that the window took, if it watched."""

    def hear(message: Message | None) -> None:
        if isinstance(message, Status) and message.topic == "frames":
            frame_intervals_ms.append([float(word) for word in message.text.split()])

    mirror = ChildProcess(process_command("replay-window"), hear) if with_window else None
    watcher = mirror or Outbox(os.open(os.devnull, os.O_WRONLY))
    try:
        with EngineLink(replace(BENCH_SETTINGS, let_finish=True)) as link:
            return _measure_passage(link, watcher, times_ns)
    finally:
        if mirror:
            mirror.stop()


def _measure_passage(
    link: EngineLink, message_sink: ChildProcess | Outbox, times_ns: dict[str, TimesNs]
) -> float | None:
    _forward_messages(link, message_sink, _WARM_UP_S, times_ns=None)
    player = Ports(OUTPUT_NAME, INPUT_NAME, lambda _at, _data: None, client="Bench")
    keys = Thread(target=_play_keys, args=(player,), name="keys")
    try:
        link.send(PlayPhrase(_dense_phrase(round(_PASSAGE_S * 1e9 / _STEP_NS)), _STEP_NS))
        keys.start()
        pid = message_sink.pid if isinstance(message_sink, ChildProcess) else None
        before = _cpu_time_s(pid) if pid else None
        begin_s = time.monotonic()
        _forward_messages(link, message_sink, _PASSAGE_S, times_ns)
        after = _cpu_time_s(pid) if pid else None
        return (after - before) / (time.monotonic() - begin_s) if after is not None and before is not None else None
    finally:
        keys.join()
        player.close()


def _play_keys(player_ports: Ports) -> None:
    """A key down and up sixteen times a second, on a thread of its own."""
    for n in range(round(_PASSAGE_S / (2 * _KEY_HOLD_S)) - 4):
        player_ports.send(midi.note_on(_KEY_CHANNEL, 60 + n % 12, 90))
        time.sleep(_KEY_HOLD_S)
        player_ports.send(midi.note_off(_KEY_CHANNEL, 60 + n % 12))
        time.sleep(_KEY_HOLD_S)


def _dense_phrase(steps: int) -> Phrase:
    notes = (Note(step, 1, 30 + 5 * n + step % 5, 80, n % 4) for step in range(steps) for n in range(_NOTES_PER_STEP))
    return Phrase(tuple(notes), steps)


def _forward_messages(
    link: EngineLink, message_sink: ChildProcess | Outbox, duration_s: float, times_ns: dict[str, TimesNs] | None
) -> None:
    """Hand on what the engine says for so long, and note how late things were."""
    until_s = time.monotonic() + duration_s
    while time.monotonic() < until_s:
        message = _receive_message(link)
        if message is None:
            continue
        message_sink.send(message)
        match message:
            case Failed(reason):
                raise PortError(reason)
            case Sent(data, due_ns, sent_ns) if times_ns is not None and data[0] & 0xF0 == 0x90:
                times_ns["thru" if data[0] & 0x0F == _KEY_CHANNEL else "scheduled"].append(sent_ns - due_ns)
            case PortsChanged() | _:
                pass


def _receive_message(link: EngineLink) -> Message | None:
    try:
        return link.receive(0.05)
    except EOFError:
        raise BachBridgeError("The engine has ended during the measurement: try again.") from None


def _percentiles_ms(times_ns: TimesNs) -> dict[str, float]:
    ordered = sorted(times_ns)
    points = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    named = {name: ordered[int(share * (len(ordered) - 1))] / 1e6 for name, share in points.items()}
    return {"count": len(ordered), **named, "max": ordered[-1] / 1e6}


def _p99_ms(times_ns: TimesNs) -> float:
    if not times_ns:
        raise BachBridgeError("Nothing was measured: restart the MIDI system and try again.")
    return _percentiles_ms(times_ns)["p99"]


# ---------------------------------------------------------------- the whole program


def measure_start() -> dict[str, float | None]:
    """Seconds from the command to the window and to being ready to play, and its share of a core when idle."""
    environment = {**os.environ, ANNOUNCE_START: "1"}
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    begin_ns = time.monotonic_ns()
    program = subprocess.Popen(
        [sys.executable, "-m", "bachbridge.cli.main"], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert program.stdout
        told: dict[str, int] = {}
        for line in program.stdout:
            told.update(json.loads(line))
            if "ready_ns" in told or time.monotonic_ns() - begin_ns > _START_TIMEOUT_S * 1e9:
                break
        seconds = {name.removesuffix("_ns"): (at_ns - begin_ns) / 1e9 for name, at_ns in told.items()}
        return {"visible": seconds.get("visible"), "ready": seconds.get("ready"), "idle": _idle_core_share(program.pid)}
    finally:
        program.terminate()
        program.wait(_START_TIMEOUT_S)


def _idle_core_share(pid: int) -> float | None:
    """The share of a core that the program and its children take while nothing happens."""
    time.sleep(_IDLE_SETTLE_S)
    family = _process_tree(pid)
    before = [_cpu_time_s(member) for member in family]
    time.sleep(_IDLE_MEASURE_S)
    after = [_cpu_time_s(member) for member in family]
    if not family or None in before or None in after:
        return None
    return round((sum(filter(None, after)) - sum(filter(None, before))) / _IDLE_MEASURE_S, 4)


def _process_tree(pid: int) -> list[int]:
    """The process and all below it; known on Linux only."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(member for child in children for member in _process_tree(child))]


def _cpu_time_s(pid: int) -> float | None:
    """Seconds of processor time so far; known on Linux only."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
