"""The left hand's chord when it is broken: Alberti basses, arpeggios, waltz basses, stride and bass lines."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from bachbridge.engine.input.left_hand_pattern import LeftHandPattern
from bachbridge.engine.input.roles import LeftHand
from bachbridge.engine.tempo.grid import Grid
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Effect, Harmonized, PlanRequest
from bachbridge.protocol.events import Midi, Setting
from bachbridge.settings import Settings
from tests.bridge.engine.input.test_left_hand import OBEY, plan_obediently
from tests.support.virtual_driver import BEAT, MS, Driver, S, note_ons

EIGHTH, GRID = BEAT // 2, Grid(0, BEAT // 4)
ALBERTI, ARPEGGIO = ((48,), (55,), (52,), (55,)), ((48,), (52,), (55,), (60,))
Stroke = tuple[int, ...]


class LeftHandOnly:
    """A left hand that plays strokes in virtual time, and what is heard of it."""

    def __init__(self) -> None:
        self.heard_at: list[tuple[int, LeftHand | None]] = []
        self.pattern = LeftHandPattern(self._changed)
        self.held: set[int] = set()

    def _changed(self, now_ns: int, harmony: LeftHand | None) -> list[Effect]:
        self.heard_at.append((now_ns, harmony))
        return []

    @property
    def harmony(self) -> LeftHand | None:
        return self.heard_at[-1][1]

    def move(self, now_ns: int, pitch: int, *, is_down: bool) -> None:
        self.wait(now_ns)
        self.held = self.held | {pitch} if is_down else self.held - {pitch}
        self.heard_at.append((now_ns, self.pattern.follow(now_ns, self.held, GRID)))

    def wait(self, until_ns: int) -> None:
        while (due_ns := self.pattern.deadline) is not None and due_ns <= until_ns:
            self.pattern.advance(due_ns)

    def play(self, strokes: Sequence[Stroke], each_ns: int, since_ns: int = 0, length_ns: int | None = None) -> int:
        """Play the strokes one after the other; return when the last has ended."""
        moves: list[tuple[int, int, bool]] = []
        for place, stroke in enumerate(strokes):
            begin_ns = since_ns + place * each_ns
            for pitch in stroke:
                moves += [(begin_ns, pitch, True), (begin_ns + (length_ns or each_ns - 20 * MS), pitch, False)]
        for now_ns, pitch, is_down in sorted(moves):
            self.move(now_ns, pitch, is_down=is_down)
        return since_ns + len(strokes) * each_ns

    def heard_after(self, now_ns: int) -> set[LeftHand | None]:
        return {harmony for time_ns, harmony in self.heard_at if time_ns >= now_ns}


@pytest.mark.parametrize(
    ("strokes", "each_ns", "chord"),
    [
        (ALBERTI, EIGHTH, LeftHand((0, 4, 7), 48)),
        (ALBERTI, BEAT // 4, LeftHand((0, 4, 7), 48)),
        (ARPEGGIO, EIGHTH, LeftHand((0, 4, 7), 48)),
        (((55,), (52,), (48,)), EIGHTH, LeftHand((0, 4, 7), 48)),
        (((36,), (52, 55), (52, 55)), BEAT, LeftHand((0, 4, 7), 36)),
        (((36,), (52, 55), (43,), (52, 55)), BEAT, LeftHand((0, 4, 7), 36)),
        (((36,), (52, 55), (31,), (52, 55)), BEAT, LeftHand((0, 4, 7), 36)),
        (((36,), (48, 52, 55)), EIGHTH, LeftHand((0, 4, 7), 36)),
        (((48,), (52, 55)), EIGHTH, LeftHand((0, 4, 7), 48)),
        (((48, 55), (52,)), EIGHTH, LeftHand((0, 4, 7), 48)),
        (((43,), (53,), (47,), (53,)), EIGHTH, LeftHand((7, 11, 5), 43)),
        (((48,), (52,), (55,), (59,)), EIGHTH, LeftHand((0, 4, 7, 11), 48)),
        (((50,), (54,), (57,), (60,)), BEAT // 4, LeftHand((2, 6, 9, 0), 50)),
    ],
)
def test_pattern_is_one_chord(strokes: Sequence[Stroke], each_ns: int, chord: LeftHand) -> None:
    hand = LeftHandOnly()
    since_ns = hand.play(strokes, each_ns)
    hand.play([*strokes] * 3, each_ns, since_ns)
    assert hand.heard_after(since_ns) == {chord}


@pytest.mark.parametrize(
    ("strokes", "chord"),
    [
        (((45,), (52,), (48,), (52,)), LeftHand((9, 0, 4), 45)),
        (((48,), (57,), (53,), (57,)), LeftHand((0, 5, 9), 48)),
        (((47,), (55,), (50,), (55,)), LeftHand((11, 2, 7), 47)),
        (((53,), (57,), (60,), (57,)), LeftHand((5, 9, 0), 53)),
        (((50,), (57,), (53,), (57,)), LeftHand((2, 5, 9), 50)),
        (((48,), (55,), (51,), (55,)), LeftHand((0, 3, 7), 48)),
        (((43, 47, 50),), LeftHand((7, 11, 2), 43)),
    ],
)
def test_next_chord_of_pattern_is_heard_within_it(strokes: Sequence[Stroke], chord: LeftHand) -> None:
    hand = LeftHandOnly()
    since_ns = hand.play([*ALBERTI] * 2, EIGHTH)
    end_ns = hand.play(strokes, EIGHTH, since_ns)
    assert hand.heard_after(since_ns + EIGHTH * (len(strokes) - 1)) >= {chord}
    hand.play(strokes, EIGHTH, end_ns)
    assert hand.harmony == chord
    assert len(strokes) == 1 or hand.heard_after(end_ns + EIGHTH) == {chord}


@pytest.mark.parametrize("length_ns", [BEAT - 20 * MS, BEAT + 50 * MS])
def test_bass_line_is_followed_note_by_note(length_ns: int) -> None:
    hand = LeftHandOnly()
    line = (48, 53, 43, 48, 45, 41, 43, 36)
    for place, pitch in enumerate(line):
        hand.play([(pitch,)], BEAT, place * BEAT, length_ns - 51 * MS)
        assert hand.harmony == LeftHand((pitch % 12,), pitch)


def test_struck_chords_leave_nothing_behind() -> None:
    hand = LeftHandOnly()
    hand.play([(48, 52, 55), (48, 55), (52, 55), (43, 47)], BEAT)
    at_ends = [hand.heard_after(place * BEAT + MS) for place in (1, 2, 3)]
    assert LeftHand((0, 7), 48) in at_ends[0]
    assert all(harmony and len(harmony.pitch_classes) <= 2 for harmony in at_ends[0])
    assert hand.harmony == LeftHand((7, 11), 43)


def test_legato_leaves_no_mixed_chord() -> None:
    hand = LeftHandOnly()
    hand.play([(48, 52, 55), (45, 53, 57)], BEAT, 0, BEAT + 50 * MS)
    assert hand.heard_after(BEAT + MS) <= {LeftHand((9, 5), 45), LeftHand((5, 9), 53)}


def test_keys_that_stay_down_count_with_later_ones() -> None:
    hand = LeftHandOnly()
    hand.move(0, 36, is_down=True)
    hand.move(2 * BEAT, 52, is_down=True)
    hand.wait(3 * BEAT)
    assert hand.harmony == LeftHand((0, 4), 36)
    hand = LeftHandOnly()
    for pitch in (48, 52, 55):
        hand.move(0, pitch, is_down=True)
    hand.move(2 * BEAT, 58, is_down=True)
    assert hand.harmony == LeftHand((0, 4, 7, 10), 48)


def test_passing_note_changes_nothing_unless_it_stays() -> None:
    hand = LeftHandOnly()
    since_ns = hand.play([*ALBERTI] * 2, EIGHTH)
    end_ns = hand.play([(52,), (53,), (55,)], EIGHTH, since_ns)
    assert hand.heard_after(since_ns) == {LeftHand((0, 4, 7), 48)}
    hand.play([(52,)], EIGHTH, end_ns + EIGHTH)
    hand.move(end_ns + 2 * EIGHTH + EIGHTH // 2, 53, is_down=True)
    hand.wait(end_ns + 4 * BEAT)
    assert hand.harmony == LeftHand((5,), 53)


def test_pattern_is_forgotten_after_a_moment() -> None:
    hand = LeftHandOnly()
    end_ns = hand.play([*ALBERTI], EIGHTH)
    hand.wait(end_ns + BEAT)
    assert hand.harmony == LeftHand((0, 4, 7), 48)
    hand.wait(end_ns + 2 * BEAT)
    assert hand.harmony is None
    assert hand.pattern.deadline is None


# ---------------------------------------------------------------- in the session


def play_pattern(driver: Driver, strokes: Sequence[Stroke], each_ns: int, since_ns: int) -> None:
    for place, stroke in enumerate(strokes):
        for pitch in stroke:
            driver.play(since_ns + place * each_ns, pitch, each_ns - 20 * MS)


@pytest.mark.parametrize("strokes", [ALBERTI, (*ARPEGGIO[:3], (52,)), ((36,), (52, 55), (52, 55), (52, 55))])
def test_broken_chord_is_obeyed_as_one(strokes: Sequence[Stroke]) -> None:
    driver = Driver(OBEY, planner=plan_obediently)
    driver.feed(Setting("seed", 1))
    play_pattern(driver, [*strokes] * 6, EIGHTH, S)
    for place in range(12):
        driver.play(S + place * BEAT + 3 * MS, 72 + place % 3, BEAT - 20 * MS)
    driver.run(S + 2 * BEAT + 100 * MS)
    heard = [request for _, request in driver.messages_of(PlanRequest) if isinstance(request, PlanRequest)]
    driver.run(S + 12 * BEAT - 200 * MS)
    later = driver.messages_of(PlanRequest)[len(heard) :]
    assert {request.left_hand for _, request in later if isinstance(request, PlanRequest)} == {(0, 4, 7)}
    assert {pitch % 12 for _, pitch in driver.receiver.sounding} == {0, 4, 7}
    chords = [time_ns for time_ns, _ in driver.messages_of(Harmonized) if time_ns > S + 2 * BEAT + 100 * MS]
    assert len(chords) == 9, "one for each note of the tune"
    assert all(after - before >= 60 * MS for before, after in pairwise(chords))


def test_single_left_key_is_obeyed_at_once() -> None:
    driver = Driver(OBEY, planner=plan_obediently)
    driver.feed(Setting("seed", 1))
    driver.run(S)
    driver.feed(Midi(midi.note_on(0, 50, 80)))
    requests = [request for _, request in driver.messages_of(PlanRequest) if isinstance(request, PlanRequest)]
    assert requests[-1].left_hand == (2,)
    driver.run(S + 50 * MS)
    driver.feed(Midi(midi.note_on(0, 74, 80)))
    assert {time_ns for time_ns, _ in note_ons(driver)} == {S + 50 * MS}


def test_forgotten_left_hand_frees_the_harmony() -> None:
    driver = Driver(Settings(mode="harmonize", bpm=120.0, hands="lowest", left_hand="obey", seed=1))
    driver.feed(Setting("seed", 1))
    for pitch in (48, 52, 55, 76):
        driver.play(S, pitch, BEAT)
    driver.play(S + 2 * BEAT, 77, 8 * BEAT)
    driver.run(S + 6 * BEAT)
    requests = [request for _, request in driver.messages_of(PlanRequest) if isinstance(request, PlanRequest)]
    assert (0, 4, 7) in {request.left_hand for request in requests}
    assert requests[-1].left_hand == ()
