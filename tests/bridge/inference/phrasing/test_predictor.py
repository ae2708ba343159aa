"""Written ends are kept, and the network adds others where they are not all written."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge.codecs.phrase_features import DISTANCE_CLASSES, REACH
from bachbridge.errors import ModelError
from bachbridge.inference import loading
from bachbridge.inference.phrasing.live import LiveMelody, after_note, phrase_end_probability
from bachbridge.inference.phrasing.predictor import predict_ends, predict_played_ends
from bachbridge.inference.runtime import library
from bachbridge.music.frames import Floats
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.phrasing.written import WrittenEnds
from bachbridge.protocol.effects import Ask


class LongNotesEnd:
    """A network for which phrases end on half notes."""

    def logits(self, features: Floats, /) -> Floats:
        log_length = features[:, 8 * REACH + 1] + features[:, -4]
        return np.repeat(np.where(log_length >= 1, 4.0, -4.0)[:, None], DISTANCE_CLASSES, axis=1)


NET = LongNotesEnd()
MELODY = [Note(start, 8 if start in (12, 28) else 4, 60 + start % 7) for start in (0, 4, 8, 12, 20, 24, 28, 36, 40)]


def test_predict_ends_adds_likely_ends() -> None:
    assert predict_ends(NET, MELODY, 0, 16, WrittenEnds((40,))) == (12, 28, 40)
    assert predict_ends(NET, MELODY, None, 16, WrittenEnds((4, 40), {24: 9.0})) == (4, 12, 24, 28, 40)


def test_predict_ends_takes_complete_ends_as_written() -> None:
    assert predict_ends(NET, MELODY, 0, 16, WrittenEnds((4, 40), is_complete=True)) == (4, 40)


def test_predict_ends_of_a_few_notes_is_the_last() -> None:
    assert predict_ends(NET, MELODY[:3], 0, 16, WrittenEnds((8,))) == (8,)
    assert predict_ends(NET, [], 0, 16, WrittenEnds(())) == ()


def test_predict_ends_with_positions_of_each_step() -> None:
    position, bars = np.arange(44, dtype=np.int32) % 12, np.full(44, 12, np.int32)
    assert predict_ends(NET, MELODY, position, bars, WrittenEnds((40,))) == (12, 28, 40)


def test_predict_played_ends_keeps_what_the_playing_shows() -> None:
    assert predict_played_ends(NET, Phrase(tuple(MELODY), 48), (8,)) == (8, 12, 28, 40)
    assert predict_played_ends(NET, Phrase((), 16), ()) == ()


def test_phrase_end_probability_grows_while_a_note_is_held() -> None:
    melody = after_note(NET, LiveMelody(), MELODY[0], steps_per_bar=16, position=0)
    chances = [
        phrase_end_probability(NET, melody, (64, 67), start=4, held=held, steps_per_bar=16, position=4).tolist()
        for held in (0, 7)
    ]
    assert max(chances[0]) < 0.1
    assert min(chances[1]) > 0.9


def test_live_melody_forgets_unlikely_beginnings() -> None:
    melody = LiveMelody()
    for step in range(0, 1200, 4):
        melody = after_note(NET, melody, Note(step, 4, 60 + step % 5), steps_per_bar=16, position=step % 16)
    assert len(melody.beginnings) < 200
    assert abs(sum(melody.shares) - 1) < 1e-6
    assert len(melody.ended) <= 96


def test_shipped_network_finds_the_lines_of_a_hymn() -> None:
    net = loading.phrase_net()
    assert net is not None
    line = (67, 67, 66, 64, 62, 67, 69, 71), (71, 71, 71, 69, 67, 72, 71, 69), (67, 69, 71, 69, 67, 64, 66, 67)
    pitches = [pitch for part in line for pitch in part]
    melody = [Note(4 * at, 4, pitch) for at, pitch in enumerate(pitches)]
    # Old Hundredth: lines of eight beats after an upbeat.
    assert predict_ends(net, melody, 12, 16, WrittenEnds((92,))) == (28, 60, 92)


def test_phrase_model_is_no_model_to_play() -> None:
    assert "phrase-ends" not in library.model_names()
    assert "phrase-ends" not in dict(library.list_models())
    with pytest.raises(ModelError, match="plays nothing"):
        loading.load_model("phrase-ends")


def test_asks_to_harmonize_are_given_expected_ends() -> None:
    phrase = Phrase(tuple(MELODY), 48, position=0)
    ask = Ask(1, "harmonize", "m", phrase, 48, 1.0, 1.0, 1, phrase_ends=(4, 40))
    expected = loading.with_expected_ends(ask).phrase_ends
    assert {4, 40} <= set(expected) <= {note.start for note in MELODY}
    other = replace(ask, task="continue", phrase_ends=())
    assert loading.with_expected_ends(other) is other
