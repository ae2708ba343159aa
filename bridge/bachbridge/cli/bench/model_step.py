"""`bachbridge bench --steps`: how long a step of each model takes, on one core.

A step is what live play waits for between one note and the next: the network takes a symbol in, and its heads say of
every field what comes next, each given the fields before it. Of a model of frames it is the core and the heads of the
four voices; of one that fills in there are passes instead, whose time is its pace (see `pace`). A network that looks
back is slower the more it has heard, so two figures stand there: after a phrase, and after as much as it can remember.

All models take turns of a few steps, so that they share the machine's moods and can be compared.
"""

import json as json_
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bachbridge.codecs import satb
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.library import Card

_ROUNDS, _STEPS_PER_ROUND = 40, 10
_PHRASE_SYMBOLS = 128
"""Symbols of a phrase."""
_MAX_CONTEXT_SYMBOLS = 1024
"""Symbols of as much as a network can remember."""


def bench_steps(*, json: bool) -> None:
    """Measure every model that can be found, and print a table, or JSON."""
    walks = {key: walk for name in library.model_names() for key, walk in _step_timers(name)}
    taken: dict[str, list[int]] = {key: [] for key in walks}
    for _ in track(range(_ROUNDS), "measuring", console=Console(stderr=True), transient=True):
        for key, walk in walks.items():
            taken[key] += islice(walk, _STEPS_PER_ROUND)
    figures = {key: _percentiles_ms(times) for key, times in taken.items()}
    if json:
        print(json_.dumps({"step_ms": figures}, indent=2))
        return
    table = Table("a step, in milliseconds", "p50", "p95", title="one thread")
    for key, its in figures.items():
        table.add_row(key, *(f"{its[name]:.2f}" for name in ("p50", "p95")))
    Console().print(table)


def _percentiles_ms(times_ns: list[int]) -> dict[str, float]:
    return {name: float(np.percentile(times_ns, share)) / 1e6 for name, share in (("p50", 50), ("p95", 95))}


def _step_timers(model_name: str) -> Iterator[tuple[str, Iterator[int]]]:
    """What is to be timed of a model; nothing of one that is damaged or has no steps."""
    try:
        card = library.find_checked_card(model_name)
    except ModelError:
        return
    match card.codec:
        case "satb":
            yield model_name, _chorale_step_times_ns(card)
        case codec if codec in library.SYMBOL_CODECS:
            for past in (_PHRASE_SYMBOLS, _MAX_CONTEXT_SYMBOLS) if card.facts["memory"] else (_PHRASE_SYMBOLS,):
                yield f"{model_name}, after {past} symbols", _symbol_step_times_ns(card, past)
        case _:
            return


def _chorale_step_times_ns(card: Card) -> Iterator[int]:
    """The nanoseconds of one step after another."""
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
    """The same, each step after as many symbols; which ones these are does not matter to the time."""
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
        begin = time.perf_counter_ns()
        step()
        yield time.perf_counter_ns() - begin
