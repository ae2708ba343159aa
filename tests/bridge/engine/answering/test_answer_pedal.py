"""The sustain pedal of answers."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from bachbridge.engine.answering.answer_pedal import PedalMoves
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import Ask
from bachbridge.protocol.events import Answer, EndPhrase, Event, Midi, Panic, PortsChanged, Quit, Reset, Setting
from bachbridge.settings import Settings
from tests.support.virtual_driver import AT_120, BEAT, MS, TUNE, Driver, S

PEDAL = replace(AT_120, answer_pedal=True, silence_beats=1.0, start="beat")
BAR = 4 * BEAT


def play_melody(ask: Ask) -> Iterator[tuple[int, Answer]]:
    """A model that plays quarters in one voice."""
    notes = tuple(Note(start, 4, 72) for start in range(0, ask.steps, 4))
    yield 2 * MS, Answer(ask.ask, notes, ask.steps, final=True)


def move_pedal(driver: Driver, time_ns: int, value: int) -> None:
    driver.schedule(time_ns, Midi(midi.control_change(0, midi.SUSTAIN, value)))


def play_pedalled(settings: Settings = PEDAL, change_ns: int = BEAT, share: float = 0.9) -> Driver:
    """Play two bars of quarters with the pedal down for a share of each change."""
    driver = Driver(settings, play_melody)
    driver.feed(Setting("seed", 1))
    for index, pitch in enumerate((*TUNE, *TUNE)):
        driver.play(S + index * BEAT, pitch, BEAT - 20 * MS)
    for begin_ns in range(S, S + 2 * BAR, change_ns):
        move_pedal(driver, begin_ns + 30 * MS, 127)
        move_pedal(driver, begin_ns + round(share * change_ns) + 20 * MS, 0)
    driver.run(S + 2 * BAR + 100 * MS)
    return driver


def pedal_moves(driver: Driver, channel: int = 0) -> list[tuple[int, int]]:
    """Return when the answer's pedal moved, in ms from the first note's beat, and to which value."""
    return [
        ((time_ns - S) // MS, message.value)
        for time_ns, message in driver.sent_messages()
        if isinstance(message, midi.ControlChange) and message.controller == midi.SUSTAIN and message.channel == channel
    ]


def is_lifted(driver: Driver) -> bool:
    """Return True if the last move of each channel lifts the pedal."""
    return all(not moves or moves[-1][1] == 0 for moves in (pedal_moves(driver, channel) for channel in range(16)))


@pytest.mark.parametrize("change_beats", [1, 2, 4])
def test_answer_pedal_changes_as_often_as_the_players(change_beats: int) -> None:
    driver = play_pedalled(change_ns=change_beats * BEAT)
    driver.run(40 * S)
    moves = pedal_moves(driver)
    presses = [time_ms for time_ms, value in moves if value]
    lifts = [time_ms for time_ms, value in moves if not value]
    assert len(presses) == len(lifts) >= 8 // change_beats
    assert {time_ms % 500 for time_ms in presses} == {60}
    assert {time_ms % 500 for time_ms in lifts} == {0}
    assert {after - before for before, after in pairwise(presses)} == {500 * change_beats}


@pytest.mark.parametrize(
    "changes",
    [{"answer_pedal": False}, {"phrase_end": "pedal"}, {"mode": "off"}, {"mode": "harmonize"}],
)
def test_answer_has_no_pedal_without_reason(changes: dict[str, object]) -> None:
    driver = play_pedalled(replace(PEDAL, **changes))
    driver.feed(EndPhrase())
    driver.run(40 * S)
    assert not pedal_moves(driver)


def test_phrase_with_a_touch_of_pedal_has_an_answer_without() -> None:
    driver = play_pedalled(share=0.1)
    driver.run(40 * S)
    assert driver.messages_of(Ask)
    assert not pedal_moves(driver)


@pytest.mark.parametrize(
    "event",
    [
        Panic(),
        Reset(),
        Quit("end"),
        PortsChanged("", "out"),
        Setting("mode", "off"),
        Midi(midi.note_on(0, 60, 80)),
    ],
)
def test_pedal_is_lifted_whatever_ends_the_answer(event: Event) -> None:
    driver = play_pedalled()
    driver.run(S + 3 * BAR + BEAT + 200 * MS)
    assert driver.answering
    assert not is_lifted(driver)
    driver.feed(event)
    assert is_lifted(driver)
    driver.run(60 * S)
    assert is_lifted(driver)


def test_quit_lifts_the_pedal_before_the_session_ends() -> None:
    driver = play_pedalled()
    driver.run(S + 3 * BAR + BEAT + 200 * MS)
    effects = [type(effect).__name__ for effect in driver.feed(Quit("end"))]
    assert effects[-1] == "SessionEnded"


def test_players_own_pedal_is_left_alone() -> None:
    driver = play_pedalled(replace(PEDAL, thru=True, let_finish=True))
    driver.run(S + 3 * BAR + BEAT + 200 * MS)
    driver.feed(Midi(midi.control_change(0, midi.SUSTAIN, 127)))
    before = len(pedal_moves(driver))
    driver.run(S + 4 * BAR)
    assert len(pedal_moves(driver)) == before, "the player's pedal counts on this channel"
    driver.feed(Midi(midi.control_change(0, midi.SUSTAIN, 0)))
    driver.run(60 * S)
    assert is_lifted(driver)


def test_pedal_moves_count_from_begin_to_end() -> None:
    moves = PedalMoves()
    for time_ns, is_down in ((0, True), (50, True), (100, False), (200, True), (1000, False)):
        moves.add(time_ns, is_down=is_down)
    assert moves.change_ns(0, 1000) == 500
    assert moves.change_ns(400, 800) == 400
    assert moves.change_ns(2000, 3000) is None
    assert PedalMoves().change_ns(0, 1000) is None
