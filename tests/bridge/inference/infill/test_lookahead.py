"""The coming bar imagined: a network that is sure of a tune, and a player who keeps to it or does not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bachbridge.inference.infill.lookahead import LookAhead
from bachbridge.music.frames import PITCH_INDEX_COUNT, pitch_index
from bachbridge.music.notes import VOICE_LEADING_RULES
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge.protocol.style import RepeatMode, Style

MS = 1_000_000
BAR = 8
CHORDS = ((72, 67, 64, 48), (74, 67, 59, 55))
"""C and G, on the even and on the odd beats of what is imagined: without parallels."""
CLASSES = [tuple(pitch_index(pitch) for pitch in chord) for chord in CHORDS]
LOW = tuple(pitch_index(pitch) for pitch in (60, 55, 52, 36))


def chord_at(step: int) -> tuple[int, ...]:
    return CLASSES[step // 4 % 2]


class Sure:
    """A network that wants `chord_at` of the step's place in the two beats, from step 0 on, struck on beats alone."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails = False
        self.told: list[np.ndarray] = []

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert attacks.shape == seen.shape
        assert place[0, 0, 0] == 1, "what is shown begins on a beat"
        if self.fails:
            raise OSError("once")
        self.calls += 1
        self.told.append(seen[0])
        pitch = np.full((*seen.shape, PITCH_INDEX_COUNT), -30.0, np.float32)
        for step in range(seen.shape[1]):
            for voice, wanted in enumerate(chord_at(step)):
                pitch[:, step, voice, wanted] = 0
        return pitch, np.full(seen.shape, -9.0, np.float32)


class Vague:
    """A network that only knows that the soprano goes on."""

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert attacks.shape == seen.shape
        assert len(place) == len(seen)
        pitch = np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32)
        pitch[:, :, 0, CLASSES[0][0]] = 30
        return pitch, np.full(seen.shape, -9.0, np.float32)


def frame(step: int, *, struck: bool) -> tuple[int, ...]:
    return (*chord_at(step), 15 if struck else 0)


def foresee(
    step: int, *frames: tuple[int, ...], piece: int = 1, repeat: RepeatMode = "hold", held: int | None = None
) -> PlanRequest:
    last = frames[-1][0] if held is None else held
    return PlanRequest("m", piece, step, frames, 0, last, BAR, 1, Style(repeat=repeat))


def styled(request: PlanRequest, **changes: Any) -> PlanRequest:
    return replace(request, style=replace(request.style, **changes))


def causal(step: int, held: int) -> Plan:
    """A plan that has the lowest notes under everything."""
    rows = [(sung, sung, *LOW[1:], 15) for sung in range(25, 47)]
    return Plan(1, step, (*rows, (held, held, *LOW[1:], 0)), 0)


def pondered(ahead: LookAhead) -> int:
    """Until there is nothing to think about; how many passes that were."""
    count = 0
    while ahead.idle_work():
        count += 1
        assert count < 100
    return count


def played(*, until: int = 4) -> tuple[LookAhead, Sure]:
    """The first beat has been sung, and the coming bar imagined."""
    nets = Sure()
    ahead = LookAhead(nets, MS)
    ahead.follow(foresee(0, *(frame(step, struck=step == 0) for step in range(until))))
    pondered(ahead)
    return ahead, nets


def changed(ahead: LookAhead, told: PlanRequest) -> dict[int, tuple[int, ...]]:
    """Which rows of the causal plan are other ones now; the last one as -1."""
    plan = causal(told.step + len(told.frames), told.held)
    joined = ahead.merge_into(plan, told)
    assert (joined.piece, joined.step, joined.key) == (plan.piece, plan.step, plan.key)
    assert len(joined.rows) == len(plan.rows)
    pairs = enumerate(zip(plan.rows, joined.rows, strict=True))
    last = len(plan.rows) - 1
    return {-1 if at == last else old[0]: new for at, (old, new) in pairs if old != new}


