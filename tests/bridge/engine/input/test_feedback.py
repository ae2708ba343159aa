"""Our output that comes back to our input, and playing that only looks like it."""

import heapq
from itertools import count

import pytest

from bachbridge.engine.input.feedback import FeedbackGuard
from bachbridge.engine.session import Session
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Effect, FeedbackLoop, PlanRequest, Send
from bachbridge.protocol.events import Event, Midi, ModelUp, Tick
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S, plan_sixths


def play_in_a_loop(settings: Settings, delay_ms: int, channel: int | None, seconds: int) -> list[tuple[int, Effect]]:
    """Play a note a second to a session whose output comes back after a delay; return its effects with their times.

    The DAW moves what comes back to `channel`, if one is given.
    """
    session, order, log = Session(settings), count(), []
    queue: list[tuple[int, int, Event]] = [(0, next(order), ModelUp("chorale-lstm", 1))]
    for second in range(seconds):
        begin_ns = second * S + S
        queue.append((begin_ns, next(order), Midi(midi.note_on(0, 60 + second % 5, 80))))
        queue.append((begin_ns + 700 * MS, next(order), Midi(midi.note_off(0, 60 + second % 5))))
    heapq.heapify(queue)
    now_ns = 0
    while len(log) < 100_000:
        deadline = session.deadline
        due = min(queue[0][0] if queue else 10**18, 10**18 if deadline is None else deadline)
        if due > (seconds + 2) * S:
            break
        now_ns = max(now_ns, due)
        event = heapq.heappop(queue)[2] if queue and due == queue[0][0] else Tick()
        for effect in session.feed(now_ns, event):
            log.append((now_ns, effect))
            if isinstance(effect, Send) and effect.data[0] < 0xB0:
                data = effect.data if channel is None else bytes((effect.data[0] & 0xF0 | channel, *effect.data[1:]))
                heapq.heappush(queue, (now_ns + delay_ms * MS, next(order), Midi(data)))
            if isinstance(effect, PlanRequest):
                delay_ns, plan = plan_sixths(effect)
                heapq.heappush(queue, (now_ns + delay_ns, next(order), plan))
    return log


@pytest.mark.parametrize("settings", [Settings(mode="harmonize"), Settings(thru=True, mode="off"), Settings(bpm=240)])
@pytest.mark.parametrize("delay_ms", [1, 5, 40])
@pytest.mark.parametrize("channel", [None, 0])
def test_loop_dies_down_and_is_reported(settings: Settings, delay_ms: int, channel: int | None) -> None:
    log = play_in_a_loop(settings, delay_ms, channel, 12)
    reports = [effect for _, effect in log if isinstance(effect, FeedbackLoop)]
    note_ons = [t for t, effect in log if isinstance(effect, Send) and effect.data[0] & 0xF0 == 0x90]
    assert len(note_ons) < 12 * 6
    if settings.mode != "continue":
        assert reports[0] == FeedbackLoop(is_there=True)
        [first, *_] = [t for t, effect in log if isinstance(effect, FeedbackLoop)]
        assert sum(t <= first for t in note_ons) < 50


def test_player_who_repeats_our_notes_is_no_loop() -> None:
    driver = Driver(Settings(mode="harmonize"))
    driver.feed(ModelUp("chorale-lstm", 1))
    for n in range(30):
        driver.play(S + n * S, 60, 900 * MS, 80)
        for voice, below in enumerate((5, 16, 24)):
            driver.play(S + n * S + (150 + voice) * MS, 60 - below, 500 * MS, 70 + voice)
    driver.run(40 * S)
    assert not driver.messages_of(FeedbackLoop)


def test_layered_keyboard_with_thru_is_no_loop() -> None:
    driver = Driver(Settings(mode="off", thru=True))
    for n in range(30):
        for channel in (0, 1):
            driver.schedule(S + n * S + channel * MS, Midi(midi.note_on(channel, 60, 80)))
            driver.schedule(S + n * S + 500 * MS, Midi(midi.note_off(channel, 60)))
    driver.run(40 * S)
    assert not driver.messages_of(FeedbackLoop)


@pytest.mark.parametrize("keys", [1, 2, 5])
@pytest.mark.parametrize("interval_ms", [3, 30, 99])
@pytest.mark.parametrize("velocity", [1, 80, 127])
def test_fast_repeats_with_thru_are_no_loop(interval_ms: int, keys: int, velocity: int) -> None:
    driver = Driver(Settings(mode="off", thru=True))
    for n in range(400):
        driver.play(S + n * interval_ms * MS, 60 + n % keys, (interval_ms - 1) * MS, velocity)
    driver.run(50 * S)
    assert not driver.messages_of(FeedbackLoop)
    velocities = [m.data[2] for _, m in driver.messages_of(Send) if isinstance(m, Send) and m.data[0] == 0x90]
    assert len(velocities) == 400
    assert sum(sent != velocity for sent in velocities) <= 1  # one is marked, to see whether it comes back


@pytest.mark.parametrize("delay_ms", [3, 11, 25, 64])
def test_short_notes_that_come_back_are_a_loop(delay_ms: int) -> None:
    driver = Driver(Settings(mode="off", thru=True))
    begin_ns, sent = S, 0
    for n in range(5):
        driver.play(begin_ns + n * 50 * MS, 60 + n, MS)
    while driver.now_ns < 20 * S:
        driver.run(driver.now_ns + MS)
        new = driver.messages_of(Send)[sent:]
        sent += len(new)
        for time_ns, message in new:
            assert isinstance(message, Send)
            driver.schedule(time_ns + delay_ms * MS, Midi(message.data))
    note_ons = [t for t, m in driver.messages_of(Send) if isinstance(m, Send) and m.data[0] & 0xF0 == 0x90]
    assert len(note_ons) < 50
    [(reported_ns, report)] = driver.messages_of(FeedbackLoop)
    assert report == FeedbackLoop(is_there=True)
    assert reported_ns - begin_ns <= 5 * delay_ms * MS + 10 * MS
    assert not driver.receiver.sounding


def test_loop_is_not_called_mended_before_a_note_was_sent() -> None:
    guard = FeedbackGuard()
    for n in range(4):
        guard.add_sent(n * 10 * MS, midi.note_on(1, 60 + n, 70), is_passed_on=False)
        guard.ignores(n * 10 * MS + 5 * MS, midi.NoteOn(1, 60 + n, 70))
    assert guard.report(60 * MS) == [FeedbackLoop(is_there=True)]
    assert guard.report(90 * S) == []
    guard.add_sent(90 * S, midi.note_on(1, 60, 70), is_passed_on=False)
    assert guard.report(91 * S) == [FeedbackLoop(is_there=False)]
