"""The music that is being played now as the content of a score: the phrase so far, and the answer with what is planned.

The notes since the last long pause are put on the newest grid of bars. A note that still sounds is written up to the
end of the beat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bachbridge.files.score_layout import ScoreOptions
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase, step_ns_from_bpm
from bachbridge.music.timeline import parse_meter
from bachbridge_gui.score.content import ScoreContent
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.state.view_types import PLAYER, BarLines, RollNote

_PAUSE_NS = 4_000_000_000
"""A pause this long begins a new staff."""
_GRACE_NS = 150_000_000
"""A note of the player's that ended the exchange shown before began this much earlier at most."""
_MAX_NOTES = 400
_FALLBACK_BPM = 100.0
_MIN_NOTES = 2


@dataclass(frozen=True, slots=True)
class LiveStaff:
    """The content and the time of its step 0."""

    content: ScoreContent
    origin_ns: int
    step_ns: int


def live_staff(timeline: RollTimeline, now_ns: int, since_ns: int = 0) -> LiveStaff | None:
    """Return what is played since `since_ns`; None if nothing has sounded for a while, or too little."""
    begins_ns = {True: since_ns - _GRACE_NS, False: since_ns}
    recent = [note for note in timeline.notes[-_MAX_NOTES:] if note.start_ns > begins_ns[note.voice == PLAYER]]
    notes = _notes_since_pause(recent)
    if len(notes) < _MIN_NOTES or now_ns - _end_ns(notes, now_ns) > _PAUSE_NS:
        return None
    grid = _grid(timeline, notes[0].start_ns)
    first_step = round((notes[0].start_ns - grid.origin_ns) / grid.step_ns)
    origin_ns = grid.origin_ns + first_step * grid.step_ns
    own = [_on_grid(note, origin_ns, grid.step_ns, now_ns) for note in notes if note.voice == PLAYER]
    answer = [
        _on_grid(note, origin_ns, grid.step_ns, now_ns) for note in (*notes, *timeline.planned) if note.voice != PLAYER
    ]
    end = max((note.end for note in own), default=0)
    prompt = Phrase(
        tuple(replace(note, voice=0) for note in own), end, grid.steps_per_bar, first_step % grid.steps_per_bar
    )
    options = ScoreOptions(step_ns=grid.step_ns, meter=parse_meter(timeline.settings.meter))
    return LiveStaff(ScoreContent(prompt, tuple(answer), 0, options), origin_ns, grid.step_ns)


def _notes_since_pause(notes: Sequence[RollNote]) -> list[RollNote]:
    recent: list[RollNote] = []
    for note in reversed(notes):
        if recent and note.end_ns is not None and recent[-1].start_ns - note.end_ns > _PAUSE_NS:
            break
        recent.append(note)
    return recent[::-1]


def _end_ns(notes: Sequence[RollNote], now_ns: int) -> int:
    return max(now_ns if note.end_ns is None else note.end_ns for note in notes)


def _grid(timeline: RollTimeline, first_ns: int) -> BarLines:
    if timeline.bars:
        return timeline.bars[-1]
    step_ns = step_ns_from_bpm(timeline.settings.bpm or _FALLBACK_BPM)
    return BarLines(first_ns, first_ns, step_ns, timeline.settings.steps_per_bar)


def _on_grid(note: RollNote, origin_ns: int, step_ns: int, now_ns: int) -> Note:
    start = max(0, round((note.start_ns - origin_ns) / step_ns))
    end_ns = max(now_ns, note.start_ns + step_ns) if note.end_ns is None else note.end_ns
    end = max(start + 1, round((end_ns - origin_ns) / step_ns))
    if note.end_ns is None:  # nobody knows how long it will be
        end = -(-end // STEPS_PER_BEAT) * STEPS_PER_BEAT
    return Note(
        start, end - start, note.pitch, note.velocity, max(0, note.voice), note.start_ns - origin_ns - start * step_ns
    )
