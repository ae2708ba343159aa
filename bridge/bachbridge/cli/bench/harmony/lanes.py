"""Figures of the lanes of counterpoint, by the rules of the species."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bachbridge.cli.bench.harmony.virtual_player import HarmonizedTune
from bachbridge.music.notes import STEPS_PER_BEAT, Note

_CONSONANCES, _PERFECT = (0, 3, 4, 7, 8, 9), (0, 7)
_MAX_STEP = 2


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """Figures of a lane against the player's line: shares from 0 to 1, and parallels per thousand moves together."""

    consonant_beats: float
    proper_dissonances: float
    """Share of dissonances that pass, return, or are suspended: reached and left as the species allow."""
    parallels: float
    suspended_beats: float
    """Share of beats with a dissonance that was prepared, tied over the beat and resolved down by a step."""
    notes_per_beat: float


@dataclass(frozen=True, slots=True)
class _Line:
    """One voice by steps: `notes[at[step]]` sounds there; -1: a rest."""

    notes: Sequence[Note]
    at: tuple[int, ...]

    def pitch(self, step: int) -> int:
        """Return the pitch at a step where the voice sounds."""
        return self.notes[self.at[step]].pitch

    def motion_to(self, step: int) -> int | None:
        """Return the semitones from the note before to the one at `step`; None at the beginning."""
        number = self.at[step]
        return self.notes[number].pitch - self.notes[number - 1].pitch if number > 0 else None

    def motion_from(self, step: int) -> int | None:
        """Return the semitones from the note at `step` to the next; None at the end or before a rest."""
        number = self.at[step]
        if number + 1 >= len(self.notes) or self.notes[number + 1].start > self.notes[number].end + 1:
            return None
        return self.notes[number + 1].pitch - self.notes[number].pitch

    def strikes(self, step: int) -> bool:
        """Return True if a note begins at `step`."""
        return self.at[step] >= 0 and self.notes[self.at[step]].start == step


def _interval(one: _Line, other: _Line, step: int) -> int:
    """Return the interval at a step where both sound, in semitones modulo an octave."""
    return abs(one.pitch(step) - other.pitch(step)) % 12


def _is_consonant(one: _Line, other: _Line, step: int) -> bool:
    return _interval(one, other, step) in _CONSONANCES


def _line(notes: Sequence[Note], steps: int) -> _Line:
    at = [-1] * steps
    for number, note in enumerate(notes):
        for step in range(max(0, note.start), min(steps, note.end)):
            at[step] = number
    return _Line(notes, tuple(at))


def lane_notes(performance: HarmonizedTune) -> list[Note]:
    """Return the notes of the lane on the steps of the tune, the nearest to their beginnings and ends."""
    step_ns, begin_ns = performance.step_ns, performance.time_of(0)
    notes: list[Note] = []
    for sounded in sorted(performance.sounded, key=lambda note: note.on_ns):
        start, end = (round((time_ns - begin_ns) / step_ns) for time_ns in (sounded.on_ns, sounded.off_ns))
        notes.append(Note(start, max(1, end - start), sounded.pitch))
    return notes


def compute_lane_figures(pairs: Sequence[tuple[Sequence[Note], Sequence[Note]]]) -> LaneFigures:
    """Return the figures of some pairs of the player's notes and the lane's."""
    counts: Counter[str] = Counter()
    for given, own in pairs:
        steps = max(note.end for note in given)
        _add_counts(counts, _line(given, steps), _line(own, steps), steps)
    return LaneFigures(
        consonant_beats=counts["consonant beats"] / max(1, counts["beats"]),
        proper_dissonances=counts["proper"] / counts["dissonances"] if counts["dissonances"] else 1.0,
        parallels=1000 * counts["parallels"] / max(1, counts["together"]),
        suspended_beats=counts["suspensions"] / max(1, counts["beats"]),
        notes_per_beat=counts["strikes"] / max(1, counts["beats"]),
    )


def _add_counts(counts: Counter[str], given: _Line, own: _Line, steps: int) -> None:
    for step in range(steps):
        if min(given.at[step], own.at[step]) < 0:
            continue
        is_beat = step % STEPS_PER_BEAT == 0
        counts["strikes"] += own.strikes(step)
        counts["beats"] += is_beat
        is_dissonant = not _is_consonant(given, own, step)
        counts["consonant beats"] += is_beat and not is_dissonant
        if is_dissonant and (given.strikes(step) or own.strikes(step)):
            counts["dissonances"] += 1
            is_suspended = is_beat and _is_suspension(given, own, step)
            counts["suspensions"] += is_suspended
            counts["proper"] += is_suspended or is_proper(given, own, step)
        if step and min(given.at[step - 1], own.at[step - 1]) >= 0:
            _add_motion(counts, given, own, step)


def _add_motion(counts: Counter[str], given: _Line, own: _Line, step: int) -> None:
    motions = [line.pitch(step) - line.pitch(step - 1) for line in (given, own)]
    if 0 in motions:
        return
    counts["together"] += 1
    intervals = {_interval(given, own, at) for at in (step - 1, step)}
    counts["parallels"] += len(intervals) == 1 and intervals <= {*_PERFECT} and motions[0] * motions[1] > 0


def _is_suspension(moving: _Line, tied: _Line, step: int) -> bool:
    """Return True if the tied voice was consonant before `step` and resolves down by a step."""
    if tied.strikes(step) or not step or min(moving.at[step - 1], tied.at[step - 1]) < 0:
        return False
    resolution = tied.motion_from(step)
    return _is_consonant(moving, tied, step - 1) and resolution is not None and -_MAX_STEP <= resolution < 0


def is_proper(given: _Line, own: _Line, step: int) -> bool:
    """Return True if a dissonance passes or returns by steps in the voice that moved, or is the player's suspension."""
    if step % STEPS_PER_BEAT == 0 and _is_suspension(own, given, step):
        return True
    if step % STEPS_PER_BEAT == 0 and own.strikes(step):
        return False
    return any(line.strikes(step) and _passes(line, step) for line in (own, given))


def _passes(line: _Line, step: int) -> bool:
    """Return True if the note at `step` is reached and left by a step."""
    reached, left = line.motion_to(step), line.motion_from(step)
    return reached is not None and left is not None and 0 < abs(reached) <= _MAX_STEP and 0 < abs(left) <= _MAX_STEP
