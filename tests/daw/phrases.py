"""The phrases on the track that Ardour plays: one after the other on its time line, each for one test."""

_PITCHES = (60, 62, 64, 65, 67, 65, 64, 62)

TWO_BARS_AT_START, TWO_BARS_AT_BAR_FIVE = 0, 16
SEVEN_BEATS = 32
UPBEAT = 51
BEFORE_TEMPO_CHANGE = 65
ACROSS_TEMPO_CHANGE = 128
BEFORE_STOP = 220
BEFORE_LOCATE = 240
EMPTY = 300
"""A place after which nothing is played."""

_QUARTERS = {
    TWO_BARS_AT_START: 8,
    TWO_BARS_AT_BAR_FIVE: 8,
    SEVEN_BEATS: 7,
    UPBEAT: 8,
    BEFORE_TEMPO_CHANGE: 6,
    ACROSS_TEMPO_CHANGE: 4,
    BEFORE_STOP: 4,
    BEFORE_LOCATE: 4,
}
"""Where each phrase begins, and how many quarters it has."""

NOTES = [(start + n, 0.9, _PITCHES[n % len(_PITCHES)]) for start, count in _QUARTERS.items() for n in range(count)]
"""Place, length (quarters) and pitch of each note."""
