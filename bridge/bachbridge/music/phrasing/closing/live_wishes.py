"""Wishes for one step of live harmony, where nobody knows which note ends a phrase.

Each row of candidates stands for a note that the player may play next, or for the held one that goes on. By the
probability that the note is the last of its phrase, a close is wished for under it (see `wishes`), and under a held one
that the voices come to rest: they move once more if the chord is no triad in root position, and then stay. Other notes
get more motion in return. Before a note that is likely to be the last one a dominant is wished for. Dissonances resolve
as in `resolution`; since the player's voice cannot be told to fall, sevenths belong in the other voices.
"""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Bools, Floats, Ints, pitch_classes
from bachbridge.music.keys import Weights
from bachbridge.music.notes import VOICES
from bachbridge.music.phrasing.closing.chord_tables import (
    HAS_MINOR_THIRD,
    IS_DOMINANT,
    SEVENTH,
    is_close,
    leads_to,
    pitch_class_sets,
)
from bachbridge.music.phrasing.closing.closing_chords import joint_shares
from bachbridge.music.phrasing.closing.resolution import resolution_nats
from bachbridge.music.tonality.key_belief import KEY_COUNT

_NO_CLOSE_NATS, _REST_NATS, _LEAD_NATS = 20.0, 9.0, 7.0
"""Nats where the phrase certainly ends: against any chord but a triad in root position, against each voice that moves
when it is reached, and for a dominant just before."""
_DRAW_NATS, _STAY_NATS = 3.0, 4.0
"""Nats while drawing: for the notes of the likeliest close, and again for its root in the bass; for staying at rest."""
_RESOLUTION_WEIGHT = 3.0
_GIVEN_SEVENTH_NATS, _LOWER_SEVENTH_NATS = 1.5, 1.5
"""Nats on a beat against a seventh in the player's voice, and for one in another voice."""
_BELIEF_POWER, _CLOSE_WEIGHT, _FINAL_SHARE = 0.3, 2.0, 0.3
"""The belief in a key is too sure of itself; and a last note may also be that of the piece, which is the tonic."""
_FINAL_THIRDS = np.array([[1.0, 0.0], [0.7, 0.3]])
"""Shares of a major and a minor third in the last chord, in major and in minor."""
_AUTHENTIC_FINALS = (0.3, 0.7)
"""Shares of other chords and of the dominant before it."""
_RARE_SHARE = 1e-3
_BASS = len(VOICES) - 1


def _chord_notes() -> Floats:
    """Return 1 for a triad's notes, 2 for its root in the bass: `[root, minor, voice, pitch index]`."""
    classes = pitch_classes(np.arange(PITCH_INDEX_COUNT, dtype=np.int32))
    table = np.zeros((12, 2, len(VOICES), PITCH_INDEX_COUNT), np.float32)
    for root in range(12):
        for minor, third in enumerate((4, 3)):
            table[root, minor][:, np.isin((classes - root) % 12, (0, third, 7))] = 1
            table[root, minor, _BASS, classes == root] += 1
    table[..., REST] = 0
    return table


_CHORD_NOTES = _chord_notes()


@cache
def _shares_by_key() -> Weights:
    """Return `share[key number, last note's pitch class * root * minor * dominant before]`."""
    shares = [[joint_shares(row, note) for note in range(12)] for row in np.eye(KEY_COUNT)]
    return np.array(shares).reshape(KEY_COUNT, -1)


def closing_nats(probabilities: Weights) -> Floats:
    """Nats of the closes on each note, 0 for the best, by `probabilities[key number]`.

    They are `nats[pitch class, root, minor, dominant before]`.
    """
    softened = probabilities**_BELIEF_POWER
    softened = softened / softened.sum()
    shares = (softened @ _shares_by_key()).reshape(12, 12, 2, 2)
    tonic = np.arange(12)
    finals = softened.reshape(2, 12).T @ _FINAL_THIRDS
    shares[tonic, tonic] += _FINAL_SHARE * finals[:, :, None] * np.array(_AUTHENTIC_FINALS)
    nats = _CLOSE_WEIGHT * np.log(shares.reshape(12, -1) + _RARE_SHARE)
    return (nats - nats.max(axis=1, keepdims=True)).reshape(12, 12, 2, 2).astype(np.float32)


