"""The parts of `bench --sync`: pulses, methods and the table."""

from math import inf
from random import Random

import pytest
from rich.console import Console

from bachbridge.cli.bench.sync.clock_methods import METHODS
from bachbridge.cli.bench.sync.pulse_sources import (
    in_bursts,
    pulses_at,
    ramp_in_tempo,
    step_in_tempo,
    with_jitter,
    with_losses,
    without_span,
)
from bachbridge.cli.bench.sync.rows import Row, rows_as_json, rows_table


@pytest.mark.parametrize("name", METHODS)
def test_clock_method_follows_punctual_pulses(name: str) -> None:
    method = METHODS[name]()
    pulses = pulses_at(100, 16)
    for pulse in pulses:
        method.add_pulse(pulse.arrival_ns)
    assert method.told_bpm == 100
    time_ns = method.time_of(pulses[-1].index + 24)
    assert time_ns is None or time_ns == pytest.approx(pulses[-1].true_ns + 0.6e9, abs=100)
    method.restart()
    method.add_pulse(pulses[-1].arrival_ns + 10**9)


def test_pulse_sources_keep_index_and_true_time() -> None:
    pulses = pulses_at(120, 4)
    assert [pulse.arrival_ns for pulse in in_bursts(pulses, 5)[:6]] == [pulses[4].arrival_ns] * 5 + [
        pulses[9].arrival_ns
    ]
    jittered = with_jitter(pulses, 30.0, Random(1))
    assert [p.true_ns for p in jittered] == [p.true_ns for p in pulses]
    assert [p.arrival_ns for p in jittered] == sorted(p.arrival_ns for p in jittered)
    lossy = with_losses(pulses, 0.5, Random(1))
    assert lossy[0].index == 0
    assert 20 < len(lossy) < 76
    assert [p.index for p in without_span(pulses, 0.5, 1.0)] == [*range(24), *range(72, 96)]


def test_tempo_curves_step_and_ramp() -> None:
    assert [step_in_tempo(60, 90, 2)(beat) for beat in (0, 1.9, 2, 5)] == [60, 60, 90, 90]
    assert [ramp_in_tempo(60, 90, 2, 4)(beat) for beat in (0, 2, 4, 6, 9)] == [60, 60, 75, 90, 90]
    last, before = pulses_at(step_in_tempo(60, 120, 1), 3)[:-3:-1]
    assert last.true_ns - before.true_ns == pytest.approx(0.5e9 / 24)


def test_rows_show_what_is_missing_and_what_is_wanted() -> None:
    rows = [Row("lock", {"a": 35.0, "b": inf}, "≤ 24", "pulses", 0), Row("phase", {"a": None, "c": 0.25}, "≤ 1", "ms")]
    console = Console(width=100)
    with console.capture() as capture:
        console.print(rows_table("clock", rows))
    text = capture.get()
    assert all(word in text for word in ("clock", "35", "never", "≤ 24", "0.25", "wanted"))
    assert rows_as_json(rows)[0]["figures"] == {"a": 35.0, "b": "never"}
    assert rows_as_json(rows)[1]["figures"] == {"a": None, "c": 0.25}
