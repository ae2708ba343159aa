"""Look-ups of rows by their numbers, which an export may do with another operation than training."""

from collections.abc import Callable
from typing import Any

import keras

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

Gather = Callable[[Any, Any], Any]
"""Takes rows of a table by their numbers: from `table[row, ...]` and `rows[...]`."""


def gather_rows(table: Any, rows: Any) -> Any:
    """Take rows as every backend can; TensorFlow's own `gather` makes fewer operators in ONNX."""
    return ops.take(table, rows, axis=0)
