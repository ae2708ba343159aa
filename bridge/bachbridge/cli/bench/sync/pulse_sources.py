"""Clock pulses with everything that goes wrong with them: jitter, losses, bursts, tempo changes, stops and sleep.

A pulse has its index since the song's start, its true time and the time at which it arrives.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import ceil
from random import Random

from bachbridge.engine.tempo.pulse_filter import PULSES_PER_BEAT
from bachbridge.music.notes import NS_PER_MINUTE

FIRST_NS = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class SimulatedPulse:
    index: int
    true_ns: float
    arrival_ns: int


def pulses_at(
    bpm_at: Callable[[float], float] | float, beats: float, *, first_ns: float = FIRST_NS
) -> list[SimulatedPulse]:
    """Return punctual pulses; the tempo may be a function of the beat."""
    pulses: list[SimulatedPulse] = []
    time_ns = float(first_ns)
    for index in range(round(beats * PULSES_PER_BEAT)):
        pulses.append(SimulatedPulse(index, time_ns, round(time_ns)))
        bpm = bpm_at(index / PULSES_PER_BEAT) if callable(bpm_at) else bpm_at
        time_ns += NS_PER_MINUTE / bpm / PULSES_PER_BEAT
    return pulses


def step_in_tempo(before_bpm: float, after_bpm: float, beat: float) -> Callable[[float], float]:
    """Return a tempo that changes at once at `beat`."""
    return lambda at: before_bpm if at < beat else after_bpm


def ramp_in_tempo(before_bpm: float, after_bpm: float, beat: float, beats: float) -> Callable[[float], float]:
    """Return a tempo that changes linearly from `beat` on, for so many `beats`."""
    return lambda at: before_bpm + (after_bpm - before_bpm) * min(1.0, max(0.0, (at - beat) / beats))


def with_jitter(pulses: Iterable[SimulatedPulse], jitter_ms: float, chance: Random) -> list[SimulatedPulse]:
    """Delay or advance each pulse by a normally distributed time; the order of arrival stays."""
    pulses = list(pulses)
    arrivals = sorted(round(pulse.arrival_ns + chance.gauss(0, jitter_ms * 1e6)) for pulse in pulses)
    return [replace(pulse, arrival_ns=arrival_ns) for pulse, arrival_ns in zip(pulses, arrivals, strict=True)]


def with_losses(pulses: Iterable[SimulatedPulse], share: float, chance: Random) -> list[SimulatedPulse]:
    """Leave out some of the pulses, but not the first one."""
    return [pulse for pulse in pulses if pulse.index == 0 or chance.random() >= share]


def in_bursts(pulses: list[SimulatedPulse], size: int) -> list[SimulatedPulse]:
    """Deliver `size` pulses together, at the time of the last of them."""
    return [
        replace(pulse, arrival_ns=pulses[min(len(pulses) - 1, n // size * size + size - 1)].arrival_ns)
        for n, pulse in enumerate(pulses)
    ]


def in_audio_periods(pulses: Iterable[SimulatedPulse], frames: int, frames_per_s: int = 48_000) -> list[SimulatedPulse]:
    """Deliver each pulse at the beginning of the next period of an audio system."""
    period_ns = frames / frames_per_s * 1e9
    return [replace(pulse, arrival_ns=round(ceil(pulse.arrival_ns / period_ns) * period_ns)) for pulse in pulses]


def without_span(pulses: Iterable[SimulatedPulse], begin_s: float, length_s: float) -> list[SimulatedPulse]:
    """Leave out the pulses of a stretch of time: the machine sleeps and the clock goes on."""
    begin_ns, end_ns = FIRST_NS + begin_s * 1e9, FIRST_NS + (begin_s + length_s) * 1e9
    return [pulse for pulse in pulses if not begin_ns <= pulse.true_ns < end_ns]
