"""Look-ahead to the coming bar: a network that is sure of a tune, and a player who follows it or leaves it."""

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
"""C and G, predicted on even and on odd beats: without parallels."""
INDICES = [tuple(pitch_index(pitch) for pitch in chord) for chord in CHORDS]
LOW = tuple(pitch_index(pitch) for pitch in (60, 55, 52, 36))


def chord_at(step: int) -> tuple[int, ...]:
    return INDICES[step // 4 % 2]


class ChordNet:
    """A network that is sure of `chord_at` each step, counted from step 0, with onsets on beats only."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails = False
        self.seen: list[np.ndarray] = []

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert attacks.shape == seen.shape
        assert place[0, 0, 0] == 1, "the shown steps begin on a beat"
        if self.fails:
            raise OSError("once")
        self.calls += 1
        self.seen.append(seen[0])
        pitch = np.full((*seen.shape, PITCH_INDEX_COUNT), -30.0, np.float32)
        for step in range(seen.shape[1]):
            for voice, wanted in enumerate(chord_at(step)):
                pitch[:, step, voice, wanted] = 0
        return pitch, np.full(seen.shape, -9.0, np.float32)


class HeldSopranoNet:
    """A network that only predicts that the soprano holds its note."""

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert attacks.shape == seen.shape
        assert len(place) == len(seen)
        pitch = np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32)
        pitch[:, :, 0, INDICES[0][0]] = 30
        return pitch, np.full(seen.shape, -9.0, np.float32)


def frame(step: int, *, onset: bool) -> tuple[int, ...]:
    return (*chord_at(step), 15 if onset else 0)


def plan_request(
    step: int, *frames: tuple[int, ...], piece: int = 1, repeat: RepeatMode = "hold", held: int | None = None
) -> PlanRequest:
    last = frames[-1][0] if held is None else held
    return PlanRequest("m", piece, step, frames, 0, last, BAR, 1, Style(repeat=repeat))


def with_style(request: PlanRequest, **changes: Any) -> PlanRequest:
    return replace(request, style=replace(request.style, **changes))


def causal_plan(step: int, held: int) -> Plan:
    """Return a causal plan with the chord `LOW` under every note."""
    rows = [(index, index, *LOW[1:], 15) for index in range(25, 47)]
    return Plan(1, step, (*rows, (held, held, *LOW[1:], 0)), 0)


def finish_idle_work(ahead: LookAhead) -> int:
    """Do all idle work; return the number of sweeps."""
    count = 0
    while ahead.idle_work():
        count += 1
        assert count < 100
    return count


def look_ahead_after(steps: int = 4) -> tuple[LookAhead, ChordNet]:
    """Return a look-ahead that knows the first steps and has drawn the coming bar, and its network."""
    net = ChordNet()
    ahead = LookAhead(net, MS)
    ahead.follow(plan_request(0, *(frame(step, onset=step == 0) for step in range(steps))))
    finish_idle_work(ahead)
    return ahead, net


def changed_rows(ahead: LookAhead, request: PlanRequest) -> dict[int, tuple[int, ...]]:
    """Return the rows that replace rows of the causal plan, by the given note; the last row has the key -1."""
    plan = causal_plan(request.step + len(request.frames), request.held)
    merged = ahead.merge_into(plan, request)
    assert (merged.piece, merged.step, merged.key) == (plan.piece, plan.step, plan.key)
    assert len(merged.rows) == len(plan.rows)
    pairs = enumerate(zip(plan.rows, merged.rows, strict=True))
    last = len(plan.rows) - 1
    return {-1 if at == last else old[0]: new for at, (old, new) in pairs if old != new}


def test_idle_work_is_nothing_before_the_first_note() -> None:
    ahead = LookAhead(ChordNet(), MS)
    assert not ahead.idle_work()
    ahead.follow(plan_request(0, (0, 0, 0, 0, 0)))
    assert not ahead.idle_work()


def test_merge_into_changes_the_row_of_the_predicted_note_only() -> None:
    ahead, _ = look_ahead_after()
    assert changed_rows(ahead, plan_request(4, held=INDICES[0][0])) == {
        INDICES[1][0]: (INDICES[1][0], *INDICES[1], 0b1101)
    }, "the alto is held"


def test_merge_into_changes_the_last_row_for_a_held_melody() -> None:
    ahead, _ = look_ahead_after(5)
    held = INDICES[1][0]
    ahead.follow(plan_request(4, (held, *LOW[1:], 1)))
    row = changed_rows(ahead, plan_request(5, held=held))
    assert set(row) == {-1}
    assert row[-1][:5] == (held, *INDICES[1])
    assert row[-1][5] & 1 == 0, "the player's voice has no onset"


def test_merge_into_repeats_common_tones_as_the_style_says() -> None:
    ahead, _ = look_ahead_after()
    common = 1 << 1  # the alto's G
    held = changed_rows(ahead, plan_request(4, held=INDICES[0][0], repeat="hold"))[INDICES[1][0]]
    again = changed_rows(ahead, plan_request(4, held=INDICES[0][0], repeat="strike"))[INDICES[1][0]]
    assert (held[5] & common, again[5] & common) == (0, common)


def test_bar_holds_while_the_player_follows_it() -> None:
    ahead, _ = look_ahead_after()
    for step in range(4, 4 + BAR - 1):
        ahead.follow(plan_request(step, frame(step, onset=step % 4 == 0)))
        assert changed_rows(ahead, plan_request(step + 1, held=chord_at(step)[0])), step
    ahead.follow(plan_request(4 + BAR - 1, frame(4 + BAR - 1, onset=False)))
    assert not changed_rows(ahead, plan_request(4 + BAR, held=chord_at(4 + BAR - 1)[0])), "the bar is over"
    assert ahead.idle_work(), "and the next one is drawn"


def test_bar_is_dropped_and_redrawn_if_the_player_leaves_it() -> None:
    ahead, net = look_ahead_after()
    other = (INDICES[1][0] + 2, *LOW[1:], 15)
    ahead.follow(plan_request(4, other))
    assert not changed_rows(ahead, plan_request(5, held=other[0]))
    before = net.calls
    assert finish_idle_work(ahead) > 0
    assert net.calls > before
    assert net.seen[-1][4].tolist() == list(other[:4]), "the network is shown the played frame"


def test_bar_returns_if_a_corrected_frame_follows_it() -> None:
    ahead, _ = look_ahead_after()
    held_frame = (*INDICES[0], 0)
    ahead.follow(plan_request(4, held_frame))
    assert not changed_rows(ahead, plan_request(5, held=INDICES[0][0]))
    ahead.follow(plan_request(4, frame(4, onset=True)))
    assert changed_rows(ahead, plan_request(5, held=INDICES[1][0]))


@pytest.mark.parametrize("rules", [frozenset(VOICE_LEADING_RULES), frozenset[str]()])
def test_merge_into_keeps_causal_rows_over_forbidden_chords(rules: frozenset[str]) -> None:
    # Soprano and bass would fall by a tone together, from one fifth to the next.
    before = tuple(pitch_index(pitch) for pitch in (76, 67, 60, 57))
    ahead = LookAhead(ChordNet(), MS)
    ahead.follow(plan_request(0, *(frame(step, onset=step == 0) for step in range(3)), (*before, 15)))
    finish_idle_work(ahead)
    request = with_style(plan_request(4, held=before[0]), rules=rules)
    assert bool(changed_rows(ahead, request)) is (not rules)


def test_follow_starts_a_new_piece_from_its_beginning() -> None:
    ahead, net = look_ahead_after()
    ahead.follow(plan_request(0, frame(0, onset=True), piece=2))
    assert not changed_rows(ahead, plan_request(1, held=INDICES[0][0], piece=2))
    finish_idle_work(ahead)
    assert len(net.seen[-1]) == 1 + BAR


def test_idle_work_ends_with_its_piece() -> None:
    ahead = LookAhead(ChordNet(), MS)
    ahead.follow(plan_request(0, frame(0, onset=True)))
    assert ahead.idle_work()
    ahead.follow(plan_request(0, piece=2, held=0))
    assert not ahead.idle_work(), "no note sounds"
    ahead.follow(plan_request(0, frame(0, onset=True), piece=2))
    assert not changed_rows(ahead, plan_request(1, held=INDICES[0][0], piece=2)), "no bar has been drawn for it yet"


@pytest.mark.parametrize(
    "changes", [{"key": (4, False)}, {"rules": frozenset()}, {"temperature": 0.5}, {"position": 1.0}]
)
def test_follow_redraws_the_bar_if_the_style_changes(changes: dict[str, Any]) -> None:
    ahead, net = look_ahead_after()
    request = with_style(plan_request(4, held=INDICES[0][0]), **changes)
    ahead.follow(request)
    assert not changed_rows(ahead, request)
    before = net.calls
    assert finish_idle_work(ahead) > 0
    assert net.calls > before
    assert changed_rows(ahead, request)
    ahead.follow(request)
    assert not ahead.idle_work(), "the same request needs no work"


def test_position_sets_the_spacing_of_the_drawn_voices() -> None:
    def spread(position: float) -> float:
        ahead = LookAhead(HeldSopranoNet(), MS)
        request = with_style(plan_request(0, frame(0, onset=True)), position=position)
        ahead.follow(request)
        finish_idle_work(ahead)
        later = with_style(plan_request(1, held=INDICES[0][0]), position=position)
        rows = changed_rows(ahead, later).values()
        return float(np.mean([row[1] - row[3] for row in rows]))

    assert spread(-1.0) < spread(1.0) - 5


def test_merge_into_leaves_cadences_to_the_causal_model() -> None:
    ahead, _ = look_ahead_after()
    request = plan_request(4, held=INDICES[0][0])
    assert changed_rows(ahead, request)
    assert not changed_rows(ahead, with_style(request, cadence=True))


def test_idle_work_resumes_at_the_next_note_after_a_failure() -> None:
    net = ChordNet()
    ahead = LookAhead(net, MS)
    ahead.follow(plan_request(0, frame(0, onset=True)))
    net.fails = True
    with pytest.raises(OSError, match="once"):
        ahead.idle_work()
    net.fails = False
    assert not ahead.idle_work(), "the failed work is dropped"
    ahead.follow(plan_request(1, frame(1, onset=True)))
    assert finish_idle_work(ahead) > 0


def test_network_is_shown_the_last_two_bars() -> None:
    net = ChordNet()
    ahead = LookAhead(net, MS)
    for step in range(0, 40, 4):
        ahead.follow(plan_request(step, *(frame(step + i, onset=i == 0) for i in range(4))))
    finish_idle_work(ahead)
    assert len(net.seen[-1]) == 3 * BAR


def test_follow_restarts_work_in_progress_for_a_new_note() -> None:
    ahead, net = look_ahead_after()
    ahead.follow(plan_request(4, frame(4, onset=True)))
    assert ahead.idle_work()
    ahead.follow(plan_request(5, frame(5, onset=True)))
    finish_idle_work(ahead)
    assert len(net.seen[-1]) == 6 + BAR
    assert changed_rows(ahead, plan_request(6, held=INDICES[1][0]))


def test_idle_work_finishes_while_a_note_is_held() -> None:
    ahead = LookAhead(ChordNet(), MS)
    ahead.follow(plan_request(0, frame(0, onset=True)))
    for step in range(1, 4):
        assert ahead.idle_work(), "a slow machine has time for one sweep per step"
        ahead.follow(plan_request(step, frame(step, onset=False)))
    while ahead.idle_work():
        pass
    assert changed_rows(ahead, plan_request(4, held=INDICES[0][0]))
