"""`bachbridge bench --steps`: the time of one step of each model, on one core.

A step is what live play waits for between one note and the next: the network reads a symbol, and its heads predict
every field of the next one, each given the fields before it. For a chorale model it is the core and the heads of the
four voices. An infill model has sweeps instead of steps and measures their time itself (see `inference/infill/budget`).
A network with attention gets slower the more it has read, so it has two figures: after a phrase, and with a full
memory.

All models run in turns of a few steps, so that they can be compared although the machine's load changes.
"""

import json as json_
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from rich.table import Table

from bachbridge.cli.bench.report import percentiles_ms
from bachbridge.codecs import satb
from bachbridge.console import make_console, track_progress
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.library import Card

_ROUNDS, _STEPS_PER_ROUND = 40, 10
_PHRASE_SYMBOLS = 128
_MAX_CONTEXT_SYMBOLS = 1024
"""The symbols that a network with attention can remember."""


def bench_steps(*, json: bool) -> None:
    """Measure every installed model and print a table or JSON."""
    timers = {key: timer for name in library.model_names() for key, timer in _step_timers(name)}
    times_ns: dict[str, list[int]] = {key: [] for key in timers}
    for _ in track_progress(range(_ROUNDS), "measuring"):
        for key, timer in timers.items():
            times_ns[key] += islice(timer, _STEPS_PER_ROUND)
    figures = {key: percentiles_ms(times) for key, times in times_ns.items()}
    if json:
        print(json_.dumps({"step_ms": figures}, indent=2))
        return
    table = Table("one step, in milliseconds", "p50", "p95", title="one thread")
    for key, percentiles in figures.items():
        table.add_row(key, *(f"{percentiles[name]:.2f}" for name in ("p50", "p95")))
    make_console().print(table)


def _step_timers(model_name: str) -> Iterator[tuple[str, Iterator[int]]]:
    """Yield what to measure of a model, by name; nothing if it is damaged or has no steps."""
    try:
        card = library.find_checked_card(model_name)
    except ModelError:
        return
    match card.family:
        case "chorale":
            yield model_name, _chorale_step_times_ns(card)
        case "symbols":
            for past in (_PHRASE_SYMBOLS, _MAX_CONTEXT_SYMBOLS) if card.facts["memory"] else (_PHRASE_SYMBOLS,):
                yield f"{model_name}, after {past} symbols", _symbol_step_times_ns(card, past)
        case _:
            return


def _chorale_step_times_ns(card: Card) -> Iterator[int]:
    """Yield the time of one step after another in ns."""
    net, ids = onnx_nets.load_chorale_net(card), satb.FrameContext().feature_ids()
    state = net.initial_state()
    known = np.full((1, len(card.chain)), -1, np.int32)

    def step() -> None:
        nonlocal state
        hidden, state = net.core(ids, state)
        for _ in card.chain:
            net.heads(hidden, known)

    return _time_repeatedly_ns(step)


def _symbol_step_times_ns(card: Card, context_symbols: int) -> Iterator[int]:
    """Yield the time in ns of a step that follows this many symbols, which are drawn at random."""
    net, rng = onnx_nets.load_symbol_net(card), np.random.default_rng(0)
    state = net.initial_state()
    symbols = np.stack([rng.integers(1, size, context_symbols) for size in net.vocab_sizes], axis=1).astype(np.int32)
    for symbol in symbols:
        _, state = net.core(symbol[None], state)
    ids = symbols[:1]

    def step() -> None:
        hidden, _ = net.core(ids, state)
        for _ in net.field_logits(hidden, ids):
            pass

    return _time_repeatedly_ns(step)


def _time_repeatedly_ns(step: Callable[[], Any]) -> Iterator[int]:
    while True:
        begin_ns = time.perf_counter_ns()
        step()
        yield time.perf_counter_ns() - begin_ns
