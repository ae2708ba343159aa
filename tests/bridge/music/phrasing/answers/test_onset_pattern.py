"""The rhythm of a phrase is taken from its last whole bars and repeats."""

from bachbridge.music.notes import Note, Phrase
from bachbridge.music.phrasing.answers.onset_pattern import OnsetPattern, phrase_onset_pattern


def rhythm(*starts: int, steps: int, bar: int = 16) -> Phrase:
    return Phrase(tuple(Note(start, 1, 60) for start in starts), steps, bar)


def test_pattern_is_that_of_the_last_whole_bars() -> None:
    assert phrase_onset_pattern(rhythm(0, 6, 20, 24, steps=36)) == OnsetPattern((2, 16, 20), 32)
    assert phrase_onset_pattern(rhythm(0, 4, 6, 12, 18, steps=24, bar=12)) == OnsetPattern((0, 4, 6, 12, 18), 24)
    assert phrase_onset_pattern(rhythm(0, 3, steps=6)) == OnsetPattern((2, 5), 8), "shorter than a bar: whole beats"
    assert phrase_onset_pattern(rhythm(0, steps=40)) == OnsetPattern((0,), 40), "nothing began in the last bars"
    assert phrase_onset_pattern(Phrase((), 16)) is None


def test_pattern_counts_and_finds_onsets_in_every_round() -> None:
    pattern = OnsetPattern((0, 3, 6), 8)
    starts = [step for step in range(40) if pattern.has_onset(step)]
    assert starts == [0, 3, 6, 8, 11, 14, 16, 19, 22, 24, 27, 30, 32, 35, 38]
    assert [pattern.count_before(step) for step in starts] == list(range(len(starts)))
    assert [pattern.next_onset(step) for step in starts[:-1]] == starts[1:]
    assert pattern.next_onset(1) == 3
    assert pattern.mean_gap == 8 / 3
