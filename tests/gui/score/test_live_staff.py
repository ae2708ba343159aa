"""The staff of what is being played."""

from bachbridge.settings import Settings
from bachbridge_gui.score.live_staff import live_staff
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.state.view_types import PLAYER, BarLines, RollNote

MS, S, STEP_NS = 1_000_000, 1_000_000_000, 125_000_000
BARS = BarLines(0, 0, STEP_NS, 16)


def timeline_of(*notes: RollNote, planned: tuple[RollNote, ...] = (), bars: tuple[BarLines, ...] = (BARS,)):
    timeline = RollTimeline(Settings(bpm=120))
    timeline.notes.extend(notes)
    timeline.planned.extend(planned)
    timeline.bars.extend(bars)
    return timeline


def played(start_ms: int, end_ms: int | None, pitch: int = 60, voice: int = PLAYER) -> RollNote:
    return RollNote(voice, pitch, 80, start_ms * MS, None if end_ms is None else end_ms * MS)


def test_live_staff_puts_notes_on_the_bars_grid() -> None:
    staff = live_staff(timeline_of(played(1010, 1540, 60), played(1490, None, 62)), 2 * S)
    assert staff is not None
    prompt = staff.content.prompt
    assert [(note.start, note.length, note.pitch) for note in prompt.notes] == [(0, 4, 60), (4, 4, 62)]
    assert (prompt.position, staff.origin_ns) == (8, S)


def test_live_staff_shows_answer_and_plan_after_phrase() -> None:
    answer, planned = played(2000, 2500, 67, 0), played(3000, 3500, 48, 3)
    staff = live_staff(timeline_of(played(1000, 1500), played(1500, 2000, 62), answer, planned=(planned,)), 2 * S)
    assert staff is not None
    assert [(note.start, note.voice) for note in staff.content.answer] == [(8, 0), (16, 3)]
    assert staff.content.marked_step == 8


def test_live_staff_begins_after_a_pause() -> None:
    notes = [played(0, 500), played(9000, 9500, 62), played(9500, 10_000, 64)]
    staff = live_staff(timeline_of(*notes), 10 * S)
    assert staff is not None
    assert [note.pitch for note in staff.content.prompt.notes] == [62, 64]


def test_live_staff_is_none_for_silence_or_one_note() -> None:
    notes = (played(1000, 1500), played(1500, 2000))
    assert live_staff(timeline_of(), S) is None
    assert live_staff(timeline_of(notes[0]), 2 * S) is None
    assert live_staff(timeline_of(*notes), 7 * S) is None
    assert live_staff(timeline_of(*notes), 3 * S) is not None


def test_live_staff_leaves_out_what_was_shown_before() -> None:
    """The note that ended the former exchange begins a frame before its end is known."""
    answer = [played(900, 1100, 72 - voice, voice) for voice in range(4)]
    staff = live_staff(timeline_of(*answer, played(1050, 1400, 65), played(1500, None, 67)), 2 * S, 1100 * MS)
    assert staff is not None
    assert staff.content.answer == ()
    assert [note.pitch for note in staff.content.prompt.notes] == [65, 67]


def test_live_staff_without_bars_uses_the_tempo() -> None:
    staff = live_staff(timeline_of(played(1000, 1500), played(1500, None), bars=()), 2 * S)
    assert staff is not None
    assert (staff.step_ns, staff.origin_ns) == (STEP_NS, S)


def test_live_staff_writes_a_sounding_note_to_the_beats_end() -> None:
    staff = live_staff(timeline_of(played(1000, 1500), played(1500, None, 62)), 1640 * MS)
    assert staff is not None
    assert [note.length for note in staff.content.prompt.notes] == [4, 4]
