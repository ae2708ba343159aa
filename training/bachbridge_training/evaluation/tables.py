"""What `bachbridge evaluate` finds out: a module for each codec, since models are scored by what they can be asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bachbridge.music.metrics import Metrics, SharedRuns, compute_metrics
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece

ScoreColumn = dict[str, float | None]
DEFAULT_OUTPUTS = 256


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to score a model on, and how much of it.

    `bach`: the pieces are music21's chorales, which have attacks and bar lines; `told`: score them with these, too.
    Of `scored` the surprises are found, of all `pieces` harmonies are made, so many `outputs` by each way. `jobs`:
    processes, where work can be spread.
    """

    pieces: Sequence[FourPartPiece]
    scored: Sequence[FourPartPiece]
    is_bach: bool = True
    with_timing: bool = True
    outputs: int = DEFAULT_OUTPUTS
    jobs: int = 1

    def new_tune_names(self) -> frozenset[str]:
        """The names of test pieces with a tune that no training piece has; of other music none."""
        return chorale_data.new_tune_test_names() if self.is_bach else frozenset()

    def own_metrics(self, training: SharedRuns) -> dict[str, Metrics]:
        """The measures of the pieces themselves."""
        name = "bach" if self.is_bach else "given"
        return {
            name: compute_metrics(
                [four_part_windows.pitch_indices_of(piece.pitches) for piece in self.pieces], training
            )
        }


@dataclass(frozen=True, slots=True)
class EvaluationTables:
    """`scores` by what was told, measures of the `music` by how it was made, a comparison of `schedules`, and `copies`.

    `copies`: how much of some music stands in the training music (see `copying`); `tunes`: how many of those that the
    model writes are ABC (see `inventions`).
    """

    scores: dict[str, ScoreColumn]
    music: dict[str, Metrics] = field(default_factory=dict[str, Metrics])
    schedules: dict[str, ScoreColumn] = field(default_factory=dict[str, ScoreColumn])
    copies: dict[str, ScoreColumn] = field(default_factory=dict[str, ScoreColumn])
    tunes: dict[str, ScoreColumn] = field(default_factory=dict[str, ScoreColumn])


def training_frame_runs() -> SharedRuns:
    """What may have been copied: the training pieces."""
    return SharedRuns(
        four_part_windows.pitch_indices_of(piece.pitches) for piece in chorale_data.load_chorales("train")
    )
