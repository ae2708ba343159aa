"""The window's clock: it shows what the engine reports and the notices, and slows down at rest."""

from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bachbridge.protocol.effects import FeedbackLoop, PhraseRefused, SettingApplied, SettingRefused
from bachbridge.protocol.events import LinkState, ModelDown, ModelUp, Setting
from bachbridge_gui.frame_loop import FRAME_MS, IDLE_FRAME_MS
from tests.gui.opened_window import notice_text
from tests.support.assembled_window import S, WindowHarness


def test_link_session_shows_and_sets_the_tempo(opened: WindowHarness) -> None:
    opened.engine.emit(LinkState(0, 150_000_000, is_playing=True, peers=1))
    opened.advance()
    assert opened.state.tempo_text() == "100 bpm, from Ableton Link"
    assert "Link" in opened.parts.controls.tempo.controls[0].disabled_reason
    opened.engine.emit(LinkState(0, 125_000_000, is_playing=False, peers=0))
    opened.advance()
    assert opened.state.tempo_text() == "120 bpm, set"


def test_controls_that_need_a_model_are_disabled_without_one(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    reason = "The model ended: it is started again"
    opened.engine.feed(ModelDown(reason))
    assert notice_text(opened) == reason
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
    assert "comes back to its" in notice_text(opened)
    opened.engine.emit(FeedbackLoop(is_there=False))
    assert "no longer comes back" in notice_text(opened)
    opened.advance(60 * S)
    assert notice_text(opened) == ""


def test_refused_link_is_switched_off_again(opened: WindowHarness) -> None:
    opened.store.set("link", value=True)
    opened.engine.emit(SettingRefused("link", "It needs one more package."))
    assert notice_text(opened) == "It needs one more package."
    assert not opened.store.settings.link


def test_refused_value_shows_notice(opened: WindowHarness) -> None:
    assert not opened.store.set("temperature", 99)
    assert "Temperature" in notice_text(opened)
    assert not opened.engine_received(Setting)


def test_engine_messages_about_prompts_and_settings_are_shown(opened: WindowHarness) -> None:
    opened.engine.emit(PhraseRefused("answer", "empty"))
    assert notice_text(opened) == "This phrase has no notes to answer: choose another one"
    opened.engine.emit(SettingApplied("temperature", 1.0))
    assert notice_text(opened) == "This phrase has no notes to answer: choose another one"


def test_model_that_cannot_harmonize_says_so_and_is_changed(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.store.set("model", "abc")
    assert notice_text(opened) == ""
    opened.store.set("mode", "harmonize")
    assert "cannot harmonize" in notice_text(opened)
    controls = {control.spec.target: control for control in opened.parts.controls.controls}
    assert "cannot harmonize" in controls["cadence"].disabled_reason
    assert "cannot harmonize" in opened.parts.controls.model.description_label.text()
    opened.advance(60 * S)
    remedy = opened.window.notice.remedy_button
    assert remedy.isVisible()
    qtbot.mouseClick(remedy, Qt.MouseButton.LeftButton)
    assert notice_text(opened) == ""
    assert controls["cadence"].disabled_reason == ""
    assert opened.store.settings.mode == "harmonize"


def test_closed_notice_stays_in_the_monitor(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.frame_loop.show_notice("The preset cannot be written: make room", "error")
    opened.advance(60 * S)
    assert notice_text(opened) == "The preset cannot be written: make room"
    qtbot.mouseClick(opened.window.notice.close_button, Qt.MouseButton.LeftButton)
    assert notice_text(opened) == ""
    assert "The preset cannot be written" in opened.parts.monitor.all_text()


def test_frame_loop_slows_down_at_rest(opened: WindowHarness) -> None:
    opened.frame_loop.start()
    opened.play(60)
    assert opened.frame_loop._timer.interval() == FRAME_MS
    opened.advance(30 * S)
    assert opened.frame_loop._timer.interval() == IDLE_FRAME_MS
    opened.play(60)
    assert opened.frame_loop._timer.interval() == FRAME_MS
    opened.frame_loop._timer.stop()
