"""Clicks of the metronome on a grid that a test moves, in virtual time."""

from dataclasses import dataclass, replace

import pytest

from bachbridge.engine.output.metronome import Metronome
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.tempo.grid import Grid
from bachbridge.midi import messages as midi
from bachbridge.music.notes import step_ns_from_bpm
from bachbridge.protocol.effects import Send
from bachbridge.settings import Settings

MS = 1_000_000
S = 1000 * MS
AT_120 = step_ns_from_bpm(120)
ON = Settings(metronome="on")
ACCENT, BEAT = ON.click_accent, ON.click_note


@dataclass
class FakeBeats:
    """A transport whose grid the test sets."""

    grid: Grid | None = None
    is_beat_certain: bool = True


class Rig:
    """A metronome, and the notes that it sends."""

    def __init__(self, settings: Settings = ON, grid: Grid | None = None) -> None:
        self.beats = FakeBeats()
        self.scheduler = Scheduler()
        self.metronome = Metronome(settings, self.scheduler, self.beats)
        self.sent: list[Send] = []
        self.now_ns = 0
        if grid:
            self.set_grid(grid)

    def set_grid(self, grid: Grid | None) -> None:
        self.beats.grid = grid
        self.run(self.now_ns)

    def run(self, until_ns: int) -> None:
        """Let time pass; time stands still in no state."""
        turns = 0
        while (deadline := self.metronome.deadline) is not None and deadline <= until_ns:
            turns = turns + 1 if deadline <= self.now_ns else 0
            assert turns < 10
            self.now_ns = max(self.now_ns, deadline)
            sends = self.metronome.advance(self.now_ns)
            assert all(send.due_ns <= self.now_ns for send in sends)
            self.sent += sends
        self.now_ns = until_ns

    def wait(self, until_ns: int) -> None:
        """Let time pass without calling the metronome: the machine is busy or asleep."""
        self.now_ns = until_ns
        self.run(until_ns)

    def clicks(self) -> list[tuple[int, int]]:
        """Return time (ms) and note of all clicks."""
        decoded = [(send.due_ns, midi.decode(send.data)) for send in self.sent]
        return [(round(due_ns / MS), m.pitch) for due_ns, m in decoded if isinstance(m, midi.NoteOn)]

    def times(self) -> list[int]:
        return [time_ms for time_ms, _ in self.clicks()]


def test_metronome_is_silent_without_a_grid() -> None:
    rig = Rig()
    rig.run(10 * S)
    assert rig.sent == []
    assert rig.metronome.deadline is None


@pytest.mark.parametrize(
    ("meter", "beat_ms", "beats_per_bar"),
    [
        ("4/4", 500, 4),
        ("3/4", 500, 3),
        ("5/4", 500, 5),
        ("2/2", 1000, 2),
        ("6/8", 750, 2),
        ("9/8", 750, 3),
        ("12/8", 750, 4),
        ("3/8", 250, 3),
        ("5/8", 250, 5),
        ("7/8", 250, 7),
        ("5/16", 125, 5),
        ("1/4", 500, 1),
    ],
)
def test_metronome_clicks_on_the_beats_of_meter(meter: str, beat_ms: int, beats_per_bar: int) -> None:
    rig = Rig(replace(ON, meter=meter), Grid(0, AT_120))
    rig.run(beat_ms * 21 * MS - 1)
    assert rig.clicks() == [(beat_ms * i, BEAT if i % beats_per_bar else ACCENT) for i in range(21)]


