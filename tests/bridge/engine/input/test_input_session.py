"""The input stage in the session: chords, hands and drums while the harmony plays along, and in phrases."""

from dataclasses import replace

import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Ask, Harmonized, PlanRequest
from bachbridge.protocol.events import Midi, Setting
from bachbridge.settings import Settings
from tests.support.virtual_driver import AT_120, BEAT, MS, Driver, S, note_ons, only_message, play_quarters

HARMONIZE = Settings(mode="harmonize", bpm=120.0, seed=1)
SHORT_NS = 60 * MS


def playing(**settings: object) -> Driver:
    driver = Driver(replace(HARMONIZE, **settings))
    driver.feed(Setting("seed", 1))
    driver.run(S)
    return driver


def sent_lengths(driver: Driver) -> list[int]:
    """Return how long each note sounded that was sent, in ns."""
    since: dict[tuple[int, int], int] = {}
    lengths: list[int] = []
    for time_ns, message in driver.sent_messages():
        match message:
            case midi.NoteOn(channel, pitch):
                since[channel, pitch] = time_ns
            case midi.NoteOff(channel, pitch) if (channel, pitch) in since:
                lengths.append(time_ns - since.pop((channel, pitch)))
            case _:
                pass
    return lengths


def last_soprano(driver: Driver) -> int:
    """Return the tune's pitch that the harmony was last told of."""
    requests = [request for _, request in driver.messages_of(PlanRequest) if isinstance(request, PlanRequest)]
    return requests[-1].frames[-1][0] + 35


@pytest.mark.parametrize("spread_ms", [0, 1, 8, 25, 45, 70, 100])
@pytest.mark.parametrize("downwards", [False, True])
def test_chord_leaves_no_short_notes(spread_ms: int, downwards: bool) -> None:
    driver = playing()
    for index, root in enumerate((60, 65, 67, 60, 62, 67)):
        chord = [root, root + 4, root + 7]
        for place, pitch in enumerate(reversed(chord) if downwards else chord):
            driver.play(2 * S + index * BEAT + place * spread_ms * MS, pitch, BEAT - 220 * MS)
    driver.run(2 * S + 6 * BEAT - 250 * MS)
    assert last_soprano(driver) == 74, "the top of the last chord"
    driver.run(20 * S)
    lengths = sent_lengths(driver)
    assert len(lengths) >= 18
    assert min(lengths) >= SHORT_NS


@pytest.mark.parametrize("gap_ms", [111, 118, 125, 140])
def test_quickly_repeated_chords_leave_no_short_notes(gap_ms: int) -> None:
    driver = playing(common_tones="strike")
    for index in range(12):
        for place, pitch in enumerate((60, 64, 67 + index % 3)):
            driver.play(2 * S + index * gap_ms * MS + place, pitch, 90 * MS)
    driver.run(20 * S)
    assert min(sent_lengths(driver)) >= SHORT_NS


def test_first_key_has_its_chord_at_once() -> None:
    driver = playing()
    driver.feed(Midi(midi.note_on(0, 60, 80)))
    assert [time_ns for time_ns, _ in note_ons(driver)] == [S] * 3
    driver.run(S + 10 * MS)
    driver.feed(Midi(midi.note_on(0, 67, 80)))
    driver.run(S + 200 * MS)
    assert sorted({time_ns - S for time_ns, _ in note_ons(driver)}) == [0, 62 * MS]


