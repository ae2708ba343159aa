"""Print what an infilling model's harmonies are like: `python scripts/figures/infill_harmony_figures.py MODEL PART`.

The rows of `bachbridge evaluate` about music for `--fast` and `--slow` harmonies under the sopranos of PART (test),
each soprano in turn, beside Bach's own voices. The last lines compare both schedules under the same sopranos. 256 and
77 of them take a quarter of an hour on two cores.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.metrics import compute_metrics
from bachbridge_training import process_pool
from bachbridge_training.datasets import chorales, four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import harmonize
from bachbridge_training.evaluation.harmonize import Harmonization
from bachbridge_training.evaluation.tables import training_frame_runs
from bachbridge_training.infill import schedules
from bachbridge_training.infill.schedules import HarmonizationJob, ScheduleOutputs


def made_harmonies(card: library.Card, pieces: Sequence[FourPartPiece], method: str, jobs: int) -> list[Harmonization]:
    """Return a harmony under the soprano of each of the pieces, with a seed of its own."""
    return process_pool.map_items(
        [HarmonizationJob(*each) for each in enumerate(pieces)],
        partial(schedules.harmonize_soprano, method=method),
        partial(onnx_nets.load_infill_net, card),
        label=method,
        cost=HarmonizationJob.cost,
        jobs=jobs,
    )


def main() -> None:
    """Print a line for each measure, a column for each schedule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("part", nargs="?", default="test")
    parser.add_argument("--fast", type=int, default=256, help="number of fast harmonies")
    parser.add_argument("--slow", type=int, default=77, help="number of slow harmonies")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    pieces, card = chorales.load_chorales(options.part), library.find_checked_card(options.model)
    counts = {"fast": options.fast, "slow": options.slow}
    made = {
        method: made_harmonies(card, harmonize.repeat_pieces(pieces, count), method, options.jobs)
        for method, count in counts.items()
    }
    training = training_frame_runs()
    grids = {"Bach": [four_part_windows.pitch_indices_of(piece.pitches) for piece in pieces]}
    grids |= {method: [harmony.pitch_indices for harmony in harmonies] for method, harmonies in made.items()}
    columns = {name: asdict(compute_metrics(music, training)) for name, music in grids.items()}
    print(" " * 18 + "".join(f"{name:>10}" for name in columns))
    for key in columns["Bach"]:
        values = (column[key] for column in columns.values())
        print(f"{key:18}" + "".join(f"{'' if value is None else format(value, '.4f'):>10}" for value in values))
    # Of the longer list only the harmonies under the sopranos of both are compared.
    outputs = [
        ScheduleOutputs(piece, fast.pitch_indices, slow.pitch_indices)
        for piece, fast, slow in zip(pieces, made["fast"], made["slow"], strict=False)
    ]
    load = partial(onnx_nets.load_infill_net, card)
    compared = process_pool.map_items(outputs, schedules.compare_nll, load, label="fast, slow", jobs=options.jobs)
    for key, value in schedules.summary(compared).items():
        print(f"{key:18}{'' if value is None else format(value, '.4f'):>10}")


if __name__ == "__main__":
    main()
