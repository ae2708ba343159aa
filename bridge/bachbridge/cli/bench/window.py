"""`bachbridge bench --gui`: the cost of the window, and its effect on the engine's timing.

A dense passage, sixteen notes on every 16th at 120 bpm, is scheduled in the engine while a key is played and passed on
sixteen times a second. The timing is measured with and without the window, in turns. The window is the real
one, in a process of its own; it receives every message of the engine as in normal use. Without it the messages are
written as well, to /dev/null, so that this process has the same work to do. The ratio compares the medians of the
turns' 99th percentiles, because other work of the machine disturbs single turns.

Then the whole program is started as a person starts it, to measure when its window is visible, when it is ready to play
and how much of a core it uses while idle. That needs a display; without one, Qt draws offscreen.
"""

import json as json_
import os
import subprocess
import sys
import time
from dataclasses import replace
from statistics import median
from threading import Thread
from typing import Any

from bachbridge.cli.bench.exchange import lateness_ns, receive_or_raise
from bachbridge.cli.bench.fake_daw import FakeDaw, ProgressCallback, ensure_midi_system
from bachbridge.cli.bench.latency_probe import BENCH_CLIENT_NAME, BENCH_SETTINGS, TimesNs
from bachbridge.cli.bench.process_stats import cpu_time_s, process_tree
from bachbridge.cli.bench.report import environment_facts, percentiles_ms, print_facts, progress_bar
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.process import realtime
from bachbridge.process.ipc import ANNOUNCE_START, ChildProcess, EngineLink, Outbox, process_command
from bachbridge.protocol.events import PlayPhrase
from bachbridge.protocol.notices import FrameIntervals, Message, Sent

_TYPICAL_PERIOD_FRAMES = 256
_STEP_NS = 125_000_000
_NOTES_PER_STEP, _PASSAGE_S = 16, 12
_WINDOW_IN_TURN = (False, True) * 4
"""For each turn, whether the window watches."""
_KEY_HOLD_S = 0.03
_KEY_CHANNEL = 15
_WARM_UP_S, _START_TIMEOUT_S, _IDLE_MEASURE_S, _IDLE_SETTLE_S = 3.0, 60.0, 10.0, 6.0

_NOTE_KINDS = ("thru", "scheduled")
_WINDOW_BY_NAME = {"no window": False, "window": True}


def bench_window(*, json: bool) -> None:
    """Measure the window and its effect on the engine's timing, and print a table or JSON."""
    with progress_bar() as report_progress:
        with ensure_midi_system() as system:
            figures = measure_window(report_progress)
        # JACK wakes each of its clients once a period, whatever they do: use a period of the usual length.
        with ensure_midi_system(_TYPICAL_PERIOD_FRAMES):
            start = measure_start()
    report: dict[str, Any] = {**environment_facts(system), **figures, "start": start}
    if json:
        print(json_.dumps(report, indent=2))
    else:
        _print_report(report)


def _print_report(report: dict[str, Any]) -> None:
    ratios, start = report["p99_with_window_against_without"], report["start"]
    intervals = ", ".join(f"{name} {ms or 0:.0f} ms" for name, ms in report["frames_apart_ms"].items())
    print_facts(
        report["milliseconds"],
        (
            ("p99 with the window against without", ", ".join(f"{kind} {r:.2f}" for kind, r in ratios.items())),
            ("time between frames", intervals),
            ("painting a dense passage", _core_share_text(report["painting_share_of_a_core"])),
            ("window visible, ready to play", f"{_seconds_text(start['visible'])}, {_seconds_text(start['ready'])}"),
            ("idle, all processes", _core_share_text(start["idle"])),
            ("MIDI", report["midi"]),
            ("machine", f"{report['machine']}, {report['date']}"),
        ),
    )


def _core_share_text(share: float | None) -> str:
    return "unknown on this system" if share is None else f"{100 * share:.1f} % of a core"


def _seconds_text(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f} s"


# ---------------------------------------------------------------- the effect on timing


def measure_window(report_progress: ProgressCallback) -> dict[str, object]:
    """Return the figures of all turns, as they are printed in JSON."""
    realtime.prepare_listener_process()
    turns: dict[bool, list[dict[str, TimesNs]]] = {False: [], True: []}
    core_shares: list[float] = []
    frame_intervals_ms: list[list[float]] = []
    for number, watched in enumerate(_WINDOW_IN_TURN):
        turns[watched].append({"thru": [], "scheduled": []})
        core_share = _measure_turn(turns[watched][-1], frame_intervals_ms, with_window=watched)
        core_shares += [] if core_share is None else [core_share]
        report_progress((number + 1) / (len(_WINDOW_IN_TURN) + 1))
    figures = {
        f"{kind}, {'window painting' if watched else 'no window'}": percentiles_ms(
            [time_ns for turn in turns[watched] for time_ns in turn[kind]]
        )
        for kind in _NOTE_KINDS
        for watched in (False, True)
    }
    p99s = {
        kind: {
            name: [round(percentiles_ms(turn[kind])["p99"], 2) for turn in turns[watched]]
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
            name: max((turn[place] for turn in frame_intervals_ms if turn), default=None)
            for place, name in enumerate(("p50", "p99"))
        },
        "painting_share_of_a_core": round(sum(core_shares) / len(core_shares), 3) if core_shares else None,
    }


