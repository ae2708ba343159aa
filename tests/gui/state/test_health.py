"""What the status line and the check list say, from messages at virtual times."""

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import (
    ClockHeard,
    Connections,
    Failed,
    Health,
    Missed,
    ModelDown,
    ModelUp,
    PortsChanged,
    Received,
    Sent,
    Status,
)
from bachbridge_gui.state.health import ECHO_NS, LATE_NS, Vitals

MS, S = 1_000_000, 1_000_000_000


def sent(at_ns: int, pitch: int = 60, velocity: int = 80, late_ns: int = 0, channel: int = 0) -> Sent:
    return Sent(midi.note_on(channel, pitch, velocity), at_ns - late_ns, at_ns)


def received(at_ns: int, pitch: int = 60, velocity: int = 80, channel: int = 0) -> Received:
    return Received(midi.note_on(channel, pitch, velocity), at_ns)


def test_percentiles_are_those_of_the_last_minute():
    vitals = Vitals()
    for number in range(99):
        vitals.take(sent(number * MS, late_ns=MS // 10), number * MS)
    vitals.take(sent(99 * MS, late_ns=8 * MS), 99 * MS)
    half, most, worst = vitals.lateness_ns(S // 2, 0.5, 0.99, 1.0)
    assert abs(half - MS // 10) < MS // 300
    assert half == most
    assert abs(worst - 8 * MS) < MS // 4
    assert vitals.lateness_ns(62 * S, 0.5, 0.99) == ()


def test_memory_is_bounded():
    vitals = Vitals()
    for second in range(1000):
        vitals.take(sent(second * S, late_ns=second), second * S)
    assert len(vitals._lateness._seconds) <= 61
    assert sum(vitals._lateness.counts(1000 * S).values()) == 59


def test_what_is_sent_too_early_is_not_late():
    vitals = Vitals()
    vitals.take(sent(5 * S, late_ns=-MS), 5 * S)
    assert vitals.lateness_ns(5 * S, 0.5) == (0,)


def test_late_lost_and_damaged_events_are_counted_for_a_minute():
    vitals = Vitals()
    vitals.take(sent(S, late_ns=LATE_NS), S)
    assert vitals.faults(S) == 0
    vitals.take(sent(S, late_ns=LATE_NS + 1), S)
    vitals.take(Missed(1, "2 notes came too late"), S)
    vitals.take(Status("midi", "3 damaged messages so far"), S)
    vitals.take(Status("midi", "4 damaged messages so far"), S)
    vitals.take(Status("model", "5 is ready"), S)
    assert vitals.faults(S) == 6
    vitals.take(Status("midi", "1 damaged messages so far"), S)  # of a new engine
    assert vitals.faults(S) == 7
    assert vitals.faults(61 * S) == 0


def test_the_models_state_and_figures():
    vitals = Vitals()
    assert vitals.model_up is None
    vitals.take(ModelUp("chorale-lstm", 1), 0)
    vitals.take(Health(1, 2, 3, 4, 5, 6), 0)
    assert (vitals.model_up, vitals.model_text) == (True, "chorale-lstm is ready")
    assert (vitals.model_p50_ns, vitals.model_p99_ns) == (5, 6)
    vitals.take(ModelDown("It died."), 0)
    assert (vitals.model_up, vitals.model_text, vitals.model_p99_ns) == (False, "It died.", 0)
    vitals.take(ModelDown("the model's process ended"), 0)
    assert vitals.model_text == "The model's process ended"


def test_a_fallen_engine_is_told_of_until_it_runs_again():
    vitals = Vitals()
    vitals.take(Status("engine", "The engine was started"), 0)
    assert vitals.engine_text == ""
    vitals.take(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    vitals.take(ModelUp("chorale-lstm", 1), 0)
    vitals.take(Failed("The port is gone."), 0)
    assert vitals.engine_text == "The port is gone."
    vitals.take(Status("engine", "The engine was started again"), 0)
    assert (vitals.engine_text, vitals.model_up) == ("The engine was started again", None)
    vitals.take(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    assert vitals.engine_text == ""


def test_the_check_list():
    vitals = Vitals()
    vitals.take(PortsChanged("BachBridge In", "BachBridge Out"), 0)
    assert not vitals.input_seen
    vitals.take(PortsChanged("pipe", "pipe"), 0)
    assert not vitals.input_seen  # our own port is open whether or not anybody is there
    vitals.take(Connections(-1, 1), 0)
    assert not vitals.input_seen
    vitals.take(Connections(1, 0), 0)
    assert vitals.input_seen
    vitals.take(Connections(0, 0), 0)
    assert not vitals.input_seen
    vitals.take(PortsChanged("Live Keys", "BachBridge Out"), 0)
    assert vitals.input_seen
    assert not vitals.notes_seen
    vitals.take(Received(midi.control(0, 1, 2), 5), 5)
    assert not vitals.notes_seen
    vitals.take(received(7), 7)
    assert (vitals.notes_seen, vitals.last_in_ns) == (True, 7)
    vitals.take(ClockHeard(0.0), 8)
    assert not vitals.clock_seen
    vitals.take(ClockHeard(96.0), 9)
    vitals.take(ClockHeard(0.0), 10)
    assert (vitals.clock_seen, vitals.clock_bpm) == (True, 0)


def test_another_port_has_to_prove_itself_anew():
    vitals = Vitals()
    vitals.take(received(7), 7)
    vitals.take(ClockHeard(96.0), 9)
    vitals.take(PortsChanged("", "out"), 10)
    assert (vitals.input_seen, vitals.notes_seen, vitals.clock_seen) == (False, False, False)


def test_what_comes_back_on_any_channel_is_a_loop():
    vitals = Vitals()
    for number in range(6):
        vitals.take(sent(number * S, 60 + number), 0)
        vitals.take(received(number * S + 20 * MS, 60 + number, channel=9), 0)
        assert vitals.loop == (number >= 3)
    for number in range(3):
        vitals.take(received((10 + number) * S), 0)
    assert not vitals.loop


def test_notes_that_are_passed_on_are_no_loop():
    vitals = Vitals()
    for number in range(20):
        vitals.take(received(number * S, 60 + number % 3), 0)
        vitals.take(sent(number * S + MS, 60 + number % 3), 0)
    assert not vitals.loop


def test_a_loop_through_thru_is_seen():
    vitals = Vitals()
    for number in range(5):
        vitals.take(received(number * 10 * MS), 0)
        vitals.take(sent(number * 10 * MS + MS), 0)
    assert vitals.loop


def test_other_velocities_and_later_keys_are_the_players():
    vitals = Vitals()
    for number in range(6):
        vitals.take(sent(number * S, 60), 0)
        vitals.take(received(number * S + 20 * MS, 60, velocity=81), 0)
        vitals.take(received(number * S + ECHO_NS + 1, 60), 0)
    assert not vitals.loop


def test_one_sent_key_comes_back_once():
    vitals = Vitals()
    vitals.take(sent(0), 0)
    for number in range(6):
        vitals.take(received(number * MS), 0)
    assert not vitals.loop
