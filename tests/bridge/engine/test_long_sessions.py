"""Long sessions in virtual time: a day of play, and millions of random bytes. Nothing hangs, drifts or grows."""

import random
from dataclasses import dataclass, field

import psutil
import pytest

from bachbridge.engine.session import Session
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Effect, Send
from bachbridge.protocol.events import Event, Midi, Panic, PortsChanged, Setting, StartTransport, Tick
from bachbridge.settings import Settings
from tests.support.simulated_receiver import Receiver
from tests.support.virtual_driver import MS, Driver, S

HOUR_NS = 3600 * S
DAY_HOURS, PULSES_PER_MINUTE = 24, 24 * 120
MODES = ("continue", "harmonize", "trade", "duet", "off")
REST_NS = 60 * S
"""Long enough for every answer to end."""
MAX_DRIFT_NS = MS
FUZZED_BYTES, QUICK_FUZZED_BYTES = 10_000_000, 5_000
STATUS_SHARE = 0.4


@dataclass
class ForgetfulDriver(Driver):
    """A driver that counts its events and effects instead of keeping them, and follows the clock that it receives."""

    count: int = 0
    pulse_times_ns: list[int] = field(default_factory=list[int])
    """The first pulse and the last one."""
    pulse_count: int = 0

    def feed(self, event: Event) -> list[Effect]:
        effects = super().feed(event)
        self.count += len(self.log)
        self.log.clear()
        for effect in effects:
            if isinstance(effect, Send) and effect.data == midi.CLOCK_PULSE:
                self.pulse_times_ns[1:] = [effect.due_ns]
                self.pulse_count += 1
        return effects

    @property
    def drift_ns(self) -> int:
        """How far the last pulse is from its place after the first."""
        first_ns, last_ns = self.pulse_times_ns[0], self.pulse_times_ns[-1]
        return abs(last_ns - first_ns - round((self.pulse_count - 1) * 60 * S / PULSES_PER_MINUTE))


def play_hour(driver: ForgetfulDriver, rng: random.Random) -> None:
    """Play for an hour in changing modes, then rest until nothing should sound."""
    end_ns = driver.now_ns + HOUR_NS - REST_NS
    while driver.now_ns < end_ns:
        driver.feed(Setting("mode", rng.choice(MODES)))
        driver.feed(Setting("thru", rng.random() < 0.5))
        minute_ns = min(end_ns, driver.now_ns + 60 * S)
        at_ns = driver.now_ns
        while at_ns < minute_ns - 4 * S:
            for pitch in rng.sample(range(48, 84), rng.choice((1, 1, 1, 3))):
                driver.play(at_ns, pitch, rng.randrange(60, 900) * MS, rng.randrange(1, 128))
            if rng.random() < 0.1:
                driver.schedule(at_ns, Midi(midi.control_change(0, midi.SUSTAIN, rng.choice((0, 127)))))
            at_ns += rng.choice((125, 250, 250, 500, 3000)) * MS
        driver.schedule(minute_ns - MS, Midi(midi.control_change(0, midi.SUSTAIN, 0)))
        driver.run(minute_ns)
    driver.run(end_ns + REST_NS)
    assert not driver.receiver.sounding
    assert not driver.receiver.pedals


def play_hours(hours: int) -> tuple[ForgetfulDriver, list[int]]:
    """Play for some hours to our own beat; return the driver and the process's memory (bytes) after each of them."""
    driver, rng = ForgetfulDriver(Settings(bpm=120.0, clock_out=True, seed=1, follow_clock=False)), random.Random(1)
    driver.feed(PortsChanged("in", "out"))
    driver.feed(StartTransport())
    process, sizes = psutil.Process(), list[int]()
    for hour in range(hours):
        play_hour(driver, rng)
        sizes.append(process.memory_info().rss)
        print(
            f"hour {hour + 1}: {driver.count} events, drift {driver.drift_ns / MS:.3f} ms, {sizes[-1] >> 10} KB",
            flush=True,
        )
    return driver, sizes


@pytest.mark.soak
def test_simulated_day_leaves_no_note_and_no_drift() -> None:
    driver, sizes = play_hours(DAY_HOURS)
    assert driver.count >= 10_000_000
    assert driver.pulse_count > DAY_HOURS * 60 * PULSES_PER_MINUTE - 100
    assert driver.drift_ns <= MAX_DRIFT_NS
    # Caches of chords fill in the first hours.
    assert sizes[-1] <= 1.02 * sizes[3]


def random_message(rng: random.Random) -> bytes:
    """Return bytes that often begin with a status, and often are none of MIDI's messages."""
    length = rng.choice((1, 2, 3, 3, 3, 4))
    data = bytearray(rng.randrange(256) for _ in range(length))
    if rng.random() < STATUS_SHARE:
        data[0] |= 0x80
    if rng.random() < STATUS_SHARE:
        data[1:] = bytes(value & 0x7F for value in data[1:])
    return bytes(data)


def fuzz_session(byte_count: int, settings: Settings, rng: random.Random) -> None:
    """Feed a session random bytes; from time to time everything must fall silent."""
    session, receiver = Session(settings), Receiver()
    now_ns = fed_bytes = panics = 0
    while fed_bytes < byte_count:
        data = random_message(rng)
        fed_bytes += len(data)
        now_ns += rng.choice((0, 1, 7, 40)) * MS
        effects = session.feed(now_ns, Midi(data))
        if session.deadline is not None and session.deadline <= now_ns:
            effects += session.feed(now_ns, Tick())
        if fed_bytes // 10_000 > panics:
            panics += 1
            effects += session.feed(now_ns, Panic())
        for effect in effects:
            if isinstance(effect, Send):
                receiver.receive(effect.data)
        if effects and isinstance(effects[-1], Send) and effects[-1].data == midi.panic_messages()[-1]:
            assert not receiver.sounding


def test_random_bytes_never_raise_nor_leave_notes() -> None:
    fuzz_session(QUICK_FUZZED_BYTES, Settings(thru=True), random.Random(3))


@pytest.mark.soak
@pytest.mark.parametrize("mode", MODES)
def test_millions_of_bytes_never_raise_nor_leave_notes(mode: str) -> None:
    fuzz_session(FUZZED_BYTES // len(MODES), Settings(thru=True, mode=mode), random.Random(mode))
