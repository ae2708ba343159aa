"""The roll's timeline, from the messages of a real session in virtual time."""

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import AnswerStarted, PhraseEnded
from bachbridge.protocol.events import Answer, AnswerPhrase, PlayPhrase, PortsChanged
from bachbridge.protocol.notices import Message, Sent
from bachbridge.settings import Settings
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.state.view_types import PLAYER, RollNote
from tests.support.fake_engine import FakeEngine
from tests.support.virtual_driver import MS, S

STEP_NS = 125 * MS
PHRASE = Phrase(tuple(Note(4 * n, 4, 67 + n, 80) for n in range(4)), 16)


def drain(engine: FakeEngine) -> list[Message]:
    messages: list[Message] = []
    while (message := engine.receive()) is not None:
        messages.append(message)
    return messages


def run_timeline(engine: FakeEngine, settings: Settings, until_ns: int) -> RollTimeline:
    engine.run(until_ns)
    timeline = RollTimeline(settings)
    for message in drain(engine):
        timeline.handle_message(message)
    return timeline


def by_voice(notes: list[RollNote]) -> dict[int, list[int]]:
    voices: dict[int, list[int]] = {}
    for note in notes:
        voices.setdefault(note.voice, []).append(note.pitch)
    return voices


def test_timeline_shows_played_and_answered_voices() -> None:
    engine = FakeEngine(Settings(bpm=120))
    engine.driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 1, aloud=True))
    timeline = run_timeline(engine, engine.driver.settings, 20 * S)
    voices = by_voice(timeline.notes)
    assert voices[PLAYER] == [67, 68, 69, 70]
    assert set(voices) == {PLAYER, 0, 1, 2, 3}
    assert all(note.end_ns is not None and note.end_ns > note.start_ns for note in timeline.notes)
    assert timeline.is_idle
    assert not timeline.planned


def test_planned_notes_go_when_they_sound() -> None:
    engine = FakeEngine(Settings(bpm=120))
    engine.driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 1, aloud=True))
    timeline = run_timeline(engine, engine.driver.settings, 3 * S)
    begin_ns = S + 8 * MS + 16 * STEP_NS
    assert min(note.start_ns for note in timeline.planned) == begin_ns
    first = {(note.voice, note.pitch) for note in timeline.planned if note.start_ns == begin_ns}
    engine.run(begin_ns)
    for message in drain(engine):
        timeline.handle_message(message)
    assert {(note.voice, note.pitch) for note in timeline.sounding_notes()} == first
    assert all(note.start_ns > begin_ns for note in timeline.planned)


def test_early_answer_is_planned_when_announced() -> None:
    engine = FakeEngine(Settings(bpm=120, phrase_end="bars", phrase_bars=1))
    engine.driver.play(S, 72, 16 * STEP_NS - 300 * MS)
    bar_line_ns = S + 16 * STEP_NS
    assert not run_timeline(engine, engine.driver.settings, bar_line_ns - 21 * MS).planned
    later_engine = FakeEngine(engine.driver.settings)
    later_engine.driver.play(S, 72, 16 * STEP_NS - 300 * MS)
    timeline = run_timeline(later_engine, later_engine.driver.settings, bar_line_ns - 20 * MS)
    assert by_voice(timeline.planned) == {0: [72] * 4, 1: [67] * 4, 2: [62] * 4, 3: [57] * 4}
    assert timeline.planned[0].start_ns == bar_line_ns


def test_newest_unannounced_answer_is_kept() -> None:
    timeline = RollTimeline(Settings())
    timeline.handle_message(PhraseEnded(PHRASE, S, STEP_NS, "silence"))
    for ask in range(5):
        timeline.handle_message(Answer(ask, (Note(0, 4, 60 + ask),), 4, final=True))
        assert not timeline.planned
    timeline.handle_message(AnswerStarted(3, 9 * S))
    assert not timeline.planned
    timeline.handle_message(Answer(5, (Note(0, 4, 65),), 4, final=True))
    timeline.handle_message(AnswerStarted(5, 9 * S))
    assert [note.pitch for note in timeline.planned] == [65]


