"""What `bachbridge evaluate` finds out: a module for each codec, since models are scored by what they can be asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bachbridge.music.metrics import Measures, Runs, measure
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import Piece

Column = dict[str, float | None]
OUTPUTS = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """What to score a model on, and how much of it.

    `bach`: the pieces are music21's chorales, which have attacks and bar lines; `told`: score them with these, too.
    Of `scored` the surprises are found, of all `pieces` harmonies are made, so many `outputs` by each way. `jobs`:
    processes, where work can be spread.
    """

    pieces: Sequence[Piece]
    scored: Sequence[Piece]
    bach: bool = True
    told: bool = True
    outputs: int = OUTPUTS
    jobs: int = 1

    def clean(self) -> frozenset[str]:
        """The names of test pieces with a tune that no training piece has; of other music none."""
        return chorale_data.clean_test() if self.bach else frozenset()

    def own(self, training: Runs) -> dict[str, Measures]:
        """The measures of the pieces themselves."""
        name = "bach" if self.bach else "given"
        return {name: measure([four_part_windows.classes_of(piece.pitches) for piece in self.pieces], training)}


@dataclass(frozen=True, slots=True)
class Tables:
    """`scores` by what was told, measures of the `music` by how it was made, a comparison of `schedules`, and `copies`.

    `copies`: how much of some music stands in the training music (see `copying`); `tunes`: how many of those that the
    model writes are ABC (see `inventions`).
    """

    scores: dict[str, Column]
    music: dict[str, Measures] = field(default_factory=dict[str, Measures])
    schedules: dict[str, Column] = field(default_factory=dict[str, Column])
    copies: dict[str, Column] = field(default_factory=dict[str, Column])
    tunes: dict[str, Column] = field(default_factory=dict[str, Column])


def training_runs() -> Runs:
    """What may have been copied: the training pieces."""
    return Runs(four_part_windows.classes_of(piece.pitches) for piece in chorale_data.pieces("train"))
