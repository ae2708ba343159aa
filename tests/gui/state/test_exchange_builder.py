"""The exchanges that the window lists, from the messages of a real session in virtual time."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from bachbridge.files.score_layout import exchange_musicxml
from bachbridge.music.harmony.spelling import key_signature_fifths
from bachbridge.music.notes import Note, Phrase, key_from_number
from bachbridge.protocol.effects import PhraseRefused
from bachbridge.protocol.events import Answer, AnswerPhrase, AskRefused, EndPhrase, ModelDown, ModelUp, Reset
from bachbridge.settings import Settings
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.exchanges import Exchange, ExchangeClose, exchange_close_text
from tests.support.fake_engine import FakeEngine
from tests.support.virtual_driver import MS, S

STEP_NS = 125 * MS
PHRASE = Phrase(tuple(Note(4 * n, 4, 67 + n, 80) for n in range(4)), 16)
WHEN = datetime(2026, 3, 21, 12, tzinfo=UTC)


def exchanges(engine: FakeEngine, state: AppState, until_ns: int) -> list[Exchange]:
    """Run with a frame every 50 ms and collect the exchanges."""
    found: list[Exchange] = []
    for now_ns in range(engine.driver.now_ns, until_ns + 1, 50 * MS):
        engine.run(now_ns)
        messages = []
        while (message := engine.receive()) is not None:
            messages.append(message)
        found += state.handle_messages(messages, now_ns)
    return found


def state_of(settings: Settings) -> AppState:
    return AppState(settings, lambda: WHEN)


def test_phrase_and_answer_are_one_exchange() -> None:
    settings = Settings(bpm=120, silence_beats=1.0, seed=9)
    engine, state = FakeEngine(settings), state_of(settings)
    for n in range(4):
        engine.driver.play(S + n * 500 * MS, 67 + n, 450 * MS)
    (entry,) = exchanges(engine, state, 20 * S)
    assert [note.pitch for note in entry.prompt.notes] == [67, 68, 69, 70]
    assert (entry.number, entry.mode, entry.seed, entry.step_ns, entry.started_at) == (1, "continue", 9, STEP_NS, WHEN)
    assert not entry.interrupted
    # The answer begins on the beat after the bar and the silence.
    assert entry.answer_step == 20
    assert {note.voice for note in entry.answer} == {0, 1, 2, 3}
    (span,) = state.timeline.spans
    assert span.start_ns == S
    assert span.end_ns
    assert span.end_ns > S + 36 * STEP_NS - 50 * MS


def test_interrupted_answer_is_marked() -> None:
    settings = Settings(bpm=120, silence_beats=1.0, answer_bars=4)
    engine, state = FakeEngine(settings), state_of(settings)
    engine.driver.play(S, 67, 450 * MS)
    engine.driver.play(4 * S, 72, 450 * MS)
    first, second = exchanges(engine, state, 20 * S)
    assert first.interrupted
    assert not second.interrupted
    assert second.number == 2


def test_another_answer_is_its_own_exchange_with_its_seed() -> None:
    settings = Settings(bpm=120)
    engine, state = FakeEngine(settings), state_of(settings)
    engine.driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 4, aloud=False))
    engine.driver.schedule(9 * S, AnswerPhrase(PHRASE, STEP_NS, 5, aloud=False))
    found = exchanges(engine, state, 20 * S)
    assert [(entry.number, entry.seed) for entry in found] == [(1, 4), (2, 5)]
    assert all(entry.prompt == PHRASE and entry.answer_step == 16 for entry in found)


def test_harmonised_melody_is_an_exchange_after_rest() -> None:
    settings = Settings(mode="harmonize", bpm=120, density=-1.0)
    engine, state = FakeEngine(settings), state_of(settings)
    for n in range(6):
        engine.driver.play(S + n * 500 * MS, 72 + n % 3, 480 * MS)
    assert exchanges(engine, state, 6 * S) == []
    (entry,) = exchanges(engine, state, 20 * S)
    assert entry.mode == "harmonize"
    assert [note.pitch for note in entry.prompt.notes] == [72, 73, 74, 72, 73, 74]
    assert [note.start for note in entry.prompt.notes] == [0, 4, 8, 12, 16, 20]
    assert {note.voice for note in entry.answer} == {1, 2, 3}
    assert entry.answer_step == 0
    assert [span.number for span in state.timeline.spans] == [entry.number]


def test_single_harmonised_key_is_not_a_melody() -> None:
    settings = Settings(mode="harmonize", bpm=120)
    engine, state = FakeEngine(settings), state_of(settings)
    engine.driver.play(S, 72, 480 * MS)
    assert exchanges(engine, state, 20 * S) == []


def test_continued_harmony_gives_melody_and_answer() -> None:
    settings = Settings(mode="harmonize", bpm=120)
    engine, state = FakeEngine(settings), state_of(settings)
    for n in range(4):
        engine.driver.play(S + n * 500 * MS, 72 + n, 480 * MS)
    engine.driver.schedule(3 * S, EndPhrase())
    found = exchanges(engine, state, 30 * S)
    assert sorted(entry.mode for entry in found) == ["continue", "harmonize"]


def test_long_dream_is_listed_in_chapters() -> None:
    settings = Settings(bpm=120, silence_beats=1.0, answer="dream", answer_bars=8)
    engine, state = FakeEngine(settings), state_of(settings)
    engine.driver.model = lambda ask: [
        (5 * MS, Answer(ask.ask, tuple(Note(at, 16, 60) for at in range(0, ask.steps, 16)), ask.steps, final=True))
    ]
    engine.driver.play(S, 67, 450 * MS)
    engine.driver.schedule(80 * S, Reset())
    first, second = exchanges(engine, state, 82 * S)
    assert [note.pitch for note in first.prompt.notes] == [67]
    assert (first.interrupted, first.answer_steps) == (False, 512)
    assert second.interrupted
    assert second.answer_step == second.prompt.steps
    first_span, second_span = state.timeline.spans
    assert first_span.end_ns
    assert first_span.end_ns <= second_span.start_ns


def test_tempo_text_names_its_source() -> None:
    settings = Settings()
    engine, state = FakeEngine(settings), state_of(settings)
    assert state.tempo_text() == "Tempo from your playing"
    for n in range(8):
        engine.driver.play(S + n * 600 * MS, 72, 500 * MS)
    exchanges(engine, state, 6 * S)
    assert re.fullmatch(r"100 bpm, from your playing, bars \d\d% sure", state.tempo_text())
    state.settings = Settings(bpm=88)
    assert state.tempo_text() == "88 bpm, set"


CLOSE = ((43, 59, 62, 67), (48, 60, 64, 67))
"""A dominant and its tonic in C major."""


def answered_with(*chords: tuple[int, ...]) -> tuple[AppState, list[Exchange]]:
    """Return the state and the exchanges of a phrase that is answered with these chords, a half note each."""
    settings = Settings(bpm=120, silence_beats=1.0)
    engine, state = FakeEngine(settings), state_of(settings)
    notes = tuple(Note(8 * n, 8, pitch, 80, v) for n, chord in enumerate(chords) for v, pitch in enumerate(chord))
    engine.driver.model = lambda ask: [(5 * MS, Answer(ask.ask, notes, ask.steps, final=True))]
    for n, pitch in enumerate((60, 64, 67, 72, 71, 67)):
        engine.driver.play(S + n * 500 * MS, pitch, 450 * MS)
    return state, exchanges(engine, state, 12 * S)


def test_exchange_has_key_and_cadence_of_the_reports() -> None:
    state, (exchange,) = answered_with((48, 60, 64, 67), *CLOSE)
    close = exchange.close
    if not close.cadence:
        ((number, close),) = state.exchange_builder.late_closes
        assert number == exchange.number
    assert exchange_close_text(replace(exchange, close=close)) == "C major · authentic cadence"


def test_exchange_that_ends_in_no_cadence_has_only_a_key() -> None:
    state, (exchange,) = answered_with((48, 60, 64, 67), (41, 60, 65, 69), (40, 60, 67, 72))
    assert exchange.close.cadence == ""
    assert state.exchange_builder.late_closes == []
    assert exchange_close_text(exchange).startswith("C major")


def test_exchange_has_the_key_of_its_score() -> None:
    _, (exchange,) = answered_with((48, 60, 64, 67), (41, 60, 65, 69), (40, 60, 67, 72))
    score = exchange_musicxml(exchange.prompt, exchange.answer, exchange.answer_step)
    written = re.search(rb"<fifths>(-?\d+)</fifths>", score)
    key = key_from_number(exchange.close.key)
    assert written is not None
    assert key is not None
    assert int(written[1]) == key_signature_fifths(key)


def test_cadence_in_another_key_names_it() -> None:
    close = ExchangeClose(19, 0.9, "authentic", cadence_key=5)
    _, (exchange,) = answered_with((48, 60, 64, 67), *CLOSE)
    assert exchange_close_text(replace(exchange, close=close)) == "G minor · authentic cadence in F major"


def test_notice_begins_with_capital_letter() -> None:
    state = state_of(Settings())
    state.handle_messages([PhraseRefused("answer", "empty")], S)
    assert state.notice(S) == "This phrase has no notes to answer: choose another one"
    state.handle_messages([ModelDown("the model's process ended and is started again")], S)
    assert state.notice(S) == "The model's process ended and is started again"
    state.handle_messages(
        [ModelUp("m", 1), AskRefused(3, "m cannot vary a phrase: choose another answer or another model.")], S
    )
    assert state.notice(S) == "M cannot vary a phrase: choose another answer or another model."
    assert state.ready_model == "m", "a refused ask does not make the model unready"
