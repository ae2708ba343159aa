"""The tables of a causal model: its surprises frame by frame, and its harmonies live and with the future known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.metrics import compute_metrics
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import harmonize
from bachbridge_training.evaluation.harmonize import Harmonization
from bachbridge_training.evaluation.tables import EvaluationRequest, EvaluationTables, ScoreColumn, training_frame_runs

T = TypeVar("T")
SEED = 1


def build_tables(card: library.Card, request: EvaluationRequest) -> EvaluationTables:
    """Everything that is asked for."""
    scores = _scores(card, request)
    if not request.outputs:
        return EvaluationTables(scores)
    training = training_frame_runs()
    made = harmonize_by_style(card, harmonize.repeat_pieces(request.pieces, request.outputs))
    rows = {name: compute_metrics([harmony.pitch_indices for harmony in its], training) for name, its in made}
    return EvaluationTables(scores, request.own_metrics(training) | rows)


def _scores(card: library.Card, request: EvaluationRequest) -> dict[str, ScoreColumn]:
    """Told pitches alone; of music21's chorales also told everything, and the test pieces with new tunes."""
    runtime = onnx_nets.load_chorale_net(card)
    blind = chorale_nll.evaluate(runtime, card.chain, request.scored, progress=_progress_bar("listening"))
    scores: dict[str, ScoreColumn] = {"pitches": {**chorale_nll.summary(blind)}}
    if request.is_bach and request.with_timing:
        told = chorale_nll.evaluate(
            runtime, card.chain, request.scored, timing_given=True, progress=_progress_bar("listening")
        )
        scores["told"] = {**chorale_nll.summary(told)}
    if clean := [its for its in blind if its.name in request.new_tune_names()]:
        scores["clean"] = {**chorale_nll.summary(clean)}
    return scores


def harmonize_by_style(
    card: library.Card, pieces: Sequence[FourPartPiece]
) -> Iterator[tuple[str, list[Harmonization]]]:
    """By each of the ways, an output for each piece."""
    runtime, order = onnx_nets.load_chorale_net(card), card.chain
    for name, style in harmonize.STYLES.items():
        if name == "offline":
            yield name, harmonize.harmonize_offline(runtime, order, pieces, style, SEED, _progress_bar(name))
        else:
            source = harmonize.RuleBasedNet() if name == "rules" else runtime
            yield name, harmonize.harmonize_live(source, order, pieces, style, SEED, _progress_bar(name))


def _progress_bar(what: str) -> Callable[[Sequence[T]], Iterable[T]]:
    return lambda items: track(items, what, console=Console(stderr=True), transient=True)
