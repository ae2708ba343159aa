"""The next chord of what is scheduled: an answer, a dream or a playback, as far as its notes have arrived.

It is the first chord ahead with another root or another bass than the one that sounds now. Notes that are shorter than
an 8th are passed over, since they decorate a chord; three pitch classes are needed, as in `chord_changes`.
"""

from collections.abc import Iterable

from bachbridge.engine.hearing.chord_changes import SoundingChord
from bachbridge.engine.output.scheduler import ScheduledNote
from bachbridge.music.harmony.chord_names import ChordReading, find_chord
from bachbridge.music.notes import STEPS_PER_BEAT, Key

HORIZON_STEPS = 8 * STEPS_PER_BEAT
"""Steps ahead within which the next chord is looked for."""
_MIN_STEPS = 1.9
"""Least length of a note that counts, as much of it as is left at that time."""
_MIN_PITCH_CLASSES = 3
_TOGETHER_NS = 40_000_000
"""Notes that begin within this time are a chord, since played notes are never quite together."""


def coming_chord(
    now_ns: int, notes: Iterable[ScheduledNote], step_ns: int, present: ChordReading | None, key: Key | None
) -> SoundingChord | None:
    """Return the next chord with the time at which it begins; None if no other chord is scheduled."""
    min_ns = round(_MIN_STEPS * step_ns)
    near = [note for note in notes if note.off_ns - max(note.on_ns, now_ns) >= min_ns]
    last_ns = now_ns
    for at_ns in sorted({note.on_ns for note in near if note.on_ns > now_ns}):
        if at_ns - last_ns < _TOGETHER_NS and last_ns > now_ns:
            continue
        last_ns = at_ns
        begin_ns = at_ns + _TOGETHER_NS
        pitches = [note.pitch for note in near if note.on_ns < begin_ns and note.off_ns - at_ns >= min_ns]
        reading = find_chord(pitches, key) if len({pitch % 12 for pitch in pitches}) >= _MIN_PITCH_CLASSES else None
        if reading is None or reading.foreign:
            continue
        if present is None or (reading.root, reading.bass) != (present.root, present.bass):
            return SoundingChord(reading, at_ns)
    return None