def test_every_click_ends_before_the_next() -> None:
    rig = Rig(replace(ON, meter="5/16"), Grid(0, step_ns_from_bpm(300)))
    rig.run(3 * S)
    rig.set_grid(None)
    rig.run(4 * S)
    kinds = [type(midi.decode(send.data)) for send in rig.sent]
    assert kinds == [midi.NoteOn, midi.NoteOff] * (len(kinds) // 2)
    assert [send.due_ns for send in rig.sent] == sorted(send.due_ns for send in rig.sent)


def test_first_click_falls_on_a_start_now() -> None:
    rig = Rig()
    rig.run(S)
    rig.set_grid(Grid(S, AT_120))
    rig.run(2 * S)
    assert rig.clicks() == [(1000, ACCENT), (1500, BEAT), (2000, BEAT)]


def test_click_waits_for_the_first_pulse_after_start() -> None:
    rig = Rig()
    rig.beats.is_beat_certain = False
    rig.set_grid(Grid(0, AT_120))
    rig.run(30 * MS)
    rig.beats.is_beat_certain = True
    rig.set_grid(Grid(30 * MS, AT_120))
    rig.run(600 * MS)
    assert rig.clicks() == [(30, ACCENT), (530, BEAT)]


def test_start_within_a_bar_clicks_from_next_beat() -> None:
    rig = Rig()
    rig.run(S)
    rig.set_grid(Grid(S - 700 * MS, AT_120))
    rig.run(3 * S - 1)
    assert rig.clicks() == [(1300, BEAT), (1800, BEAT), (2300, ACCENT), (2800, BEAT)]


@pytest.mark.parametrize("bpm", [20, 60, 119, 121, 240, 300])
@pytest.mark.parametrize("change_ms", [1001, 1020, 1250, 1499, 1500])
def test_tempo_change_moves_the_next_click(bpm: float, change_ms: int) -> None:
    rig = Rig(grid=Grid(0, AT_120))
    rig.run(change_ms * MS)
    clicked = rig.clicks()
    step_ns = step_ns_from_bpm(bpm)
    origin_ns = round(change_ms * MS - change_ms * MS / AT_120 * step_ns)
    rig.set_grid(Grid(origin_ns, step_ns))
    rig.run(30 * S)
    steps = [4 * i for i in range(len(rig.clicks()))]
    assert rig.clicks()[: len(clicked)] == clicked
    for (time_ms, pitch), step in zip(rig.clicks()[len(clicked) :], steps[len(clicked) :], strict=True):
        assert abs(time_ms * MS - (origin_ns + step * step_ns)) <= MS
        assert pitch == (ACCENT if step % 16 == 0 else BEAT)


def test_jittering_grid_never_clicks_twice() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    for pulse in range(1, 480):
        rig.run(pulse * AT_120 // 6)
        rig.set_grid(Grid((-1) ** pulse * 4 * MS, AT_120))
    rig.run(10 * S - 100 * MS)
    assert len(rig.clicks()) == 20
    assert all(abs(time_ms - 500 * i) <= 4 for i, time_ms in enumerate(rig.times()))


def test_stop_silences_and_next_start_clicks_at_once() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    rig.run(1100 * MS)
    rig.set_grid(None)
    rig.run(1150 * MS)
    assert rig.times() == [0, 500, 1000]
    rig.set_grid(Grid(1150 * MS, AT_120))
    rig.run(1700 * MS)
    assert rig.clicks()[3:] == [(1150, ACCENT), (1650, BEAT)]


def test_jump_in_the_song_begins_a_new_count() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    rig.run(1300 * MS)
    rig.set_grid(Grid(1300 * MS, AT_120))
    rig.run(1900 * MS)
    assert rig.clicks() == [(0, ACCENT), (500, BEAT), (1000, BEAT), (1300, ACCENT), (1800, BEAT)]


def test_loop_of_the_daw_clicks_once_where_it_jumps() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    for shift_ns in (-3 * MS, 0, 3 * MS):
        rig.run(rig.now_ns + 2000 * MS + shift_ns)
        rig.beats.is_beat_certain = False
        rig.run(rig.now_ns + 1 * MS)
        rig.beats.is_beat_certain = True
        rig.set_grid(Grid(rig.beats.grid.origin_ns + 16 * AT_120, AT_120) if rig.beats.grid else None)
    rig.run(7900 * MS)
    assert rig.times() == [500 * beat for beat in range(16)]


def test_sleeping_machine_makes_up_for_no_click() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    rig.run(600 * MS)
    rig.wait(60_200 * MS)
    rig.run(61_100 * MS)
    assert rig.times() == [0, 500, 60_500, 61_000]


@pytest.mark.parametrize(("choice", "times"), [("off", []), ("count-in", [-1500, -1000]), ("on", None)])
def test_count_in_clicks_before_step_0(choice: str, times: list[int] | None) -> None:
    rig = Rig(replace(ON, metronome=choice, meter="3/4"))
    rig.run(10 * S)
    rig.set_grid(Grid(rig.now_ns + 1500 * MS, AT_120))
    rig.run(13 * S)
    clicks = [(time_ms - 11_500, pitch) for time_ms, pitch in rig.clicks()]
    expected = [(-1500, ACCENT), (-1000, BEAT), (-500, BEAT), (0, ACCENT), (500, BEAT), (1000, BEAT), (1500, ACCENT)]
    assert clicks == (expected if choice == "on" else expected[:3] if choice == "count-in" else [])


def test_clicks_use_channel_notes_and_velocity() -> None:
    settings = replace(ON, metronome_channel=3, click_accent=30, click_note=40, click_velocity=80)
    rig = Rig(settings, Grid(0, AT_120))
    rig.run(900 * MS)
    decoded = [midi.decode(send.data) for send in rig.sent]
    assert decoded == [midi.NoteOn(2, 30, 80), midi.NoteOff(2, 30), midi.NoteOn(2, 40, 60), midi.NoteOff(2, 40)]


def test_softest_click_still_sounds() -> None:
    rig = Rig(replace(ON, click_velocity=1), Grid(0, AT_120))
    rig.run(900 * MS)
    assert rig.times() == [0, 500]


def test_new_channel_leaves_no_note_hanging() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    rig.run(510 * MS)
    rig.metronome.apply_settings(replace(ON, metronome_channel=5, click_note=50))
    rig.run(900 * MS)
    assert [midi.decode(send.data) for send in rig.sent][2:] == [midi.NoteOn(9, BEAT, 75), midi.NoteOff(9, BEAT)]


def test_switch_and_meter_change_take_effect_at_once() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    rig.run(600 * MS)
    rig.metronome.apply_settings(replace(ON, metronome="off"))
    rig.run(1600 * MS)
    rig.metronome.apply_settings(replace(ON, meter="6/8"))
    rig.run(3800 * MS)
    assert rig.clicks() == [(0, ACCENT), (500, BEAT), (2250, BEAT), (3000, ACCENT), (3750, BEAT)]


def test_latency_sends_clicks_earlier() -> None:
    for latency_ms in (-30, 80):
        rig = Rig(replace(ON, latency_ms=latency_ms))
        rig.run(S)
        rig.set_grid(Grid(2 * S, AT_120))
        rig.run(2600 * MS)
        assert rig.times()[-2:] == [2000 - latency_ms, 2500 - latency_ms]


def test_mute_lasts_until_the_next_start() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    rig.run(600 * MS)
    rig.metronome.mute()
    rig.set_grid(Grid(MS, AT_120))
    rig.run(3 * S)
    assert rig.times() == [0, 500]
    rig.set_grid(None)
    rig.set_grid(Grid(3 * S, AT_120))
    rig.run(3100 * MS)
    assert rig.times() == [0, 500, 3000]


def test_clicks_leave_the_scheduler_free() -> None:
    rig = Rig(grid=Grid(0, AT_120))
    rig.run(10 * MS)
    assert rig.scheduler.is_empty
    assert [midi.decode(send.data) for send in rig.scheduler.stop_all(rig.now_ns)] == [midi.NoteOff(9, ACCENT)]
    rig.metronome.clear()
    rig.run(100 * MS)
    assert len(rig.sent) == 1
