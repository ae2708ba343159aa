"""The health shown by the status bar and the check list, from messages at virtual times."""

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import AnswerLate, ClockTempo, DamagedMidi, FeedbackLoop, SettingApplied
from bachbridge.protocol.events import ModelDown, ModelUp, PortsChanged
from bachbridge.protocol.notices import Connections, EngineStarted, Failed, Health, Received, Sent
from bachbridge_gui.state.health import LATE_THRESHOLD_NS, EngineHealth

MS, S = 1_000_000, 1_000_000_000


def sent(at_ns: int, pitch: int = 60, velocity: int = 80, late_ns: int = 0, channel: int = 0) -> Sent:
    return Sent(midi.note_on(channel, pitch, velocity), at_ns - late_ns, at_ns)


def received(at_ns: int, pitch: int = 60, velocity: int = 80, channel: int = 0) -> Received:
    return Received(midi.note_on(channel, pitch, velocity), at_ns)


def test_lateness_percentiles_cover_last_minute():
    health = EngineHealth()
    for number in range(99):
        health.handle_message(sent(number * MS, late_ns=MS // 10), number * MS)
    health.handle_message(sent(99 * MS, late_ns=8 * MS), 99 * MS)
    half, most, worst = health.lateness_percentiles_ns(S // 2, 0.5, 0.99, 1.0)
    assert abs(half - MS // 10) < MS // 300
    assert half == most
    assert abs(worst - 8 * MS) < MS // 4
    assert health.lateness_percentiles_ns(62 * S, 0.5, 0.99) == ()


def test_lateness_memory_is_bounded():
    health = EngineHealth()
    for second in range(1000):
        health.handle_message(sent(second * S, late_ns=second), second * S)
    assert len(health._lateness._seconds) <= 61
    assert sum(health._lateness.counts(1000 * S).values()) == 59


def test_early_message_is_not_late():
    health = EngineHealth()
    health.handle_message(sent(5 * S, late_ns=-MS), 5 * S)
    assert health.lateness_percentiles_ns(5 * S, 0.5) == (0,)


def test_fault_count_covers_late_lost_and_damaged_for_a_minute():
    health = EngineHealth()
    health.handle_message(sent(S, late_ns=LATE_THRESHOLD_NS), S)
    assert health.fault_count(S) == 0
    health.handle_message(sent(S, late_ns=LATE_THRESHOLD_NS + 1), S)
    health.handle_message(AnswerLate(1, "2 notes came too late"), S)
    health.handle_message(DamagedMidi(3), S)
    health.handle_message(DamagedMidi(4), S)
    health.handle_message(SettingApplied("candidates", 5), S)
    assert health.fault_count(S) == 6
    health.handle_message(DamagedMidi(1), S)  # counted by a new engine
    assert health.fault_count(S) == 7
    assert health.fault_count(61 * S) == 0


def test_health_follows_model_state_and_figures():
    health = EngineHealth()
    assert health.model_up is None
    health.handle_message(ModelUp("chorale-lstm", 1), 0)
    health.handle_message(Health(1, 2, 3, 4, 5, 6), 0)
    assert (health.model_up, health.model_text) == (True, "chorale-lstm is ready")
    assert (health.model_p50_ns, health.model_p99_ns) == (5, 6)
    health.handle_message(ModelDown("It died."), 0)
    assert (health.model_up, health.model_text, health.model_p99_ns) == (False, "It died.", 0)
    health.handle_message(ModelDown("the model's process ended"), 0)
    assert health.model_text == "The model's process ended"


def test_engine_text_stays_until_engine_runs_again():
    health = EngineHealth()
    health.handle_message(EngineStarted(again=False), 0)
    assert health.engine_text == ""
    health.handle_message(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    health.handle_message(ModelUp("chorale-lstm", 1), 0)
    health.handle_message(Failed("The port is gone."), 0)
    assert health.engine_text == "The port is gone."
    health.handle_message(EngineStarted(again=True), 0)
    assert (health.engine_text, health.model_up) == ("The engine was started again", None)
    health.handle_message(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    assert health.engine_text == ""


def test_health_follows_connection_checks():
    health = EngineHealth()
    health.handle_message(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    assert not health.input_seen
    health.handle_message(PortsChanged("pipe", "pipe"), 0)
    assert not health.input_seen  # our own port is open even if nobody is connected
    health.handle_message(Connections(-1, 1), 0)
    assert not health.input_seen
    health.handle_message(Connections(1, 0), 0)
    assert health.input_seen
    health.handle_message(Connections(0, 0), 0)
    assert not health.input_seen
    health.handle_message(PortsChanged("Live Keys", "BachBridge Out"), 0)
    assert health.input_seen
    assert not health.notes_seen
    health.handle_message(Received(midi.control_change(0, 1, 2), 5), 5)
    assert not health.notes_seen
    health.handle_message(received(7), 7)
    assert (health.notes_seen, health.last_note_in_ns) == (True, 7)
    health.handle_message(ClockTempo(0.0), 8)
    assert not health.clock_seen
    health.handle_message(ClockTempo(96.0), 9)
    health.handle_message(ClockTempo(0.0), 10)
    assert (health.clock_seen, health.clock_bpm) == (True, 0)


def test_changed_port_resets_connection_checks():
    health = EngineHealth()
    health.handle_message(received(7), 7)
    health.handle_message(ClockTempo(96.0), 9)
    health.handle_message(PortsChanged("", "out"), 10)
    assert (health.input_seen, health.notes_seen, health.clock_seen) == (False, False, False)


def test_loop_is_there_until_it_is_mended_or_ports_change():
    health = EngineHealth()
    for message, has_loop in (
        (FeedbackLoop(is_there=True), True),
        (FeedbackLoop(is_there=False), False),
        (FeedbackLoop(is_there=True), True),
        (PortsChanged("other", "out"), False),
    ):
        health.handle_message(message, 0)
        assert health.has_loop == has_loop
