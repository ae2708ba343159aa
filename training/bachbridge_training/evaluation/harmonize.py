"""Harmonies under the sopranos of chorales: step by step without the future, as in the live mode, or with it.

All live outputs are made in one batch, a row each, with one call of the network's core and one choice for all of them
at every step. The longest come first, so that the unfinished rows are always the first ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference import loading
from bachbridge.inference.chorale import beam_search
from bachbridge.inference.chorale import candidates as ranking
from bachbridge.inference.chorale.live_closes import CloseMemory
from bachbridge.music.frames import LOWEST_PITCH, PITCH_INDEX_COUNT, REST, UNKNOWN, Frame
from bachbridge.music.metrics import IN_TRIAD
from bachbridge.music.notes import VOICES
from bachbridge.music.phrasing.closing.live_wishes import LiveWish, join_wishes
from bachbridge.music.tonality.bias import key_bias
from bachbridge.music.tonality.key_belief import NO_BELIEF, KeyBelief
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
"""Raw: the model alone; live: ranked as in live play; rules: no model (`RuleBasedNet`); offline: the future known."""
BEAM_WIDTH = 8
"""Hypotheses of the beam search."""


class HarmonizingNet(Protocol):
    """A network that harmonizes (see `bachbridge.inference.runtime.onnx_nets`)."""

    def initial_state(self) -> Any: ...
    def core(self, ids: Any, state: Any) -> tuple[Any, Any]: ...
    def heads(self, hidden: Any, known: Any) -> tuple[Any, Any]: ...


@dataclass(frozen=True, slots=True)
class Harmonization:
    """An output under the soprano of the piece `name`: `pitch_indices[step, voice]` and `onsets[step, voice]`."""

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
    """Return one output per piece (a piece may occur several times), in the order of the pieces."""
    longest_first = sorted(range(len(pieces)), key=lambda row: -len(pieces[row].pitches))
    rows = [_PartialHarmonization.from_piece(pieces[row]) for row in longest_first]
    contexts = [satb.FrameContext(steps_per_bar=int(pieces[row].bar[0])) for row in longest_first]
    state = np.repeat(net.initial_state(), len(rows), axis=1)
    closes = [_LiveClose.of_piece(row.piece) for row in rows]
    rng = np.random.default_rng(seed)
    for step in progress(range(len(rows[0].pitch_indices) if rows else 0)):
        unfinished = sum(step < len(row.pitch_indices) for row in rows)
        contexts = [_at_bar_position(context, rows[row].piece) for row, context in enumerate(contexts[:unfinished])]
        ids = np.concatenate([context.feature_ids() for context in contexts])
        hidden, state = net.core(ids, state[:, :unfinished])
        previous = None if step == 0 else np.array([row.pitch_indices[step - 1] for row in rows[:unfinished]])
        given = np.array([row.pitch_indices[step] for row in rows[:unfinished]])
        onsets = np.array([row.onsets[step] for row in rows[:unfinished]])
        closes = closes[:unfinished]
        view = ranking.StepView(
            net, voice_order, hidden, previous, np.array([close.memory.sevenths for close in closes])
        )
        bias = wish = None
        if style.rules and previous is not None:
            wish = join_wishes([close.wish(row, step) for close, row in zip(closes, rows, strict=False)])
            beliefs = np.array([close.belief_after(row, step) for close, row in zip(closes, rows, strict=False)])
            bias = wish.bias(previous) + key_bias(beliefs, given[:, 0])
        chosen = ranking.rank_frames(
            view,
            given,
            replace(style, rules=style.rules - {"key"}),
            rng,
            onsets=onsets,
            bias=bias,
            wish=wish,
        )
        for number, row in enumerate(rows[:unfinished]):
            row.set_frame(step, chosen.pitch_indices[number, 0], chosen.onsets[number, 0])
            contexts[number] = contexts[number].after(row.frame(step))
            closes[number] = closes[number].after(row, step)
    row_of_piece = dict(zip(longest_first, rows, strict=True))
    ordered = [row_of_piece[index] for index in range(len(pieces))]
    return [Harmonization(row.piece.name, row.pitch_indices, row.onsets) for row in ordered]


def harmonize_offline(
    net: HarmonizingNet,
    voice_order: Sequence[int],
    pieces: Sequence[FourPartPiece],
    style: Style,
    seed: int,
    progress: Callable[[Sequence[FourPartPiece]], Iterable[FourPartPiece]] = iter,
    width: int = BEAM_WIDTH,
    *,
    ends_given: bool = False,
) -> list[Harmonization]:
    """Return one output per piece, made with its future known by beam search, piece by piece.

    With `ends_given` the beam is given the ends of the piece's phrases, too.
    """
    made: list[Harmonization] = []
    for number, piece in enumerate(progress(pieces)):
        row = _PartialHarmonization.from_piece(piece)
        steps = beam_search.harmonize_steps(
            net,
            voice_order,
            row.pitch_indices,
            row.onsets,
            position=piece.position,
            steps_per_bar=piece.bar,
            style=style,
            width=width,
            seed=seed + number,
            phrase_ends=piece.phrase_ends if ends_given else (),
        )
        made.append(Harmonization(piece.name, *beam_search.final_harmony(steps)))
    return made


def _at_bar_position(context: satb.FrameContext, piece: FourPartPiece) -> satb.FrameContext:
    """Set the context to its step's position in the piece's bars, whose lengths may differ."""
    bar = int(piece.bar[context.step])
    return replace(context, position=int(piece.position[context.step] - context.step) % bar, steps_per_bar=bar)


@dataclass(frozen=True, slots=True)
class _PartialHarmonization:
    """A harmony in the making: the given soprano, and the lower voices as far as they are chosen."""

    piece: FourPartPiece
    pitch_indices: np.ndarray
    onsets: np.ndarray

    @classmethod
    def from_piece(cls, piece: FourPartPiece) -> "_PartialHarmonization":
        pitch_indices = np.full((len(piece.pitches), len(VOICES)), UNKNOWN, np.int32)
        onsets = np.zeros(pitch_indices.shape, bool)
        pitch_indices[:, 0] = four_part_windows.pitch_indices_of(piece.pitches)[:, 0]
        onsets[:, 0] = piece.onsets[:, 0]
        return cls(piece, pitch_indices, onsets)

    def set_frame(self, step: int, pitch_indices: np.ndarray, onsets: np.ndarray) -> None:
        self.pitch_indices[step], self.onsets[step, 1:] = pitch_indices, onsets[1:]

    def frame(self, step: int) -> Frame:
        return Frame(tuple(self.pitch_indices[step].tolist()), tuple(self.onsets[step].tolist()))


@dataclass(frozen=True, slots=True)
class _LiveClose:
    """The memory of live harmony in one piece."""

    memory: CloseMemory
    belief: KeyBelief = NO_BELIEF

    @classmethod
    def of_piece(cls, piece: FourPartPiece) -> "_LiveClose":
        return cls(CloseMemory(int(piece.bar[0]), net=loading.phrase_net()))

    def belief_after(self, row: _PartialHarmonization, step: int) -> np.ndarray:
        """Return the belief in the keys after the soprano's note at a step."""
        return self.belief.after_step(int(row.pitch_indices[step, 0]), onset=bool(row.onsets[step, 0])).probabilities

    def wish(self, row: _PartialHarmonization, step: int) -> LiveWish:
        """Return the wish for the soprano's note at a step."""
        note = row.pitch_indices[step, :1]
        is_held = step > 0 and not row.onsets[step, 0] and note[0] == row.pitch_indices[step - 1, 0]
        probabilities = self.belief_after(row, step)
        return self._placed(row.piece, step).wish(note, np.array([is_held]), probabilities, 0)

    def after(self, row: _PartialHarmonization, step: int) -> "_LiveClose":
        """Return the memory after a step."""
        frame = row.frame(step)
        belief = self.belief.after_step(frame.pitch_indices[0], onset=frame.onsets[0])
        previous = row.frame(step - 1) if step else None
        return _LiveClose(self._placed(row.piece, step).after(previous, frame, 0), belief)

    def _placed(self, piece: FourPartPiece, step: int) -> CloseMemory:
        """Return the memory with the step's position in the piece's bars, whose lengths may differ."""
        return replace(self.memory, bar_step=int(piece.position[step]), steps_per_bar=int(piece.bar[step]))


