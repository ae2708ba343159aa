"""The dialogue under the virtual driver: the log is the assertion."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerStarted,
    Ask,
    Cancel,
    DamagedMidi,
    Feed,
    PhraseEnded,
    SettingRefused,
)
from bachbridge.protocol.events import Answer, AnswerPhrase, Midi, Panic, Quit, Reset, Setting
from bachbridge.settings import Settings
from tests.support.virtual_driver import (
    AT_120,
    BEAT,
    MS,
    TUNE,
    Driver,
    S,
    note_ons,
    only_message,
    play_quarters,
    silent_model,
)


def test_session_answers_on_next_beat_after_silence() -> None:
    driver = Driver(AT_120)
    last_up = play_quarters(driver)
    driver.run(20 * S)
    ended_ns, ended = only_message(driver, PhraseEnded)
    assert ended_ns == last_up + 4 * BEAT
    assert [(n.start, n.length, n.pitch) for n in ended.phrase.notes] == [(4 * i, 4, p) for i, p in enumerate(TUNE)]
    assert ended.phrase.steps == 16
    first_ns, _ = note_ons(driver)[0]
    assert first_ns == only_message(driver, AnswerStarted)[1].due_ns == S + 8 * BEAT
    assert only_message(driver, Ask)[1].steps == 16
    assert [m.channel for _, m in note_ons(driver)[:4]] == [0, 1, 2, 3]
    assert not driver.receiver.sounding
    assert not only_message(driver, AnswerEnded)[1].interrupted


def test_session_feeds_whole_phrase_before_it_ends() -> None:
    driver = Driver(AT_120)
    play_quarters(driver)
    driver.run(20 * S)
    feeds = driver.messages_of(Feed)
    ask_ns, ask = only_message(driver, Ask)
    assert len(feeds) >= 4
    last_ns, last = feeds[-1]
    assert isinstance(last, Feed)
    assert last_ns < ask_ns
    assert last.prompt == ask.prompt
    assert last.seed == ask.seed
    lengths = [feed.prompt.steps for _, feed in feeds if isinstance(feed, Feed)]
    assert lengths == sorted(lengths)


def test_session_feeds_and_asks_in_locked_key() -> None:
    driver = Driver(replace(AT_120, key="F# minor"))
    play_quarters(driver)
    driver.run(20 * S)
    keys = [
        message.key
        for kind in (Feed, Ask)
        for _, message in driver.messages_of(kind)
        if isinstance(message, Feed | Ask)
    ]
    assert len(keys) > 2
    assert set(keys) == {6 + 12}


def test_session_stops_answer_when_player_plays_again() -> None:
    driver = Driver(AT_120)
    play_quarters(driver)
    driver.run(S + 9 * BEAT + 100 * MS)
    assert driver.receiver.sounding
    driver.feed(Midi(midi.note_on(0, 60, 90)))
    assert not driver.receiver.sounding
    assert only_message(driver, AnswerEnded)[1].interrupted
    assert driver.messages_of(Cancel)
    before = len(note_ons(driver))
    driver.run(S + 11 * BEAT)
    assert len(note_ons(driver)) == before


def test_session_drops_answer_to_older_ask() -> None:
    driver = Driver(AT_120, silent_model)
    play_quarters(driver)
    driver.run(S + 7 * BEAT + 480 * MS)
    number = only_message(driver, Ask)[1].ask
    driver.feed(Midi(midi.note_on(0, 60, 90)))
    driver.feed(Answer(number, (Note(0, 4, 60),), 4, final=True))
    driver.run(S + 12 * BEAT)
    assert not note_ons(driver)


def test_let_finish_plays_answer_and_records_player() -> None:
    driver = Driver(replace(AT_120, let_finish=True))
    play_quarters(driver)
    driver.play(S + 9 * BEAT, 72, BEAT)
    driver.run(S + 30 * BEAT)
    answers = [m for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded)]
    assert [a.interrupted for a in answers] == [False, False]
    assert len(answers[0].notes) == 16
    assert len(driver.messages_of(PhraseEnded)) == 2


def test_session_orders_window_prompt_and_fixes_voices() -> None:
    driver = Driver(replace(AT_120, answer="harmonize"))
    driver.feed(AnswerPhrase(Phrase((Note(4, 4, 67, 80, -1), Note(0, 4, 72, 80, -1)), 8), 125 * MS, 1, aloud=False))
    assert only_message(driver, Ask)[1].prompt.notes == (Note(0, 4, 72), Note(4, 4, 67))


def test_session_estimates_tempo_from_onsets() -> None:
    driver = Driver(Settings(seed=1))
    beat = 666 * MS
    for index, wobble in enumerate((0, 11, -9, 4, -12, 7, 3, -5)):
        driver.play(S + index * beat + wobble * MS, 67, beat - 40 * MS)
    driver.run(30 * S)
    ended = only_message(driver, PhraseEnded)[1]
    assert ended.step_ns * 4 == pytest.approx(beat, rel=0.02)
    assert [note.start for note in ended.phrase.notes] == list(range(0, 32, 4))


def test_thru_ends_its_notes_with_all_notes_off() -> None:
    driver = Driver(replace(AT_120, thru=True, mode="off"))
    driver.feed(Midi(midi.note_on(0, 60, 80)))
    driver.feed(Midi(midi.note_on(1, 62, 80)))
    driver.feed(Midi(midi.control_change(0, midi.ALL_NOTES_OFF, 0)))
    assert driver.receiver.sounding == {(1, 62)}


def test_thru_passes_notes_pedal_and_bend_only_if_on() -> None:
    played = [midi.note_on(3, 60, 70), midi.control_change(3, 64, 127), bytes((0xE3, 0, 80)), midi.note_off(3, 60)]
    closed, opened = Driver(AT_120), Driver(replace(AT_120, thru=True))
    for data in played:
        closed.feed(Midi(data))
        opened.feed(Midi(data))
    assert not closed.sent_messages()
    assert [m for _, m in opened.sent_messages()] == [midi.decode(data) for data in played]
    opened.feed(Quit("test"))
    assert not opened.receiver.pedals


def test_mode_off_records_nothing_and_ends_answer() -> None:
    driver = Driver(AT_120)
    play_quarters(driver)
    driver.run(S + 9 * BEAT + 100 * MS)
    driver.feed(Setting("mode", "off"))
    assert not driver.receiver.sounding
    play_quarters(driver, start_ns=30 * S)
    driver.run(60 * S)
    assert len(driver.messages_of(PhraseEnded)) == 1


def test_wrong_setting_is_reported_and_not_applied() -> None:
    driver = Driver(AT_120)
    driver.feed(Setting("temperature", 99.0))
    assert driver.session.settings.temperature == AT_120.temperature
    assert "temperature" in only_message(driver, SettingRefused)[1].reason


def test_panic_reaches_every_channel() -> None:
    driver = Driver(AT_120)
    play_quarters(driver)
    driver.run(S + 9 * BEAT + 100 * MS)
    driver.feed(Panic())
    assert not driver.receiver.sounding
    silenced = {
        m.channel for _, m in driver.sent_messages() if isinstance(m, midi.ControlChange) and m.controller == 123
    }
    assert silenced == set(range(16))


@pytest.mark.parametrize("stop", [Quit("test"), Reset(), Midi(bytes((0xFC,)))])
def test_stop_leaves_no_note_and_no_deadline(stop: Quit | Reset | Midi) -> None:
    driver = Driver(AT_120)
    play_quarters(driver)
    driver.run(S + 9 * BEAT + 100 * MS)
    driver.feed(stop)
    assert not driver.receiver.sounding
    assert driver.session.deadline is None


def test_damaged_bytes_are_counted_and_told_once_a_second() -> None:
    driver = Driver(AT_120)
    damaged = (b"", b"\x90", b"\x90\x3c", b"\x45\x20\x10", b"\x90\xff\x20", b"\xf2\x01")
    for number, data in enumerate(damaged * 100):
        driver.schedule(number * 5 * MS, Midi(data))
    driver.run(10 * S)
    reports = [(time_ns, message) for time_ns, message in driver.messages_of(DamagedMidi)]
    assert reports == [(n * S, DamagedMidi(count)) for n, count in enumerate((1, 200, 400, 600))]
    assert driver.session.deadline is None
