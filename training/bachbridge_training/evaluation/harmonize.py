"""Harmonies under the sopranos of chorales: step by step without a future, as the live mode makes them, or with it.

All live outputs walk abreast, a row each: one call of the network's core and one choice for all of them at every step.
The longest come first, so that the rows still under way are always the first ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.chorale import beam_search
from bachbridge.inference.chorale import candidates as ranking
from bachbridge.music.frames import LOWEST_PITCH, PITCH_INDEX_COUNT, REST, UNKNOWN, Frame
from bachbridge.music.metrics import IN_TRIAD
from bachbridge.music.notes import VOICES
from bachbridge.protocol.style import Style
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece

Progress = Callable[[Sequence[int]], Iterable[int]]


STYLES = {
    "raw": Style(candidates=1, rules=frozenset(), randomness=1),
    "live": Style(),
    "rules": Style(randomness=1, candidates=32, top_p=1.0),
    "offline": Style(randomness=1),
}
"""The model alone; ranked, as the live mode plays; rules without a model (`Consonant`); the future known (`beam`)."""


BEAM_WIDTH = 8
"""Hypotheses of the beam."""


class HarmonizingNet(Protocol):
    """What harmonises (see `bachbridge.inference.runtime.onnx_nets`)."""

    def initial_state(self) -> Any: ...
    def core(self, ids: Any, state: Any) -> tuple[Any, Any]: ...
    def heads(self, hidden: Any, known: Any) -> tuple[Any, Any]: ...


@dataclass(frozen=True, slots=True)
class Harmonization:
    """An output: `classes[step, voice]` and `struck[step, voice]`, under the soprano of the piece `name`."""

    name: str
    pitch_indices: np.ndarray
    onsets: np.ndarray


def harmonize_live(
    net: HarmonizingNet,
    voice_order: Sequence[int],
    pieces: Sequence[FourPartPiece],
    style: Style,
    seed: int,
    progress: Progress = iter,
) -> list[Harmonization]:
    """One output for each piece (which may occur several times), in the order of the pieces."""
    falling = sorted(range(len(pieces)), key=lambda row: -len(pieces[row].pitches))
    rows = [_PartialHarmonization.from_piece(pieces[row]) for row in falling]
    contexts = [satb.FrameContext(steps_per_bar=int(pieces[row].bar[0])) for row in falling]
    state = np.repeat(net.initial_state(), len(rows), axis=1)
    rng = np.random.default_rng(seed)
    for step in progress(range(len(rows[0].pitch_indices) if rows else 0)):
        going = sum(step < len(row.pitch_indices) for row in rows)
        contexts = [_at_bar_position(context, rows[row].piece) for row, context in enumerate(contexts[:going])]
        ids = np.concatenate([context.feature_ids() for context in contexts])
        hidden, state = net.core(ids, state[:, :going])
        before = None if step == 0 else np.array([row.pitch_indices[step - 1] for row in rows[:going]])
        given = np.array([row.pitch_indices[step] for row in rows[:going]])
        struck = np.array([row.onsets[step] for row in rows[:going]])
        chosen = ranking.rank_frames(
            ranking.StepView(net, voice_order, hidden, before), given, style, rng, onsets=struck
        )
        for number, row in enumerate(rows[:going]):
            row.set_frame(step, chosen.pitch_indices[number, 0], chosen.onsets[number, 0])
            contexts[number] = contexts[number].after(row.frame(step))
    made = dict(zip(falling, rows, strict=True))
    return [
        Harmonization(row.piece.name, row.pitch_indices, row.onsets) for row in (made[at] for at in range(len(pieces)))
    ]


def harmonize_offline(
    net: HarmonizingNet,
    voice_order: Sequence[int],
    pieces: Sequence[FourPartPiece],
    style: Style,
    seed: int,
    progress: Callable[[Sequence[FourPartPiece]], Iterable[FourPartPiece]] = iter,
    width: int = BEAM_WIDTH,
) -> list[Harmonization]:
    """One output for each piece, made with its future known: the beam, piece by piece."""
    made: list[Harmonization] = []
    for number, piece in enumerate(progress(pieces)):
        row = _PartialHarmonization.from_piece(piece)
        told: dict[str, Any] = {"position": piece.position, "steps_per_bar": piece.bar}
        steps = beam_search.harmonize_steps(
            net, voice_order, row.pitch_indices, row.onsets, **told, style=style, width=width, seed=seed + number
        )
        found = beam_search.final_harmony(steps)
        made.append(Harmonization(piece.name, *found))
    return made


def _at_bar_position(context: satb.FrameContext, piece: FourPartPiece) -> satb.FrameContext:
    """The context at its step's place in the piece's bars, whose lengths may differ."""
    bar = int(piece.bar[context.step])
    return replace(context, position=int(piece.position[context.step] - context.step) % bar, steps_per_bar=bar)


@dataclass(frozen=True, slots=True)
class _PartialHarmonization:
    """A piece under way: the given soprano, and below it what was chosen so far."""

    piece: FourPartPiece
    pitch_indices: np.ndarray
    onsets: np.ndarray

    @classmethod
    def from_piece(cls, piece: FourPartPiece) -> "_PartialHarmonization":
        classes = np.full((len(piece.pitches), len(VOICES)), UNKNOWN, np.int32)
        struck = np.zeros(classes.shape, bool)
        classes[:, 0], struck[:, 0] = four_part_windows.pitch_indices_of(piece.pitches)[:, 0], piece.onsets[:, 0]
        return cls(piece, classes, struck)

    def set_frame(self, step: int, pitch_indices: np.ndarray, onsets: np.ndarray) -> None:
        self.pitch_indices[step], self.onsets[step, 1:] = pitch_indices, onsets[1:]

    def frame(self, step: int) -> Frame:
        return Frame(tuple(self.pitch_indices[step].tolist()), tuple(self.onsets[step].tolist()))


# ---------------------------------------------------------------- the floor


class RuleBasedNet:
    """In place of a network: any note that makes a triad with those chosen is as likely, near ones more, staying most.

    A harmoniser of rules alone, for a model to be better than. Its `hidden[batch, voice]` is the frame before.
    """

    MOTION_NATS = 0.25
    """Nats against each semitone of motion."""
    STAY_NATS = 4.0
    """Nats for staying while the soprano does."""

    def initial_state(self) -> np.ndarray:
        return np.zeros((2, 1, 1), np.float32)

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return satb.previous_pitch_indices(ids).astype(np.float32), state

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same shapes as a network's; nothing that stays is struck again."""
        classes = np.arange(PITCH_INDEX_COUNT)
        bits = np.where(known > REST, 1 << (known + LOWEST_PITCH - 1) % 12, 0)
        chord = np.bitwise_or.reduce(bits, axis=1)[:, None] | 1 << (classes + LOWEST_PITCH - 1) % 12
        logits = np.where(IN_TRIAD[chord], 0.0, -30.0)[:, None, :]
        before = np.broadcast_to(hidden, known.shape)[:, :, None]
        sung = (before > REST) & (before < PITCH_INDEX_COUNT)
        logits = logits - self.MOTION_NATS * np.abs(classes - before) * sung
        held = (known[:, :1] == before[:, 0])[:, :, None]
        logits = logits + self.STAY_NATS * (held & (classes == before))
        return logits.astype(np.float32), np.full(known.shape, -30.0, np.float32)


def repeat_pieces(pieces: Sequence[FourPartPiece], count: int) -> list[FourPartPiece]:
    """Pieces in turn until there are as many as `outputs`; the same piece again is another output of the same seed."""
    return [pieces[number % len(pieces)] for number in range(count)]