def test_there_is_nothing_to_think_about_before_the_first_note() -> None:
    ahead = LookAhead(Sure(), MS)
    assert not ahead.idle_work()
    ahead.follow(foresee(0, (0, 0, 0, 0, 0)))
    assert not ahead.idle_work()


def test_the_imagined_chord_stands_under_the_imagined_note_alone() -> None:
    ahead, _ = played()
    assert changed(ahead, foresee(4, held=CLASSES[0][0])) == {CLASSES[1][0]: (CLASSES[1][0], *CLASSES[1], 0b1101)}, (
        "the alto lies still"
    )


def test_where_the_melody_is_imagined_to_go_on_the_last_row_does() -> None:
    ahead, _ = played(until=5)
    held = CLASSES[1][0]
    ahead.follow(foresee(4, (held, *LOW[1:], 1)))
    row = changed(ahead, foresee(5, held=held))
    assert set(row) == {-1}
    assert row[-1][:5] == (held, *CLASSES[1])
    assert row[-1][5] & 1 == 0, "the player does not strike"


def test_common_tones_are_struck_where_that_is_wished_for() -> None:
    ahead, _ = played()
    common = 1 << 1  # the alto's G
    held = changed(ahead, foresee(4, held=CLASSES[0][0], repeat="hold"))[CLASSES[1][0]]
    again = changed(ahead, foresee(4, held=CLASSES[0][0], repeat="strike"))[CLASSES[1][0]]
    assert (held[5] & common, again[5] & common) == (0, common)


def test_the_bar_lasts_as_long_as_the_player_keeps_to_it() -> None:
    ahead, _ = played()
    for step in range(4, 4 + BAR - 1):
        ahead.follow(foresee(step, frame(step, struck=step % 4 == 0)))
        assert changed(ahead, foresee(step + 1, held=chord_at(step)[0])), step
    ahead.follow(foresee(4 + BAR - 1, frame(4 + BAR - 1, struck=False)))
    assert not changed(ahead, foresee(4 + BAR, held=chord_at(4 + BAR - 1)[0])), "its end is reached"
    assert ahead.idle_work(), "and it is imagined anew"


def test_who_leaves_the_line_is_on_causal_ground_until_it_is_imagined_again() -> None:
    ahead, nets = played()
    other = (CLASSES[1][0] + 2, *LOW[1:], 15)
    ahead.follow(foresee(4, other))
    assert not changed(ahead, foresee(5, held=other[0]))
    before = nets.calls
    assert pondered(ahead) > 0
    assert nets.calls > before
    assert nets.told[-1][4].tolist() == list(other[:4]), "what was sung is what is known"


def test_a_step_that_goes_on_first_and_gets_its_note_later_is_as_imagined() -> None:
    ahead, _ = played()
    going_on = (*CLASSES[0], 0)
    ahead.follow(foresee(4, going_on))
    assert not changed(ahead, foresee(5, held=CLASSES[0][0]))
    ahead.follow(foresee(4, frame(4, struck=True)))
    assert changed(ahead, foresee(5, held=CLASSES[1][0]))


@pytest.mark.parametrize("rules", [frozenset(VOICE_LEADING_RULES), frozenset[str]()])
def test_a_forbidden_chord_gives_way_to_the_causal_one(rules: frozenset[str]) -> None:
    # From a tone higher, soprano and bass would go down into the next fifth together.
    before = tuple(pitch_index(pitch) for pitch in (76, 67, 60, 57))
    ahead = LookAhead(Sure(), MS)
    ahead.follow(foresee(0, *(frame(step, struck=step == 0) for step in range(3)), (*before, 15)))
    pondered(ahead)
    told = styled(foresee(4, held=before[0]), rules=rules)
    assert bool(changed(ahead, told)) is (not rules)


