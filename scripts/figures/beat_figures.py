"""Print what the beat of music is inferred from where nobody gives it, and how often it is the right one.

    python scripts/figures/beat_figures.py [PART]

First come the shares of the training chorales' steps at which a voice leaves its pitch, by the phase in the beat (the
table of `bachbridge.codecs.infill_beat`). Then a line for each grid and share of given frames: on windows of 128 steps
of PART (valid), how often a beat is found, and how often the found one is right. It takes half a minute.
"""

import argparse

import numpy as np

from bachbridge.codecs import infill_beat, infill_grid
from bachbridge.music.frames import Ints
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge_training.datasets import chorales
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.four_part_windows import pitch_indices_of

WINDOW_STEPS = 128
WINDOWS_PER_PIECE = 8
GIVEN_SHARES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
GRIDS = {"16ths": infill_grid.SIXTEENTHS, "8ths": infill_grid.EIGHTHS}


def change_shares() -> np.ndarray:
    """Return the shares `[phase, voice]` of the training pieces' steps at which a voice leaves its pitch."""
    changes, steps = np.zeros((STEPS_PER_BEAT, len(VOICES))), np.zeros((STEPS_PER_BEAT, 1))
    for piece in chorales.load_chorales("train"):
        phase = piece.position[1:] % STEPS_PER_BEAT
        np.add.at(changes, phase, piece.pitches[1:] != piece.pitches[:-1])
        np.add.at(steps, phase, 1)
    return changes / steps


def inferred_phases(piece: FourPartPiece, grid: int, given_share: float, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the inferred and the true phase field of the first steps of some windows; 0: unknown."""
    steps = slice(None, None, infill_grid.steps_per_cell(grid))
    pitch_indices, position, bar = pitch_indices_of(piece.pitches)[steps], piece.position[steps], piece.bar[steps]
    length = min(WINDOW_STEPS, len(bar))
    first = rng.integers(len(bar) - length + 1, size=WINDOWS_PER_PIECE)
    shown = first[:, None] + np.arange(length)
    masked = rng.random((*shown.shape, 1)) >= given_share
    seen = infill_grid.mask_cells(pitch_indices[shown], masked)
    unknown = infill_grid.place_features(None, bar[:length], phase=None, grid=grid)
    place = infill_beat.with_inferred_beat(seen, np.broadcast_to(unknown, (len(first), *unknown.shape)))
    return place[:, 0, 0], 1 + position[first] % STEPS_PER_BEAT


def main() -> None:
    """Print the table of shares and the table of found beats."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", default="valid")
    given = parser.parse_args()
    print("steps at which a voice moves, by phase:", *VOICES)
    for phase, row in enumerate(change_shares()):
        print(f"{phase:>39} " + "  ".join(f"{share:.3f}" for share in row))
    pieces, rng = chorales.load_chorales(given.part), np.random.default_rng(1)
    for name, grid in GRIDS.items():
        for share in GIVEN_SHARES:
            phases = [inferred_phases(piece, grid, share, rng) for piece in pieces]
            inferred, true = (np.concatenate(each) for each in zip(*phases, strict=True))
            found = inferred > 0
            right = (inferred == true)[found].mean() if found.any() else float("nan")
            print(
                f"{name:>5}, {share:4.0%} of the frames given: found {found.mean():6.1%}, right {right:6.1%} of these"
            )


if __name__ == "__main__":
    main()
