"""The optimizer of all runs: AdamW with clipping, which also keeps the gradient's norm for the history.

I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019; R. Pascanu et al., "On the difficulty
of training recurrent neural networks", ICML 2013. Only `keras.ops` is used, so the code runs under TensorFlow and JAX.
"""

from typing import Any

import keras

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong


class ClippingAdamW(keras.optimizers.AdamW):
    """Keras's AdamW, clipped by the norm of the whole gradient, which `gradient_norm` holds as it was before."""

    gradient_norm: Any

    def __init__(self, learning_rate: float, weight_decay: float, max_norm: float) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, global_clipnorm=max_norm)

    def build(self, var_list: list[Any]) -> None:
        super().build(var_list)
        self.gradient_norm = self.add_variable((), name="gradient_norm")

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        squares = [ops.sum(ops.square(gradient)) for gradient in grads if gradient is not None]
        self.gradient_norm.assign(ops.sqrt(sum(squares)))
        return super()._clip_gradients(grads)
