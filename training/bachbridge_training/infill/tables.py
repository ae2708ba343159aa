"""The tables of an infilling model: its orderless scores on both grids, its harmonies, and fast against slow."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from bachbridge.codecs import infill_grid
from bachbridge.inference import loading
from bachbridge.inference.infill.generator import InfillGenerator
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.metrics import compute_metrics
from bachbridge.music.phrasing.measures.closes import CloseMeasures
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge_training import process_pool
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation import continuations, harmonize, phrase_ends
from bachbridge_training.evaluation.harmonize import Harmonization
from bachbridge_training.evaluation.tables import EvaluationRequest, EvaluationTables, ScoreColumn, training_frame_runs
from bachbridge_training.infill import nll as infill_nll
from bachbridge_training.infill import schedules
from bachbridge_training.infill.nll import InfillNll, NllSettings, PlaceInfo
from bachbridge_training.infill.schedules import HarmonizationJob

_GRIDS = {infill_grid.SIXTEENTHS: "16ths", infill_grid.EIGHTHS: "8ths"}
_PLACE_INFO: dict[str, PlaceInfo] = {"pitches": "nothing", "counted": "count", "told": "bars"}
"""The columns of the scores, each with the place features that the network is given."""
_SWEEP_NS = 4_000_000
"""Time of a sweep by which answers are budgeted, so that they are the same ones on every machine."""


def build_tables(card: library.Card, request: EvaluationRequest) -> EvaluationTables:
    """Score the model, measure the harmonies that it makes, and compare the schedules."""
    scores = _scores(card, request)
    if not request.outputs:
        return EvaluationTables(scores)
    training = training_frame_runs()
    made = {method: make_harmonies(card, request, method) for method in schedules.METHODS}
    rows = {
        method: compute_metrics([harmony.pitch_indices for harmony in harmonies], training)
        for method, harmonies in made.items()
    }
    return EvaluationTables(
        scores,
        request.own_metrics(training) | rows,
        _phrase_end_rows(card, request, made),
        continuations.request_rows(
            InfillGenerator(onnx_nets.load_infill_net(card), _UnusedPartner(), _SWEEP_NS), request
        ),
        schedules={"fast against slow": compare_schedules(card, request, made)},
    )


class _UnusedPartner:
    """The partner of a generator that is asked for continuations alone."""

    def follow(self, request: PlanRequest) -> None:
        raise NotImplementedError

    def plan(self, request: PlanRequest) -> Plan:
        raise NotImplementedError


def nll_column(load: Callable[[], Any], pieces: Sequence[FourPartPiece], *, jobs: int = 1) -> ScoreColumn:
    """Return the orderless scores on both grids of the network that `load` returns, with pitches alone given."""
    return _merge_grids({grid: _piece_scores(load, pieces, NllSettings(grid=grid), jobs) for grid in _GRIDS})


def _scores(card: library.Card, request: EvaluationRequest) -> dict[str, ScoreColumn]:
    """Return the scores by column: `pitches` with pitches alone given, and for music21's chorales up to three more.

    `counted` and `told` have place features given (`_PLACE_INFO`); `clean` has only the test pieces with new tunes.
    """
    scores: dict[str, ScoreColumn] = {}
    for name, place_info in _PLACE_INFO.items():
        if place_info != "nothing" and not (request.is_bach and request.with_timing):
            continue
        by_grid = {
            grid: _piece_scores(_net_loader(card), request.scored, NllSettings(grid, place_info), request.jobs)
            for grid in _GRIDS
        }
        scores[name] = _merge_grids(by_grid)
        new_names = request.new_tune_names()
        clean = {grid: [score for score in scored if score.name in new_names] for grid, scored in by_grid.items()}
        if place_info == "nothing" and clean[infill_grid.SIXTEENTHS]:
            scores["clean"] = _merge_grids(clean)
    return scores


def _net_loader(card: library.Card) -> Callable[[], Any]:
    return partial(onnx_nets.load_infill_net, card)


def _piece_scores(
    load: Callable[[], Any], pieces: Sequence[FourPartPiece], settings: NllSettings, jobs: int
) -> list[InfillNll]:
    label = f"{_GRIDS[settings.grid]}, {settings.place_info} given"
    return process_pool.map_items(
        pieces, partial(infill_nll.piece_nll, settings=settings), load, label=label, cost=_scoring_cost, jobs=jobs
    )


def _scoring_cost(piece: FourPartPiece) -> float:
    """Estimate the time: every frame is scored on a copy of its piece."""
    return len(piece.pitches) ** 2


def _merge_grids(scores_by_grid: dict[int, list[InfillNll]]) -> ScoreColumn:
    pieces = scores_by_grid[infill_grid.SIXTEENTHS]
    column: ScoreColumn = {"pieces": len(pieces), "frames": sum(len(piece.frames) for piece in pieces)}
    for grid, scores in scores_by_grid.items():
        column |= infill_nll.summary(scores, grid)
    return column


def make_harmonies(card: library.Card, request: EvaluationRequest, method: str) -> list[Harmonization]:
    """Return the request's number of outputs, by a method of `schedules.METHODS`, under the sopranos in turn."""
    outputs = [HarmonizationJob(*each) for each in enumerate(harmonize.repeat_pieces(request.pieces, request.outputs))]
    return _run_jobs(card, outputs, method, request.jobs)


def _run_jobs(
    card: library.Card, outputs: Sequence[HarmonizationJob], method: str, processes: int
) -> list[Harmonization]:
    return process_pool.map_items(
        outputs,
        partial(schedules.harmonize_soprano, method=method),
        _net_loader(card),
        label=method,
        cost=HarmonizationJob.cost,
        jobs=processes,
    )


def _phrase_end_rows(
    card: library.Card, request: EvaluationRequest, made: Mapping[str, Sequence[Harmonization]]
) -> dict[str, CloseMeasures]:
    """Return the rows of all methods, which know the fermatas, and one of the fast method with expected ends."""
    pieces = harmonize.repeat_pieces(request.pieces, request.outputs)
    rows, phrase_net = phrase_ends.measure_rows(pieces, made), loading.phrase_net()
    if not rows or phrase_net is None:
        return rows
    once = [*{piece.name: piece for piece in pieces if piece.has_phrases}.values()]
    jobs = [
        HarmonizationJob(number, phrase_ends.with_predicted_ends(piece, phrase_net))
        for number, piece in enumerate(once)
    ]
    expected = _run_jobs(card, jobs, "fast", request.jobs)
    return rows | {"fast_ends_predicted": phrase_ends.harmony_measures(once, expected)}


def compare_schedules(
    card: library.Card, request: EvaluationRequest, harmonies_by_method: Mapping[str, Sequence[Harmonization]]
) -> ScoreColumn:
    """Let the network score the outputs of "fast" and "slow", the request's number of each from `make_harmonies`."""
    pieces = harmonize.repeat_pieces(request.pieces, request.outputs)
    outputs = [
        schedules.ScheduleOutputs(piece, fast.pitch_indices, slow.pitch_indices)
        for piece, fast, slow in zip(pieces, harmonies_by_method["fast"], harmonies_by_method["slow"], strict=True)
    ]
    comparisons = process_pool.map_items(
        outputs, schedules.compare_nll, _net_loader(card), label="fast against slow", jobs=request.jobs
    )
    return schedules.summary(comparisons)
