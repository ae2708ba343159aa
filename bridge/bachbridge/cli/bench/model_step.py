"""`bachbridge bench --steps`: the time of one step of each model, on one core.

A step is what live play waits for between one note and the next: the network reads a symbol, and its heads predict
every field of the next one, each given the fields before it. For a chorale model it is the core and the heads of the
four voices, frame by frame along a bundled chorale; it has two figures if it has a pointer, which works where the
music repeats itself. An infill model has sweeps instead of steps and measures their time itself (see
`inference/infill/budget`). A network with attention gets slower the more it has read, so it has two figures: after a
phrase, and with a full memory.

All models run in turns of a few steps, so that they can be compared although the machine's load changes.
"""

import json as json_
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from rich.table import Table

from bachbridge.cli.bench.report import percentiles_ms
from bachbridge.cli.listen.chorales import load_chorales
from bachbridge.codecs import satb, satb_copies
from bachbridge.console import make_console, track_progress
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.music.frames import REST, UNKNOWN, Frame, folded_pitch_index
from bachbridge.music.notes import VOICES

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
            frames = _chorale_frames()
            kinds = {"nothing repeated": False, "with copies": True} if card.facts.get("pointer") else {"": None}
            for kind, has_copies in kinds.items():
                yield f"{model_name}, {kind}".rstrip(", "), _chorale_step_times_ns(card, frames, has_copies)
        case "symbols":
            for past in (_PHRASE_SYMBOLS, _MAX_CONTEXT_SYMBOLS) if card.facts["memory"] else (_PHRASE_SYMBOLS,):
                yield f"{model_name}, after {past} symbols", _symbol_step_times_ns(card, past)
        case _:
            return


def _chorale_step_times_ns(card: Card, frames: Sequence[Frame], has_copies: bool | None) -> Iterator[int]:
    """Yield the time of one step after another in ns, along a chorale again and again.

    `has_copies`: only the steps with copies of earlier frames, or only those without; None: all steps.
    """
    net = onnx_nets.load_chorale_net(card)
    copies = satb_copies.piece_copies(np.array([frame.pitch_indices for frame in frames], np.int32))
    copied = (copies[:, 0, len(VOICES)] != satb_copies.NO_COPY).tolist()
    while True:
        context, state = satb.FrameContext(), net.initial_state()
        for frame, is_copied in zip(frames, copied, strict=True):
            ids, known = context.feature_ids(), np.full((1, len(VOICES)), UNKNOWN, np.int32)
            begin_ns = time.perf_counter_ns()
            hidden, state = net.core(ids, state)
            for voice in card.chain:
                net.heads(hidden, known)
                known[0, voice] = frame.pitch_indices[voice]
            if has_copies in (None, is_copied):
                yield time.perf_counter_ns() - begin_ns
            context = context.after(frame)


def _chorale_frames() -> list[Frame]:
    """Return the frames of a bundled chorale, in which many lines come again."""
    notes = load_chorales()[0].notes
    pitch_indices = np.full((max(note.end for note in notes), len(VOICES)), REST)
    onsets = np.zeros(pitch_indices.shape, bool)
    for note in notes:
        pitch_indices[note.start : note.end, note.voice] = folded_pitch_index(note.pitch)
        onsets[note.start, note.voice] = True
    return [Frame(tuple(row), tuple(on)) for row, on in zip(pitch_indices.tolist(), onsets.tolist(), strict=True)]


def _symbol_step_times_ns(card: Card, context_symbols: int) -> Iterator[int]:
    """Yield the time in ns of steps that follow this many symbols or a few more, which are drawn at random."""
    net, rng = onnx_nets.load_symbol_net(card), np.random.default_rng(0)
    after_context = net.initial_state()
    symbols = np.stack([rng.integers(1, size, context_symbols) for size in net.vocab_sizes], axis=1).astype(np.int32)
    for symbol in symbols:
        _, after_context = net.core(symbol[None], after_context)
    while True:
        state = after_context
        for symbol in symbols[:_STEPS_PER_ROUND]:
            begin_ns = time.perf_counter_ns()
            hidden, state = net.core(symbol[None], state)
            for _ in net.field_logits(hidden, symbol[None]):
                pass
            yield time.perf_counter_ns() - begin_ns
