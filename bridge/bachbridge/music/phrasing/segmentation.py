"""A melody divided into phrases: the likeliest division by the odds of each note and the lengths of phrases.

`logits[note, class]` are the log odds that a phrase ends with the note, for each class of its distance from the
beginning of the phrase. A division is a path from end to end; its probability is the product over its notes, so the
best one, and each note's probability, are found by going through the notes once (a semi-Markov model: S. Sarawagi and
W. Cohen, "Semi-Markov conditional random fields for information extraction", NIPS 2004).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.frames import Ints

Nats = NDArray[np.floating[Any]]
"""Logarithms of probabilities or of odds."""
_MAX_NOTES = 96
"""Notes of the longest phrase; a longer one is cut."""
_FORCED_NATS = 50.0

Distance = Callable[[int, Ints], Ints]
"""Returns the classes of notes' distances from the beginning of a phrase with the first note."""


def log_odds_of_ends(logits: Nats, forced: Collection[int], hints: Mapping[int, float] | None = None) -> Nats:
    """Return the logits with the notes `forced` as ends, the last note too, and `hints` in nats added."""
    given = logits.astype(np.float64)
    for note, nats in (hints or {}).items():
        given[note] += nats
    given[[*forced, len(given) - 1]] = _FORCED_NATS
    return given


def likeliest_ends(logits: Nats, distance: Distance) -> tuple[int, ...]:
    """Return the numbers of the notes that end the phrases of the likeliest division."""
    count = len(logits)
    best = np.full(count + 1, -np.inf)
    best[0] = 0
    came_from = np.zeros(count + 1, np.int64)
    for first in range(count):
        if not np.isfinite(best[first]):
            continue
        stops = _phrase_nats(logits, first, distance)
        reached = best[first] + stops
        ends = first + 1 + np.arange(len(stops))
        better = reached > best[ends]
        best[ends[better]], came_from[ends[better]] = reached[better], first
    found: list[int] = []
    at = count
    while at > 0:
        found.append(at - 1)
        at = int(came_from[at])
    return tuple(reversed(found))


def _phrase_nats(logits: Nats, first: int, distance: Distance) -> Nats:
    """Return the log probability of each phrase from note `first` on, by its last note."""
    notes = np.arange(first, min(len(logits), first + _MAX_NOTES), dtype=np.int32)
    own = logits[notes, distance(first, notes)]
    ends, goes_on = -np.logaddexp(0, -own), -np.logaddexp(0, own)
    return ends + np.cumsum(goes_on) - goes_on
