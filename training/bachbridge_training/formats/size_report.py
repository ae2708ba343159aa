"""A report on each format of a model: size, time of a step, score, agreement with the original.

The steps of all formats are timed in turns on one thread. Other work of the machine then slows all formats alike, so
the ratio to the original also holds on a busy machine.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card
from bachbridge_training.evaluation import held_out
from bachbridge_training.formats import formats as model_formats
from bachbridge_training.formats.formats import ONNX, OriginalModel
from bachbridge_training.runs.families import family_of

TIMED_STEPS, _WARM_UP_STEPS = 300, 20
"""Steps of each format that are timed, and untimed steps before them."""
FormatFigures = dict[str, float]


def measure_formats(
    original: OriginalModel, pieces: Sequence[Any], rounds: int = TIMED_STEPS
) -> dict[str, FormatFigures]:
    """Return the figures of every format that the model can have, on `pieces`; no file is kept.

    Formats that agree too seldom with the original to be written are among them.
    """
    with tempfile.TemporaryDirectory() as scratch:
        cards = {ONNX: original.card} | _converted_cards(original, Path(scratch), pieces[:1])
        family = family_of(original.card.codec)
        nets = {name: family.load_runtime(card, model_formats.runtime_opener(card)) for name, card in cards.items()}
        live_steps = {name: family.live_steps(cards[name], net, pieces[0]) for name, net in nets.items()}
        times = _median_step_ms(live_steps, rounds)
        logits = {name: family.held_out_logits(cards[name], net, pieces) for name, net in nets.items()}
        return {
            name: {
                "megabytes": _model_bytes(card) / 1e6,
                "step_ms": times[name],
                "step_against_original": times[name] / times[ONNX],
                **held_out.score(logits[name]),
                **asdict(held_out.compare_logits(logits[name], logits[ONNX])),
            }
            for name, card in cards.items()
        }


def _converted_cards(original: OriginalModel, scratch: Path, pieces: Sequence[Any]) -> dict[str, Card]:
    for name in original.formats:
        model_formats.convert_model(original, name, scratch / name, pieces, min_agreement={})
    return {name: library.read_card(scratch / name) for name in original.formats}


def _model_bytes(card: Card) -> int:
    return sum((card.folder / file).stat().st_size for file in card.files)


def _median_step_ms(live_steps: Mapping[str, Iterator[None]], rounds: int) -> dict[str, float]:
    """Time the steps of all formats in turns and return the median of each in milliseconds."""
    times_ns: dict[str, list[int]] = {name: [] for name in live_steps}
    for _ in range(_WARM_UP_STEPS + rounds):
        for name, steps in live_steps.items():
            begin = time.perf_counter_ns()
            next(steps)
            times_ns[name].append(time.perf_counter_ns() - begin)
    return {name: statistics.median(times[_WARM_UP_STEPS:]) / 1e6 for name, times in times_ns.items()}
