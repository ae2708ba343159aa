"""Playback in place of the player: prompts from the window and phrases played again."""

from dataclasses import replace

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerLate,
    AnswerStarted,
    Ask,
    Harmonized,
    PhraseEnded,
    PhraseRefused,
    Send,
)
from bachbridge.protocol.events import Answer, AnswerPhrase, EndPhrase, Midi, Panic, PlayPhrase, Setting
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S, chorale_model, only_message

STEP_NS = 125 * MS
PHRASE = Phrase(tuple(Note(4 * n, 4, 67 + n, 80) for n in range(4)), 16)
PLAYED_BACK = 4
"""The first channel that no voice has."""


def channels(driver: Driver) -> set[int]:
    return {meaning.channel for _, meaning in driver.sent_messages() if isinstance(meaning, midi.NoteOn)}


def onsets(driver: Driver, channel: int) -> list[tuple[int, int]]:
    return [(t, m.pitch) for t, m in driver.sent_messages() if isinstance(m, midi.NoteOn) and m.channel == channel]


def test_prompt_is_played_and_answered_at_its_end() -> None:
    driver = Driver(Settings(bpm=120))
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 5, aloud=True))
    driver.run(20 * S)
    begin_ns = S + 8 * MS
    assert onsets(driver, PLAYED_BACK) == [(begin_ns + 4 * n * STEP_NS, 67 + n) for n in range(4)]
    assert onsets(driver, 0)[0][0] == begin_ns + 16 * STEP_NS
    (ask,) = [message for _, message in driver.messages_of(Ask)]
    assert isinstance(ask, Ask)
    assert (ask.prompt, ask.seed) == (PHRASE, 5)
    assert [m.interrupted for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded)] == [False]
    assert not driver.receiver.sounding


def test_silent_prompt_is_answered_as_soon_as_possible() -> None:
    driver = Driver(Settings(bpm=120), lambda ask: [(delay + 40 * MS, answer) for delay, answer in chorale_model(ask)])
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 6, aloud=False))
    driver.run(20 * S)
    assert PLAYED_BACK not in channels(driver)
    assert onsets(driver, 0)[0][0] == S + 56 * MS
    (answering,) = [message for _, message in driver.messages_of(AnswerStarted)]
    assert answering == AnswerStarted(1, S + 56 * MS, 6)
    assert not driver.messages_of(AnswerLate)
    assert [m.ended_by for _, m in driver.messages_of(PhraseEnded) if isinstance(m, PhraseEnded)] == ["prompt"]


def test_prompt_without_seed_uses_seed_setting() -> None:
    driver = Driver(Settings(bpm=120, seed=77))
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, -1, aloud=False))
    driver.run(2 * S)
    assert [m.seed for _, m in driver.messages_of(Ask) if isinstance(m, Ask)] == [77]


def test_prompt_without_any_seed_varies_each_time() -> None:
    driver = Driver(Settings(bpm=120))
    for second in (1, 2, 3):
        driver.schedule(second * S, AnswerPhrase(PHRASE, STEP_NS, -1, aloud=False))
    driver.run(4 * S)
    assert len({m.seed for _, m in driver.messages_of(Ask) if isinstance(m, Ask)}) == 3


def test_empty_prompt_is_refused() -> None:
    driver = Driver()
    driver.schedule(S, AnswerPhrase(Phrase((), 16), STEP_NS, 1, aloud=True))
    driver.run(2 * S)
    assert only_message(driver, PhraseRefused)[1] == PhraseRefused("answer", "empty")
    assert not driver.messages_of(Ask)


def test_prompt_is_harmonized_while_it_is_played() -> None:
    driver = Driver(Settings(mode="harmonize", bpm=120))
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 5, aloud=True))
    driver.run(20 * S)
    assert len(onsets(driver, PLAYED_BACK)) == 4
    assert len(driver.messages_of(Harmonized)) >= 4
    assert channels(driver) == {PLAYED_BACK, 1, 2, 3}
    assert not driver.receiver.sounding


def test_playback_uses_the_channels_of_the_voices() -> None:
    notes = (Note(0, 4, 67, 80, -1), Note(4, 4, 72, 80, 0), Note(4, 4, 60, 80, 2))
    driver = Driver()
    driver.schedule(S, PlayPhrase(Phrase(notes, 8), STEP_NS))
    driver.run(10 * S)
    assert onsets(driver, PLAYED_BACK) == [(S + 8 * MS, 67)]
    assert onsets(driver, 0) == [(S + 8 * MS + 4 * STEP_NS, 72)]
    assert onsets(driver, 2) == [(S + 8 * MS + 4 * STEP_NS, 60)]
    assert not driver.messages_of(Ask)
    assert not driver.receiver.sounding


