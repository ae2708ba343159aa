"""Mode duet: one voice against the player's, on the lines of the shared grid, knowing nothing of the future."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bachbridge.engine.tempo.transport import STOP_DELAY_NS
from bachbridge.midi import messages as midi
from bachbridge.music.frames import pitch_index
from bachbridge.protocol.effects import BeatMissing, Harmonized, PlanRequest
from bachbridge.protocol.events import LinkState, ModelUp, Plan, Reset, Setting
from bachbridge.settings import Settings
from tests.bridge.engine.tempo.test_transport import STOP, ClockedDaw
from tests.support.virtual_driver import MS, Driver, S

DUET = Settings(seed=1, mode="duet", metronome="off")
STEP = 125 * MS
BASS_CHANNEL = 3
MELODY = ((0, 67, 4), (4, 69, 2), (6, 71, 2), (8, 72, 12), (20, 69, 4), (28, 67, 4))
"""(step, pitch, length in steps)."""


def plan_by_history(request: PlanRequest, delay_ns: int = 3 * MS) -> tuple[int, Plan]:
    """A model whose bass depends on all that it is given: the step, the sounding note, and the frame before."""
    step = request.step + len(request.frames)
    before = request.frames[-1][3] if request.frames else 13
    rows: list[tuple[int, ...]] = []
    for index in range(25, 47):
        bass = 8 + (before + 5 * index + (step // 2)) % 17
        rows.append((index, index, index - 4, index - 9, bass, 15))
    held = request.held
    bass = before if step % 2 else 8 + (before + held + step // 2) % 17
    rows.append((held, held, max(0, held - 4), max(0, held - 9), bass, 8 if bass != before else 0))
    return delay_ns, Plan(request.piece, step, tuple(rows), 0)


def duet(settings: Settings = DUET, origin_ns: int = S, **driver_fields: object) -> Driver:
    driver = Driver(settings, planner=plan_by_history)
    for name, value in driver_fields.items():
        setattr(driver, name, value)
    driver.schedule(0, LinkState(origin_ns, STEP, is_playing=True, peers=1))
    return driver


def play(driver: Driver, melody: Sequence[tuple[int, int, int]] = MELODY, late_ns: int = 0) -> None:
    for step, pitch, length in melody:
        driver.play(S + step * STEP + late_ns, pitch, length * STEP - 20 * MS)


def own_onsets(driver: Driver, channel: int = BASS_CHANNEL) -> list[tuple[int, int]]:
    """Return the onsets of the model's voice: (time, pitch)."""
    sent = driver.sent_messages()
    return [(time_ns, m.pitch) for time_ns, m in sent if isinstance(m, midi.NoteOn) and m.channel == channel]


def is_on_line(time_ns: int) -> bool:
    return (time_ns - S) % STEP <= 2 * MS


@pytest.mark.parametrize("late_ms", [0, -20, 25, 50])
def test_duet_moves_on_grid_lines_only(late_ms: int) -> None:
    driver = duet()
    play(driver, late_ns=late_ms * MS)
    driver.run(20 * S)
    onsets = own_onsets(driver)
    assert len(onsets) > 6
    assert all(is_on_line(time_ns) for time_ns, _ in onsets)
    assert {m.channel for _, m in driver.sent_messages() if isinstance(m, midi.NoteOn)} == {BASS_CHANNEL}
    assert not driver.receiver.sounding


