"""Dreams: each answer continues the one before until somebody ends the dream; playing and settings steer it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase, step_ns_from_bpm
from bachbridge.protocol.effects import AnswerEnded, AnswerLate, AnswerStarted, Ask, PhraseEnded
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    AskRefused,
    Event,
    Midi,
    Panic,
    PortsChanged,
    Reset,
    Setting,
)
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S, ScriptedModel, chorale_model

DREAM_SETTINGS = Settings(bpm=120.0, seed=1, silence_beats=4.0, answer="dream")
BEAT = 500 * MS


def quarters_model(ask: Ask) -> Iterator[tuple[int, Answer]]:
    """A model that sends each quarter note twice, growing, and another chord for each ask."""
    last = replace(ask.prompt.notes[-1], pitch=60 + ask.ask % 12)
    return chorale_model(replace(ask, prompt=replace(ask.prompt, notes=(last,))))


def dreaming_driver(model: ScriptedModel = quarters_model, settings: Settings = DREAM_SETTINGS) -> Driver:
    """Return a driver with a phrase of four quarters from 1 s on; its answer begins at 5.5 s."""
    driver = Driver(settings, model)
    for index, pitch in enumerate((67, 69, 71, 72)):
        driver.play(S + index * BEAT, pitch, 430 * MS)
    return driver


def onsets(driver: Driver) -> list[int]:
    return sorted({time_ns for time_ns, sent in driver.sent_messages() if isinstance(sent, midi.NoteOn)})


def asks(driver: Driver) -> list[Ask]:
    return [ask for _, ask in driver.messages_of(Ask) if isinstance(ask, Ask)]


def whole_answer_model(delay_ns: int) -> ScriptedModel:
    """Return a model that sends its whole answer after `delay_ns`."""

    def answers(ask: Ask) -> Iterator[tuple[int, Answer]]:
        notes = tuple(Note(start, 4, 60 + ask.ask % 12, voice=start // 4 % 4) for start in range(0, ask.steps, 4))
        yield delay_ns, Answer(ask.ask, notes, ask.steps, final=True)

    return answers


@pytest.mark.parametrize("model", [quarters_model, whole_answer_model(900 * MS), whole_answer_model(2300 * MS)])
def test_dream_plays_without_a_gap(model: ScriptedModel) -> None:
    driver = dreaming_driver(model)
    driver.run(200 * S)
    note_times = onsets(driver)
    assert note_times[-1] > 199 * S
    assert {b - a for a, b in pairwise(note_times)} == {BEAT}, "without a gap"
    assert {ask.steps for ask in asks(driver)} == {32}
    assert {ask.task for ask in asks(driver)} == {"continue"}
    assert [ask.seed for ask in asks(driver)] == [1 + number for number in range(len(asks(driver)))]
    assert driver.messages_of(AnswerLate)[1:] == []


def test_dream_part_continues_the_previous_part() -> None:
    driver = dreaming_driver(whole_answer_model(10 * MS))
    driver.run(60 * S)
    for before, after in pairwise(asks(driver)[1:]):
        expected = [60 + before.ask % 12] * 8
        assert [note.pitch for note in after.prompt.notes[-8:]] == expected
        assert after.prompt.steps <= 16 * 16
        assert after.prompt.notes[-1].end == after.prompt.steps
    assert asks(driver)[1].prompt.steps == 32, "the dream goes on without the player"


def test_dream_asks_shortly_before_next_part() -> None:
    driver = dreaming_driver()
    driver.run(60 * S)
    first = onsets(driver)[0]
    asked = [time_ns for time_ns, _ in driver.messages_of(Ask)]
    assert [time_ns - first for time_ns in asked[1:6]] == [4 * S * part - 2 * BEAT for part in range(1, 6)]


def test_long_dream_is_reported_in_sections() -> None:
    driver = dreaming_driver()
    driver.run(400 * S)
    ended = [message for _, message in driver.messages_of(AnswerEnded) if isinstance(message, AnswerEnded)]
    phrases = [message for _, message in driver.messages_of(PhraseEnded) if isinstance(message, PhraseEnded)]
    due = [message for _, message in driver.messages_of(AnswerStarted) if isinstance(message, AnswerStarted)]
    assert len(ended) == len(phrases) - 1 == len(due) - 1 == 6
    assert [message.ask for message in ended] == [message.ask for message in due[:-1]]
    for message in ended:
        assert not message.interrupted
        assert len(message.notes) == 4 * 128
        assert (message.notes[0].start, max(note.end for note in message.notes)) == (0, 512)
    assert {message.ended_by for message in phrases[1:]} == {"dream"}
    for phrase, start in zip(phrases[1:], due[1:], strict=True):
        assert phrase.origin_ns + phrase.phrase.steps * phrase.step_ns == start.due_ns
    dream = driver.session._dialogue.responder._dream
    assert dream is not None
    kept = sum(len(response.notes) for _, response in [*dream.earlier, (0, dream.response)])
    assert kept < 4 * 128 + 4 * 8 * 3


def test_dream_follows_tempo_and_temperature() -> None:
    driver = dreaming_driver()
    driver.schedule(20 * S + 100 * MS, Setting("bpm", 60))
    driver.schedule(20 * S + 200 * MS, Setting("temperature", 1.7))
    driver.run(60 * S)
    note_times = onsets(driver)
    gaps = {b - a for a, b in pairwise(note_times) if a > 20 * S + 100 * MS}
    assert gaps == {2 * BEAT}
    (across,) = [b - a for a, b in pairwise(note_times) if a <= 20 * S + 100 * MS < b]
    assert across == 100 * MS + 2 * (BEAT - 100 * MS)
    temperatures = [ask.temperature for ask in asks(driver)]
    assert {*temperatures} == {0.9, 1.7}
    assert temperatures == sorted(temperatures)
    driver.feed(Reset())
    assert not driver.receiver.sounding


def test_dream_keeps_tempo_until_another_is_set() -> None:
    driver = Driver(DREAM_SETTINGS, quarters_model)
    phrase = Phrase(tuple(Note(at, 4, 60 + at) for at in range(0, 16, 4)), 16)
    driver.feed(AnswerPhrase(phrase, step_ns_from_bpm(80), 1, aloud=True))
    for index, setting in enumerate((Setting("temperature", 1.2), Setting("bpm", 120), Setting("model", "another"))):
        driver.schedule((20 + index) * S, setting)
    driver.schedule(40 * S, Setting("bpm", 60))
    driver.run(60 * S)
    note_times = onsets(driver)
    assert {b - a for a, b in pairwise(note_times) if b < 40 * S} == {750 * MS}
    assert {b - a for a, b in pairwise(note_times) if a > 40 * S} == {2 * BEAT}


def test_dream_stops_for_player_and_continues_phrase() -> None:
    driver = dreaming_driver()
    for index, pitch in enumerate((48, 50, 52)):
        driver.play(20 * S + 10 * MS + index * BEAT, pitch, 430 * MS)
    driver.run(20 * S + 20 * MS)
    assert not driver.receiver.sounding, "the dream stops for the player"
    driver.run(40 * S)
    steered = next(ask for time_ns, ask in driver.messages_of(Ask) if time_ns > 20 * S and isinstance(ask, Ask))
    assert [note.pitch for note in steered.prompt.notes] == [48, 50, 52]
    assert onsets(driver)[-1] > 39 * S
    assert any(
        isinstance(message, AnswerEnded) and message.interrupted for _, message in driver.messages_of(AnswerEnded)
    )


def test_dream_with_let_finish_goes_on_under_player() -> None:
    driver = dreaming_driver(settings=replace(DREAM_SETTINGS, let_finish=True))
    driver.play(20 * S + 10 * MS, 48, 3 * S)
    driver.run(40 * S)
    note_times = [time_ns for time_ns in onsets(driver) if time_ns > 6 * S]
    assert max(b - a for a, b in pairwise(note_times)) < 2 * BEAT
    assert any([note.pitch for note in ask.prompt.notes] == [48] for ask in asks(driver))


@pytest.mark.parametrize(
    "event", [Panic(), Reset(), Midi(b"\xfc"), Setting("mode", "off"), Midi(midi.control_change(0, 83, 127))]
)
def test_dream_ends_at_once_when_silenced(event: Event) -> None:
    driver = dreaming_driver(whole_answer_model(100 * MS))
    driver.run(21 * S + 100 * MS)
    assert driver.receiver.sounding
    driver.feed(event)
    assert not driver.receiver.sounding
    before = len(asks(driver)), len(onsets(driver))
    driver.run(60 * S)
    assert (len(asks(driver)), len(onsets(driver))) == before
    assert driver.session.deadline is None


def test_dream_ends_with_part_when_setting_changes() -> None:
    driver = dreaming_driver()
    driver.schedule(20 * S, Setting("answer", "continue"))
    driver.run(60 * S)
    assert 20 * S < onsets(driver)[-1] < 26 * S
    assert not driver.answering
    assert not driver.receiver.sounding
    driver = dreaming_driver(settings=replace(DREAM_SETTINGS, answer="continue"))
    driver.schedule(6 * S, Setting("answer", "dream"))
    driver.run(60 * S)
    assert onsets(driver)[-1] > 59 * S, "an answer under way becomes a dream"


def test_dream_ends_when_model_refuses_or_is_silent() -> None:
    driver = dreaming_driver()
    driver.run(20 * S)
    driver.model = lambda _: []
    driver.run(24 * S)
    driver.feed(AskRefused(asks(driver)[-1].ask, "the model m cannot continue a phrase"))
    assert not driver.receiver.sounding
    assert driver.messages_of(AnswerLate)[-1][1] == AnswerLate(
        asks(driver)[-1].ask, "the model m cannot continue a phrase"
    )
    driver.model = quarters_model
    driver.play(30 * S, 60, 400 * MS)
    driver.run(50 * S)
    driver.model = lambda _: []
    driver.run(80 * S)
    missed = driver.messages_of(AnswerLate)[-1][1]
    assert isinstance(missed, AnswerLate)
    assert "no answer came" in missed.what
    assert driver.session.deadline is None


def test_late_dream_part_begins_on_later_beat() -> None:
    driver = dreaming_driver()
    driver.run(20 * S)
    driver.model = whole_answer_model(3 * S + 20 * MS)
    driver.run(26 * S)
    driver.model = whole_answer_model(10 * MS)
    driver.run(60 * S)
    note_times = onsets(driver)
    gaps = [b - a for a, b in pairwise(note_times)]
    assert max(gaps) > BEAT
    assert {gap % BEAT for gap in gaps} == {0}
    assert note_times[-1] > 59 * S
    assert any(isinstance(m, AnswerLate) and "beats later" in m.what for _, m in driver.messages_of(AnswerLate))


def test_late_dream_section_is_reported_from_its_start() -> None:
    driver = dreaming_driver()
    driver.run(67 * S)
    driver.model = whole_answer_model(3 * S)
    driver.run(72 * S)
    driver.model = whole_answer_model(10 * MS)
    driver.run(90 * S)
    driver.feed(Panic())
    _, last = [message for _, message in driver.messages_of(AnswerEnded) if isinstance(message, AnswerEnded)]
    late = driver.messages_of(AnswerStarted)[-1][1]
    assert isinstance(late, AnswerStarted)
    assert len(driver.messages_of(AnswerStarted)) == 3, "the answer, the next section, and that section again"
    assert late.due_ns in onsets(driver)
    assert (last.ask, last.notes[0].start) == (late.ask, 0)


def test_silent_dream_begins_again_with_its_phrase() -> None:
    driver = dreaming_driver(lambda ask: [(MS, Answer(ask.ask, (), ask.steps, final=True))])
    driver.run(30 * S)
    assert len({ask.prompt for ask in asks(driver)}) == 1
    assert len(asks(driver)) > 5


# ---------------------------------------------------------------- the instrument


def program_changes(driver: Driver) -> list[tuple[int, int]]:
    """Return channel and program of every program change."""
    sent = [meaning.data for _, meaning in driver.sent_messages() if isinstance(meaning, midi.OtherChannelMessage)]
    return [(data[0] & 15, data[1]) for data in sent]


def test_program_changes_follow_port_and_instrument() -> None:
    driver = Driver(replace(DREAM_SETTINGS, instrument="Church Organ", channels=(1, 1, 3, 4)))
    driver.feed(PortsChanged("in", ""))
    assert program_changes(driver) == []
    driver.feed(PortsChanged("in", "out"))
    assert program_changes(driver) == [(0, 19), (2, 19), (3, 19)]
    driver.feed(Setting("instrument", "flute"))
    assert program_changes(driver)[3:] == [(0, 73), (2, 73), (3, 73)]
    driver.feed(Setting("channels", "7,7,7,7"))
    assert program_changes(driver)[6:] == [(6, 73)]
    driver.feed(Setting("instrument", "kazoo"))
    driver.feed(Setting("instrument", "none"))
    driver.feed(PortsChanged("in", "out"))
    assert len(program_changes(driver)) == 7


def test_program_changes_are_sent_with_each_answer() -> None:
    driver = dreaming_driver(settings=replace(DREAM_SETTINGS, instrument="Oboe"))
    driver.run(5 * S)
    assert program_changes(driver) == [(channel, 68) for channel in range(4)]
    driver.feed(Reset())
    assert program_changes(driver)[4:] == program_changes(driver)[:4]