def lead_values(probabilities: Weights) -> Floats:
    """Return how useful the dominant of the triad on each root is for a close, `value[root]`, 1 for the best."""
    shares = (probabilities @ _shares_by_key()).reshape(12, 12, 2, 2)[..., 1].sum(axis=(0, 2))
    return (shares / shares.max()).astype(np.float32)


@dataclass(frozen=True, slots=True)
class LiveWish:
    """A wish for each row of candidates.

    `closes[row, root, minor, dominant before]` are nats of the ways to close; `end_shares[row]` say how much a close is
    wished for, and `rest_shares[row]` how much rest; `is_held[row]` tells where the note began earlier. Each voice that
    moves gets `moving_nats[row]`. The dominant of a root gets `leads[row, root]` of the nats for a dominant.
    """

    closes: Floats
    end_shares: Floats
    rest_shares: Floats
    is_held: Bools
    moving_nats: Floats
    leads: Floats
    is_on_beat: Bools
    given_voice: Ints

    def of_rows(self, rows: np.ndarray) -> "LiveWish":
        """Return the wish for some of the rows."""
        return LiveWish(*(getattr(self, each.name)[rows] for each in fields(self)))

    def bias(self, previous: Ints) -> Floats:
        """Nats for the notes of the likeliest close under each row's note, or for staying: `[row, voice, pitch index]`.

        They make it likelier to be drawn, after the frames `previous[row, voice]`.
        """
        rows, roots = np.arange(len(previous))[:, None], np.arange(12, dtype=np.int32)
        sets, bass = pitch_class_sets(previous), pitch_classes(previous[:, _BASS])
        leads = leads_to(sets[:, None], bass[:, None], roots).astype(np.intp)
        values = np.stack([self.closes[rows, roots, minor, leads] for minor in (0, 1)], axis=2)
        root, minor = np.divmod(values.reshape(len(previous), -1).argmax(axis=1), 2)
        nats = _DRAW_NATS * self.end_shares[:, None, None] * _CHORD_NOTES[root, minor]
        stays = _STAY_NATS * self.rest_shares * self.is_held * is_close(sets, bass)
        nats[rows, np.arange(len(VOICES)), previous] += stays[:, None]
        return nats

    def nats(self, previous: Ints | None, frames: Ints, rows: np.ndarray, sevenths: Bools | None = None, /) -> Floats:
        """Nats for `frames[k, voice]`, candidates of `rows[k]`, after `previous[k, voice]`."""
        if previous is None:
            return np.zeros(len(frames), np.float32)
        now, classes = pitch_class_sets(frames), pitch_classes(frames)
        bass, moves, on_beat = classes[:, _BASS], (frames != previous).sum(axis=1), self.is_on_beat[rows]
        nats = _RESOLUTION_WEIGHT * resolution_nats(previous, frames, sevenths, is_on_beat=on_beat)
        nats += self.moving_nats[rows] * moves

        share = self.end_shares[rows]
        holds_seventh = (classes == SEVENTH[now][:, None]) & (frames > REST)
        given = holds_seventh[np.arange(len(frames)), self.given_voice[rows]]
        others = holds_seventh.sum(axis=1) - given
        nats += on_beat * (_LOWER_SEVENTH_NATS * (1 - share) * others - _GIVEN_SEVENTH_NATS * given)
        led = (bass + 5) % 12
        nats += _LEAD_NATS * self.leads[rows, led] * IS_DOMINANT[now, led]
        return (nats + self._closing(previous, now, bass, moves, rows)).astype(np.float32)

    def _closing(self, previous: Ints, now: Ints, bass: Ints, moves: Ints, rows: np.ndarray) -> Floats:
        """Nats of closing on the chords `now[k]`, or of resting where a held note has its close."""
        before, bass_before = pitch_class_sets(previous), pitch_classes(previous[:, _BASS])
        leads = leads_to(before, bass_before, bass).astype(np.intp)
        found = self.closes[rows, bass, HAS_MINOR_THIRD[now].astype(np.intp), leads]
        closing = self.end_shares[rows] * np.where(is_close(now, bass), found, -_NO_CLOSE_NATS)
        has_closed = self.is_held[rows] & is_close(before, bass_before)
        return np.where(has_closed, -_REST_NATS * self.rest_shares[rows] * moves, closing).astype(np.float32)


def join_wishes(wishes: list[LiveWish]) -> LiveWish:
    """Return the wishes of several pieces as one, with all their rows."""
    return LiveWish(*(np.concatenate([getattr(wish, each.name) for wish in wishes]) for each in fields(LiveWish)))