# ---------------------------------------------------------------- the baseline


class RuleBasedNet:
    """A harmonizer by rules alone in place of a network: a baseline that a model has to surpass.

    Notes that form a triad with the chosen ones are likely, near ones more than far ones; holding the last note is
    likeliest. Its `hidden[batch, voice]` is the frame before.
    """

    MOTION_NATS = 0.25
    """Nats by which each semitone of motion is less likely."""
    STAY_NATS = 4.0
    """Nats by which holding a note is likelier while the soprano holds its own."""

    def initial_state(self) -> np.ndarray:
        return np.zeros((2, 1, 1), np.float32)

    def core(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return satb.previous_pitch_indices(ids).astype(np.float32), state

    def heads(self, hidden: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return logits in the shapes of a network's; a note that stays is not repeated."""
        indices = np.arange(PITCH_INDEX_COUNT)
        bits = np.where(known > REST, 1 << (known + LOWEST_PITCH - 1) % 12, 0)
        chord = np.bitwise_or.reduce(bits, axis=1)[:, None] | 1 << (indices + LOWEST_PITCH - 1) % 12
        logits = np.where(IN_TRIAD[chord], 0.0, -30.0)[:, None, :]
        before = np.broadcast_to(hidden, known.shape)[:, :, None]
        sounding = (before > REST) & (before < PITCH_INDEX_COUNT)
        logits = logits - self.MOTION_NATS * np.abs(indices - before) * sounding
        soprano_stays = (known[:, :1] == before[:, 0])[:, :, None]
        logits = logits + self.STAY_NATS * (soprano_stays & (indices == before))
        return logits.astype(np.float32), np.full(known.shape, -30.0, np.float32)


def repeat_pieces(pieces: Sequence[FourPartPiece], count: int) -> list[FourPartPiece]:
    """Repeat the pieces in turn until there are `count`; a repeated piece gets another output from the same seed."""
    return [pieces[number % len(pieces)] for number in range(count)]
