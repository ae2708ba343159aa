"""Bars of an answer that take up bars of the phrase."""

from bachbridge.music.frames import Frame, pitch_index
from bachbridge.music.phrasing.recall import Recall, plan_recall


def test_recall_looks_back_from_the_answer_into_the_phrase() -> None:
    recalls = [plan_recall(64, 128, 16, 84, seed) for seed in range(60)]
    found = [recall for recall in recalls if recall]
    assert 30 < len(found) < 60, "most answers recall, and some do not"
    for recall in found:
        assert 0 < recall.begin < recall.end <= 84
        assert recall.lag % 16 == recall.begin % 16 == 0
        assert 64 + recall.begin - recall.lag >= 0
        assert recall.end - recall.lag <= 0
    assert len({recall.begin for recall in found}) > 1


def test_short_answers_and_phrases_recall_nothing() -> None:
    assert not any(plan_recall(64, 32, 16, 32, seed) for seed in range(20))
    assert not any(plan_recall(12, 128, 16, 128, seed) for seed in range(20))
    assert not any(plan_recall(64, 64, 16, 20, seed) for seed in range(20))
    assert any(plan_recall(64, 64, 16, 40, seed) for seed in range(20))


def test_nats_favour_the_recalled_notes() -> None:
    frames = [Frame((pitch_index(72 + step), 0, -1, pitch_index(48)), (True,) * 4) for step in range(8)]
    recall = Recall(2, 4, 8)
    nats = recall.nats_at(2, frames)
    assert nats is not None
    assert nats[0, pitch_index(72)] > nats[3, pitch_index(48)] > 0
    assert not nats[1:3].any()
    assert recall.nats_at(1, frames) is recall.nats_at(4, frames) is recall.nats_at(2, frames[1:]) is None
