"""The frame: what the engine says is shown, what is pressed is done, and a death is survived."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QAbstractSlider
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.music.example_phrase import bundled
from bachbridge.protocol.events import (
    Cadence,
    ClockHeard,
    Connections,
    EndPhrase,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    Play,
    PortsChanged,
    Prompt,
    Received,
    Reset,
    Sent,
    Setting,
    Status,
)
from bachbridge.settings import Settings
from bachbridge_gui.frame_loop import FRAME_MS, REST_MS
from bachbridge_gui.presets.presets import Preset, Presets
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.state.window_prefs import Remembered
from tests.support.assembled_window import READY, Assembled, S
from tests.support.fake_engine import NO_MIDI


@pytest.fixture
def opened(tmp_path: Path, qtbot: QtBot) -> Iterator[Assembled]:
    made = Assembled(tmp_path)
    qtbot.addWidget(made.window)
    yield made
    made.window.close()


def notice(opened: Assembled) -> str:
    opened.beat()
    assert opened.window.notice.isVisible() is bool(opened.window.notice.text())
    return opened.window.notice.text()


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize(
    ("command", "kind"), [("panic", Panic), ("end_phrase", EndPhrase), ("cadence", Cadence), ("reset", Reset)]
)
def test_what_the_engine_does_is_told_it(opened: Assembled, command: str, kind: type) -> None:
    opened.pulse.desk.command(command)
    assert len(opened.said(kind)) == 1


def test_panic_silences_the_preview_sound_as_well(opened: Assembled) -> None:
    opened.play(60)
    opened.pulse.desk.command("panic")
    assert opened.sound.sent[-1] == Panic()


def test_the_panic_button_is_panic_in_every_view(opened: Assembled, qtbot: QtBot) -> None:
    for number, view in enumerate(("welcome", "roll", "score", "connect", "monitor"), 1):
        opened.window.show_view(view)
        qtbot.mouseClick(opened.furniture.top.panic, Qt.MouseButton.LeftButton)
        assert len(opened.said(Panic)) == number


def test_the_example_is_the_bundled_phrase_aloud_and_its_answer_is_listed(opened: Assembled) -> None:
    opened.pulse.desk.command("example")
    (prompt,) = opened.said(Prompt)
    assert isinstance(prompt, Prompt)
    assert (prompt.phrase, prompt.aloud) == (bundled().phrase, True)
    opened.settle(1)
    (entry,) = opened.furniture.phrases.chosen()
    assert entry.answer


def test_play_again_sounds_the_phrase_and_its_answer(opened: Assembled) -> None:
    opened.exchange(60, 62, 64)
    opened.pulse.desk.command("play_again")
    (play,) = opened.said(Play)
    assert isinstance(play, Play)
    assert {note.voice for note in play.phrase.notes} == {PLAYER, 0, 1, 2, 3}


def test_another_answer_has_the_next_seed(opened: Assembled) -> None:
    opened.exchange(60, 62, 64)
    (first,) = opened.furniture.phrases.chosen()
    for number in (1, 2):
        opened.pulse.desk.command("another")
        prompt = opened.said(Prompt)[-1]
        assert isinstance(prompt, Prompt)
        assert prompt == Prompt(first.prompt, first.step_ns, first.seed + number, aloud=False)
        opened.settle(number + 1)
        (entry,) = opened.furniture.phrases.chosen()
        assert entry.seed == first.seed + number
    assert len(opened.furniture.phrases.model.entries) == 3


def test_tapping_sets_the_tempo(opened: Assembled, monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns = iter(range(0, 100 * S, S // 2))
    monkeypatch.setattr(opened.furniture.controls.tempo, "_now_ns", lambda: next(now_ns))
    opened.pulse.desk.set("bpm", 70)
    for _ in range(4):
        opened.pulse.desk.command("tap")
    assert opened.pulse.desk.settings.bpm == 120
    assert opened.said(Setting)[-1] == Setting("bpm", 120.0)


def test_all_commands_are_tried_here() -> None:
    assert set(COMMANDS) == {"panic", "end_phrase", "cadence", "reset", "example", "play_again", "another", "tap"}


def test_what_cannot_be_done_with_an_empty_list_is_not_done(opened: Assembled) -> None:
    for command in ("play_again", "another"):
        opened.pulse.desk.command(command)
    assert not opened.said(Play)
    assert not opened.said(Prompt)


# ---------------------------------------------------------------- exchanges


def test_an_exchange_is_listed_selected_and_marked_on_the_roll(opened: Assembled) -> None:
    opened.exchange(60, 62, 64)
    opened.exchange(67, 65, 64)
    phrases = opened.furniture.phrases
    assert len(phrases.model.entries) == 2
    (entry,) = phrases.chosen()
    assert entry.number == 2 == opened.furniture.roll.selected
    assert [note.pitch for note in entry.prompt.notes] == [67, 65, 64]


def test_a_click_on_the_roll_selects_the_phrase_there(opened: Assembled, qtbot: QtBot) -> None:
    opened.exchange(60, 62, 64)
    opened.exchange(67, 65, 64)
    roll = opened.furniture.roll
    first = opened.shown.timeline.spans[0]
    assert first.end_ns
    roll.zoom = 60
    roll.scroll_to(0)
    left_ns, right_ns = roll._edges()
    share = ((first.start_ns + first.end_ns) / 2 - left_ns) / (right_ns - left_ns)
    keyboard = 48
    for x in range(keyboard, roll.width()):
        if roll._share(x) >= share:
            qtbot.mouseClick(roll, Qt.MouseButton.LeftButton, pos=QPoint(x, 100))
            break
    (entry,) = opened.furniture.phrases.chosen()
    assert entry.number == 1 == roll.selected


def test_choosing_an_older_phrase_keeps_it_in_the_score_while_new_ones_come(opened: Assembled) -> None:
    opened.exchange(60, 62, 64)
    opened.exchange(67, 65, 64)
    opened.furniture.phrases.select(1)
    known = opened.furniture.score._exchange
    opened.exchange(72, 71, 69)
    assert opened.furniture.phrases.chosen()[0].number == 1
    assert opened.furniture.score._exchange == known
    opened.furniture.phrases.select(3)
    assert opened.furniture.score._exchange != known


def test_a_dropped_file_is_played_and_answered(opened: Assembled) -> None:
    opened.exchange(60, 62, 64)
    phrase = opened.furniture.phrases.chosen()[0].prompt
    opened.furniture.phrases.promptDropped.emit(phrase, 125_000_000)
    assert opened.said(Prompt)[-1] == Prompt(phrase, 125_000_000, -1, aloud=True)


# ---------------------------------------------------------------- what may go wrong


def test_a_dead_engine_is_told_of_and_its_successor_has_the_settings(opened: Assembled) -> None:
    opened.pulse.desk.set("temperature", 1.25)
    opened.pulse.desk.set("answer_bars", 3)
    opened.engine.die()
    opened.beat(34_000_000)
    assert "ended unexpectedly" in opened.window.notice.text()
    assert opened.engines[0].closed
    opened.beat()
    assert len(opened.engines) == 2
    settings, ports = opened.started[-1]
    assert (settings.temperature, settings.answer_bars, ports) == (1.25, 3, True)
    assert settings == opened.pulse.desk.settings
    assert opened.pulse.ready
    opened.beat(10 * S)
    assert opened.window.notice.text() == ""


def test_what_was_under_way_when_the_engine_died_does_not_mix_with_what_follows(opened: Assembled) -> None:
    opened.play(60, 62, 64)
    opened.pulse.desk.command("end_phrase")
    opened.beat(S)
    assert opened.shown.timeline.sounding()
    opened.engine.die()
    opened.beat(2 * S)
    assert opened.shown.timeline.resting
    assert opened.sound.sent[-1] == Panic()
    opened.exchange(72, 71, 69)
    *_, entry = opened.furniture.phrases.model.entries.items
    assert [note.pitch for note in entry.prompt.notes] == [72, 71, 69]
    assert entry.answer
    assert all(span.end_ns is not None for span in opened.shown.timeline.spans)


def test_nothing_of_a_dead_engines_answer_is_planned_by_its_successor(opened: Assembled) -> None:
    opened.play(72, 74, 76)
    opened.pulse.desk.command("end_phrase")
    opened.beat(S)
    opened.engine.die()
    opened.beat(2 * S)
    opened.play(48, 50, 52)
    opened.pulse.desk.command("end_phrase")
    seen: set[int] = set()
    for _ in range(40):
        opened.beat(33_000_000)
        seen |= {note.pitch for note in opened.shown.timeline.planned}
    assert seen
    assert max(seen) == 52


def test_the_clock_of_a_dead_engine_is_forgotten(opened: Assembled) -> None:
    opened.engine.say(ClockHeard(97.0))
    opened.beat()
    assert "97" in opened.shown.tempo()
    opened.engine.die()
    opened.beat(2 * S)
    assert "97" not in opened.shown.tempo()


def test_a_machine_without_midi_is_played_in_the_window_alone(tmp_path: Path, qtbot: QtBot) -> None:
    opened = Assembled(tmp_path, midi=False)
    qtbot.addWidget(opened.window)
    opened.window.activateWindow()
    qtbot.waitUntil(opened.window.isActiveWindow)
    assert notice(opened) == NO_MIDI
    assert opened.started[-1][1] is False
    assert opened.pulse.ready
    said = opened.furniture.welcome.said[1][1]
    assert said == "This machine has no MIDI system: BachBridge plays inside this window only."
    opened.window.show_keys(on=True)
    opened.furniture.roll.setFocus()
    qtbot.keyClick(opened.window.windowHandle(), Qt.Key.Key_Z)
    assert len(opened.said(Midi)) == 2


def test_without_a_model_what_needs_it_is_disabled_and_says_why(opened: Assembled) -> None:
    opened.exchange(60, 62, 64)
    reason = "The model ended: it is started again"
    opened.engine.feed(ModelDown(reason))
    assert notice(opened) == reason
    controls = {control.row.target: control for control in opened.furniture.controls.controls}
    for target in ("temperature", "key", "another"):
        if target in controls:
            assert controls[target].reason == reason
            assert not controls[target].editor.isEnabled()
    another = opened.furniture.phrases.deeds["another"]
    assert (another.isEnabled(), another.toolTip()) == (False, reason)
    assert opened.furniture.phrases.deeds["play"].isEnabled()
    opened.engine.feed(ModelUp("chorale-lstm", 400_000))
    opened.beat(10 * S)
    assert opened.window.notice.text() == ""
    assert controls["temperature"].editor.isEnabled()
    assert another.isEnabled()


def test_a_loop_is_told_as_long_as_it_lasts(opened: Assembled) -> None:
    for number in range(6):
        at_ns = opened.now_ns + number * 100_000_000
        opened.engine.say(Sent(midi.note_on(0, 60 + number, 77), at_ns, at_ns))
        opened.engine.say(Received(midi.note_on(0, 60 + number, 77), at_ns + 5_000_000))
    assert "comes back to our input" in notice(opened)
    for pitch in range(40, 46):
        opened.engine.say(Received(midi.note_on(0, pitch, 50), opened.now_ns))
    assert notice(opened) == ""


def test_a_refused_value_is_told(opened: Assembled) -> None:
    assert not opened.pulse.desk.set("temperature", 99)
    assert "Temperature" in notice(opened)
    assert not opened.said(Setting)


def test_what_the_engine_says_of_a_prompt_or_a_setting_is_told(opened: Assembled) -> None:
    opened.engine.say(Status("prompt", "there is no note in it to be answered"))
    assert notice(opened) == "There is no note in it to be answered"
    opened.engine.say(Status("setting", "temperature = 1.0"))
    assert notice(opened) == "There is no note in it to be answered"


# ---------------------------------------------------------------- ports and latency


def test_a_port_that_is_absent_is_waited_for(tmp_path: Path, qtbot: QtBot) -> None:
    opened = Assembled(tmp_path, remembered=Remembered(welcome=False, input="Keystation"))
    qtbot.addWidget(opened.window)
    opened.engine.feed(PortsChanged("", "BachBridge Out"))
    assert opened.asked_ports == [("Keystation", None)]
    assert notice(opened) == 'Waiting for the port "Keystation": it is taken as soon as it is there.'
    opened.engine.feed(PortsChanged("Keystation", "BachBridge Out"))
    assert notice(opened) == ""
    opened.window.close()


def test_latency_is_remembered_for_each_output(opened: Assembled) -> None:
    desk = opened.pulse.desk
    desk.set("latency_ms", 30)
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.beat()
    assert desk.settings.latency_ms == 0
    desk.set("latency_ms", 12)
    opened.engine.feed(PortsChanged("BachBridge In", "BachBridge Out"))
    opened.beat()
    assert desk.settings.latency_ms == 30
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.beat()
    assert desk.settings.latency_ms == 12
    assert opened.said(Setting)[-1] == Setting("latency_ms", 12)
    opened.window.close()
    assert opened.kept[0][0].latency_ms == {"BachBridge Out": 30, "Synth": 12}


def test_two_outputs_within_one_frame_keep_each_its_latency(opened: Assembled) -> None:
    opened.pulse.desk.set("latency_ms", 30)
    opened.pulse.remember(latency_ms={"BachBridge Out": 30, "Synth": 12, "Organ": 5})
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.engine.feed(PortsChanged("BachBridge In", "Organ"))
    opened.beat()
    assert opened.pulse.desk.settings.latency_ms == 5
    assert opened.pulse.remembered.latency_ms == {"BachBridge Out": 30, "Synth": 12, "Organ": 5}


def test_the_latency_that_is_set_counts_for_an_output_that_nobody_remembers(tmp_path: Path, qtbot: QtBot) -> None:
    opened = Assembled(tmp_path, Settings(latency_ms=25))
    qtbot.addWidget(opened.window)
    assert opened.pulse.desk.settings.latency_ms == 25
    opened.window.close()


# ---------------------------------------------------------------- knobs


def turn(opened: Assembled, controller: int, *values: int) -> None:
    for value in values:
        opened.engine.feed(Midi(midi.control(0, controller, value)))
        opened.beat(100_000_000)


def test_a_learnt_knob_moves_the_setting_and_its_slider(opened: Assembled) -> None:
    learner = opened.pulse.learner
    learner.set_active(active=True)
    learner.arm("temperature")
    turn(opened, 21, 5)
    assert learner.badge("temperature") == "CC 21"
    learner.set_active(active=False)
    (control,) = [c for c in opened.furniture.controls.controls if c.row.target == "temperature"]
    (slider,) = control.findChildren(QAbstractSlider)
    turn(opened, 21, 0, 127)
    assert opened.pulse.desk.settings.temperature == 2.0
    assert slider.value() == slider.maximum()
    turn(opened, 21, 0)
    assert opened.pulse.desk.settings.temperature == 0.1
    assert slider.value() == slider.minimum()
    assert opened.said(Setting)[-1] == Setting("temperature", 0.1)


def test_what_was_learnt_is_known_to_the_next_window(opened: Assembled, tmp_path: Path, qtbot: QtBot) -> None:
    opened.pulse.learner.set_active(active=True)
    opened.pulse.learner.arm("panic")
    opened.pulse.learner.arm("temperature")
    turn(opened, 21, 5)
    opened.window.close()
    second = Assembled(tmp_path, remembered=opened.kept[0][0])
    qtbot.addWidget(second.window)
    assert second.pulse.learner.badge("temperature") == "CC 21"
    second.window.close()


def test_a_program_change_calls_its_preset(tmp_path: Path, qtbot: QtBot) -> None:
    Presets(tmp_path / "presets").save("Soft", Preset(Settings(bpm=90, temperature=0.4), (), 6))
    opened = Assembled(tmp_path)
    qtbot.addWidget(opened.window)
    opened.engine.feed(Midi(bytes((0xC0, 6))))
    opened.beat()
    assert (opened.pulse.desk.settings.bpm, opened.pulse.desk.settings.temperature) == (90, 0.4)
    assert Setting("temperature", 0.4) in opened.said(Setting)
    assert opened.furniture.presets.box.current == "Soft"
    opened.window.close()
    second = Assembled(tmp_path, opened.kept[0][1], opened.kept[0][0])
    qtbot.addWidget(second.window)
    assert second.furniture.presets.box.current == "Soft"
    second.window.close()


# ---------------------------------------------------------------- the preview sound


def test_the_preview_is_off_while_a_daw_listens(opened: Assembled) -> None:
    sound = opened.furniture.top._switches["sound"]
    opened.play(60)
    assert any(isinstance(message, Received) for message in opened.sound.sent)
    assert sound.isChecked()
    opened.engine.say(Connections(0, 1))
    opened.beat()
    assert not sound.isChecked()
    known = len(opened.sound.sent)
    opened.play(62)
    assert not [message for message in opened.sound.sent[known:] if isinstance(message, Received | Sent)]


def test_switched_off_and_on_again_the_preview_still_makes_way_for_a_daw(opened: Assembled, qtbot: QtBot) -> None:
    sound = opened.furniture.top._switches["sound"]
    for _ in range(2):
        qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
        opened.beat()
    assert sound.isChecked()
    opened.engine.say(Connections(0, 1))
    opened.beat()
    assert not sound.isChecked()
    qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
    opened.beat()
    assert sound.isChecked()
    assert opened.pulse.remembered.preview == "on"


def test_a_preview_that_ended_can_be_switched_on_again(opened: Assembled, qtbot: QtBot) -> None:
    sound = opened.furniture.top._switches["sound"]
    for _ in range(3):
        opened.play(60)
        opened.sound.say(None)
        opened.beat()
    assert notice(opened) == "The preview sound ended several times: switch it on again to try once more."
    assert not sound.isChecked()
    qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
    opened.beat()
    assert sound.isChecked()


def test_what_is_passed_on_is_heard_once(tmp_path: Path, qtbot: QtBot) -> None:
    for thru in (True, False):
        opened = Assembled(tmp_path, Settings(bpm=120, thru=thru), READY)
        qtbot.addWidget(opened.window)
        opened.play(60)
        opened.beat()
        struck = [m.data for m in opened.sound.sent if isinstance(m, Received | Sent) and m.data[0] & 0xF0 == 0x90]
        assert [data[1] for data in struck] == [60]
        opened.window.close()


# ---------------------------------------------------------------- the end


def test_closing_ends_everything_once_and_keeps_what_was_changed(opened: Assembled) -> None:
    opened.play(60)
    opened.pulse.desk.set("temperature", 1.5)
    opened.window.close()
    opened.window.close()
    assert opened.engine.closed
    assert opened.sound.stopped
    ((remembered, settings),) = opened.kept
    assert settings.temperature == 1.5
    assert remembered.geometry
    opened.pulse.beat(opened.now_ns + 10 * S)
    assert len(opened.engines) == 1


def test_at_rest_the_pulse_goes_slower(opened: Assembled) -> None:
    opened.pulse.wake()
    opened.play(60)
    assert opened.pulse._timer.interval() == FRAME_MS
    opened.beat(30 * S)
    assert opened.pulse._timer.interval() == REST_MS
    opened.play(60)
    assert opened.pulse._timer.interval() == FRAME_MS
    opened.pulse._timer.stop()


def test_who_listens_to_a_new_engine_is_silenced_once(opened: Assembled) -> None:
    opened.engine.die()
    opened.beat(2 * S)
    assert len(opened.engines) == 2
    opened.engine.say(Connections(0, 0))
    opened.beat()
    assert not opened.said(Panic)
    opened.engine.say(Connections(0, 1))
    opened.beat()
    opened.engine.say(Connections(0, 2))
    opened.beat()
    assert opened.said(Panic) == [Panic()]


def test_a_phrase_that_is_looked_up_is_brought_into_sight(opened: Assembled) -> None:
    opened.exchange(60, 62, 64)
    opened.exchange(65, 67, 69)
    roll, phrases = opened.furniture.roll, opened.furniture.phrases
    roll.follow = False
    span = opened.shown.timeline.spans[0]
    phrases.select(span.number)
    left_ns, right_ns = roll._edges()
    assert left_ns <= span.start_ns < right_ns