def test_players_key_ends_playback() -> None:
    for event in (PlayPhrase(PHRASE, STEP_NS), AnswerPhrase(PHRASE, STEP_NS, 1, aloud=True)):
        for mode in ("continue", "harmonize", "off"):
            driver = Driver(Settings(mode=mode, bpm=120))
            driver.schedule(S, event)
            driver.play(S + 700 * MS, 60, 100 * MS)
            driver.run(S + 900 * MS)
            assert not any(channel == PLAYED_BACK for channel, _ in driver.receiver.sounding), (event, mode)
            later = [t for t, _ in onsets(driver, PLAYED_BACK) if t > S + 700 * MS]
            assert not later, (event, mode)


def test_end_of_phrase_ends_simulated_keys() -> None:
    driver = Driver(Settings(mode="harmonize", bpm=120))
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 5, aloud=True))
    driver.schedule(S + 700 * MS, EndPhrase())
    driver.play(S + 750 * MS, 60, 100 * MS)
    driver.run(S + 720 * MS)
    assert not any(channel == PLAYED_BACK for channel, _ in driver.receiver.sounding)
    driver.run(30 * S)
    assert not driver.receiver.sounding
    assert len(onsets(driver, PLAYED_BACK)) == 2


def test_simulated_key_of_no_length_is_released() -> None:
    notes = (Note(0, 0, 60), Note(4, 1, 64, 80, 0, 400 * MS))
    driver = Driver(Settings(mode="harmonize", bpm=120))
    driver.schedule(S, AnswerPhrase(Phrase(notes, 8), STEP_NS, 5, aloud=True))
    driver.run(30 * S)
    assert [pitch for _, pitch in onsets(driver, PLAYED_BACK)] == [60, 64]
    assert not driver.receiver.sounding


def test_playback_sends_nothing_before_it_starts() -> None:
    early = Phrase((Note(0, 4, 60, 80, 0, -90 * MS),), 4)
    for event in (PlayPhrase(early, STEP_NS), AnswerPhrase(early, STEP_NS, 5, aloud=True)):
        for mode in ("continue", "harmonize"):
            driver = Driver(Settings(mode=mode, bpm=120))
            driver.schedule(S, event)
            driver.run(2 * S)
            assert all(m.due_ns >= S for _, m in driver.messages_of(Send) if isinstance(m, Send))


def test_prompt_replaces_phrase_being_played() -> None:
    for event, asked in ((AnswerPhrase(PHRASE, STEP_NS, 5, aloud=False), [PHRASE]), (PlayPhrase(PHRASE, STEP_NS), [])):
        driver = Driver(Settings(bpm=120, silence_beats=1.0))
        driver.play(S, 50, 300 * MS)
        driver.schedule(S + 400 * MS, event)
        driver.run(20 * S)
        assert [m.prompt for _, m in driver.messages_of(Ask) if isinstance(m, Ask)] == asked
        assert not any(m.interrupted for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded))


def test_answer_ends_playback_with_let_finish() -> None:
    driver = Driver(Settings(bpm=120, let_finish=True, silence_beats=1.0))
    driver.schedule(S, PlayPhrase(Phrase((Note(0, 400, 67, 80, -1),), 400), STEP_NS))
    driver.play(2 * S, 60, 400 * MS)
    driver.run(2500 * MS)
    assert (PLAYED_BACK, 67) in driver.receiver.sounding
    driver.run(4 * S)
    assert driver.messages_of(Ask)
    assert (PLAYED_BACK, 67) not in driver.receiver.sounding


def test_model_change_keeps_sounding_notes() -> None:
    driver = Driver(Settings(bpm=120))
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 5, aloud=False))
    driver.run(S + 300 * MS)
    sounding, sent = set(driver.receiver.sounding), len(driver.sent_messages())
    driver.feed(Setting("model", "another"))
    assert len(sounding) == 4
    assert driver.receiver.sounding == sounding
    assert len(driver.sent_messages()) == sent
    driver.run(20 * S)
    assert [m.interrupted for _, m in driver.messages_of(AnswerEnded) if isinstance(m, AnswerEnded)] == [False]


def test_unison_voices_part_and_meet_on_one_channel() -> None:
    def unison(ask: Ask) -> list[tuple[int, Answer]]:
        notes = tuple(Note(0, 8, 60, 70, voice) for voice in range(4))
        return [(MS, Answer(ask.ask, notes, 8, final=True))]

    driver = Driver(Settings(bpm=120, channels=(1, 1, 1, 1)), unison)
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 5, aloud=False))
    driver.run(S + 100 * MS)
    assert driver.receiver.sounding == {(0, 60)}
    for value, sounding in (
        ("0,0,0,-1", {(0, 60), (0, 48)}),
        ("0,0,0,0", {(0, 60)}),
        ("3,0,0,-3", {(0, 96), (0, 60), (0, 24)}),
    ):
        driver.feed(Setting("octaves", value))
        assert driver.receiver.sounding == sounding
    driver.feed(Setting("harmony", "b"))
    assert driver.receiver.sounding == {(0, 24)}
    driver.run(20 * S)
    assert not driver.receiver.sounding


