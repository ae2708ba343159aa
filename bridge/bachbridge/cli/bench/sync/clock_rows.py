"""Rows about the DAW's MIDI clock: lock, steadiness, lost pulses, tempo changes, restarts and drift."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import inf, sqrt
from random import Random
from statistics import mean, pstdev

from bachbridge.cli.bench.sync.clock_methods import METHODS, ClockMethod
from bachbridge.cli.bench.sync.pulse_sources import (
    SimulatedPulse,
    in_audio_periods,
    in_bursts,
    pulses_at,
    ramp_in_tempo,
    step_in_tempo,
    with_jitter,
    with_losses,
    without_span,
)
from bachbridge.cli.bench.sync.rows import Row
from bachbridge.engine.tempo.pulse_filter import PULSES_PER_BEAT

_JITTER_MS, _SEEDS, _BEATS = 2.6, (1, 2, 3), 64
_SETTLED_BEATS = 4
_CHANGE_BEAT = 17
_PAUSES_S = (0.3, 0.5, 1.0, 2.0, 5.0)
_HOUR_BPM, _HOUR_S = 60.0, 3600.0

Run = list[tuple[float, float | None]]
"""The tempo shown and the phase error in ms (None: no phase) after each pulse."""


def clock_rows() -> Iterator[Row]:
    """Measure one row after another."""
    yield from _lock_rows()
    yield from _jitter_rows()
    yield from _loss_rows()
    yield from _change_rows()
    yield from _long_rows()


def _run(method: ClockMethod, pulses: Sequence[SimulatedPulse]) -> Run:
    run: Run = []
    for pulse in pulses:
        method.add_pulse(pulse.arrival_ns)
        time_ns = method.time_of(pulse.index)
        run.append((method.told_bpm, None if time_ns is None else (time_ns - pulse.true_ns) / 1e6))
    return run


def _row(
    name: str,
    wanted: str,
    unit: str,
    sources: Sequence[Sequence[SimulatedPulse]],
    figure: Callable[[Run], float | None],
    combine: Callable[[list[float]], float] = max,
    decimals: int = 2,
) -> Row:
    """Run every method over every source of pulses and combine its figures."""
    figures: dict[str, float | None] = {}
    for method_name, new_method in METHODS.items():
        measured = [figure(_run(new_method(), pulses)) for pulses in sources]
        known = [value for value in measured if value is not None]
        figures[method_name] = combine(known) if len(known) == len(measured) else None
    return Row(name, figures, wanted, unit, decimals)


def _rms(values: list[float]) -> float:
    return sqrt(mean(value * value for value in values))


def _settled(run: Run, beats: float = _SETTLED_BEATS) -> Run:
    return run[round(beats * PULSES_PER_BEAT) :]


def _tempo_sd(run: Run) -> float:
    return pstdev(bpm for bpm, _ in _settled(run))


def _phase_errors_ms(run: Run) -> list[float]:
    """Return the errors, or nothing if one of them is not known."""
    errors = [error_ms for _, error_ms in run if error_ms is not None]
    return errors if len(errors) == len(run) else []


def _phase_sd_ms(run: Run) -> float | None:
    errors = _phase_errors_ms(_settled(run))
    return pstdev(errors) if errors else None


def _worst_phase_ms(begin_beat: float, end_beat: float = inf) -> Callable[[Run], float | None]:
    begin = round(begin_beat * PULSES_PER_BEAT)
    end = None if end_beat == inf else round(end_beat * PULSES_PER_BEAT)
    return lambda run: max(map(abs, _phase_errors_ms(run[begin:end])), default=None)


def _changes(run: Run) -> float:
    return sum(before != after for (before, _), (after, _) in pairwise(_settled(run)))


def _pulses_until(bpm: float, tolerance_bpm: float, begin: int) -> Callable[[Run], float]:
    """Return a figure: pulses from `begin` on until the tempo shown stays near `bpm`."""

    def figure(run: Run) -> float:
        wrong = [n for n, (shown_bpm, _) in enumerate(run) if abs(shown_bpm - bpm) > tolerance_bpm]
        first_right = max(begin, wrong[-1] + 1) if wrong else begin
        return first_right - begin if first_right < len(run) else inf

    return figure


def _lock_rows() -> Iterator[Row]:
    yield _row(
        "lock at 120 bpm without jitter", "≤ 24", "pulses", [pulses_at(120, 16)], _pulses_until(120, 0.2, 0), decimals=0
    )
    jittered = [with_jitter(pulses_at(120, 16), _JITTER_MS, Random(seed)) for seed in _SEEDS]
    yield _row("lock with jitter, within 2 bpm", "≤ 24", "pulses", jittered, _pulses_until(120, 2, 0), decimals=0)
    for name, goes_on in (("pulses pause", False), ("pulses go on", True)):
        figures = {
            method_name: max(_worst_after_restart(new_method(), pause_s, goes_on=goes_on) for pause_s in _PAUSES_S)
            for method_name, new_method in METHODS.items()
        }
        yield Row(f"Start 0.3 to 5 s after Stop, {name}: worst error", figures, "≤ 0.2", "bpm")


def _worst_after_restart(method: ClockMethod, pause_s: float, *, goes_on: bool) -> float:
    """Return the worst error of the tempo while one is shown, in the eight beats after Start."""
    before = pulses_at(120, 16)
    start_ns = before[-1].true_ns + pause_s * 1e9
    if goes_on:
        before = [pulse for pulse in pulses_at(120, 32) if pulse.true_ns < start_ns]
    _run(method, before)
    method.restart()
    return max(abs(bpm - 120) for bpm, _ in _run(method, pulses_at(120, 8, first_ns=start_ns)) if bpm)


def _jitter_rows() -> Iterator[Row]:
    for bpm in (60.0, 120.0, 180.0, 240.0):
        sources = [with_jitter(pulses_at(bpm, _BEATS), _JITTER_MS, Random(seed)) for seed in _SEEDS]
        name = f"jitter {_JITTER_MS} ms, {bpm:.0f} bpm"
        yield _row(f"{name}: sd of the tempo", "≤ 0.1", "bpm", sources, _tempo_sd, _rms, 3)
        yield _row(f"{name}: sd of the phase", "≤ 1", "ms", sources, _phase_sd_ms, _rms)


def _loss_rows() -> Iterator[Row]:
    lossy = [with_losses(pulses_at(120, _BEATS), 0.05, Random(seed)) for seed in _SEEDS]
    noisy = [with_jitter(pulses, 1.0, Random(seed)) for seed, pulses in enumerate(lossy)]
    for name, sources in (("5 % lost", lossy), ("5 % lost, jitter 1 ms", noisy)):
        yield _row(f"{name}: error of the mean tempo", "≤ 0.1", "bpm", sources, _bias)
        yield _row(f"{name}: changes shown in 64 beats", "0", "", sources, _changes, decimals=0)
        yield _row(f"{name}: worst phase error", "", "ms", sources, _worst_phase_ms(_SETTLED_BEATS))
    bursts = [in_bursts(pulses_at(bpm, _BEATS), 5) for bpm in (60.0, 120.0, 240.0)]
    yield _row("bursts of 5: changes shown in 64 beats", "0", "", bursts, _changes, decimals=0)
    waiting = [in_audio_periods(pulses_at(120, _BEATS), 256)]
    yield _row("audio periods of 256 frames: error of the mean tempo", "≤ 0.1", "bpm", waiting, _bias)
    yield _row("audio periods of 256 frames: sd of the phase", "≤ 1", "ms", waiting, _phase_sd_ms)


def _bias(run: Run) -> float:
    return abs(mean(bpm for bpm, _ in _settled(run)) - 120)


def _change_rows() -> Iterator[Row]:
    begin = _CHANGE_BEAT * PULSES_PER_BEAT
    for before, after, tolerance_bpm, wanted in (
        *((120, 140, 2, "≤ 48"), (20, 120, 5, "≤ 96"), (120, 20, 5, ""), (240, 60, 2, ""), (120, 125, 2, "")),
    ):
        pulses = pulses_at(step_in_tempo(before, after, _CHANGE_BEAT), 48)
        name = f"{before} → {after} bpm"
        until = _pulses_until(after, tolerance_bpm, begin)
        yield _row(f"{name}: until within {tolerance_bpm} bpm", wanted, "pulses", [pulses], until, decimals=0)
        phase = _worst_phase_ms(_CHANGE_BEAT + 4)
        yield _row(f"{name}: worst phase error after 4 beats", "≤ 2", "ms", [pulses], phase)
    ramp = pulses_at(ramp_in_tempo(100, 140, _CHANGE_BEAT, 8), 48)
    phase = _worst_phase_ms(_CHANGE_BEAT)
    yield _row("ramp 100 → 140 bpm over 8 beats: worst phase error", "few", "ms", [ramp], phase)


def _long_rows() -> Iterator[Row]:
    asleep = without_span(pulses_at(120, _BEATS), 10, 10)
    yield _row("10 s without pulses: worst phase error afterwards", "", "ms", [asleep], _worst_phase_ms(_SETTLED_BEATS))
    hour = with_jitter(pulses_at(_HOUR_BPM, _HOUR_S * _HOUR_BPM / 60), 1.0, Random(1))
    yield _row("60 minutes: mean phase error of the last minute", "≤ 1", "ms", [hour], _last_minute_ms)


def _last_minute_ms(run: Run) -> float | None:
    errors = _phase_errors_ms(run[-round(_HOUR_BPM) * PULSES_PER_BEAT :])
    return abs(mean(errors)) if errors else None
