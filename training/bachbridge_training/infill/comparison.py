"""Comparison of the formats of an infilling model: logits of masked cells, and the work of one sweep."""

from collections.abc import Iterator, Sequence

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.music.frames import Floats, Ints
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.held_out import HeldOutLogits
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.infill.batches import InfillBatch

_WINDOWS_PER_PIECE = 4
_TIMED_WINDOW_STEPS = 64
"""Steps of the window that is filled in when time is measured."""


def held_out_logits(_card: Card, net: onnx_nets.InfillNet, pieces: Sequence[FourPartPiece], /) -> HeldOutLogits:
    """Predict the masked cells of fixed windows; the loss is in nats per masked cell."""
    window_count = _WINDOWS_PER_PIECE * len(pieces)
    windows = infill_batches.validation_windows(pieces, window_count, timing_given=False)
    cells = [_masked_cell_logits(net, item) for item in windows]
    logits = np.concatenate([cell_logits for cell_logits, _ in cells])
    target = np.concatenate([cell_target for _, cell_target in cells])
    return HeldOutLogits((logits,), (target,), len(target), loss_name="nats_per_cell")


def _masked_cell_logits(net: onnx_nets.InfillNet, item: InfillBatch) -> tuple[Floats, Ints]:
    """Return the logits of a window's masked cells and the true pitch indices there."""
    batch = infill_batches.stack_windows([item], len(item.seen))
    logits, _ = net.predict(batch.seen, batch.attacks, batch.place)
    masked = batch.seen == infill_grid.MASKED
    return logits[masked], batch.pitch_indices[masked]


def live_steps(_card: Card, net: onnx_nets.InfillNet, piece: FourPartPiece, /) -> Iterator[None]:
    """Do one sweep over a window of four bars at each `next`, without end."""
    windows = list(infill_batches.validation_windows([piece], 1, timing_given=False, window=_TIMED_WINDOW_STEPS))
    batch = infill_batches.stack_windows(windows, _TIMED_WINDOW_STEPS)
    while True:
        net.predict(batch.seen, batch.attacks, batch.place)
        yield