def test_duet_moves_under_held_note_and_in_rests() -> None:
    driver = duet()
    play(driver)
    driver.run(20 * S)
    steps = [(time_ns - S) // STEP for time_ns, _ in own_onsets(driver)]
    assert [step for step in steps if 8 < step < 20]
    assert [step for step in steps if 24 <= step < 28]


@pytest.mark.parametrize("cut", [6, 8, 20, 28])
def test_duet_knows_nothing_of_the_future(cut: int) -> None:
    """Another melody from a step on changes nothing on the lines before that step's."""
    other = [(step, pitch + (4 if step >= cut else 0), length) for step, pitch, length in MELODY]
    logs: list[list[tuple[int, int]]] = []
    for melody in (MELODY, other):
        driver = duet()
        play(driver, melody, late_ns=10 * MS)
        driver.run(20 * S)
        logs.append([onset for onset in own_onsets(driver) if onset[0] < S + cut * STEP + 10 * MS])
    assert logs[0]
    assert logs[0] == logs[1]


def test_duet_decides_from_key_held_on_the_line() -> None:
    for late_ms, expected in ((-30, 74), (30, 72)):
        requests: list[PlanRequest] = []
        driver = duet(planner=lambda request: (requests.append(request), plan_by_history(request))[1])  # noqa: B023
        play(driver, [(0, 72, 8)])
        driver.play(S + 8 * STEP + late_ms * MS, 74, 4 * STEP)
        driver.run(S + 8 * STEP + 5 * MS)
        assert requests[-1].frames[-1][0] == pitch_index(expected)
        driver.run(S + 9 * STEP + 5 * MS)
        assert requests[-1].frames[-1][0] == pitch_index(74)


def test_late_note_is_written_into_its_step() -> None:
    driver = duet()
    play(driver, [(0, 72, 4)])
    driver.play(S + 4 * STEP + 30 * MS, 74, 4 * STEP)
    driver.run(S + 4 * STEP + 40 * MS)
    (_, request) = driver.messages_of(PlanRequest)[-1]
    assert isinstance(request, PlanRequest)
    assert (request.step, request.frames[-1][0], request.frames[-1][-1] & 1) == (4, pitch_index(74), 1)
    assert (request.only_voice, request.held) == (3, pitch_index(74))


def test_duet_falls_silent_a_bar_after_player() -> None:
    driver = duet()
    play(driver)
    driver.run(60 * S)
    last_ns = max(time_ns for time_ns, _ in own_onsets(driver))
    assert S + 32 * STEP < last_ns < S + 49 * STEP
    assert driver.session.deadline is None
    assert not driver.receiver.sounding
    driver.play(S + 500 * STEP, 72, 8 * STEP)
    driver.run(200 * S)
    assert max(time_ns for time_ns, _ in own_onsets(driver)) >= S + 500 * STEP
    assert not driver.receiver.sounding


def test_pause_keeps_place_in_bar() -> None:
    driver = duet()
    play(driver)
    driver.play(S + 505 * STEP, 72, 8 * STEP)
    driver.run(S + 507 * STEP)
    (_, request) = driver.messages_of(PlanRequest)[-1]
    assert isinstance(request, PlanRequest)
    assert (request.step + len(request.frames) - 507) % 16 == 0


@pytest.mark.parametrize("meter", ["3/4", "7/8"])
def test_duet_counts_bars_of_meter(meter: str) -> None:
    driver = duet(replace(DUET, meter=meter))
    bar = driver.session.settings.steps_per_bar
    driver.play(S + (bar + 2) * STEP, 72, 8 * STEP)
    driver.run(S + (bar + 3) * STEP + 5 * MS)
    (_, request) = driver.messages_of(PlanRequest)[-1]
    assert isinstance(request, PlanRequest)
    assert (request.steps_per_bar, request.step) == (bar, 3)


def test_duet_follows_clock_and_stops_with_it() -> None:
    driver, daw = Driver(DUET, planner=plan_by_history), ClockedDaw([(120, 8), (90, 4.6)])
    daw.roll(driver)
    daw.play(driver, range(16))
    driver.schedule(daw.time_of(12.6), STOP)
    driver.run(daw.time_of(12.6) + STOP_DELAY_NS + 1)
    assert not driver.receiver.sounding
    onsets = own_onsets(driver)
    settled = [time_ns for time_ns, _ in onsets if time_ns > daw.time_of(11.2)]
    assert settled
    for time_ns in settled:
        assert min(abs(time_ns - 2 * MS - daw.time_of(step / 4)) for step in range(51)) < 2 * MS
    driver.run(60 * S)
    assert own_onsets(driver)[-1][0] <= daw.time_of(12.6) + STOP_DELAY_NS


def test_duet_at_set_tempo_begins_with_first_note() -> None:
    driver = Driver(replace(DUET, bpm=120.0), planner=plan_by_history)
    play(driver)
    driver.run(20 * S)
    assert len(own_onsets(driver)) > 6
    assert all(is_on_line(time_ns) for time_ns, _ in own_onsets(driver))


def test_duet_goes_over_to_clock_that_starts() -> None:
    driver, daw = Driver(replace(DUET, bpm=120.0), planner=plan_by_history), ClockedDaw([(120, 40)], 4 * S + 40 * MS)
    play(driver)
    daw.roll(driver)
    daw.play(driver, range(2, 10))
    driver.run(20 * S)
    onsets = [time_ns for time_ns, _ in own_onsets(driver) if time_ns > daw.time_of(2)]
    assert len(onsets) > 4
    assert all((time_ns - daw.start_ns) % STEP == 2 * MS for time_ns in onsets)
    assert not driver.receiver.sounding


def test_duet_without_a_beat_is_reported_once() -> None:
    driver = Driver(DUET, planner=plan_by_history)
    play(driver)
    driver.run(20 * S)
    assert [m for _, m in driver.messages_of(BeatMissing)] == [BeatMissing("duet")]
    assert not own_onsets(driver)


def test_voice_holds_while_no_plan_comes() -> None:
    driver = duet(planner=lambda request: plan_by_history(request) if request.step < 4 else None)
    play(driver)
    driver.run(20 * S)
    assert own_onsets(driver)
    assert not driver.receiver.sounding


def test_new_model_gets_whole_duet() -> None:
    driver = duet()
    play(driver)
    driver.schedule(S + 10 * STEP + 20 * MS, ModelUp("chorale-lstm", 1))
    driver.run(S + 10 * STEP + 21 * MS)
    (_, request) = driver.messages_of(PlanRequest)[-1]
    assert isinstance(request, PlanRequest)
    assert (request.step, len(request.frames)) == (0, 11)


@pytest.mark.parametrize(
    ("voice", "duet_voice", "channel"), [("soprano", "alto", 1), ("bass", "bass", 0), ("soprano", "soprano", 3)]
)
def test_duet_voice_sounds_alone(voice: str, duet_voice: str, channel: int) -> None:
    driver = Driver(replace(DUET, voice=voice, duet_voice=duet_voice, harmony="t"))
    driver.schedule(0, LinkState(S, STEP, is_playing=True, peers=1))
    play(driver, [(step, pitch - (24 if voice == "bass" else 0), length) for step, pitch, length in MELODY])
    driver.run(20 * S)
    assert {m.channel for _, m in driver.sent_messages() if isinstance(m, midi.NoteOn)} == {channel}


def test_duet_voice_under_low_tune_stays_above_floor() -> None:
    driver = duet()
    play(driver, [(step, pitch - 24, length) for step, pitch, length in MELODY])
    driver.run(20 * S)
    assert min(pitch for _, pitch in own_onsets(driver)) >= 28


def test_duet_with_auto_takes_the_tune_for_the_soprano() -> None:
    requests: list[list[PlanRequest]] = []
    for voice in ("soprano", "auto"):
        driver = duet(replace(DUET, voice=voice))
        play(driver, [(step, pitch - 12, length) for step, pitch, length in MELODY])
        driver.run(20 * S)
        requests.append([message for _, message in driver.messages_of(PlanRequest) if isinstance(message, PlanRequest)])
    assert requests[0] == requests[1]


@pytest.mark.parametrize("event", [Reset(), Setting("mode", "continue"), Setting("octaves", "0,0,0,1")])
def test_duet_ends_its_note_at_once(event: Reset | Setting) -> None:
    driver = duet()
    play(driver, [(0, 72, 40)])
    driver.schedule(S + 5 * STEP + 30 * MS, event)
    driver.run(S + 5 * STEP + 31 * MS)
    assert driver.messages_of(Harmonized)
    assert not driver.receiver.sounding


def test_latency_decides_earlier() -> None:
    driver = duet(replace(DUET, latency_ms=30))
    play(driver, late_ns=-50 * MS)
    driver.run(20 * S)
    assert {(time_ns + 30 * MS - S) % STEP for time_ns, _ in own_onsets(driver)} == {2 * MS}


def test_random_playing_leaves_no_note_hanging() -> None:
    rng = np.random.default_rng(4)
    driver = duet()
    for start in np.cumsum(rng.integers(20, 900, 150)):
        driver.play(S + int(start) * MS, int(rng.integers(50, 90)), int(rng.integers(10, 1500)) * MS)
    driver.run(200 * S)
    assert len(own_onsets(driver)) > 100
    assert all(is_on_line(time_ns) for time_ns, _ in own_onsets(driver))
    assert not driver.receiver.sounding