def test_a_new_piece_is_imagined_from_its_own_beginning() -> None:
    ahead, nets = played()
    ahead.follow(foresee(0, frame(0, struck=True), piece=2))
    assert not changed(ahead, foresee(1, held=CLASSES[0][0], piece=2))
    pondered(ahead)
    assert len(nets.told[-1]) == 1 + BAR


def test_what_was_being_imagined_ends_with_its_piece() -> None:
    ahead = LookAhead(Sure(), MS)
    ahead.follow(foresee(0, frame(0, struck=True)))
    assert ahead.idle_work()
    ahead.follow(foresee(0, piece=2, held=0))
    assert not ahead.idle_work(), "nobody sings any more"
    ahead.follow(foresee(0, frame(0, struck=True), piece=2))
    assert not changed(ahead, foresee(1, held=CLASSES[0][0], piece=2)), "nothing was imagined for it yet"


@pytest.mark.parametrize("wish", [{"key": (4, False)}, {"rules": frozenset()}, {"temperature": 0.5}, {"position": 1.0}])
def test_another_wish_is_another_bar(wish: dict[str, Any]) -> None:
    ahead, nets = played()
    told = styled(foresee(4, held=CLASSES[0][0]), **wish)
    ahead.follow(told)
    assert not changed(ahead, told)
    before = nets.calls
    assert pondered(ahead) > 0
    assert nets.calls > before
    assert changed(ahead, told)
    ahead.follow(told)
    assert not ahead.idle_work(), "the same again is no news"


def test_the_imagined_voices_lie_close_or_wide_as_is_wished() -> None:
    def spread(position: float) -> float:
        ahead = LookAhead(Vague(), MS)
        told = styled(foresee(0, frame(0, struck=True)), position=position)
        ahead.follow(told)
        pondered(ahead)
        later = styled(foresee(1, held=CLASSES[0][0]), position=position)
        rows = changed(ahead, later).values()
        return float(np.mean([row[1] - row[3] for row in rows]))

    assert spread(-1.0) < spread(1.0) - 5


def test_a_cadence_is_the_causal_models() -> None:
    ahead, _ = played()
    told = foresee(4, held=CLASSES[0][0])
    assert changed(ahead, told)
    assert not changed(ahead, styled(told, cadence=True))


def test_a_network_that_fails_once_is_asked_again_for_the_next_note() -> None:
    nets = Sure()
    ahead = LookAhead(nets, MS)
    ahead.follow(foresee(0, frame(0, struck=True)))
    nets.fails = True
    with pytest.raises(OSError, match="once"):
        ahead.idle_work()
    nets.fails = False
    assert not ahead.idle_work(), "it is not gone on with"
    ahead.follow(foresee(1, frame(1, struck=True)))
    assert pondered(ahead) > 0


def test_two_bars_are_remembered() -> None:
    nets = Sure()
    ahead = LookAhead(nets, MS)
    for step in range(0, 40, 4):
        ahead.follow(foresee(step, *(frame(step + i, struck=i == 0) for i in range(4))))
    pondered(ahead)
    assert len(nets.told[-1]) == 3 * BAR


def test_a_note_in_the_middle_of_thinking_begins_it_anew() -> None:
    ahead, nets = played()
    ahead.follow(foresee(4, frame(4, struck=True)))
    assert ahead.idle_work()
    ahead.follow(foresee(5, frame(5, struck=True)))
    pondered(ahead)
    assert len(nets.told[-1]) == 6 + BAR
    assert changed(ahead, foresee(6, held=CLASSES[1][0]))


def test_a_slow_machine_comes_to_an_end_while_the_note_goes_on() -> None:
    ahead = LookAhead(Sure(), MS)
    ahead.follow(foresee(0, frame(0, struck=True)))
    for step in range(1, 4):
        assert ahead.idle_work(), "one pass a step is all there is time for"
        ahead.follow(foresee(step, frame(step, struck=False)))
    while ahead.idle_work():
        pass
    assert changed(ahead, foresee(4, held=CLASSES[0][0]))
