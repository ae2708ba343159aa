"""What a player asks of the harmony besides the model: as nats on each voice's classes.

`lean` is added to the logits of a voice while candidates are drawn, so that a few candidates are enough to follow the
player's wish, and counts again when they are ranked. All of it depends on the frame before and the given voices alone.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bachbridge.codecs import satb
from bachbridge.music.notes import VOICE_LEADING_RULES, VOICE_RANGES, VOICES, Key
from bachbridge.music.voice_leading import Floats, Ints

RepeatMode = Literal["model", "hold", "strike"]


@dataclass(frozen=True, slots=True)
class Style:
    """What steers a choice.

    `position` runs from -1 (as close as can be) to 1 (as wide), `density` from -1 (inner voices lie still while the
    given voice is held) to 1 (they move as often as can be). `cadence` leads to a full close in `key`. `repeat` says
    who strikes a note again that stays: the model, nobody, or all with the given voice.
    `chance` runs from 0 (the best of the candidates) to 1 (drawn as the model would among what is allowed).
    The defaults were found on the valid pieces: the harmony moves and clashes about as much as Bach's.
    """

    temperature: float = 0.9
    top_p: float = 0.95
    candidates: int = 8
    rules: frozenset[str] = frozenset(VOICE_LEADING_RULES)
    key: Key | None = None
    position: float = 0.0
    density: float = 0.0
    cadence: bool = False
    repeat: RepeatMode = "model"
    randomness: float = 0.5


_DENSITY_BIAS = 2.0
"""Nats on a cell that moves while the given voice is held, at density 1."""
_BASE_MOTION_BIAS = 1.2
"""The same at density 0 and chance 0: taking the best would otherwise make the inner voices lie still."""
_POSITION_BIAS = 0.3
"""Nats on a semitone of the tenor's distance from the soprano, at position 1; on the alto half as much."""
_POSITION_WEIGHTS = {1: 0.5, 2: 1.0}
_CADENCE_BIAS = 8.0
"""Nats on the notes of the chord that is due in a cadence."""
_BASS = len(VOICES) - 1
_NO_CHORD, _DOMINANT, _SIX_FOUR, _TONIC = range(4)
_PITCH_CLASSES = (np.arange(satb.PITCH_INDEX_COUNT) + satb.LOWEST_PITCH - 1) % 12
_RANGE_CENTRES = np.array([satb.pitch_index((low + high) // 2) for low, high in VOICE_RANGES])


def logit_bias(style: Style, voice: int, previous: Ints | None, given: Ints) -> Floats:
    """`nats[row, class]` for `voice`, after `before[row, voice]`, under `given[row, voice]` (-1: open)."""
    nats = np.zeros((len(given), satb.PITCH_INDEX_COUNT), np.float32)
    if style.position and voice in _POSITION_WEIGHTS:
        nats -= (
            style.position
            * _POSITION_BIAS
            * _POSITION_WEIGHTS[voice]
            * (np.arange(satb.PITCH_INDEX_COUNT) - _RANGE_CENTRES[voice])
        )
    moving = style.density * _DENSITY_BIAS + (1 - style.randomness) * _BASE_MOTION_BIAS
    if moving and previous is not None:
        held = ((given == satb.UNKNOWN) | (given == previous)).all(axis=1) & (given > satb.REST).any(axis=1)
        moves = np.arange(satb.PITCH_INDEX_COUNT) != previous[:, [voice]]
        nats += moving * (held[:, None] & moves)
    if style.cadence and style.key is not None:
        nats += _due_chord_bias(style.key, voice, previous, given)
    nats[:, satb.REST] = 0
    return nats


# ---------------------------------------------------------------- cadences


def is_full_close(previous: Ints, current: Ints, key: Key) -> bool:
    """Whether the frame `now[voice]` after `before[voice]` is a full close: V or V7, then I in root position."""
    degrees = _scale_degrees(current[None], key)
    tonic = np.isin(degrees, (0, _third_degree(key), 7)) | (current[None] <= satb.REST)
    return bool(
        _is_dominant(previous[None], key)[0] and degrees[0, _BASS] == 0 and current[_BASS] > satb.REST and tonic.all()
    )


def _third_degree(key: Key) -> int:
    return 3 if key[1] else 4


def _scale_degrees(classes: Ints, key: Key) -> Ints:
    """Semitones above the tonic, `[row, voice]`; of cells that do not sound, anything."""
    return (classes + (satb.LOWEST_PITCH - 1 - key[0])) % 12


def _is_dominant(frames: Ints, key: Key) -> np.ndarray:
    """Which frames are V or V7 over its root."""
    degrees = _scale_degrees(frames, key)
    inside = np.isin(degrees, (7, 11, 2, 5)) | (frames <= satb.REST)
    return inside.all(axis=1) & (frames[:, _BASS] > satb.REST) & (degrees[:, _BASS] == 7)


def _due_chord(key: Key, previous: Ints | None, given: Ints) -> Ints:
    """Which chord is due under each row of given voices."""
    degrees, open_ = _scale_degrees(given, key), given <= satb.REST

    def allows(chord: tuple[int, ...], bass: int) -> np.ndarray:
        root = open_[:, _BASS] | (degrees[:, _BASS] == bass)
        return (open_ | np.isin(degrees, chord)).all(axis=1) & root

    tonic = (0, _third_degree(key), 7)
    ready = np.zeros(len(given), bool) if previous is None else _is_dominant(previous, key)
    return np.select(
        [ready & allows(tonic, 0), allows((7, 11, 2, 5), 7), allows(tonic, 7)],
        [_TONIC, _DOMINANT, _SIX_FOUR],
        _NO_CHORD,
    ).astype(np.int32)


def _due_chord_bias(key: Key, voice: int, previous: Ints | None, given: Ints) -> Floats:
    """Nats for the notes of the chord that is due; the bass has the root of it, over which a six-four hangs."""
    table = np.zeros((4, 12), np.float32)
    tonic, third = key[0], _third_degree(key)
    if voice == _BASS:
        chords = {_DOMINANT: {7: 0.0}, _SIX_FOUR: {7: 0.0}, _TONIC: {0: 0.0}}
    else:
        full = {0: 0.0, third: 1.0, 7: 0.0}
        chords = {_DOMINANT: {7: 0.0, 11: 2.0, 2: 0.0, 5: -1.0}, _SIX_FOUR: full, _TONIC: full}
    for stage, chord in chords.items():
        for degree, more in chord.items():
            table[stage, (degree + tonic) % 12] = _CADENCE_BIAS + more
    return table[_due_chord(key, previous, given)][:, _PITCH_CLASSES]
