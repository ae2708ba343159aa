"""The history of a live harmony."""

import pytest

from bachbridge.engine.accompaniment.harmony_history import HarmonyHistory
from bachbridge.music.frames import REST
from bachbridge.music.notes import STEPS_PER_BEAT


@pytest.mark.parametrize("first", [0, 3])
def test_history_keeps_little_after_a_long_sleep(first: int) -> None:
    history, slowly = HarmonyHistory(1), HarmonyHistory(1)
    for one in (history, slowly):
        one.begin_at(first)
        one.extend_to(first + 1)
    wake = first + 1001
    assert history.extend_to(wake)
    for step in range(first + 2, wake + 1):
        slowly.extend_to(step)
    assert history.current_step == slowly.current_step == wake
    assert history.current_frame == slowly.current_frame
    assert (history.first_step - first) % STEPS_PER_BEAT == (slowly.first_step - first) % STEPS_PER_BEAT == 0
    assert wake - history.first_step < 320
    assert history.extend_to(20_000_000_000)
    assert history.current_step == 20_000_000_000
    assert history.current_frame[-1] in (0, REST)
