"""Live closes: how likely each note is a phrase's last one, and what is wished for under it."""

import numpy as np

from bachbridge.inference.chorale.live_closes import CloseMemory
from bachbridge.music.frames import Floats, Frame, Ints, pitch_index
from bachbridge.music.notes import key_to_number
from bachbridge.music.phrasing.closing.live_wishes import closing_nats, join_wishes, lead_values

C_MAJOR = np.eye(24)[key_to_number((0, False))]
DOMINANT, TONIC, SIXTH = (
    np.array([[pitch_index(pitch) for pitch in chord]], np.int32)
    for chord in ((71, 67, 62, 55), (72, 67, 64, 48), (72, 67, 64, 52))
)
PASSING = np.array([[pitch_index(pitch) for pitch in (72, 65, 64, 48)]], np.int32)


class CertainNet:
    """A network that is sure that every note ends a phrase."""

    def logits(self, features: Floats) -> Floats:
        return np.full((len(features), 42), 20, np.float32)


def heard(memory: CloseMemory, *chords: Ints, steps: int = 4) -> CloseMemory:
    previous = None
    for chord in chords:
        for step in range(steps):
            frame = Frame(tuple(chord[0].tolist()), (step == 0,) * 4)
            memory = memory.after(previous, frame, 0)
            previous = frame
    return memory


def nats(memory: CloseMemory, previous: Ints, frame: Ints, *, is_held: bool) -> float:
    wish = memory.wish(frame[:, 0], np.array([is_held]), C_MAJOR, 0)
    return float(wish.nats(previous, frame, np.zeros(1, np.int64))[0])


def test_close_memory_follows_the_players_note():
    memory = heard(CloseMemory(16), DOMINANT, TONIC)
    assert memory.note is not None
    assert (memory.note.pitch, memory.note.start, memory.note.length) == (72, 4, 4)
    assert memory.bar_step == 8
    rest = Frame((0, *DOMINANT[0, 1:].tolist()), (False,) * 4)
    assert memory.after(None, rest, 0).note is None


def test_close_memory_without_a_network_counts_strong_beats():
    strong, weak = CloseMemory(16, 8, 8), CloseMemory(16, 4, 4)
    new = np.array([False])
    assert strong.wish([40], new, C_MAJOR, 0).end_shares > weak.wish([40], new, C_MAJOR, 0).end_shares


def test_a_likely_last_note_wants_a_root_position_triad():
    memory = heard(CloseMemory(16, net=CertainNet()), DOMINANT)
    tonic, sixth = (nats(memory, DOMINANT, chord, is_held=False) for chord in (TONIC, SIXTH))
    assert tonic > sixth + 10


def test_a_held_last_note_brings_the_voices_to_rest():
    memory = heard(CloseMemory(16, net=CertainNet()), TONIC)
    assert nats(memory, TONIC, TONIC, is_held=True) > nats(memory, TONIC, PASSING, is_held=True) + 5
    open_chord = heard(CloseMemory(16, net=CertainNet()), SIXTH)
    assert nats(open_chord, SIXTH, TONIC, is_held=True) > nats(open_chord, SIXTH, SIXTH, is_held=True), "one move more"


def test_live_wishes_of_rows_and_joined_agree():
    memory = heard(CloseMemory(16), DOMINANT)
    wish = memory.wish([36, 37, 38], np.array([False, False, True]), C_MAJOR, 0)
    joined = join_wishes([wish.of_rows(np.array([row])) for row in range(3)])
    assert (joined.closes == wish.closes).all()
    assert (joined.is_held == wish.is_held).all()
    assert wish.bias(np.repeat(DOMINANT, 3, axis=0)).shape == (3, 4, 47)


def test_closing_nats_prefer_the_tonic_under_itself():
    values = closing_nats(C_MAJOR)
    assert values[0, 0, 0, 1] == 0
    assert values.max(axis=(1, 2, 3)).tolist() == [0] * 12
    assert lead_values(C_MAJOR).argmax() in (0, 7)


def test_close_memory_tells_a_jig_from_a_waltz():
    jig, waltz = CloseMemory(12), CloseMemory(12)
    for _ in range(2):
        jig = heard(heard(jig, DOMINANT, steps=4), TONIC, steps=2)
        waltz = heard(waltz, DOMINANT, TONIC, DOMINANT)
    assert (jig.beat_steps, waltz.beat_steps) == (6, 4)
    assert CloseMemory(18).beat_steps == 6