def test_thru_key_ends_on_channel_where_it_began() -> None:
    driver = Driver(Settings(mode="harmonize", bpm=120, thru=True, harmony="s"))
    driver.feed(Midi(midi.note_on(0, 72, 80)))
    assert driver.receiver.sounding == {(0, 72)}
    driver.feed(Setting("channels", "9,2,3,4"))
    driver.feed(Midi(midi.note_off(0, 72)))
    assert not driver.receiver.sounding


def test_panic_by_event_or_controller_ends_playback() -> None:
    for event in (Panic(), Midi(midi.control_change(7, 83, 127))):
        driver = Driver(Settings(mode="off"))
        driver.schedule(S, PlayPhrase(PHRASE, STEP_NS))
        driver.schedule(S + 700 * MS, event)
        driver.run(10 * S)
        silenced = {
            m.channel for _, m in driver.sent_messages() if isinstance(m, midi.ControlChange) and m.controller == 123
        }
        assert silenced == set(range(16))
        assert [t for t, _ in onsets(driver, PLAYED_BACK) if t > S + 700 * MS] == []


def test_voice_is_switched_off_and_on_while_sounding() -> None:
    driver = Driver(Settings(bpm=120))
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 5, aloud=False))
    driver.schedule(S + 100 * MS, Setting("harmony", "sat"))
    driver.schedule(S + 900 * MS, Setting("harmony", "satb"))
    driver.run(S + 150 * MS)
    assert {channel for channel, _ in driver.receiver.sounding} == {0, 1, 2}
    driver.run(S + 850 * MS)
    assert {channel for channel, _ in driver.receiver.sounding} == {0, 1, 2}
    driver.run(S + 950 * MS)
    assert {channel for channel, _ in driver.receiver.sounding} == {0, 1, 2, 3}
    # The other voices did not begin again.
    restarted = [
        t for t, m in driver.sent_messages() if isinstance(m, midi.NoteOn) and t in (S + 100 * MS, S + 900 * MS)
    ]
    assert len(restarted) == 1
    driver.run(20 * S)
    assert not driver.receiver.sounding


def test_voice_settings_change_during_answer() -> None:
    driver = Driver(Settings(bpm=120))
    driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 5, aloud=False))
    driver.schedule(S + 600 * MS, Setting("octaves", "0,0,0,-1"))
    driver.schedule(S + 600 * MS, Setting("levels", "50,50,50,50"))
    driver.schedule(S + 600 * MS, Setting("channels", "9,2,3,4"))
    driver.run(20 * S)
    before = [m for t, m in driver.sent_messages() if isinstance(m, midi.NoteOn) and t < S + 600 * MS]
    after = [m for t, m in driver.sent_messages() if isinstance(m, midi.NoteOn) and t > S + 700 * MS]
    assert {m.channel for m in before} == {0, 1, 2, 3}
    assert {m.channel for m in after} == {8, 1, 2, 3}
    assert {m.velocity for m in after} == {35}
    bass = {m.pitch for m in after if m.channel == 3}
    assert bass == {m.pitch - 12 for m in before if m.channel == 3}
    assert not driver.receiver.sounding


def test_voice_is_switched_off_under_held_note() -> None:
    driver = Driver(Settings(mode="harmonize", bpm=120))
    driver.schedule(10 * MS, Setting("density", -1.0))
    driver.play(S, 72, 5 * S)
    driver.schedule(2 * S, Setting("harmony", "sab"))
    driver.schedule(3 * S, Setting("harmony", "satb"))
    driver.run(2500 * MS)
    assert {channel for channel, _ in driver.receiver.sounding} == {1, 3}
    driver.run(3500 * MS)
    assert {channel for channel, _ in driver.receiver.sounding} == {1, 2, 3}
    driver.run(20 * S)
    assert not driver.receiver.sounding


def test_latency_setting_sends_answer_earlier() -> None:
    def first(latency_ms: int) -> int:
        driver = Driver(replace(Settings(bpm=120, phrase_end="silence", silence_beats=1.0), latency_ms=latency_ms))
        for n in range(4):
            driver.play(S + n * 500 * MS, 67 + n, 450 * MS)
        driver.run(20 * S)
        return onsets(driver, 0)[0][0]

    assert first(0) % (500 * MS) == 0
    assert first(60) % (500 * MS) == 440 * MS
    assert first(-60) % (500 * MS) == 60 * MS


def test_greatest_latency_leaves_time_for_answer() -> None:
    for latency_ms in (-500, 500):
        driver = Driver(Settings(bpm=300, silence_beats=1.0, latency_ms=latency_ms))
        driver.play(S, 67, 190 * MS)
        driver.run(20 * S)
        ((ended_ns, _),) = driver.messages_of(PhraseEnded)
        assert onsets(driver, 0)[0][0] >= ended_ns + 8 * MS
        assert not driver.messages_of(AnswerLate)
