"""Commands of buttons and controllers to a transport that only records them."""

from dataclasses import dataclass, field, replace

import pytest

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.transport_commands import TransportCommands
from bachbridge.midi import messages as midi
from bachbridge.music.notes import step_ns_from_bpm
from bachbridge.protocol.effects import Effect, StartRefused
from bachbridge.protocol.events import StartTransport, StopTransport
from bachbridge.settings import Settings

MS = 1_000_000
S = 1000 * MS
AT_120 = Settings(bpm=120.0, tap_control=20, start_control=21)
STEP_NS = step_ns_from_bpm(120)


@dataclass
class FakeTransport:
    """A transport that starts at once and remembers it."""

    grid: Grid | None = None
    source: str = ""
    starts: list[tuple[int, int, float]] = field(default_factory=list[tuple[int, int, float]])

    def start_internal(self, now_ns: int, begin_ns: int, bpm: float) -> list[Effect]:
        self.starts.append((now_ns, begin_ns, bpm))
        self.grid, self.source = Grid(begin_ns, step_ns_from_bpm(bpm)), "set"
        return []


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def commands(transport: FakeTransport) -> TransportCommands:
    return TransportCommands(transport)


def press(controller: int, value: int = 127, channel: int = 0) -> midi.ControlChange:
    return midi.ControlChange(channel, controller, value)


@pytest.mark.parametrize(
    ("meter", "metronome", "bars", "count_in_steps"),
    [
        ("4/4", "count-in", 1, 16),
        ("4/4", "on", 2, 32),
        ("3/4", "count-in", 4, 48),
        ("6/8", "count-in", 1, 12),
        ("7/8", "on", 1, 14),
        ("5/16", "on", 2, 10),
        ("4/4", "count-in", 0, 0),
        ("4/4", "off", 2, 0),
    ],
)
def test_start_counts_whole_bars(
    transport: FakeTransport, commands: TransportCommands, meter: str, metronome: str, bars: int, count_in_steps: int
) -> None:
    settings = replace(AT_120, meter=meter, metronome=metronome, count_in_bars=bars)
    assert commands.start(S, settings) == []
    assert transport.starts == [(S, S + 8 * MS + count_in_steps * STEP_NS, 120.0)]


def test_start_leaves_time_for_the_latency(transport: FakeTransport, commands: TransportCommands) -> None:
    commands.start(S, replace(AT_120, latency_ms=100, count_in_bars=0))
    assert transport.starts[0][1] == S + 108 * MS


@pytest.mark.parametrize(
    ("source", "bpm", "obstacle"), [("", 0.0, "no tempo"), ("clock", 0.0, "clock"), ("link", 100.0, "link")]
)
def test_start_is_refused_with_the_obstacle(
    transport: FakeTransport, commands: TransportCommands, source: str, bpm: float, obstacle: str
) -> None:
    transport.source = source
    [refusal] = commands.start(S, replace(AT_120, bpm=bpm))
    assert isinstance(refusal, StartRefused)
    assert refusal.obstacle == obstacle
    assert transport.starts == []


def test_count_in_goes_on_with_the_taps(transport: FakeTransport, commands: TransportCommands) -> None:
    for beat in range(4):
        commands.add_tap(S + beat * 500 * MS, AT_120)
    commands.start(S + 1700 * MS, AT_120)
    commands.start(S + 1995 * MS, AT_120)
    commands.start(S + 9100 * MS, AT_120)
    bar_ns = 16 * STEP_NS
    begins = [begin_ns - bar_ns - S for _, begin_ns, _ in transport.starts]
    assert begins == [2000 * MS, 2500 * MS, 9108 * MS], "taps of long ago are forgotten"


def test_tap_shifts_own_transport_to_its_beat(transport: FakeTransport, commands: TransportCommands) -> None:
    commands.align_to_tap(S, AT_120)
    assert transport.starts == []
    commands.start(0, replace(AT_120, count_in_bars=0, meter="6/8"))
    origin_ns = 8 * MS
    for tap_ns, shift_ns in ((origin_ns + 760 * MS, 10 * MS), (origin_ns + 1450 * MS, -50 * MS)):
        transport.grid = Grid(origin_ns, STEP_NS)
        commands.align_to_tap(tap_ns, replace(AT_120, meter="6/8"))
        assert transport.starts[-1] == (tap_ns, origin_ns + shift_ns, 120.0)


def test_tap_leaves_a_foreign_clock_alone(transport: FakeTransport, commands: TransportCommands) -> None:
    transport.grid, transport.source = Grid(0, STEP_NS), "clock"
    commands.align_to_tap(10 * MS, AT_120)
    assert transport.starts == []


def test_start_controller_starts_and_stops(transport: FakeTransport, commands: TransportCommands) -> None:
    assert commands.start_or_stop() == StartTransport()
    transport.source = "set"
    assert commands.start_or_stop() == StopTransport()
    transport.source = "clock"
    assert commands.start_or_stop() == StartTransport(), "it is refused with a sentence"
