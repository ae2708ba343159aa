"""The dialogue under the virtual driver: the log is the assertion."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerLate,
    AnswerStarted,
    Ask,
    Cancel,
    DamagedMidi,
    Feed,
    PhraseEnded,
    PlanRequest,
    Send,
    SettingRefused,
)
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    AskRefused,
    EndPhrase,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    Quit,
    Reset,
    Setting,
    Tick,
)
from bachbridge.settings import Settings
from tests.support.virtual_driver import (
    AT_120,
    BEAT,
    MS,
    TUNE,
    Driver,
    S,
    chorale_model,
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


def test_session_starts_late_answer_on_later_beat() -> None:
    driver = Driver(AT_120, lambda ask: [(delay + 1200 * MS, answer) for delay, answer in chorale_model(ask)])
    play_quarters(driver)
    driver.run(30 * S)
    due = [m.due_ns for _, m in driver.messages_of(AnswerStarted) if isinstance(m, AnswerStarted)]
    assert len(due) == 2
    assert (due[1] - due[0]) % BEAT == 0
    assert due[1] > due[0]
    assert note_ons(driver)[0][0] == due[1]
    assert len(driver.messages_of(AnswerLate)) == 1


def test_session_gives_up_missing_answer_and_goes_on() -> None:
    driver = Driver(AT_120, silent_model)
    play_quarters(driver)
    driver.run(30 * S)
    assert only_message(driver, AnswerLate)[1].what == "no answer came"
    play_quarters(driver, start_ns=40 * S)
    driver.run(60 * S)
    assert len(driver.messages_of(Ask)) == 2


def test_session_ends_notes_of_half_an_answer() -> None:
    driver = Driver(AT_120, lambda ask: list(chorale_model(ask))[:3])
    play_quarters(driver)
    driver.run(30 * S)
    assert len(note_ons(driver)) == 8
    assert not driver.receiver.sounding
    assert "rest of the answer" in only_message(driver, AnswerLate)[1].what


def test_session_asks_new_model_process_again() -> None:
    driver = Driver(AT_120, silent_model)
    play_quarters(driver)
    driver.run(S + 7 * BEAT + 485 * MS)
    driver.feed(ModelDown("killed"))
    driver.model = chorale_model
    driver.feed(ModelUp("chorale-lstm", 200_000))
    driver.run(30 * S)
    first, second = [m for _, m in driver.messages_of(Ask)]
    assert first == second
    assert len(note_ons(driver)) == 16


@pytest.mark.parametrize("mode", ["continue", "harmonize"])
def test_session_asks_newly_chosen_model_when_ready(mode: str) -> None:
    driver = Driver(replace(AT_120, mode=mode), silent_model)
    last_up = play_quarters(driver)
    driver.schedule(last_up + 10 * MS, EndPhrase())
    driver.run(last_up + 20 * MS)
    before = only_message(driver, Ask)[1]
    driver.model = chorale_model
    driver.feed(Setting("model", "another"))
    assert len(driver.messages_of(Ask)) == 1, "the new model is not ready yet"
    driver.feed(ModelUp("chorale-lstm", 200_000))
    assert len(driver.messages_of(Ask)) == 1, (
        "the former model may still report that it is ready; an ask would load it again"
    )
    driver.feed(ModelUp("another", 200_000))
    assert [m for _, m in driver.messages_of(Ask)][1:] == [replace(before, model="another")]
    driver.run(30 * S)
    assert only_message(driver, AnswerEnded)[1].ask == before.ask
    assert not driver.receiver.sounding


def test_session_sends_no_plan_request_to_former_model() -> None:
    driver = Driver(replace(AT_120, mode="harmonize"))
    driver.feed(Setting("model", "another"))
    request_count = len(driver.messages_of(PlanRequest))
    driver.feed(ModelUp("chorale-lstm", 200_000))
    assert len(driver.messages_of(PlanRequest)) == request_count
    driver.feed(ModelUp("another", 200_000))
    assert len(driver.messages_of(PlanRequest)) == request_count + 1


def test_session_orders_window_prompt_and_fixes_voices() -> None:
    driver = Driver(replace(AT_120, answer="harmonize"))
    driver.feed(AnswerPhrase(Phrase((Note(4, 4, 67, 80, -1), Note(0, 4, 72, 80, -1)), 8), 125 * MS, 1, aloud=False))
    assert only_message(driver, Ask)[1].prompt.notes == (Note(0, 4, 72), Note(4, 4, 67))


def test_pedal_release_ends_phrase() -> None:
    driver = Driver(replace(AT_120, phrase_end="pedal"))
    driver.schedule(S - MS, Midi(midi.control_change(0, 64, 127)))
    last_up = play_quarters(driver)
    driver.schedule(last_up + 3 * BEAT, Midi(midi.control_change(0, 64, 0)))
    driver.run(20 * S)
    assert only_message(driver, PhraseEnded)[0] == last_up + 3 * BEAT
    assert len(note_ons(driver)) == 16


def test_pedal_that_is_down_is_not_silence() -> None:
    driver = Driver(AT_120)
    driver.schedule(S - MS, Midi(midi.control_change(0, 64, 127)))
    last_up = play_quarters(driver)
    driver.schedule(last_up + 3 * BEAT, Midi(midi.control_change(0, 64, 0)))
    driver.run(20 * S)
    assert only_message(driver, PhraseEnded)[0] == last_up + 7 * BEAT


@pytest.mark.parametrize("ending", [EndPhrase(), Midi(midi.control_change(0, 80, 127))])
def test_command_or_controller_ends_phrase_at_once(ending: EndPhrase | Midi) -> None:
    driver = Driver(replace(AT_120, phrase_end="control"))
    last_up = play_quarters(driver)
    driver.schedule(last_up + 100 * MS, ending)
    driver.run(20 * S)
    assert only_message(driver, PhraseEnded)[0] == last_up + 100 * MS
    assert note_ons(driver)[0][0] == S + 5 * BEAT


def test_phrase_of_two_bars_is_answered_on_bar_line() -> None:
    driver = Driver(replace(AT_120, phrase_end="bars", phrase_bars=2))
    play_quarters(driver)
    driver.run(20 * S)
    assert only_message(driver, PhraseEnded)[1].phrase.steps == 32
    assert note_ons(driver)[0][0] == S + 8 * BEAT


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


# ---------------------------------------------------------------- kinds of answers


@pytest.mark.parametrize("kind", ["harmonize", "vary"])
def test_harmonize_and_vary_keep_length_of_phrase(kind: str) -> None:
    driver = Driver(replace(AT_120, answer=kind, answer_bars=3))
    play_quarters(driver)
    driver.run(20 * S)
    ask, ended = only_message(driver, Ask)[1], only_message(driver, PhraseEnded)[1]
    assert (ask.task, ask.steps) == (kind, ended.phrase.steps)


def test_continuation_has_length_that_is_set() -> None:
    driver = Driver(replace(AT_120, answer_bars=3))
    play_quarters(driver)
    driver.run(20 * S)
    assert (only_message(driver, Ask)[1].task, only_message(driver, Ask)[1].steps) == ("continue", 48)


@pytest.mark.parametrize(
    ("answer", "close"), [("continue", "open"), ("dream", "music"), ("harmonize", "music"), ("vary", "music")]
)
def test_only_a_continuation_closes_as_set(answer: str, close: str) -> None:
    driver = Driver(replace(AT_120, answer=answer, close="open"))
    play_quarters(driver)
    driver.run(8 * S)
    assert {message.close for _, message in driver.messages_of(Ask) if isinstance(message, Ask)} == {close}


def test_phrase_of_harmonize_mode_is_continued() -> None:
    driver = Driver(replace(AT_120, mode="harmonize", answer="vary"))
    driver.schedule(0, ModelUp("chorale-lstm", 1))
    last_up = play_quarters(driver)
    driver.schedule(last_up + 10 * MS, EndPhrase())
    driver.run(20 * S)
    assert only_message(driver, Ask)[1].task == "continue"


@pytest.mark.parametrize("late_ms", [90, 200])
@pytest.mark.parametrize("ended_by", ["silence", "bars", "control"])
def test_slow_answer_starts_on_next_beat_that_is_left(late_ms: int, ended_by: str) -> None:
    def whole(ask: Ask) -> list[tuple[int, Answer]]:
        notes = tuple(Note(0, ask.steps, 60 - 5 * voice, voice=voice) for voice in range(4))
        return [(late_ms * MS, Answer(ask.ask, notes, ask.steps, final=True))]

    driver = Driver(replace(AT_120, phrase_end=ended_by, phrase_bars=1, answer="harmonize"), whole)
    last_up = play_quarters(driver)
    if ended_by == "control":
        driver.schedule(last_up - 100 * MS, Midi(midi.control_change(0, 80, 127)))
    driver.run(20 * S)
    asked_ns, origin_ns = only_message(driver, Ask)[0], only_message(driver, PhraseEnded)[1].origin_ns
    ready_ns = asked_ns + late_ms * MS
    begin_ns = note_ons(driver)[0][0]
    assert (begin_ns - origin_ns) % BEAT == 0
    assert ready_ns <= begin_ns < ready_ns + BEAT
    assert len(note_ons(driver)) == 4
    assert not driver.receiver.sounding


def test_refusal_is_reported_and_ends_answer_at_once() -> None:
    driver = Driver(replace(AT_120, answer="vary"), silent_model)
    last_up = play_quarters(driver)
    driver.run(last_up + 3 * S)
    ask = only_message(driver, Ask)[1]
    driver.feed(AskRefused(ask.ask + 1, "of another ask"))
    assert driver.messages_of(AnswerLate) == []
    driver.feed(AskRefused(ask.ask, "m cannot vary a phrase: choose another answer or another model."))
    assert only_message(driver, AnswerLate)[1] == AnswerLate(
        ask.ask, "m cannot vary a phrase: choose another answer or another model."
    )
    assert only_message(driver, AnswerEnded)[1].interrupted
    play_quarters(driver, start_ns=driver.now_ns + S)
    driver.run(driver.now_ns + 20 * S)
    assert len(driver.messages_of(Ask)) == 2


@pytest.mark.parametrize("answer", ["continue", "dream"])
def test_answer_ends_without_a_burst_when_the_machine_has_slept(answer: str) -> None:
    driver = Driver(Settings(bpm=120.0, seed=1, silence_beats=2.0, answer_bars=8, answer=answer))
    driver.feed(ModelUp("chorale-lstm", 1))
    driver.run(play_quarters(driver) + 3 * S)
    assert driver.receiver.sounding
    driver.now_ns += 5 * S
    effects = driver.feed(Tick())
    assert sum(isinstance(effect, Send) for effect in effects) <= 4
    assert not driver.receiver.sounding
    [(_, late)] = driver.messages_of(AnswerLate)
    assert "slept" in str(late)
    driver.run(driver.now_ns + 20 * S)
    assert not note_ons(driver) or note_ons(driver)[-1][0] < driver.now_ns - 20 * S