def test_planned_notes_follow_voices_and_octaves() -> None:
    settings = Settings(bpm=120, harmony="sb", octaves=(0, 0, 0, -1))
    engine = FakeEngine(settings)
    engine.driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 1, aloud=True))
    timeline = run_timeline(engine, settings, 3 * S)
    assert {note.voice for note in timeline.planned} == {0, 3}
    engine.run(20 * S)
    for message in drain(engine):
        timeline.handle_message(message)
    voices = by_voice(timeline.notes)
    assert set(voices[3]) == {voices[0][0] - 15 - 12}


def test_passed_on_copy_is_not_shown_twice() -> None:
    for mode in ("continue", "harmonize", "off"):
        settings = Settings(mode=mode, thru=True, bpm=120)
        engine = FakeEngine(settings)
        engine.driver.play(S, 72, 400 * MS)
        timeline = run_timeline(engine, settings, 2 * S)
        assert by_voice(timeline.notes)[PLAYER] == [72], mode
        assert 72 not in [p for v, pitches in by_voice(timeline.notes).items() if v != PLAYER for p in pitches], mode


def test_passed_on_copy_of_recognised_bass_is_hidden() -> None:
    settings = Settings(mode="harmonize", voice="auto", thru=True, bpm=120)
    engine = FakeEngine(settings)
    engine.driver.play(S, 50, 400 * MS)
    engine.driver.play(2 * S, 48, 400 * MS)
    timeline = run_timeline(engine, settings, 3 * S)
    assert by_voice(timeline.notes)[PLAYER] == [50, 48]
    assert 3 not in by_voice(timeline.notes)


def test_cancelled_note_is_not_planned_forever() -> None:
    engine = FakeEngine(Settings(bpm=120))
    engine.driver.schedule(S, AnswerPhrase(PHRASE, STEP_NS, 1, aloud=True))
    timeline = run_timeline(engine, engine.driver.settings, 3 * S)
    assert timeline.planned
    timeline.drop_overdue(60 * S)
    assert not timeline.planned


def test_lost_ports_or_engine_end_all_notes() -> None:
    timeline = RollTimeline(Settings())
    timeline.handle_message(Sent(midi.note_on(0, 60, 80), S, S))
    assert not timeline.is_idle
    timeline.handle_message(PortsChanged("", "BachBridge Out"))
    assert timeline.is_idle
    assert timeline.notes[0].end_ns == S
    timeline.handle_message(Sent(midi.note_on(0, 60, 80), 2 * S, 2 * S))
    timeline.end_all_notes(3 * S)
    assert timeline.notes[1].end_ns == 3 * S


def test_bars_follow_the_metre() -> None:
    engine = FakeEngine(Settings(bpm=120, meter="3/4"))
    engine.driver.play(S, 72, 400 * MS)
    timeline = run_timeline(engine, engine.driver.settings, 2 * S)
    (bar,) = timeline.bars
    assert (bar.origin_ns, bar.step_ns, bar.steps_per_bar) == (S, STEP_NS, 12)


def test_phrase_played_back_is_shown_in_its_parts() -> None:
    notes = (Note(0, 4, 67, 80, PLAYER), Note(4, 4, 60, 80, 2))
    engine = FakeEngine(Settings())
    engine.driver.schedule(S, PlayPhrase(Phrase(notes, 8), STEP_NS))
    timeline = run_timeline(engine, Settings(), 9 * S)
    assert by_voice(timeline.notes) == {PLAYER: [67], 2: [60]}


def test_timeline_keeps_limited_number_of_notes() -> None:
    timeline = RollTimeline(Settings())
    for n in range(30_000):
        timeline.handle_message(Sent(midi.note_on(n % 4, 60, 80), n * MS, n * MS))
        timeline.handle_message(Sent(midi.note_off(n % 4, 60), n * MS, n * MS))
    assert len(timeline.notes) <= 12_000
    assert timeline.notes[-1].start_ns == 29_999 * MS
    assert timeline.is_idle


def test_timeline_orders_messages_out_of_order() -> None:
    timeline = RollTimeline(Settings())
    timeline.handle_message(Sent(midi.note_on(0, 60, 80), 5 * MS, 5 * MS))
    timeline.handle_message(Sent(midi.note_on(1, 64, 80), 4 * MS, 4 * MS))
    starts = [note.start_ns for note in timeline.notes]
    assert starts == sorted(starts)