def test_left_hand_under_held_note_has_no_chord() -> None:
    driver = playing(bpm=0.0)
    driver.play(2 * S, 76, 4 * BEAT)
    for index, pitch in enumerate((48, 55, 52, 55, 48, 55, 52, 55)):
        driver.play(2 * S + index * BEAT // 2, pitch, BEAT // 2 - 20 * MS)
    driver.run(4 * S)
    assert len(driver.messages_of(Harmonized)) == 1
    assert last_soprano(driver) == 76


@pytest.mark.parametrize("hands", ["split", "lowest", "channels"])
def test_left_hand_is_not_harmonized(hands: str) -> None:
    driver = playing(hands=hands, bpm=0.0)
    for index in range(8):
        driver.play(2 * S + index * BEAT, 76 - index % 2, BEAT - 150 * MS)
        for place, pitch in enumerate((48, 55, 52, 55)):
            start = 2 * S + index * BEAT + place * BEAT // 4 + MS
            channel = 1 if hands == "channels" else 0
            driver.schedule(start, Midi(midi.note_on(channel, pitch, 80)))
            driver.schedule(start + 100 * MS, Midi(midi.note_off(channel, pitch)))
    driver.run(20 * S)
    tunes = {request.frames[-1][0] for _, request in driver.messages_of(PlanRequest) if request.frames}  # pyright: ignore[reportAttributeAccessIssue] # plan requests only
    assert tunes <= {0, 76 - 35, 75 - 35}
    assert min(sent_lengths(driver)) >= SHORT_NS


@pytest.mark.parametrize(("left_hand", "pitches"), [("ignore", [72]), ("context", [48, 72]), ("obey", [48, 72])])
def test_phrase_holds_left_hand_unless_ignored(left_hand: str, pitches: list[int]) -> None:
    driver = Driver(replace(AT_120, hands="split", split_point=60, left_hand=left_hand))
    for pitch in (48, 72):
        driver.play(S, pitch, BEAT)
    driver.run(8 * S)
    _, ask = only_message(driver, Ask)
    assert [note.pitch for note in ask.prompt.notes] == pitches


@pytest.mark.parametrize("mode", ["continue", "harmonize", "trade", "duet"])
def test_drums_are_ignored_but_pass_through(mode: str) -> None:
    driver = playing(mode=mode, thru=True)
    for index in range(8):
        driver.schedule(2 * S + index * BEAT, Midi(midi.note_on(9, 36, 80)))
        driver.schedule(2 * S + index * BEAT + 50 * MS, Midi(midi.note_off(9, 36)))
    driver.run(20 * S)
    assert {(m.channel, m.pitch) for _, m in note_ons(driver)} == {(9, 36)}
    assert not driver.messages_of(Ask)
    assert not driver.receiver.sounding


def test_drums_do_not_interrupt_the_answer() -> None:
    driver = Driver(AT_120)
    end_ns = play_quarters(driver)
    driver.run(end_ns + 3 * S)
    assert driver.answering
    driver.feed(Midi(midi.note_on(9, 36, 80)))
    assert driver.answering


def test_voices_hold_while_key_is_down_on_a_channel() -> None:
    driver = playing()
    for channel in (0, 1):
        driver.feed(Midi(midi.note_on(channel, 72, 80)))
    assert len(note_ons(driver)) == 3
    driver.feed(Midi(midi.note_off(0, 72)))
    driver.run(3 * S)
    assert driver.receiver.sounding
    driver.feed(Midi(midi.note_off(1, 72)))
    driver.run(4 * S)
    assert not driver.receiver.sounding


def test_layered_keyboard_leaves_nothing_hanging_in_thru() -> None:
    driver = Driver(Settings(mode="off", thru=True, latch=True))
    for channel, delay_ms in ((0, 0), (1, 2), (2, 300)):
        driver.schedule(S + delay_ms * MS, Midi(midi.note_on(channel, 60, 80)))
    for channel in (0, 1, 2):
        driver.schedule(2 * S + channel * MS, Midi(midi.note_off(channel, 60)))
    driver.run(3 * S)
    assert driver.receiver.sounding, "latched"
    driver.feed(Setting("latch", False))
    assert not driver.receiver.sounding


def test_touch_and_transposition_reach_the_phrase() -> None:
    driver = Driver(replace(AT_120, transpose=-12, velocity_curve="2", thru=True))
    driver.play(S, 72, BEAT, 64)
    driver.run(8 * S)
    assert note_ons(driver)[0][1] == midi.NoteOn(0, 60, 32)
    _, ask = only_message(driver, Ask)
    assert [(note.pitch, note.velocity) for note in ask.prompt.notes] == [(60, 32)]
