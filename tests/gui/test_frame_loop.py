"""The assembled window: engine messages are shown, commands are performed, and a dead engine is replaced."""

from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QAbstractSlider
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.music.example_phrase import load_example
from bachbridge.protocol.effects import ClockTempo, FeedbackLoop, PhraseRefused, SettingApplied, SettingRefused
from bachbridge.protocol.events import (
    AnswerPhrase,
    Cadence,
    EndPhrase,
    LinkState,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    PlayPhrase,
    PortsChanged,
    Reset,
    Setting,
)
from bachbridge.protocol.notices import Connections, Failed, Received, Sent
from bachbridge.settings import Settings
from bachbridge_gui.frame_loop import FRAME_MS, IDLE_FRAME_MS
from bachbridge_gui.presets.presets import Preset, PresetFolder
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.state.window_prefs import WindowPrefs
from tests.support.assembled_window import MS, NO_WELCOME, S, WindowHarness
from tests.support.fake_engine import NO_MIDI


def notice(opened: WindowHarness) -> str:
    opened.advance()
    assert opened.window.notice.isVisible() is bool(opened.window.notice.text())
    return opened.window.notice.text()


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize(
    ("command", "kind"), [("panic", Panic), ("end_phrase", EndPhrase), ("cadence", Cadence), ("reset", Reset)]
)
def test_command_is_sent_to_engine(opened: WindowHarness, command: str, kind: type) -> None:
    opened.store.give_command(command)
    assert len(opened.engine_received(kind)) == 1


def test_panic_silences_preview_sound(opened: WindowHarness) -> None:
    opened.play(60)
    opened.store.give_command("panic")
    assert opened.preview_process.sent[-1] == Panic()


def test_panic_button_works_in_every_view(opened: WindowHarness, qtbot: QtBot) -> None:
    for number, view in enumerate(("welcome", "roll", "score", "connect", "monitor"), 1):
        opened.window.show_view(view)
        qtbot.mouseClick(opened.parts.top_bar.panic_button, Qt.MouseButton.LeftButton)
        assert len(opened.engine_received(Panic)) == number


def test_example_is_played_answered_and_listed(opened: WindowHarness) -> None:
    opened.store.give_command("example")
    (prompt,) = opened.engine_received(AnswerPhrase)
    assert isinstance(prompt, AnswerPhrase)
    assert (prompt.phrase, prompt.aloud) == (load_example().phrase, True)
    opened.wait_for_exchanges(1)
    (entry,) = opened.parts.phrases.selected_entries()
    assert entry.answer


