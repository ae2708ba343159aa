"""The shipped model: its card, the shapes of its networks, and a lower loss on a chorale than on noise."""

from pathlib import Path

import numpy as np
import pytest

from bachbridge.codecs import satb
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.frames import PITCH_INDEX_COUNT, UNKNOWN, Frame, pitch_index
from bachbridge.music.notes import VOICES

SHIPPED = Path(__file__).parents[4] / "models"
BACH = ((67, 62, 59, 43), (69, 64, 60, 45), (71, 62, 55, 43), (67, 62, 59, 43))
"""Four beats in G, each voice within its range."""


@pytest.fixture
def card() -> library.Card:
    found = library.read_card(SHIPPED / "chorale-lstm")
    library.check_files(found)
    return found


def test_shipped_card_fits_the_codec(card: library.Card) -> None:
    assert card.codec == "satb"
    assert card.tasks == ("continue", "harmonize")
    assert sorted(card.chain) == list(range(len(VOICES)))
    assert (card.facts["classes"], card.facts["fields"]) == (PITCH_INDEX_COUNT, satb.FIELD_COUNT)
    assert card.facts["metrics"]["valid"]["nats_per_frame"] < 1.7


def nats_per_step(net: onnx_nets.ChoraleNet, chain: tuple[int, ...], chords: tuple[tuple[int, ...], ...]) -> float:
    """Return the nats per step of the chords; each lasts a beat."""
    context, state, total = satb.FrameContext(), net.initial_state(), 0.0
    for chord in chords:
        indices = tuple(pitch_index(pitch) for pitch in chord)
        for part in range(4):
            hidden, state = net.core(context.feature_ids(), state)
            known = np.full((1, len(VOICES)), UNKNOWN, np.int32)
            for voice in chain:
                pitch, onset = net.heads(hidden, known)
                assert pitch.shape == (1, len(VOICES), PITCH_INDEX_COUNT)
                assert onset.shape == (1, len(VOICES))
                total += float(np.logaddexp.reduce(pitch[0, voice]) - pitch[0, voice, indices[voice]])
                known[0, voice] = indices[voice]
            context = context.after(Frame(indices, (part == 0,) * len(VOICES)))
    return total / (4 * len(chords))


def test_chorale_net_prefers_harmony_to_noise(card: library.Card) -> None:
    net = onnx_nets.load_chorale_net(card)
    wrong = tuple(tuple(pitch + change for pitch, change in zip(chord, (0, 1, 2, 3), strict=True)) for chord in BACH)
    assert nats_per_step(net, card.chain, BACH) + 1 < nats_per_step(net, card.chain, wrong)


def test_heads_give_the_same_in_a_batch_as_alone(card: library.Card) -> None:
    """The rows of a batch share the scale of an 8-bit product, which rounds a little differently for a row alone."""
    net = onnx_nets.load_chorale_net(card)
    hidden, _ = net.core(satb.FrameContext().feature_ids(), net.initial_state())
    known = np.array([[-1, -1, -1, -1], [32, -1, -1, -1], [32, 27, 24, 8]], np.int32)
    pitch, onset = net.heads(np.repeat(hidden, len(known), axis=0), known)
    for row in range(len(known)):
        alone = net.heads(hidden, known[row : row + 1])
        np.testing.assert_allclose(pitch[row], alone[0][0], atol=0.05)
        np.testing.assert_allclose(onset[row], alone[1][0], atol=0.05)


def test_heads_hide_a_voices_own_pitch_from_it(card: library.Card) -> None:
    net = onnx_nets.load_chorale_net(card)
    hidden, _ = net.core(satb.FrameContext().feature_ids(), net.initial_state())
    known = np.array([[32, 27, 24, 8]], np.int32)
    whole, _ = net.heads(hidden, known)
    for voice in range(len(VOICES)):
        without = known.copy()
        without[0, voice] = UNKNOWN
        np.testing.assert_allclose(net.heads(hidden, without)[0][0, voice], whole[0, voice], atol=1e-5)
