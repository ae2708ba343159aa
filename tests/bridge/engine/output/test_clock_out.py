"""MIDI clock for other instruments: regular pulses on the shared grid, and starts that land on bar lines."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.engine.output.clock_out import ClockOut
from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.pulse_filter import PulseFilter
from bachbridge.midi import messages as midi
from bachbridge.music.notes import step_ns_from_bpm
from bachbridge.protocol.effects import Send
from bachbridge.protocol.events import (
    LinkState,
    Midi,
    Panic,
    PortsChanged,
    Quit,
    Setting,
    StartTransport,
    StopTransport,
)
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S

ON = Settings(clock_out=True)
STEP_NS = step_ns_from_bpm(120)
BAR_NS = 16 * STEP_NS
PULSE, START, CONTINUE, STOP = midi.CLOCK_PULSE, midi.START, midi.CONTINUE, midi.STOP


@dataclass
class Beat:
    """A transport of which the test sets the grid."""

    grid: Grid | None = None
    source: str = ""


class Receiver:
    """A sequencer that follows the clock: it counts the pulses since its start."""

    def __init__(self, settings: Settings = ON) -> None:
        self.beat = Beat()
        self.clock = ClockOut(self.beat, settings)
        self.now_ns = 0
        self.received: list[tuple[int, bytes]] = []

    def set_grid(self, grid: Grid | None, source: str = "set") -> None:
        self.beat.grid, self.beat.source = grid, source if grid else ""
        self.receive(self.clock.follow_transport(self.now_ns))

    def receive(self, sends: list[Send]) -> None:
        assert all(send.due_ns <= self.now_ns for send in sends)
        self.received += [(self.now_ns, send.data) for send in sends]

    def run(self, until_ns: int) -> None:
        turns = 0
        while (due_ns := self.clock.deadline) is not None and due_ns <= until_ns:
            turns = turns + 1 if due_ns <= self.now_ns else 0
            assert turns < 5, "the deadline never moves on"
            self.now_ns = max(self.now_ns, due_ns)
            self.receive(self.clock.advance(self.now_ns))
        self.now_ns = until_ns

    def sleep(self, until_ns: int) -> None:
        """Let time pass as if the machine was too busy to send anything."""
        self.now_ns = until_ns

    def times_of(self, data: bytes) -> list[int]:
        return [time_ns for time_ns, received in self.received if received == data]

    def others(self) -> list[tuple[int, bytes]]:
        """Everything but pulses."""
        return [(time_ns, data) for time_ns, data in self.received if data != PULSE]

    def played_pulses(self) -> list[int]:
        """Times of the pulses since the last Start or Continue."""
        started = max(i for i, (_, data) in enumerate(self.received) if data in (START, CONTINUE))
        return [time_ns for time_ns, data in self.received[started:] if data == PULSE]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_clock_out_sends_six_pulses_a_step(receiver: Receiver) -> None:
    receiver.set_grid(Grid(0, STEP_NS))
    receiver.run(60 * S)
    assert receiver.others() == [(0, START)]
    assert receiver.received[0] == (0, START)
    pulses = receiver.times_of(PULSE)
    assert pulses == [n * STEP_NS // 6 for n in range(len(pulses))]
    assert len(pulses) == 60 * 2 * 24 + 1


def test_clock_out_starts_on_a_beat_to_come(receiver: Receiver) -> None:
    receiver.set_grid(Grid(700 * MS, STEP_NS))
    receiver.run(2 * S)
    [(start_ns, start)] = receiver.others()
    assert start == START
    assert receiver.played_pulses()[0] == 700 * MS
    assert MS <= 700 * MS - start_ns <= 5 * MS
    assert receiver.times_of(PULSE)[0] < 100 * MS, "pulses tell the tempo before the start"


@pytest.mark.parametrize("meter", ["4/4", "3/4", "7/8", "6/8"])
def test_clock_out_starts_on_a_bar_line_of_link(meter: str) -> None:
    receiver = Receiver(replace(ON, meter=meter))
    receiver.set_grid(Grid(-10 * BAR_NS - 3, STEP_NS), "link")
    receiver.run(10 * S)
    assert [data for _, data in receiver.others()] == [START]
    bar_ns = receiver.clock._steps_per_bar * STEP_NS
    first_ns = receiver.played_pulses()[0]
    assert (first_ns + 10 * BAR_NS + 3) % bar_ns == 0
    assert first_ns <= bar_ns


def test_clock_out_continues_in_our_own_song(receiver: Receiver) -> None:
    receiver.set_grid(Grid(-5 * STEP_NS, STEP_NS))
    receiver.run(5 * S)
    assert [data for _, data in receiver.others()] == [midi.song_position(16), CONTINUE]
    assert receiver.played_pulses()[0] == 11 * STEP_NS


def test_song_position_is_decoded_as_it_was_encoded() -> None:
    for step in (0, 1, 127, 128, midi.MAX_SONG_POSITION):
        assert midi.decode(midi.song_position(step)) == midi.SongPosition(step)


def test_clock_out_stops_with_the_transport(receiver: Receiver) -> None:
    receiver.set_grid(Grid(0, STEP_NS))
    receiver.run(S)
    receiver.set_grid(None)
    receiver.run(3 * S)
    assert receiver.others() == [(0, START), (S, STOP)]
    assert receiver.times_of(PULSE)[-1] <= S
    receiver.set_grid(Grid(3 * S, STEP_NS))
    receiver.run(4 * S)
    assert receiver.others()[2:] == [(3 * S, START)]


def test_clock_out_is_off_by_default() -> None:
    receiver = Receiver(Settings())
    receiver.set_grid(Grid(0, STEP_NS))
    receiver.run(S)
    assert not receiver.received


def test_clock_out_follows_its_setting(receiver: Receiver) -> None:
    receiver.set_grid(Grid(0, STEP_NS))
    receiver.run(S)
    receiver.receive(receiver.clock.apply_settings(receiver.now_ns, Settings()))
    receiver.run(2 * S)
    receiver.receive(receiver.clock.apply_settings(receiver.now_ns, ON))
    receiver.run(5 * S)
    assert [data for _, data in receiver.others()] == [START, STOP, midi.song_position(16), CONTINUE]
    assert (S, STOP) in receiver.received
    assert not [time_ns for time_ns in receiver.times_of(PULSE) if S < time_ns < 2 * S]


# ---------------------------------------------------------------- a grid that moves


@pytest.mark.parametrize("bpm", [60, 119, 121, 140, 240])
def test_pulses_move_with_the_tempo(receiver: Receiver, bpm: float) -> None:
    before = Grid(0, STEP_NS)
    receiver.set_grid(before)
    receiver.run(S + 7 * MS)
    after = before.with_tempo(receiver.now_ns, step_ns_from_bpm(bpm))
    receiver.set_grid(after)
    receiver.run(20 * S)
    pulses = receiver.times_of(PULSE)
    assert pulses == [(before if n <= 48 else after).origin_ns + n * (STEP_NS if n <= 48 else after.step_ns) // 6
                      for n in range(len(pulses))]  # fmt: skip
    assert [data for _, data in receiver.others()] == [START]


def test_pulses_keep_their_numbers_on_a_shifted_grid(receiver: Receiver) -> None:
    """The beat is 30 ms earlier: the receiver gets the overdue pulses with the following ones. Later: it waits."""
    receiver.set_grid(Grid(0, STEP_NS))
    for time_ns, origin_ns in ((S + MS, -30 * MS), (2 * S + MS, 40 * MS), (3 * S + MS, -140 * MS)):
        receiver.run(time_ns)
        receiver.set_grid(Grid(origin_ns, STEP_NS))
    receiver.run(5 * S)
    pulses = receiver.times_of(PULSE)
    assert pulses[-24:] == [n * STEP_NS // 6 - 140 * MS for n in range(len(pulses) - 24, len(pulses))]
    assert [data for _, data in receiver.others()] == [START]
    assert_no_bursts(receiver)


def test_renumbered_bars_go_unnoticed(receiver: Receiver) -> None:
    receiver.set_grid(Grid(0, STEP_NS), "link")
    receiver.run(S + MS)
    receiver.set_grid(Grid(-7 * BAR_NS, STEP_NS), "link")
    receiver.run(5 * S)
    pulses = receiver.times_of(PULSE)
    assert pulses == [n * STEP_NS // 6 for n in range(len(pulses))]
    assert [data for _, data in receiver.others()] == [START]


def test_bars_that_move_start_the_receiver_again(receiver: Receiver) -> None:
    receiver.set_grid(Grid(0, STEP_NS), "link")
    receiver.run(S + MS)
    receiver.set_grid(Grid(-7 * STEP_NS, STEP_NS), "link")
    receiver.run(8 * S)
    assert [data for _, data in receiver.others()] == [START, STOP, START]
    assert (receiver.played_pulses()[0] + 7 * STEP_NS) % BAR_NS == 0
    assert_no_bursts(receiver)


@pytest.mark.parametrize("busy_ms", [15, 25, 60, 150, 240])
def test_overdue_pulses_are_made_up_for(receiver: Receiver, busy_ms: int) -> None:
    receiver.set_grid(Grid(0, STEP_NS))
    receiver.run(S + MS)
    receiver.sleep(S + MS + busy_ms * MS)
    receiver.run(5 * S)
    assert receiver.others() == [(0, START)]
    assert len(receiver.times_of(PULSE)) == 5 * 48 + 1
    assert_no_bursts(receiver)


def test_clock_out_starts_again_after_a_long_sleep(receiver: Receiver) -> None:
    receiver.set_grid(Grid(0, STEP_NS), "link")
    receiver.run(S + MS)
    receiver.sleep(60 * S)
    receiver.run(70 * S)
    assert receiver.others()[:2] == [(0, START), (60 * S, STOP)]
    assert receiver.played_pulses()[0] % BAR_NS == 0
    assert_no_bursts(receiver)


def assert_no_bursts(receiver: Receiver) -> None:
    pulses = receiver.times_of(PULSE)
    assert all(third_ns - first_ns >= MS for first_ns, third_ns in zip(pulses, pulses[2:], strict=False))


@given(
    moves=st.lists(
        st.tuples(
            st.integers(0, 1500), st.integers(-3000, 3000), st.sampled_from([20.0, 60.0, 120.0, 121.0, 300.0, 999.0]),
            st.sampled_from(["set", "link", "clock", ""]),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_pulses_never_come_twice_or_in_bursts(moves: list[tuple[int, int, float, str]]) -> None:
    receiver = Receiver()
    for passing_ms, origin_ms, bpm, source in moves:
        receiver.set_grid(Grid(origin_ms * MS, step_ns_from_bpm(bpm)) if source else None, source)
        receiver.run(receiver.now_ns + passing_ms * MS)
    receiver.set_grid(None)
    assert_no_bursts(receiver)
    running = False
    for _, data in receiver.others():
        assert data == STOP if running else data in (START, CONTINUE) or data[0] == 0xF2
        running = running != (data in (START, CONTINUE, STOP))
    assert not running


# ---------------------------------------------------------------- never back to its source


def test_clock_of_the_daw_is_never_sent_back(receiver: Receiver) -> None:
    receiver.set_grid(Grid(0, STEP_NS), "clock")
    receiver.run(5 * S)
    assert not receiver.received


def test_echo_of_our_clock_does_not_start_us_again(receiver: Receiver) -> None:
    """A DAW that follows us and sends its clock would stop and start for ever."""
    link = Grid(0, STEP_NS)
    receiver.set_grid(link, "link")
    receiver.run(S)
    receiver.set_grid(Grid(5 * MS, STEP_NS), "clock")
    receiver.run(2 * S)
    receiver.set_grid(link, "link")
    receiver.run(9 * S)
    assert receiver.others() == [(0, START), (S, STOP)]
    assert receiver.times_of(PULSE)[-1] <= S
    receiver.set_grid(None)
    receiver.set_grid(Grid(9 * S, STEP_NS))
    receiver.run(10 * S)
    assert receiver.others()[2:] == [(9 * S, START)]


# ---------------------------------------------------------------- in the session


def link_state(origin_ns: int, bpm: float = 120.0, peers: int = 1) -> LinkState:
    return LinkState(origin_ns, step_ns_from_bpm(bpm), is_playing=peers > 0, peers=peers)


def linked_driver(until_ns: int = 10 * S) -> Driver:
    driver = Driver(replace(ON, link=True))
    driver.feed(link_state(0))
    driver.run(until_ns)
    return driver


def transport_messages(driver: Driver) -> list[tuple[int, bytes]]:
    kept = {START, CONTINUE, STOP}
    return [(t, m.data) for t, m in driver.messages_of(Send) if isinstance(m, Send) and m.data in kept]


def pulse_times(driver: Driver) -> list[int]:
    return [t for t, m in driver.messages_of(Send) if isinstance(m, Send) and m.data == PULSE]


def test_session_sends_the_clock_of_a_link_session() -> None:
    driver = linked_driver()
    driver.feed(link_state(2 * S, bpm=150.0))
    driver.run(20 * S)
    assert transport_messages(driver) == [(0, START)]
    pulses = pulse_times(driver)
    assert {b - a for a, b in pairwise(pulses[:480])} <= {20_833_333, 20_833_334}
    assert {b - a for a, b in pairwise(pulses[482:])} <= {16_666_666, 16_666_667}
    driver.feed(link_state(2 * S, peers=0))
    assert transport_messages(driver)[1:] == [(20 * S, STOP)]


@pytest.mark.parametrize("ending", [Panic(), Quit("over"), Setting("clock_out", value=False)])
def test_session_stops_the_receiver(ending: Panic | Quit | Setting) -> None:
    driver = linked_driver()
    driver.feed(ending)
    driver.run(15 * S)
    assert transport_messages(driver) == [(0, START), (10 * S, STOP)]
    assert pulse_times(driver)[-1] <= 10 * S


def test_session_starts_a_new_receiver_on_a_bar_line() -> None:
    driver = linked_driver(until_ns=5 * S)
    driver.feed(PortsChanged("in", "out"))
    driver.run(10 * S)
    (_, first), (stop_ns, stop), (start_ns, again) = transport_messages(driver)
    assert (first, stop, again) == (START, STOP, START)
    assert stop_ns == 5 * S
    assert min(t for t in pulse_times(driver) if t > start_ns) % (2 * S) == 0


def test_session_starts_the_receiver_after_the_count_in() -> None:
    driver = Driver(replace(ON, bpm=120.0, count_in_bars=1))
    driver.run(S)
    driver.feed(StartTransport())
    driver.run(10 * S)
    driver.feed(StopTransport())
    driver.run(12 * S)
    (start_ns, start), (stop_ns, stop) = transport_messages(driver)
    assert (start, stop) == (START, STOP)
    pulses = pulse_times(driver)
    first_ns = min(time_ns for time_ns in pulses if time_ns >= start_ns)
    assert 3 * S < first_ns < 3 * S + 20 * MS
    assert pulses[0] < S + 20 * MS, "the count-in has a clock too"
    assert {b - a for a, b in pairwise(pulses)} <= {20_833_333, 20_833_334}
    assert 10 * S <= stop_ns <= 10 * S + 50 * MS
    assert pulses[-1] <= stop_ns


def test_session_stops_its_clock_when_the_daw_rolls() -> None:
    driver = linked_driver(until_ns=5 * S)
    driver.schedule(5 * S, Midi(START))
    for pulse in range(96):
        driver.schedule(5 * S + pulse * 20 * MS, Midi(PULSE))
    driver.run(9 * S)
    assert transport_messages(driver) == [(0, START), (5 * S, STOP)]


def test_pulse_filter_locks_onto_our_own_clock() -> None:
    driver = linked_driver()
    follower = PulseFilter()
    for time_ns in pulse_times(driver)[:48]:
        follower.add_pulse(time_ns)
    assert follower.is_locked
    assert follower.told_bpm == 120.0
    assert abs(follower.grid.origin_ns) < MS // 10
    assert abs(follower.grid.step_ns - STEP_NS) < 1000