def test_play_again_plays_phrase_and_answer(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    opened.store.give_command("play_again")
    (play,) = opened.engine_received(PlayPhrase)
    assert isinstance(play, PlayPhrase)
    assert {note.voice for note in play.phrase.notes} == {PLAYER, 0, 1, 2, 3}


def test_another_answer_uses_next_seed(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    (first,) = opened.parts.phrases.selected_entries()
    for number in (1, 2):
        opened.store.give_command("another")
        prompt = opened.engine_received(AnswerPhrase)[-1]
        assert isinstance(prompt, AnswerPhrase)
        assert prompt == AnswerPhrase(first.prompt, first.step_ns, first.seed + number, aloud=False)
        opened.wait_for_exchanges(number + 1)
        (entry,) = opened.parts.phrases.selected_entries()
        assert entry.seed == first.seed + number
    assert len(opened.parts.phrases.model.entries) == 3


def test_tapping_sets_tempo(opened: WindowHarness) -> None:
    opened.store.set("bpm", 70)
    for _ in range(4):
        opened.store.give_command("tap")
        opened.advance(500 * MS)
    assert opened.store.settings.bpm == 120
    assert len(opened.engine_received(Setting)) == 1, "the engine knows the tempo that it measured"


def test_learnt_tap_controller_works_in_the_engine(opened: WindowHarness) -> None:
    opened.midi_learn.set_active(active=True)
    opened.midi_learn.arm("tap")
    for _ in range(3):
        opened.engine.feed(Midi(midi.control_change(0, 21, 127)))
        opened.advance(600 * MS)
    assert opened.store.settings.tap_control == 21
    assert opened.store.settings.bpm == 100


def test_all_commands_are_tested_here() -> None:
    tested = {"panic", "end_phrase", "cadence", "reset", "example", "play_again", "another", "tap"}
    assert set(COMMANDS) == tested | {"start_playing", "stop_playing"}


def test_start_button_counts_in(opened: WindowHarness) -> None:
    opened.store.give_command("start_playing")
    opened.advance(5 * S)
    clicks = [message for message in opened.preview_process.sent if isinstance(message, Sent)]
    assert [midi.decode(click.data) for click in clicks][::2] == [midi.NoteOn(9, 76, 100)] + 3 * [
        midi.NoteOn(9, 77, 75)
    ]
    assert opened.state.timeline.notes == [], "the roll shows music only"
    opened.store.give_command("stop_playing")
    assert opened.engine.driver.session.deadline is None


def test_start_without_tempo_is_refused_in_a_sentence(opened: WindowHarness) -> None:
    opened.store.set("bpm", 0)
    opened.store.give_command("start_playing")
    opened.advance()
    assert "set one, or tap it" in opened.window.notice.text()


def test_phrase_commands_do_nothing_with_empty_list(opened: WindowHarness) -> None:
    for command in ("play_again", "another"):
        opened.store.give_command(command)
    assert not opened.engine_received(PlayPhrase)
    assert not opened.engine_received(AnswerPhrase)


# ---------------------------------------------------------------- exchanges


def test_exchange_is_listed_selected_and_marked_on_roll(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    opened.play_exchange(67, 65, 64)
    phrases = opened.parts.phrases
    assert len(phrases.model.entries) == 2
    (entry,) = phrases.selected_entries()
    assert entry.number == 2 == opened.parts.roll.selected
    assert [note.pitch for note in entry.prompt.notes] == [67, 65, 64]


def test_click_on_roll_selects_phrase(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.play_exchange(60, 62, 64)
    opened.play_exchange(67, 65, 64)
    roll = opened.parts.roll
    first = opened.state.timeline.spans[0]
    assert first.end_ns
    roll.zoom = 60
    roll.scroll_to(0)
    left_ns, right_ns = roll._visible_range_ns()
    share = ((first.start_ns + first.end_ns) / 2 - left_ns) / (right_ns - left_ns)
    keyboard = 48
    for x in range(keyboard, roll.width()):
        if roll._fraction_at(x) >= share:
            qtbot.mouseClick(roll, Qt.MouseButton.LeftButton, pos=QPoint(x, 100))
            break
    (entry,) = opened.parts.phrases.selected_entries()
    assert entry.number == 1 == roll.selected


def test_score_keeps_older_phrase_while_new_ones_arrive(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    opened.play_exchange(67, 65, 64)
    opened.parts.phrases.select_phrase(1)
    known = opened.parts.score._content
    opened.play_exchange(72, 71, 69)
    assert opened.parts.phrases.selected_entries()[0].number == 1
    assert opened.parts.score._content == known
    opened.parts.phrases.select_phrase(3)
    assert opened.parts.score._content != known


def test_dropped_file_is_played_and_answered(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    phrase = opened.parts.phrases.selected_entries()[0].prompt
    opened.parts.phrases.promptDropped.emit(phrase, 125_000_000)
    assert opened.engine_received(AnswerPhrase)[-1] == AnswerPhrase(phrase, 125_000_000, -1, aloud=True)


# ---------------------------------------------------------------- failures


def test_dead_engine_is_reported_and_restarted_with_settings(opened: WindowHarness) -> None:
    opened.store.set("temperature", 1.25)
    opened.store.set("answer_bars", 3)
    opened.engine.die()
    opened.advance(34_000_000)
    assert "ended unexpectedly" in opened.window.notice.text()
    assert opened.engines[0].closed
    opened.advance()
    assert len(opened.engines) == 2
    settings, ports = opened.started[-1]
    assert (settings.temperature, settings.answer_bars, ports) == (1.25, 3, True)
    assert settings == opened.store.settings
    assert opened.core.is_ready
    opened.advance(10 * S)
    assert opened.window.notice.text() == ""


def test_death_of_engine_ends_exchange_under_way(opened: WindowHarness) -> None:
    opened.play(60, 62, 64)
    opened.store.give_command("end_phrase")
    opened.advance(S)
    assert opened.state.timeline.sounding_notes()
    opened.engine.die()
    opened.advance(2 * S)
    assert opened.state.timeline.is_idle
    assert opened.preview_process.sent[-1] == Panic()
    opened.play_exchange(72, 71, 69)
    *_, entry = opened.parts.phrases.model.entries.items
    assert [note.pitch for note in entry.prompt.notes] == [72, 71, 69]
    assert entry.answer
    assert all(span.end_ns is not None for span in opened.state.timeline.spans)


def test_dead_engines_answer_is_not_planned_by_the_next(opened: WindowHarness) -> None:
    opened.play(72, 74, 76)
    opened.store.give_command("end_phrase")
    opened.advance(S)
    opened.engine.die()
    opened.advance(2 * S)
    opened.play(48, 50, 52)
    opened.store.give_command("end_phrase")
    seen: set[int] = set()
    for _ in range(40):
        opened.advance(33_000_000)
        seen |= {note.pitch for note in opened.state.timeline.planned}
    assert seen
    assert max(seen) == 52


def test_dead_engines_clock_is_forgotten(opened: WindowHarness) -> None:
    opened.engine.emit(ClockTempo(97.0))
    opened.advance()
    assert "97" in opened.state.tempo_text()
    opened.engine.die()
    opened.advance(2 * S)
    assert "97" not in opened.state.tempo_text()


def test_link_session_shows_and_sets_the_tempo(opened: WindowHarness) -> None:
    opened.engine.emit(LinkState(0, 150_000_000, is_playing=True, peers=1))
    opened.advance()
    assert opened.state.tempo_text() == "100 bpm, from Ableton Link"
    assert "Link" in opened.parts.controls.tempo.controls[0].disabled_reason
    opened.engine.emit(LinkState(0, 125_000_000, is_playing=False, peers=0))
    opened.advance()
    assert opened.state.tempo_text() == "120 bpm, set"


def test_window_works_on_machine_without_midi(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, midi=False)
    qtbot.addWidget(opened.window)
    opened.window.activateWindow()
    qtbot.waitUntil(opened.window.isActiveWindow)
    assert notice(opened) == NO_MIDI
    assert opened.started[-1][1] is False
    assert opened.core.is_ready
    sentence = opened.parts.welcome_page.status_texts[1][1]
    assert sentence == "This machine has no MIDI system: BachBridge plays inside this window only."
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyClick(opened.window.windowHandle(), Qt.Key.Key_Z)
    assert len(opened.engine_received(Midi)) == 2


def test_midi_system_that_appears_later_is_used(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, midi=False)
    qtbot.addWidget(opened.window)
    assert notice(opened) == NO_MIDI
    opened._midi = True
    opened.advance(6 * S)
    assert opened.core.supervisor.with_ports
    assert notice(opened) == "A MIDI system has appeared: BachBridge's ports are open now"
    opened.advance(60 * S)
    assert notice(opened) == ""
    opened.window.close()


def test_sound_device_that_appears_later_is_used(opened: WindowHarness) -> None:
    opened.play(60)
    opened.preview_process.deliver(Failed("No sound device was found: plug in one."))
    opened.preview_process.deliver(None)
    assert notice(opened) == "No sound device was found: plug in one."
    opened.play(62)
    sent_count = len(opened.preview_process.sent)
    opened.advance(20 * S)
    assert len(opened.preview_process.sent) == sent_count
    opened.play(64)
    assert len(opened.preview_process.sent) > sent_count, "the next note has tried the device again"
    opened.advance(10 * S)
    assert notice(opened) == ""


def test_controls_that_need_a_model_are_disabled_without_one(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    reason = "The model ended: it is started again"
    opened.engine.feed(ModelDown(reason))
    assert notice(opened) == reason
    controls = {control.spec.target: control for control in opened.parts.controls.controls}
    for target in ("temperature", "key", "another"):
        if target in controls:
            assert controls[target].disabled_reason == reason
            assert not controls[target].editor.isEnabled()
    another = opened.parts.phrases.phrase_actions["another"]
    assert (another.isEnabled(), another.toolTip()) == (False, reason)
    assert opened.parts.phrases.phrase_actions["play"].isEnabled()
    opened.engine.feed(ModelUp("chorale-lstm", 400_000))
    opened.advance(10 * S)
    assert opened.window.notice.text() == ""
    assert controls["temperature"].editor.isEnabled()
    assert another.isEnabled()


def test_loop_notice_lasts_as_long_as_the_loop(opened: WindowHarness) -> None:
    opened.engine.emit(FeedbackLoop(is_there=True))
    opened.advance(60 * S)
    assert "comes back to its" in notice(opened)
    opened.engine.emit(FeedbackLoop(is_there=False))
    assert "no longer comes back" in notice(opened)
    opened.advance(60 * S)
    assert notice(opened) == ""


def test_refused_link_is_switched_off_again(opened: WindowHarness) -> None:
    opened.store.set("link", value=True)
    opened.engine.emit(SettingRefused("link", "It needs one more package."))
    assert notice(opened) == "It needs one more package."
    assert not opened.store.settings.link


def test_refused_value_shows_notice(opened: WindowHarness) -> None:
    assert not opened.store.set("temperature", 99)
    assert "Temperature" in notice(opened)
    assert not opened.engine_received(Setting)


def test_engine_messages_about_prompts_and_settings_are_shown(opened: WindowHarness) -> None:
    opened.engine.emit(PhraseRefused("answer", "empty"))
    assert notice(opened) == "This phrase has no notes to answer: choose another one"
    opened.engine.emit(SettingApplied("temperature", 1.0))
    assert notice(opened) == "This phrase has no notes to answer: choose another one"


def test_model_that_cannot_harmonize_says_so_and_is_changed(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.store.set("model", "abc")
    assert notice(opened) == ""
    opened.store.set("mode", "harmonize")
    assert "cannot harmonize" in notice(opened)
    controls = {control.spec.target: control for control in opened.parts.controls.controls}
    assert "cannot harmonize" in controls["cadence"].disabled_reason
    assert "cannot harmonize" in opened.parts.controls.model.description_label.text()
    opened.advance(60 * S)
    remedy = opened.window.notice.remedy_button
    assert remedy.isVisible()
    qtbot.mouseClick(remedy, Qt.MouseButton.LeftButton)
    assert notice(opened) == ""
    assert controls["cadence"].disabled_reason == ""
    assert opened.store.settings.mode == "harmonize"


def test_closed_notice_stays_in_the_monitor(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.frame_loop.show_notice("The preset cannot be written: make room", "error")
    opened.advance(60 * S)
    assert notice(opened) == "The preset cannot be written: make room"
    qtbot.mouseClick(opened.window.notice.close_button, Qt.MouseButton.LeftButton)
    assert notice(opened) == ""
    assert "The preset cannot be written" in opened.parts.monitor.all_text()


# ---------------------------------------------------------------- ports and latency


def test_missing_port_is_waited_for(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, prefs=WindowPrefs(welcome=False, input="Keystation"))
    qtbot.addWidget(opened.window)
    opened.engine.feed(PortsChanged("", "BachBridge Out"))
    assert opened.requested_ports == [("Keystation", None)]
    assert notice(opened) == 'Waiting for the port "Keystation": it will be used as soon as it is there.'
    opened.engine.feed(PortsChanged("Keystation", "BachBridge Out"))
    assert notice(opened) == ""
    opened.window.close()


def test_latency_is_remembered_for_each_output(opened: WindowHarness) -> None:
    store = opened.store
    store.set("latency_ms", 30)
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.advance()
    assert store.settings.latency_ms == 0
    store.set("latency_ms", 12)
    opened.engine.feed(PortsChanged("BachBridge In", "BachBridge Out"))
    opened.advance()
    assert store.settings.latency_ms == 30
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.advance()
    assert store.settings.latency_ms == 12
    assert opened.engine_received(Setting)[-1] == Setting("latency_ms", 12)
    opened.window.close()
    assert opened.saved[0][0].latency_ms == {"BachBridge Out": 30, "Synth": 12}


def test_two_outputs_in_one_frame_keep_their_latencies(opened: WindowHarness) -> None:
    opened.store.set("latency_ms", 30)
    opened.state.update_prefs(latency_ms={"BachBridge Out": 30, "Synth": 12, "Organ": 5})
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.engine.feed(PortsChanged("BachBridge In", "Organ"))
    opened.advance()
    assert opened.store.settings.latency_ms == 5
    assert opened.state.prefs.latency_ms == {"BachBridge Out": 30, "Synth": 12, "Organ": 5}


def test_latency_setting_applies_to_unknown_output(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, Settings(latency_ms=25))
    qtbot.addWidget(opened.window)
    assert opened.store.settings.latency_ms == 25
    opened.window.close()


# ---------------------------------------------------------------- knobs


def turn(opened: WindowHarness, controller: int, *values: int) -> None:
    for value in values:
        opened.engine.feed(Midi(midi.control_change(0, controller, value)))
        opened.advance(100_000_000)


def test_learnt_knob_moves_setting_and_slider(opened: WindowHarness) -> None:
    midi_learn = opened.midi_learn
    midi_learn.set_active(active=True)
    midi_learn.arm("temperature")
    turn(opened, 21, 5)
    assert midi_learn.badge("temperature") == "CC 21"
    midi_learn.set_active(active=False)
    (control,) = [c for c in opened.parts.controls.controls if c.spec.target == "temperature"]
    (slider,) = control.findChildren(QAbstractSlider)
    turn(opened, 21, 0, 127)
    assert opened.store.settings.temperature == 2.0
    assert slider.value() == slider.maximum()
    turn(opened, 21, 0)
    assert opened.store.settings.temperature == 0.1
    assert slider.value() == slider.minimum()
    assert opened.engine_received(Setting)[-1] == Setting("temperature", 0.1)


def test_learnt_bindings_are_kept_for_next_window(opened: WindowHarness, tmp_path: Path, qtbot: QtBot) -> None:
    opened.midi_learn.set_active(active=True)
    opened.midi_learn.arm("panic")
    opened.midi_learn.arm("temperature")
    turn(opened, 21, 5)
    opened.window.close()
    second = WindowHarness(tmp_path, prefs=opened.saved[0][0])
    qtbot.addWidget(second.window)
    assert second.midi_learn.badge("temperature") == "CC 21"
    second.window.close()


def test_program_change_applies_its_preset(tmp_path: Path, qtbot: QtBot) -> None:
    PresetFolder(tmp_path / "presets").save("Soft", Preset(Settings(bpm=90, temperature=0.4), (), 6))
    opened = WindowHarness(tmp_path)
    qtbot.addWidget(opened.window)
    opened.engine.feed(Midi(bytes((0xC0, 6))))
    opened.advance()
    assert (opened.store.settings.bpm, opened.store.settings.temperature) == (90, 0.4)
    assert Setting("temperature", 0.4) in opened.engine_received(Setting)
    assert opened.parts.preset_bar.preset_box.current == "Soft"
    opened.window.close()
    second = WindowHarness(tmp_path, opened.saved[0][1], opened.saved[0][0])
    qtbot.addWidget(second.window)
    assert second.parts.preset_bar.preset_box.current == "Soft"
    second.window.close()


# ---------------------------------------------------------------- the preview sound


def test_preview_is_off_while_a_daw_listens(opened: WindowHarness) -> None:
    sound = opened.parts.top_bar._switch_buttons["sound"]
    opened.play(60)
    assert any(isinstance(message, Received) for message in opened.preview_process.sent)
    assert sound.isChecked()
    opened.engine.emit(Connections(0, 1))
    opened.advance()
    assert not sound.isChecked()
    known = len(opened.preview_process.sent)
    opened.play(62)
    assert not [message for message in opened.preview_process.sent[known:] if isinstance(message, Received | Sent)]


def test_preview_switched_off_and_on_still_yields_to_daw(opened: WindowHarness, qtbot: QtBot) -> None:
    sound = opened.parts.top_bar._switch_buttons["sound"]
    for _ in range(2):
        qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
        opened.advance()
    assert sound.isChecked()
    opened.engine.emit(Connections(0, 1))
    opened.advance()
    assert not sound.isChecked()
    qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
    opened.advance()
    assert sound.isChecked()
    assert opened.state.prefs.preview == "on"


def test_preview_that_ended_can_be_switched_on_again(opened: WindowHarness, qtbot: QtBot) -> None:
    sound = opened.parts.top_bar._switch_buttons["sound"]
    for _ in range(3):
        opened.play(60)
        opened.preview_process.deliver(None)
        opened.advance()
    assert notice(opened) == "The preview sound ended several times: switch it on again to try once more."
    assert not sound.isChecked()
    qtbot.mouseClick(sound, Qt.MouseButton.LeftButton)
    opened.advance()
    assert sound.isChecked()


def test_passed_on_notes_are_heard_once(tmp_path: Path, qtbot: QtBot) -> None:
    for thru in (True, False):
        opened = WindowHarness(tmp_path, Settings(bpm=120, thru=thru), NO_WELCOME)
        qtbot.addWidget(opened.window)
        opened.play(60)
        opened.advance()
        note_ons = [
            m.data for m in opened.preview_process.sent if isinstance(m, Received | Sent) and m.data[0] & 0xF0 == 0x90
        ]
        assert [data[1] for data in note_ons] == [60]
        opened.window.close()


# ---------------------------------------------------------------- the end


def test_closing_ends_everything_once_and_saves_changes(opened: WindowHarness) -> None:
    opened.play(60)
    opened.store.set("temperature", 1.5)
    opened.window.close()
    opened.window.close()
    assert opened.engine.closed
    assert opened.preview_process.stopped
    ((prefs, settings),) = opened.saved
    assert settings.temperature == 1.5
    assert prefs.geometry
    opened.frame_loop.run_frame(opened.now_ns + 10 * S)
    assert len(opened.engines) == 1


def test_frame_loop_slows_down_at_rest(opened: WindowHarness) -> None:
    opened.frame_loop.start()
    opened.play(60)
    assert opened.frame_loop._timer.interval() == FRAME_MS
    opened.advance(30 * S)
    assert opened.frame_loop._timer.interval() == IDLE_FRAME_MS
    opened.play(60)
    assert opened.frame_loop._timer.interval() == FRAME_MS
    opened.frame_loop._timer.stop()


def test_receiver_of_new_engine_is_silenced_once(opened: WindowHarness) -> None:
    opened.engine.die()
    opened.advance(2 * S)
    assert len(opened.engines) == 2
    opened.engine.emit(Connections(0, 0))
    opened.advance()
    assert not opened.engine_received(Panic)
    opened.engine.emit(Connections(0, 1))
    opened.advance()
    opened.engine.emit(Connections(0, 2))
    opened.advance()
    assert opened.engine_received(Panic) == [Panic()]


def test_selected_phrase_is_scrolled_into_view(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    opened.play_exchange(65, 67, 69)
    roll, phrases = opened.parts.roll, opened.parts.phrases
    roll.follow = False
    span = opened.state.timeline.spans[0]
    phrases.select_phrase(span.number)
    left_ns, right_ns = roll._visible_range_ns()
    assert left_ns <= span.start_ns < right_ns