def _measure_turn(
    times_ns: dict[str, TimesNs], frame_intervals_ms: list[list[float]], *, with_window: bool
) -> float | None:
    """Play one passage; return the share of a core that the window used, if it watched."""

    def collect_frame_intervals(message: Message | None) -> None:
        if isinstance(message, FrameIntervals):
            frame_intervals_ms.append([message.p50_ms, message.p99_ms])

    window = ChildProcess(process_command("replay-window"), collect_frame_intervals) if with_window else None
    watcher = window or Outbox(os.open(os.devnull, os.O_WRONLY))
    try:
        with EngineLink(replace(BENCH_SETTINGS, let_finish=True)) as link:
            return _measure_passage(link, watcher, times_ns)
    finally:
        if window:
            window.stop()


def _measure_passage(link: EngineLink, watcher: ChildProcess | Outbox, times_ns: dict[str, TimesNs]) -> float | None:
    _forward_messages(link, watcher, _WARM_UP_S, times_ns=None)
    with FakeDaw(client=BENCH_CLIENT_NAME, own_process=False) as daw:
        keys = Thread(target=_play_keys, args=(daw,), name="keys")
        try:
            link.send(PlayPhrase(_dense_phrase(round(_PASSAGE_S * 1e9 / _STEP_NS)), _STEP_NS))
            keys.start()
            pid = watcher.pid if isinstance(watcher, ChildProcess) else None
            before = cpu_time_s(pid) if pid else None
            begin_s = time.monotonic()
            _forward_messages(link, watcher, _PASSAGE_S, times_ns)
            after = cpu_time_s(pid) if pid else None
            elapsed_s = time.monotonic() - begin_s
        finally:
            keys.join()
    return (after - before) / elapsed_s if after is not None and before is not None else None


def _play_keys(daw: FakeDaw) -> None:
    """Press and release a key sixteen times a second; runs on a thread of its own."""
    for n in range(round(_PASSAGE_S / (2 * _KEY_HOLD_S)) - 4):
        daw.play(_KEY_CHANNEL, 60 + n % 12, velocity=90, hold_s=_KEY_HOLD_S)
        time.sleep(_KEY_HOLD_S)


def _dense_phrase(steps: int) -> Phrase:
    notes = (Note(step, 1, 30 + 5 * n + step % 5, 80, n % 4) for step in range(steps) for n in range(_NOTES_PER_STEP))
    return Phrase(tuple(notes), steps)


def _forward_messages(
    link: EngineLink, watcher: ChildProcess | Outbox, duration_s: float, times_ns: dict[str, TimesNs] | None
) -> None:
    """Forward the engine's messages for this long, and record how late note-ons went out."""
    until_s = time.monotonic() + duration_s
    while time.monotonic() < until_s:
        message = receive_or_raise(link.receive, 0.05)
        if message is None:
            continue
        watcher.send(message)
        if times_ns is None or not isinstance(message, Sent):
            continue
        match midi.decode(message.data):
            case midi.NoteOn(channel):
                times_ns["thru" if channel == _KEY_CHANNEL else "scheduled"].append(lateness_ns(message))
            case _:
                pass


# ---------------------------------------------------------------- the whole program


def measure_start() -> dict[str, float | None]:
    """Return the seconds until the window is visible and until it is ready to play, and the share of a core when idle.

    Each is None if it is unknown.
    """
    environment = {**os.environ, ANNOUNCE_START: "1"}
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    begin_ns = time.monotonic_ns()
    program = subprocess.Popen(
        [sys.executable, "-m", "bachbridge.cli.main"], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert program.stdout
        announced_ns: dict[str, int] = {}
        for line in program.stdout:
            announced_ns.update(json_.loads(line))
            if "ready_ns" in announced_ns or time.monotonic_ns() - begin_ns > _START_TIMEOUT_S * 1e9:
                break
        seconds = {name.removesuffix("_ns"): (at_ns - begin_ns) / 1e9 for name, at_ns in announced_ns.items()}
        return {"visible": seconds.get("visible"), "ready": seconds.get("ready"), "idle": _idle_core_share(program.pid)}
    finally:
        program.terminate()
        program.wait(_START_TIMEOUT_S)


def _idle_core_share(pid: int) -> float | None:
    """Return the share of a core that the program and its children use while nothing happens."""
    time.sleep(_IDLE_SETTLE_S)
    members = process_tree(pid)
    before = [cpu_time_s(member) for member in members]
    time.sleep(_IDLE_MEASURE_S)
    after = [cpu_time_s(member) for member in members]
    if None in before or None in after:
        return None
    return round((sum(filter(None, after)) - sum(filter(None, before))) / _IDLE_MEASURE_S, 4)
