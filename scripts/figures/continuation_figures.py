"""Print how a model continues.

    python scripts/figures/continuation_figures.py MODEL [PART] [--openings N] [--phrases]

For a model of four voices: its answers to the first N openings of PART (valid) with four voices and with the melody
given, beside Bach's own bars; 8 openings take about half a minute. For every model: its answers to twelve phrases of
all kinds, with `--phrases` alone, and a line for each. The same rows are in `bachbridge evaluate`.
"""

import argparse
from dataclasses import asdict

from bachbridge.inference.loading import load_model
from bachbridge.inference.runtime import library
from bachbridge.music.phrasing.measures.answers import compare_answer
from bachbridge_training.datasets import chorales
from bachbridge_training.evaluation import continuations
from bachbridge_training.evaluation.answer_phrases import PHRASES
from bachbridge_training.evaluation.continuations import AskOptions


def print_columns(columns: dict[str, dict[str, float]]) -> None:
    """Print a line for each measure, a column for each row of the table."""
    print(" " * 22 + "  ".join(f"{name:>12}" for name in columns))
    for key in next(iter(columns.values())):
        print(f"{key:22}" + "  ".join(f"{column[key]:>12.3f}" for column in columns.values()))


def main() -> None:
    """Print the tables of a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("part", nargs="?", default="valid")
    parser.add_argument("--openings", type=int, default=8)
    parser.add_argument("--phrases", action="store_true")
    parser.add_argument("--close", default="cadence")
    parser.add_argument("--seed", type=int, default=continuations.SEED)
    given = parser.parse_args()
    generator, card = load_model(given.model), library.find_checked_card(given.model)
    options = AskOptions(close=given.close, seed=given.seed)
    if card.family != "symbols" and not given.phrases:
        openings = continuations.choose_openings(chorales.load_chorales(given.part), given.openings)
        rows = continuations.continuation_rows(generator, openings, options)
        print_columns({name: asdict(measures) for name, measures in rows})
    for keyed in PHRASES:
        steps = continuations.PHRASE_ANSWER_BARS * keyed.phrase.steps_per_bar
        answer = continuations.ask_for_answer(generator, keyed.phrase, steps, options)
        found = compare_answer(keyed.phrase, answer, steps, keyed.key)
        figures = {key: round(value, 2) for key, value in asdict(found).items()} if found else "no notes"
        print(f"{keyed.name:14} {figures}")
    if measures := continuations.answer_measures(generator, options=options):
        print_columns({"twelve phrases": asdict(measures)})


if __name__ == "__main__":
    main()
