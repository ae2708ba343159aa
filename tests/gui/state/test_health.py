"""What the status line and the check list say, from messages at virtual times."""

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import (
    AnswerLate,
    ClockTempo,
    Connections,
    Failed,
    Health,
    ModelDown,
    ModelUp,
    PortsChanged,
    Received,
    Sent,
    Status,
)
from bachbridge_gui.state.health import ECHO_WINDOW_NS, LATE_THRESHOLD_NS, EngineHealth

MS, S = 1_000_000, 1_000_000_000


def sent(at_ns: int, pitch: int = 60, velocity: int = 80, late_ns: int = 0, channel: int = 0) -> Sent:
    return Sent(midi.note_on(channel, pitch, velocity), at_ns - late_ns, at_ns)


def received(at_ns: int, pitch: int = 60, velocity: int = 80, channel: int = 0) -> Received:
    return Received(midi.note_on(channel, pitch, velocity), at_ns)


def test_percentiles_are_those_of_the_last_minute():
    vitals = EngineHealth()
    for number in range(99):
        vitals.handle_message(sent(number * MS, late_ns=MS // 10), number * MS)
    vitals.handle_message(sent(99 * MS, late_ns=8 * MS), 99 * MS)
    half, most, worst = vitals.lateness_percentiles_ns(S // 2, 0.5, 0.99, 1.0)
    assert abs(half - MS // 10) < MS // 300
    assert half == most
    assert abs(worst - 8 * MS) < MS // 4
    assert vitals.lateness_percentiles_ns(62 * S, 0.5, 0.99) == ()


def test_memory_is_bounded():
    vitals = EngineHealth()
    for second in range(1000):
        vitals.handle_message(sent(second * S, late_ns=second), second * S)
    assert len(vitals._lateness._seconds) <= 61
    assert sum(vitals._lateness.counts(1000 * S).values()) == 59


def test_what_is_sent_too_early_is_not_late():
    vitals = EngineHealth()
    vitals.handle_message(sent(5 * S, late_ns=-MS), 5 * S)
    assert vitals.lateness_percentiles_ns(5 * S, 0.5) == (0,)


def test_late_lost_and_damaged_events_are_counted_for_a_minute():
    vitals = EngineHealth()
    vitals.handle_message(sent(S, late_ns=LATE_THRESHOLD_NS), S)
    assert vitals.fault_count(S) == 0
    vitals.handle_message(sent(S, late_ns=LATE_THRESHOLD_NS + 1), S)
    vitals.handle_message(AnswerLate(1, "2 notes came too late"), S)
    vitals.handle_message(Status("midi", "3 damaged messages so far"), S)
    vitals.handle_message(Status("midi", "4 damaged messages so far"), S)
    vitals.handle_message(Status("model", "5 is ready"), S)
    assert vitals.fault_count(S) == 6
    vitals.handle_message(Status("midi", "1 damaged messages so far"), S)  # of a new engine
    assert vitals.fault_count(S) == 7
    assert vitals.fault_count(61 * S) == 0


def test_the_models_state_and_figures():
    vitals = EngineHealth()
    assert vitals.model_up is None
    vitals.handle_message(ModelUp("chorale-lstm", 1), 0)
    vitals.handle_message(Health(1, 2, 3, 4, 5, 6), 0)
    assert (vitals.model_up, vitals.model_text) == (True, "chorale-lstm is ready")
    assert (vitals.model_p50_ns, vitals.model_p99_ns) == (5, 6)
    vitals.handle_message(ModelDown("It died."), 0)
    assert (vitals.model_up, vitals.model_text, vitals.model_p99_ns) == (False, "It died.", 0)
    vitals.handle_message(ModelDown("the model's process ended"), 0)
    assert vitals.model_text == "The model's process ended"


def test_a_fallen_engine_is_told_of_until_it_runs_again():
    vitals = EngineHealth()
    vitals.handle_message(Status("engine", "The engine was started"), 0)
    assert vitals.engine_text == ""
    vitals.handle_message(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    vitals.handle_message(ModelUp("chorale-lstm", 1), 0)
    vitals.handle_message(Failed("The port is gone."), 0)
    assert vitals.engine_text == "The port is gone."
    vitals.handle_message(Status("engine", "The engine was started again"), 0)
    assert (vitals.engine_text, vitals.model_up) == ("The engine was started again", None)
    vitals.handle_message(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    assert vitals.engine_text == ""


def test_the_check_list():
    vitals = EngineHealth()
    vitals.handle_message(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    assert not vitals.input_seen
    vitals.handle_message(PortsChanged("pipe", "pipe"), 0)
    assert not vitals.input_seen  # our own port is open whether or not anybody is there
    vitals.handle_message(Connections(-1, 1), 0)
    assert not vitals.input_seen
    vitals.handle_message(Connections(1, 0), 0)
    assert vitals.input_seen
    vitals.handle_message(Connections(0, 0), 0)
    assert not vitals.input_seen
    vitals.handle_message(PortsChanged("Live Keys", "BachBridge Out"), 0)
    assert vitals.input_seen
    assert not vitals.notes_seen
    vitals.handle_message(Received(midi.control_change(0, 1, 2), 5), 5)
    assert not vitals.notes_seen
    vitals.handle_message(received(7), 7)
    assert (vitals.notes_seen, vitals.last_note_in_ns) == (True, 7)
    vitals.handle_message(ClockTempo(0.0), 8)
    assert not vitals.clock_seen
    vitals.handle_message(ClockTempo(96.0), 9)
    vitals.handle_message(ClockTempo(0.0), 10)
    assert (vitals.clock_seen, vitals.clock_bpm) == (True, 0)


def test_another_port_has_to_prove_itself_anew():
    vitals = EngineHealth()
    vitals.handle_message(received(7), 7)
    vitals.handle_message(ClockTempo(96.0), 9)
    vitals.handle_message(PortsChanged("", "out"), 10)
    assert (vitals.input_seen, vitals.notes_seen, vitals.clock_seen) == (False, False, False)


def test_what_comes_back_on_any_channel_is_a_loop():
    vitals = EngineHealth()
    for number in range(6):
        vitals.handle_message(sent(number * S, 60 + number), 0)
        vitals.handle_message(received(number * S + 20 * MS, 60 + number, channel=9), 0)
        assert vitals.has_loop == (number >= 3)
    for number in range(3):
        vitals.handle_message(received((10 + number) * S), 0)
    assert not vitals.has_loop


def test_notes_that_are_passed_on_are_no_loop():
    vitals = EngineHealth()
    for number in range(20):
        vitals.handle_message(received(number * S, 60 + number % 3), 0)
        vitals.handle_message(sent(number * S + MS, 60 + number % 3), 0)
    assert not vitals.has_loop


def test_a_loop_through_thru_is_seen():
    vitals = EngineHealth()
    for number in range(5):
        vitals.handle_message(received(number * 10 * MS), 0)
        vitals.handle_message(sent(number * 10 * MS + MS), 0)
    assert vitals.has_loop


def test_other_velocities_and_later_keys_are_the_players():
    vitals = EngineHealth()
    for number in range(6):
        vitals.handle_message(sent(number * S, 60), 0)
        vitals.handle_message(received(number * S + 20 * MS, 60, velocity=81), 0)
        vitals.handle_message(received(number * S + ECHO_WINDOW_NS + 1, 60), 0)
    assert not vitals.has_loop


def test_one_sent_key_comes_back_once():
    vitals = EngineHealth()
    vitals.handle_message(sent(0), 0)
    for number in range(6):
        vitals.handle_message(received(number * MS), 0)
    assert not vitals.has_loop
