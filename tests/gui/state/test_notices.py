"""Notices: how long they last, which one is shown, and that every message about something wrong has one."""

from typing import get_args

import pytest

from bachbridge.music.notes import Phrase
from bachbridge.protocol import effects, events, notices
from bachbridge.protocol.notices import Message
from bachbridge_gui.state.notice_text import notice_for
from bachbridge_gui.state.notices import Level, NoticeBoard, StatusNotice

S = 1_000_000_000
SECOND_OUTPUT = "BachBridge 2 Out"
_PHRASE = Phrase((), 16, 16)

NOTED: tuple[tuple[Message, Level], ...] = (
    (effects.ChordsLate(0, 9), "info"),
    (effects.ChordsLate(3, 9), "warning"),
    (effects.AnswerLate(1, "no answer came"), "warning"),
    (effects.ClockNeverStarted(), "warning"),
    (effects.BeatMissing("trade"), "warning"),
    (effects.PhraseHeld("key"), "warning"),
    (effects.PhraseHeld("pedal"), "info"),
    (effects.PhraseHeld("latch"), "info"),
    (effects.PhraseKept(_PHRASE, S, is_awaited=False), "info"),
    (effects.SettingRefused("bpm", "Tempo accepts 20 to 300: choose another."), "warning"),
    (effects.PhraseRefused("answer", "empty"), "warning"),
    (effects.PhraseRefused("play", "unplayable"), "warning"),
    (effects.StartRefused("clock"), "warning"),
    (effects.DamagedMidi(2), "warning"),
    (notices.NotesShed(400), "warning"),
    (effects.FeedbackLoop(is_there=False), "info"),
    (notices.Failed("JACK is not running: start it."), "error"),
    (notices.LogStopped("no space left"), "error"),
    (notices.EngineStarted(again=True), "info"),
    (notices.EngineEnded(""), "error"),
    (events.AskRefused(1, "the model m cannot vary a phrase: choose another"), "warning"),
    (events.ModelDown("the model's process did not answer any more and is started again"), "error"),
    (events.PortsChanged("BachBridge 2 In", SECOND_OUTPUT), "info"),
)
MUSIC_AND_FIGURES = (
    *(effects.PhraseEnded, effects.AnswerStarted, effects.AnswerEnded, effects.Harmonized, effects.ChordNamed),
    *(effects.BarStarted, effects.ClockTempo, effects.SettingApplied, effects.SessionEnded, notices.Received),
    *(notices.Sent, notices.Health, notices.PortNames, notices.Connections, notices.PreviewState),
    *(notices.FrameIntervals, effects.SoundingHarmony, effects.CadenceReached, effects.ChordPlanned, notices.Ping),
)
"""Reports of what goes as it should; they have a place of their own in the window."""


@pytest.mark.parametrize(("message", "level"), NOTED, ids=lambda value: str(value)[:40])
def test_notice_says_what_is_wrong_in_plain_words(message: Message, level: Level) -> None:
    notice = notice_for(message)
    assert notice
    assert notice.level == level
    assert 10 < len(notice.text) < 200
    assert "!" not in notice.text
    assert "_" not in notice.text
    restarts_by_itself = isinstance(message, events.ModelDown | notices.EngineEnded)
    if level != "info" and not restarts_by_itself and not isinstance(message, effects.PhraseRefused):
        assert ":" in notice.text, "it says what to do"


def test_loop_has_a_standing_notice_and_no_other() -> None:
    assert notice_for(effects.FeedbackLoop(is_there=True)) is None


def test_every_report_and_notice_of_the_protocol_is_in_the_table() -> None:
    known = {type(message) for message, _ in NOTED} | set(MUSIC_AND_FIGURES)
    reports = {kind for kind in (*get_args(effects.Report), *get_args(notices.Notice)) if isinstance(kind, type)}
    newer = {kind.__name__ for kind in reports - known}
    assert newer == set(), "say in this table what the window shows for them"


def current_text(board: NoticeBoard, now_ns: int) -> str:
    notice = board.current(now_ns)
    return notice.text if notice else ""


def test_notice_goes_away_but_an_error_stays() -> None:
    board = NoticeBoard()
    board.post(StatusNotice("Broken: mend it", "error"), 0)
    board.post(StatusNotice("Late: wait", "warning"), 0)
    assert current_text(board, 0) == "Broken: mend it"
    assert current_text(board, 3600 * S) == "Broken: mend it"
    error = board.current(0)
    assert error
    board.dismiss(error)
    assert current_text(board, 0) == ""
    board.post(StatusNotice("Late: wait", "warning"), 0)
    assert current_text(board, 11 * S) == "Late: wait"
    assert current_text(board, 13 * S) == ""
    assert [notice.text for _, notice in board.history] == ["Broken: mend it", "Late: wait", "Late: wait"]


def test_newer_notice_on_a_topic_replaces_the_older() -> None:
    board = NoticeBoard()
    board.post(StatusNotice("the engine ended", "error", "engine"), 0)
    board.post(StatusNotice("the engine was started again", "info", "engine"), S)
    assert current_text(board, S) == "The engine was started again"
    assert current_text(board, 8 * S) == ""


def test_softened_error_goes_away() -> None:
    board = NoticeBoard()
    board.post(StatusNotice("the model ended", "error", "model"), 0)
    board.soften("model", 10 * S)
    assert current_text(board, 12 * S) == "The model ended"
    assert current_text(board, 17 * S) == ""


def test_standing_notice_lasts_as_long_as_its_condition() -> None:
    board, standing = NoticeBoard(), StatusNotice("No port: connect one")
    board.set_standing([standing])
    assert current_text(board, 3600 * S) == "No port: connect one"
    board.dismiss(standing)
    board.set_standing([standing])
    assert current_text(board, 3600 * S) == "", "it was dismissed"
    board.set_standing([])
    board.set_standing([standing])
    assert current_text(board, 3600 * S) == "No port: connect one", "the condition holds anew"
