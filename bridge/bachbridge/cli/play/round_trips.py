"""The times that notes took through a DAW and back, and the setting `latency_ms` that follows from them.

The notes that are sent have different pitches, so that each that comes back belongs to one that was sent, whatever
channel and velocity the DAW has given it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bachbridge.errors import PortError
from bachbridge.midi import messages as midi
from bachbridge.music.notes import NS_PER_MS
from bachbridge.protocol.latency import percentiles
from bachbridge.settings import range_of

MIN_SHARE = 0.5
"""The share of the notes that must come back."""
MAX_SPREAD_MS = 30.0
_SHARES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """The round trips of the notes that came back, in ns and in the order in which the notes were sent."""

    times_ns: tuple[int, ...]
    sent: int
    repeated: int
    """Notes that came back more than once."""
    strangers: int
    """Notes that came in and had not been sent."""

    @property
    def lost(self) -> int:
        return self.sent - len(self.times_ns)

    @property
    def median_ms(self) -> float:
        return self._percentiles_ms()[1]

    @property
    def spread_ms(self) -> float:
        """The range of the middle 80 % of the times."""
        low, _, high = self._percentiles_ms()
        return high - low

    def _percentiles_ms(self) -> list[float]:
        return [time_ns / NS_PER_MS for time_ns in percentiles(self.times_ns, _SHARES)]


def pair_round_trips(sent_ns: Mapping[int, int], received: Sequence[tuple[int, bytes]]) -> RoundTrips:
    """Pair notes by pitch: `sent_ns` has the time of each pitch, `received` each message after its time of arrival."""
    arrivals_ns: dict[int, list[int]] = {pitch: [] for pitch in sent_ns}
    strangers = 0
    for at_ns, data in received:
        match midi.decode(data):
            case midi.NoteOn(_, pitch, _) if pitch in sent_ns:
                arrivals_ns[pitch].append(at_ns)
            case midi.NoteOn():
                strangers += 1
            case _:
                pass
    times_ns = tuple(min(at_ns) - sent_ns[pitch] for pitch, at_ns in arrivals_ns.items() if at_ns)
    repeated = sum(len(at_ns) > 1 for at_ns in arrivals_ns.values())
    return RoundTrips(times_ns, len(sent_ns), repeated, strangers)


def propose_latency_ms(trips: RoundTrips) -> int:
    """Return the whole median round trip in ms; raises `PortError` if the times do not allow a proposal.

    An answer follows a beat or a phrase that has reached BachBridge late by the DAW's output, and reaches the DAW's
    instrument late by its input. It is on the beat if it is sent earlier by the sum of both.
    """
    if len(trips.times_ns) < MIN_SHARE * trips.sent:
        if trips.strangers:
            raise PortError(
                f"Only {len(trips.times_ns)} of {trips.sent} notes came back, but {trips.strangers} others: stop the "
                "DAW's transport, switch off transposition and arpeggios on the track, and try again."
            )
        raise PortError(
            f"Only {len(trips.times_ns)} of {trips.sent} notes came back: close programs that keep the machine busy "
            "and try again."
        )
    if trips.repeated >= MIN_SHARE * trips.sent:
        raise PortError("The notes came back twice: remove one of the two connections to BachBridge's input.")
    if trips.spread_ms > MAX_SPREAD_MS:
        raise PortError(
            f"The times of the round trips differ by {trips.spread_ms:.0f} ms: close programs that keep the machine "
            "busy, or choose a smaller buffer in the DAW, and try again."
        )
    longest_ms = range_of("latency_ms")[1]
    if trips.median_ms > longest_ms:
        raise PortError(
            f"The round trip takes {trips.median_ms:.0f} ms, more than the {longest_ms:g} ms that can be made up for: "
            "choose a smaller buffer in the DAW."
        )
    return round(trips.median_ms)
