"""The network of phrase ends: layers over a note's row (`codecs.phrase_features`), and a logit for each distance.

The logit of a distance is that of the note plus what the note says about phrases of that length; all distances share
the layers, so that a length that is rare in the chorales costs little.
"""

from typing import Any

import keras

from bachbridge.codecs.phrase_features import DISTANCE_CLASSES, FEATURE_COUNT
from bachbridge_training.recipe import PhrasingRecipe

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_INPUT_DROPOUT_SHARE = 1 / 3
"""Dropout of the features, as a share of the layers' dropout."""


class PhrasingNetwork:
    """The layers of the network."""

    def __init__(self, recipe: PhrasingRecipe) -> None:
        self.recipe = recipe
        self._hidden = [keras.layers.Dense(recipe.units, activation="relu") for _ in range(recipe.layers)]
        self._note, self._distance = keras.layers.Dense(1), keras.layers.Dense(DISTANCE_CLASSES)

    def logits(self, features: Any, *, drops: bool = False) -> Any:
        """`features[n, field]` → `logits[n, distance]`; `drops`: with dropout where the model is in training."""
        rate = self.recipe.dropout
        values = keras.layers.Dropout(rate * _INPUT_DROPOUT_SHARE)(features) if drops else features
        for layer in self._hidden:
            values = layer(values)
            values = keras.layers.Dropout(rate)(values) if drops else values
        return self._note(values) + self._distance(values)


def note_model(network: PhrasingNetwork) -> keras.Model:
    """Return the model from features to logits."""
    features = keras.Input((FEATURE_COUNT,), name="features")
    return keras.Model(features, network.logits(features, drops=True))
