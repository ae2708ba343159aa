"""Print where phrases go in harmonies: `python scripts/figures/phrase_end_figures.py MODEL PART [--pieces N] [--live]`.

The rows of `bachbridge evaluate` about phrase ends for the first N pieces of PART (valid), a seed each, beside Bach's
own voices, in about a minute for 12 pieces: with the phrase ends given, with those that the network of phrase ends
expects and without any; of a causal model the beam and with `--live` live play, of an infilling model the fast
schedule. The last rows are those of `music.metrics` that must be kept.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace

from bachbridge.inference import loading
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.metrics import Metrics, compute_metrics
from bachbridge_training.datasets import chorales, four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import harmonize, phrase_ends
from bachbridge_training.evaluation.harmonize import Harmonization
from bachbridge_training.infill import schedules

KEPT = ("parallel_fifths", "parallel_octaves", "crossed_frames", "dissonant_pairs", "triad_frames", "changed_cells")
Made = Iterator[tuple[str, Sequence[Harmonization]]]


def chorale_harmonies(card: library.Card, pieces: Sequence[FourPartPiece], seed: int, *, live: bool) -> Made:
    """Yield the name of each way and its harmonies by a causal model."""
    net, styles = onnx_nets.load_chorale_net(card), harmonize.STYLES
    if live:
        yield "live", harmonize.harmonize_live(net, card.chain, pieces, styles["live"], seed)
    for name, sopranos in sopranos_by_ends(pieces):
        made = harmonize.harmonize_offline(net, card.chain, sopranos, styles["offline"], seed, ends_given=True)
        yield f"offline, {name}", made


def infill_harmonies(card: library.Card, pieces: Sequence[FourPartPiece], seed: int) -> Made:
    """Yield the fast harmonies by an infilling model."""
    net = onnx_nets.load_infill_net(card)
    for name, sopranos in sopranos_by_ends(pieces):
        jobs = [schedules.HarmonizationJob(seed + number, piece) for number, piece in enumerate(sopranos)]
        yield f"fast, {name}", [schedules.harmonize_soprano(net, job, "fast") for job in jobs]


def sopranos_by_ends(pieces: Sequence[FourPartPiece]) -> Iterator[tuple[str, Sequence[FourPartPiece]]]:
    """Yield the pieces with their own phrase ends, with those that the network of phrase ends expects, and without."""
    yield "ends given", pieces
    if phrase_net := loading.phrase_net():
        yield "ends predicted", [phrase_ends.with_predicted_ends(piece, phrase_net) for piece in pieces]
    yield "no ends", [replace(piece, fermatas=piece.fermatas[:0]) for piece in pieces]


def main() -> None:
    """Print a line for each measure, a column for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("part", nargs="?", default="valid")
    parser.add_argument("--pieces", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", action="store_true")
    options = parser.parse_args()
    pieces = [piece for piece in chorales.load_chorales(options.part) if piece.has_phrases][: options.pieces]
    card = library.find_checked_card(options.model)
    made = (
        chorale_harmonies(card, pieces, options.seed, live=options.live)
        if card.codec == "satb"
        else infill_harmonies(card, pieces, options.seed)
    )
    grids = [four_part_windows.pitch_indices_of(piece.pitches) for piece in pieces]
    columns = {"Bach": asdict(phrase_ends.own_measures(pieces)) | asdict(compute_metrics(grids))}
    for name, harmonies in made:
        metrics = compute_metrics([harmony.pitch_indices for harmony in harmonies])
        columns[name] = asdict(phrase_ends.harmony_measures(pieces, harmonies)) | asdict(metrics)
    print(" " * 18 + "  ".join(f"{name:>20}" for name in columns))
    other_metrics = {field.name for field in fields(Metrics)} - set(KEPT)
    for key in (key for key in columns["Bach"] if key not in other_metrics):
        values = (column[key] for column in columns.values())
        print(f"{key:18}" + "  ".join(f"{'' if value is None else format(value, '.3f'):>20}" for value in values))


if __name__ == "__main__":
    main()
