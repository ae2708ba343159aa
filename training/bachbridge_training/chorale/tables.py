"""The tables of a causal model: its loss frame by frame, and its harmonies live and with the future known.

Where phrases go is measured in these harmonies, and in others that are made with the ends of the phrases given.
"""

from collections.abc import Iterator, Mapping, Sequence

from bachbridge.inference import loading
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.metrics import compute_metrics
from bachbridge.music.phrasing.measures.closes import CloseMeasures
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import continuations, harmonize, phrase_ends
from bachbridge_training.evaluation.harmonize import Harmonization
from bachbridge_training.evaluation.tables import (
    EvaluationRequest,
    EvaluationTables,
    ScoreColumn,
    progress_bar,
    training_frame_runs,
)

SEED = 1


def build_tables(card: library.Card, request: EvaluationRequest) -> EvaluationTables:
    """Score the model, and measure the harmonies that it makes."""
    scores = _scores(card, request)
    if not request.outputs:
        return EvaluationTables(scores)
    training = training_frame_runs()
    pieces = harmonize.repeat_pieces(request.pieces, request.outputs)
    made = dict(harmonize_by_style(card, pieces))
    rows = {
        name: compute_metrics([harmony.pitch_indices for harmony in harmonies], training)
        for name, harmonies in made.items()
    }
    return EvaluationTables(
        scores,
        request.own_metrics(training) | rows,
        _phrase_end_rows(card, pieces, made),
        continuations.request_rows(loading.make_generator(card), request),
    )


def _phrase_end_rows(
    card: library.Card, pieces: Sequence[FourPartPiece], made: Mapping[str, Sequence[Harmonization]]
) -> dict[str, CloseMeasures]:
    """Return the rows of all ways, and two of the beam that knows phrase ends, under each soprano once.

    They are the ends that are written, or those that the network of phrase ends expects.
    """
    rows = phrase_ends.measure_rows(pieces, made)
    if not rows:
        return rows
    once = [*{piece.name: piece for piece in pieces if piece.has_phrases}.values()]
    ends = {"offline_ends_given": once}
    if phrase_net := loading.phrase_net():
        ends["offline_ends_predicted"] = [phrase_ends.with_predicted_ends(piece, phrase_net) for piece in once]
    net, style = onnx_nets.load_chorale_net(card), harmonize.STYLES["offline"]
    for name, with_ends in ends.items():
        bar = progress_bar(name.replace("_", " "))
        found = harmonize.harmonize_offline(net, card.chain, with_ends, style, SEED, bar, ends_given=True)
        rows[name] = phrase_ends.harmony_measures(once, found)
    return rows


def _scores(card: library.Card, request: EvaluationRequest) -> dict[str, ScoreColumn]:
    """Return the scores by column: `pitches` with pitches alone given, and for music21's chorales two more.

    `told` has attacks and bar lines given as well; `clean` has only the test pieces with new tunes.
    """
    net = onnx_nets.load_chorale_net(card)
    pitches_alone = chorale_nll.evaluate(net, card.chain, request.scored, progress=progress_bar("scoring"))
    scores: dict[str, ScoreColumn] = {"pitches": {**chorale_nll.summary(pitches_alone)}}
    if request.is_bach and request.with_timing:
        all_given = chorale_nll.evaluate(
            net, card.chain, request.scored, timing_given=True, progress=progress_bar("scoring")
        )
        scores["told"] = {**chorale_nll.summary(all_given)}
    if new_tunes := [loss for loss in pitches_alone if loss.name in request.new_tune_names()]:
        scores["clean"] = {**chorale_nll.summary(new_tunes)}
    return scores


def harmonize_by_style(
    card: library.Card, pieces: Sequence[FourPartPiece]
) -> Iterator[tuple[str, list[Harmonization]]]:
    """Yield the name of each decoding method with one output per piece."""
    net, order = onnx_nets.load_chorale_net(card), card.chain
    for name, style in harmonize.STYLES.items():
        if name == "offline":
            yield name, harmonize.harmonize_offline(net, order, pieces, style, SEED, progress_bar(name))
        else:
            source = harmonize.RuleBasedNet() if name == "rules" else net
            yield name, harmonize.harmonize_live(source, order, pieces, style, SEED, progress_bar(name))
