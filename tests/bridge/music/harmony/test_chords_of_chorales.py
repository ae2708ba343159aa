"""Root and quality of the chords on the beats of Bach's chorales, with music21 as the oracle.

music21 knows how the notes are written; `find_chord` has only MIDI pitches and the key. Beats on which music21 finds
no triad (suspensions, open fifths) are left out: it takes the fourth of a sus4 chord for its root.
"""

from typing import Any

import numpy as np
import pytest

from bachbridge.music.harmony.chord_names import find_chord
from bachbridge.music.harmony.roman_numerals import roman_numeral
from bachbridge.music.keys import estimate_key

pytest.importorskip("music21", reason="the chorales come with music21, from the extra `train`")

PIECES = ("bwv115.6", "bwv154.8", "bwv177.5", "bwv244.46")
"""Pieces of the validation part, two in major and two in minor."""


def chords_on_beats(name: str) -> list[Any]:
    """Return music21's chord of the notes that sound on each quarter."""
    from music21 import chord, corpus

    score: Any = corpus.parse(f"bach/{name}")
    notes: list[Any] = [note for part in score.parts for note in part.flatten().notes]
    beats = range(int(max(note.offset + note.quarterLength for note in notes)))
    sounding = [[n.pitch for n in notes if n.offset <= beat < n.offset + n.quarterLength] for beat in beats]
    return [chord.Chord(pitches) for pitches in sounding if pitches]


@pytest.mark.parametrize("name", PIECES)
def test_root_and_quality_agree_with_music21(name: str) -> None:
    chords = chords_on_beats(name)
    weights = np.bincount([pitch.midi % 12 for chord in chords for pitch in chord.pitches], minlength=12)
    key = estimate_key(weights.astype(np.float64))
    triads = [chord for chord in chords if chord.quality != "other"]
    found = [find_chord([pitch.midi for pitch in chord.pitches], key) for chord in triads]
    expected = [(chord.root().pitchClass, chord.quality) for chord in triads]
    actual = [chord and (chord.root, chord.quality.triad) for chord in found]
    agreeing = sum(a == b for a, b in zip(actual, expected, strict=True))
    assert len(triads) > 0.85 * len(chords)
    assert agreeing >= 0.95 * len(triads)
    assert all(roman_numeral(chord, key) for chord in found if chord)
