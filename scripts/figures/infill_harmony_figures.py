"""Print what an infilling model's harmonies are like: `python scripts/figures/infill_harmony_figures.py MODEL PART`.

The rows of `bachbridge evaluate` about music for `--fast` and `--slow` harmonies under the sopranos of PART (test),
each soprano in turn, beside Bach's own voices. The last lines compare both schedules under the same sopranos. 256 and
77 of them take four minutes on two cores.
"""

import argparse
from dataclasses import asdict, replace

from bachbridge.inference.runtime import library
from bachbridge.music.metrics import compute_metrics
from bachbridge_training.datasets import chorales
from bachbridge_training.evaluation.tables import EvaluationRequest, training_frame_runs
from bachbridge_training.infill import tables


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
    request = EvaluationRequest(pieces, pieces, jobs=options.jobs)
    counts = {"fast": options.fast, "slow": options.slow}
    made = {
        method: tables.make_harmonies(card, replace(request, outputs=count), method) for method, count in counts.items()
    }
    training = training_frame_runs()
    metrics = request.own_metrics(training) | {
        method: compute_metrics([harmony.pitch_indices for harmony in harmonies], training)
        for method, harmonies in made.items()
    }
    columns = {name: asdict(column) for name, column in metrics.items()}
    print(" " * 18 + "".join(f"{name:>11}" for name in columns))
    for key in columns["bach"]:
        values = (column[key] for column in columns.values())
        print(f"{key:18}" + "".join(f"{'' if value is None else format(value, '.4f'):>11}" for value in values))
    both = min(counts.values())
    compared = {method: harmonies[:both] for method, harmonies in made.items()}
    for key, value in tables.compare_schedules(card, replace(request, outputs=both), compared).items():
        print(f"{key:18}{'' if value is None else format(value, '.4f'):>11}")


if __name__ == "__main__":
    main()
