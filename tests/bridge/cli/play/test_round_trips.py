"""Pairing and statistics of notes that went through a DAW and back."""

import pytest

from bachbridge.cli.play.round_trips import pair_round_trips, propose_latency_ms
from bachbridge.errors import PortError
from bachbridge.midi import messages as midi

MS = 1_000_000
SENT_NS = {60 + n: n * 100 * MS for n in range(16)}


def arrivals(delays_ms: list[float], channel: int = 15) -> list[tuple[int, bytes]]:
    """Return the arrivals of the first notes, each after its delay."""
    return [
        (at_ns + round(delay_ms * MS), midi.note_on(channel, pitch, 30))
        for (pitch, at_ns), delay_ms in zip(SENT_NS.items(), delays_ms, strict=False)
    ]


def test_proposal_is_the_median_round_trip() -> None:
    trips = pair_round_trips(SENT_NS, arrivals([10, 12, 11, 13] * 4))
    assert (trips.sent, trips.lost, trips.repeated, trips.strangers) == (16, 0, 0, 0)
    assert trips.median_ms == 11
    assert trips.spread_ms == 3
    assert propose_latency_ms(trips) == 11


def test_pairs_hold_on_another_channel_and_out_of_order() -> None:
    received = [*reversed(arrivals([250] * 16, channel=0)), (5, midi.note_off(0, 60)), (6, b"\xf8"), (7, b"")]
    trips = pair_round_trips(SENT_NS, received)
    assert trips.times_ns == (250 * MS,) * 16
    assert trips.strangers == 0


@pytest.mark.parametrize("count", [8, 15])
def test_proposal_allows_lost_notes(count: int) -> None:
    trips = pair_round_trips(SENT_NS, arrivals([5.4] * count))
    assert trips.lost == 16 - count
    assert propose_latency_ms(trips) == 5


@pytest.mark.parametrize(
    ("received", "problem"),
    [
        (arrivals([10] * 7), "Only 7 of 16 notes came back: "),
        ([(1, midi.note_on(0, 20, 1))], "Only 0 of 16 notes came back, but 1 others"),
        (arrivals([10] * 16) * 2, "came back twice"),
        (arrivals([10, 60] * 8), "differ by 50 ms"),
        (arrivals([700] * 16), "takes 700 ms, more than the 500 ms"),
        ([], "Only 0 of 16 notes came back: "),
    ],
    ids=["few", "others", "doubled", "spread", "long", "none"],
)
def test_proposal_is_refused_in_one_sentence(received: list[tuple[int, bytes]], problem: str) -> None:
    with pytest.raises(PortError, match=problem) as refused:
        propose_latency_ms(pair_round_trips(SENT_NS, received))
    assert str(refused.value).count(". ") == 0
