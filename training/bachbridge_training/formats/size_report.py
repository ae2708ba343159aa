"""What each format of a model costs and what it keeps: size, time of a step, score, agreement with the original.

The times are taken in turns, a step of each format after the other, on one thread: what else the machine does then
befalls all alike, and the ratio to the original holds on a busy machine too.
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
from bachbridge_training.formats import formats as model_formats
from bachbridge_training.formats import parity
from bachbridge_training.formats.formats import ONNX, OriginalModel

TIMED_STEPS, _WARM_UP_STEPS = 300, 20
"""Steps of each format that are timed, and how many before them are not."""
FormatFigures = dict[str, float]


def measure_formats(
    original: OriginalModel, pieces: Sequence[Any], rounds: int = TIMED_STEPS
) -> dict[str, FormatFigures]:
    """Of every format that the model can have, the figures on `pieces`; nothing is left behind.

    Formats that choose otherwise too often to be written are among them.
    """
    with tempfile.TemporaryDirectory() as scratch:
        cards = {ONNX: original.card} | _converted_cards(original, Path(scratch), pieces[:1])
        runtimes = {name: parity.load_runtime(card, model_formats.runtime_opener(card)) for name, card in cards.items()}
        walks = {name: parity.live_steps(cards[name], its, pieces[0]) for name, its in runtimes.items()}
        times = _median_step_ms(walks, rounds)
        found = {name: parity.held_out_logits(cards[name], its, pieces) for name, its in runtimes.items()}
        return {
            name: {
                "megabytes": _model_bytes(card) / 1e6,
                "step_ms": times[name],
                "step_against_original": times[name] / times[ONNX],
                **parity.score(card, found[name]),
                **asdict(parity.compare_logits(found[name], found[ONNX])),
            }
            for name, card in cards.items()
        }


def _converted_cards(original: OriginalModel, scratch: Path, pieces: Sequence[Any]) -> dict[str, Card]:
    for name in original.formats:
        model_formats.convert_model(original, name, scratch / name, pieces, min_agreement={})
    return {name: library.read_card(scratch / name) for name in original.formats}


def _model_bytes(card: Card) -> int:
    return sum((card.folder / file).stat().st_size for file in card.files)


def _median_step_ms(walks: Mapping[str, Iterator[None]], rounds: int) -> dict[str, float]:
    """Of each walk the median time of a step, in turns."""
    times: dict[str, list[int]] = {name: [] for name in walks}
    for _ in range(_WARM_UP_STEPS + rounds):
        for name, walk in walks.items():
            begin = time.perf_counter_ns()
            next(walk)
            times[name].append(time.perf_counter_ns() - begin)
    return {name: statistics.median(its[_WARM_UP_STEPS:]) / 1e6 for name, its in times.items()}
