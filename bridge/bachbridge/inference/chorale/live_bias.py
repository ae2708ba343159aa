"""Live harmony's key, and what speaks for and against notes: the belief in the key, the hold of voices, closes.

The style's key is the one that is set or the likeliest one. The nats are added while candidates are drawn and ranked
(see `candidates`). A wish ranks them too; it has nats of its own for the draw.
"""

from dataclasses import replace

import numpy as np

from bachbridge.inference.chorale.live_closes import CloseMemory
from bachbridge.music.frames import PITCH_INDEX_COUNT, Floats, Frame, Ints, pitch_classes
from bachbridge.music.notes import VOICES, Key, key_on_final, scale_pitch_classes
from bachbridge.music.phrasing.closing.live_wishes import LiveWish
from bachbridge.music.tonality.bias import clash_bias, key_bias, opening_bias
from bachbridge.music.tonality.key_belief import KeyBelief, certain_belief
from bachbridge.music.tonality.opening import opening_chord, opening_chord_in_mode
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.style import Style

_HOLD_NATS = -0.4
"""Nats for a voice that stays where it is under a held note, on an 8th: without the future, staying looks too good."""


def style_in_key(style: Style, belief: KeyBelief) -> tuple[Style, Key | None]:
    """Return the style in its key, or else in the likeliest one, and that key if it is set or certain.

    In a mode it is the key of the chord on the final. Without any rules the model alone decides.
    """
    key = certain = style.key
    if style.key is None:
        key, certain = belief.key, belief.certain_key
    elif style.final >= 0:
        key = certain = key_on_final(style.key, style.final)
    if style.rules:
        return replace(style, key=key), certain
    return replace(style, key=key, candidates=1, randomness=1.0), certain


def live_bias(
    request: PlanRequest, belief: KeyBelief, previous: Frame | None, style: Style, given: Ints
) -> Floats | None:
    """Return what speaks for and against notes under `given[row]`; None if only the style's rules count."""
    if (request.only_voice >= 0 and not request.lane) or "key" not in style.rules:
        return None
    bias = _tonal_bias(request, belief, given)
    if request.lane:
        return bias - clash_bias(given)  # passing notes may be a semitone away
    if previous:
        bias[-1] += _hold_bias(previous, request.given)
    return bias


def _hold_bias(previous: Frame, given_voice: int) -> Floats:
    """Nats `[voice, pitch index]` for voices that stay under the held note of `given_voice`."""
    bias = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    others = [voice for voice in range(len(VOICES)) if voice != given_voice]
    bias[others, [previous.pitch_indices[voice] for voice in others]] = _HOLD_NATS
    return bias


def _tonal_bias(request: PlanRequest, belief: KeyBelief, given: Ints) -> Floats:
    """Nats for the notes under each of `given[row]`, the last of which is held: `[row, voice, pitch index]`."""
    style = request.style
    classes = pitch_classes(given)
    if style.key is None:
        probabilities = belief.by_next_pitch_class()[classes]
        probabilities[-1] = belief.probabilities
    else:
        probabilities = np.repeat(certain_belief(style.key).probabilities[None], len(given), axis=0)
    bias = key_bias(probabilities, given) + clash_bias(given)
    if belief.has_begun or request.left_hand:
        return bias
    if style.key is not None and style.final >= 0:
        scale = scale_pitch_classes(style.key)
        chords = [opening_chord_in_mode(int(pitch_class), style.final, scale) for pitch_class in classes[:-1]]
    else:
        pairs = zip(classes[:-1], probabilities[:-1], strict=True)
        chords = [opening_chord(int(pitch_class), shares) for pitch_class, shares in pairs]
    return bias + opening_bias([*chords, None])


def live_wish(
    request: PlanRequest, belief: KeyBelief, close: CloseMemory, style: Style, given: Ints
) -> LiveWish | None:
    """Return what is wished for under `given[row]`, the last of which is held; nothing without rules.

    Nothing is wished for where one voice alone is heard, or where the harmony obeys the left hand.
    """
    if request.only_voice >= 0 or request.left_hand or not style.rules:
        return None
    is_held = np.arange(len(given)) == len(given) - 1
    if request.style.key is not None:
        belief = certain_belief(request.style.key)
    return close.wish(given, is_held, belief.probabilities, request.given)
