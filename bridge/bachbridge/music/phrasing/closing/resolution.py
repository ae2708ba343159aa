"""Where dissonances go, as nats against a step from one frame to the next.

A seventh falls by a step when its voice moves, a leading note in an outer voice rises by a semitone, a dissonance on a
beat is reached by step or held over, and roots rarely move by thirds from beat to beat (all since J.-P. Rameau,
"Traité de l'harmonie", 1722). Only the frame before counts, so that candidates are judged as they are drawn;
`sevenths_after`, and `held_sevenths` for many steps at once, remember what it cannot show.
"""

import numpy as np

from bachbridge.music.frames import REST, Bools, Floats, Ints, changed_pitches, pitch_classes
from bachbridge.music.phrasing.closing.chord_tables import DISSONANT, LEADING_NOTE, ROOT, SEVENTH, pitch_class_sets
from bachbridge.music.voice_leading import MAX_STEP_SEMITONES

SEVENTH_NATS, LEADING_NATS, LEAP_NATS, THIRD_NATS = 1.5, 0.4, 1.2, 0.25
"""Nats against a seventh that does not fall, an outer leading note that does not rise, a dissonance leapt to on a beat,
and a root that moves by a third. They were chosen on validation pieces, so that each is as frequent as in Bach."""
_IS_THIRD = np.isin(np.arange(12), (3, 4, 8, 9))
_OUTER = [0, 3]


def sevenths_after(sevenths: Bools, previous: Ints, frames: Ints, *, is_on_beat: bool) -> Bools:
    """Return which voices hold a seventh that has still to fall, after one more of `frames[k, voice]`.

    A voice that held one before keeps the duty until it moves, whatever the other voices do.
    """
    kept = sevenths & (frames == previous)
    if not is_on_beat:
        return kept
    return kept | _are_sevenths(frames)


def held_sevenths(frames: Ints, is_on_beat: Bools) -> Bools:
    """Return `sevenths[step, voice]`: which voices hold a seventh that has still to fall, after each of the frames.

    As `sevenths_after` for all steps of `frames[step, voice]` at once; `is_on_beat[step]`.
    """
    steps: Ints = np.arange(len(frames), dtype=np.int32)[:, None]
    note_begin = np.maximum.accumulate(np.where(changed_pitches(frames), steps, 0), axis=0)
    last_seventh = np.maximum.accumulate(np.where(_are_sevenths(frames) & is_on_beat[:, None], steps, -1), axis=0)
    return last_seventh >= note_begin


def _are_sevenths(frames: Ints) -> Bools:
    """Return `[k, voice]`: which voices have the seventh of their frame's chord."""
    return (pitch_classes(frames) == SEVENTH[pitch_class_sets(frames)][:, None]) & (frames > REST)


def resolution_nats(previous: Ints, frames: Ints, sevenths: Bools | None = None, *, is_on_beat: bool | Bools) -> Floats:
    """Nats (at most 0) for each of `frames[k, voice]` after `previous[k, voice]`; `sevenths` as in `sevenths_after`."""
    before, now, motion = pitch_class_sets(previous), pitch_class_sets(frames), frames - previous
    moves = (motion != 0) & (previous > REST) & (frames > REST)
    classes = pitch_classes(previous)
    is_seventh = classes == SEVENTH[before][:, None]
    if sevenths is not None:
        is_seventh |= sevenths
    falls = (motion < 0) & (motion >= -MAX_STEP_SEMITONES)
    nats = -SEVENTH_NATS * (moves & is_seventh & ~falls).sum(axis=1)
    leads = classes[:, _OUTER] == LEADING_NOTE[before][:, None]
    nats -= LEADING_NATS * (moves[:, _OUTER] & leads & (motion[:, _OUTER] != 1)).sum(axis=1)
    if np.any(is_on_beat):
        is_dissonant = DISSONANT[now][:, None] >> pitch_classes(frames) & 1 == 1
        on_beat = LEAP_NATS * (moves & is_dissonant & (np.abs(motion) > MAX_STEP_SEMITONES)).sum(axis=1)
        roots = ROOT[before].astype(np.int32), ROOT[now].astype(np.int32)
        on_beat += THIRD_NATS * ((roots[0] >= 0) & (roots[1] >= 0) & _IS_THIRD[(roots[1] - roots[0]) % 12])
        nats -= is_on_beat * on_beat
    return np.asarray(nats, np.float32)
