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
from bachbridge.inference.runtime.style import Style
from bachbridge.music.metrics import IN_TRIAD
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import Piece

Progress = Callable[[Sequence[int]], Iterable[int]]


STYLES = {
    "raw": Style(candidates=1, rules=frozenset(), chance=1),
    "live": Style(),
    "rules": Style(chance=1, candidates=32, top_p=1.0),
    "offline": Style(chance=1),
}
"""The model alone; ranked, as the live mode plays; rules without a model (`Consonant`); the future known (`beam`)."""


WIDTH = 8
"""Hypotheses of the beam."""


class Nets(Protocol):
    """What harmonises (see `bachbridge.inference.runtime.onnx_nets`)."""

    def initial_state(self) -> Any: ...
    def core(self, ids: Any, state: Any) -> tuple[Any, Any]: ...
    def heads(self, hidden: Any, known: Any) -> tuple[Any, Any]: ...


@dataclass(frozen=True, slots=True)
class Harmony:
    """An output: `classes[step, voice]` and `struck[step, voice]`, under the soprano of the piece `name`."""

    name: str
    classes: np.ndarray
    struck: np.ndarray


def live(
    nets: Nets, order: Sequence[int], pieces: Sequence[Piece], style: Style, seed: int, progress: Progress = iter
) -> list[Harmony]:
    """One output for each piece (which may occur several times), in the order of the pieces."""
    falling = sorted(range(len(pieces)), key=lambda row: -len(pieces[row].pitches))
    rows = [_Row.of(pieces[row]) for row in falling]
    contexts = [satb.Context(steps_per_bar=int(pieces[row].bar[0])) for row in falling]
    state = np.repeat(nets.initial_state(), len(rows), axis=1)
    rng = np.random.default_rng(seed)
    for step in progress(range(len(rows[0].classes) if rows else 0)):
        going = sum(step < len(row.classes) for row in rows)
        contexts = [_placed(context, rows[row].piece) for row, context in enumerate(contexts[:going])]
        ids = np.concatenate([context.ids() for context in contexts])
        hidden, state = nets.core(ids, state[:, :going])
        before = None if step == 0 else np.array([row.classes[step - 1] for row in rows[:going]])
        given = np.array([row.classes[step] for row in rows[:going]])
        struck = np.array([row.struck[step] for row in rows[:going]])
        chosen = ranking.choose(nets, order, hidden, before, given, style, rng, struck=struck)
        for number, row in enumerate(rows[:going]):
            row.take(step, chosen.classes[number, 0], chosen.struck[number, 0])
            contexts[number] = contexts[number].after(row.frame(step))
    made = dict(zip(falling, rows, strict=True))
    return [Harmony(row.piece.name, row.classes, row.struck) for row in (made[at] for at in range(len(pieces)))]


def offline(
    nets: Nets,
    order: Sequence[int],
    pieces: Sequence[Piece],
    style: Style,
    seed: int,
    progress: Callable[[Sequence[Piece]], Iterable[Piece]] = iter,
    width: int = WIDTH,
) -> list[Harmony]:
    """One output for each piece, made with its future known: the beam, piece by piece."""
    made: list[Harmony] = []
    for number, piece in enumerate(progress(pieces)):
        row = _Row.of(piece)
        told: dict[str, Any] = {"position": piece.position, "steps_per_bar": piece.bar}
        found = beam_search.harmonized(
            nets, order, row.classes, row.struck, **told, style=style, width=width, seed=seed + number
        )
        made.append(Harmony(piece.name, *found))
    return made


def _placed(context: satb.Context, piece: Piece) -> satb.Context:
    """The context at its step's place in the piece's bars, whose lengths may differ."""
    bar = int(piece.bar[context.step])
    return replace(context, position=int(piece.position[context.step] - context.step) % bar, steps_per_bar=bar)


@dataclass(frozen=True, slots=True)
class _Row:
    """A piece under way: the given soprano, and below it what was chosen so far."""

    piece: Piece
    classes: np.ndarray
    struck: np.ndarray

    @classmethod
    def of(cls, piece: Piece) -> "_Row":
        classes = np.full((len(piece.pitches), len(VOICES)), satb.UNKNOWN, np.int32)
        struck = np.zeros(classes.shape, bool)
        classes[:, 0], struck[:, 0] = four_part_windows.classes_of(piece.pitches)[:, 0], piece.struck[:, 0]
        return cls(piece, classes, struck)

    def take(self, step: int, classes: np.ndarray, struck: np.ndarray) -> None:
        self.classes[step], self.struck[step, 1:] = classes, struck[1:]

    def frame(self, step: int) -> satb.Frame:
        return satb.Frame(tuple(self.classes[step].tolist()), tuple(self.struck[step].tolist()))


# ---------------------------------------------------------------- the floor


class Consonant:
    """In place of a network: any note that makes a triad with those chosen is as likely, near ones more, staying most.

    A harmoniser of rules alone, for a model to be better than. Its `hidden[batch, voice]` is the frame before.
    """

    FAR = 0.25
    """Nats against each semitone of motion."""
    STAY = 4.0
    """Nats for staying while the soprano does."""

    def initial_state(self) -> np.ndarray:
        return np.zeros((2, 1, 1), np.float32)

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return satb.classes_before(ids).astype(np.float32), state

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same shapes as a network's; nothing that stays is struck again."""
        classes = np.arange(satb.CLASSES)
        bits = np.where(known > satb.REST, 1 << (known + satb.LOWEST - 1) % 12, 0)
        chord = np.bitwise_or.reduce(bits, axis=1)[:, None] | 1 << (classes + satb.LOWEST - 1) % 12
        logits = np.where(IN_TRIAD[chord], 0.0, -30.0)[:, None, :]
        before = np.broadcast_to(hidden, known.shape)[:, :, None]
        sung = (before > satb.REST) & (before < satb.CLASSES)
        logits = logits - self.FAR * np.abs(classes - before) * sung
        held = (known[:, :1] == before[:, 0])[:, :, None]
        logits = logits + self.STAY * (held & (classes == before))
        return logits.astype(np.float32), np.full(known.shape, -30.0, np.float32)


def sopranos(pieces: Sequence[Piece], outputs: int) -> list[Piece]:
    """Pieces in turn until there are as many as `outputs`; the same piece again is another output of the same seed."""
    return [pieces[number % len(pieces)] for number in range(outputs)]
