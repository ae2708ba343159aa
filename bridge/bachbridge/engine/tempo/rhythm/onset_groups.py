"""Keys pressed together are one event, also if a chord is rolled.

A key belongs to the event before if it follows its last key within a moment. Where it is known that all keys of the
event are still held, the moment is longer: notes of a rolled chord overlap, those of a quick melody hardly.
"""

from dataclasses import dataclass, field

import numpy as np

from bachbridge.engine.tempo.rhythm.evidence import EvidenceModel

_NS_PER_MS = 1e6
_GAP_MS, _HELD_GAP_MS, _STACCATO_GAP_MS = 35.0, 85.0, 30.0
"""Longest time since the last key: if nothing is known of releases, if all keys are held, and if none is."""
_CHORDS_KEYS_PER_EVENT = 1.5
_MIN_MELODY_GAP_MS, _MAX_OVERLAP_MS = 45.0, 50.0
"""Shortest time between quick notes of a melody, and the longest for which they overlap."""
_COMPARED_EVENTS = 16
"""Number of events before one whose keys its own are compared with."""
_SPAN_MS, _HELD_SPAN_MS = 90.0, 160.0
"""Longest time since the event's first key."""


@dataclass(slots=True)
class OnsetEvent:
    """Keys that were pressed together; `first` is the number of the first one."""

    first: int
    onsets_ms: list[float]
    pitches: list[int] = field(default_factory=list[int])
    held_keys: set[int] = field(default_factory=set[int])
    are_releases_known: bool = False

    @property
    def time_ms(self) -> float:
        return sum(self.onsets_ms) / len(self.onsets_ms)


class OnsetGroups:
    """The events of a phrase; keys come in order of time. Used on the engine's thread only."""

    __slots__ = ("_onset_count", "dropped_count", "events")

    def __init__(self) -> None:
        self.events: list[OnsetEvent] = []
        self._onset_count = 0
        self.dropped_count = 0
        """Number of events that were dropped before the first one."""

    @property
    def texture(self) -> str:
        """Which of the model's rhythms these are."""
        return "chords" if self._onset_count > _CHORDS_KEYS_PER_EVENT * len(self.events) else "line"

    def evidence(self, number: int, model: EvidenceModel) -> np.ndarray:
        """Return what the pitches of event `number` tell about its place (see `EvidenceModel.score_event`)."""
        previous = self.events[number - 1].pitches if number else ()
        most_keys = max(len(event.pitches) for event in self.events[max(0, number - _COMPARED_EVENTS) : number + 1])
        return model.score_event(self.events[number].pitches, previous, most_keys)

    def add(self, onset_ns: int, pitch: int | None) -> None:
        """Add a key; `pitch` is None if its release will not be known."""
        onset_ms = onset_ns / _NS_PER_MS
        if not (self.events and _belongs(self.events[-1], onset_ms)):
            self.events.append(OnsetEvent(self._onset_count, []))
        event = self.events[-1]
        event.onsets_ms.append(onset_ms)
        self._onset_count += 1
        if pitch is not None:
            event.pitches.append(pitch)
            event.held_keys.add(pitch)
            event.are_releases_known = True

    def drop_first(self, onset_count: int) -> int:
        """Forget the events that lie within the first `onset_count` keys; return the number of their keys."""
        kept = next((n for n, event in enumerate(self.events) if event.first + len(event.onsets_ms) > onset_count), 0)
        dropped_keys = self.events[kept].first if self.events else 0
        del self.events[:kept]
        for event in self.events:
            event.first -= dropped_keys
        self._onset_count -= dropped_keys
        self.dropped_count += kept
        return dropped_keys

    def release(self, release_ns: int, pitch: int) -> bool:
        """Release a key of the last event; return True if this splits the event in two.

        Notes of a melody may overlap for a moment. A key that is released just after the next one was pressed does not
        belong to its chord.
        """
        if not self.events or pitch not in self.events[-1].held_keys:
            return False
        event = self.events[-1]
        event.held_keys.discard(pitch)
        index = event.pitches.index(pitch) + 1
        if not 0 < index < len(event.onsets_ms) or len(event.pitches) != len(event.onsets_ms):
            return False
        gap_ms = event.onsets_ms[index] - event.onsets_ms[index - 1]
        if gap_ms < _MIN_MELODY_GAP_MS or release_ns / _NS_PER_MS - event.onsets_ms[index] > _MAX_OVERLAP_MS:
            return False
        later = OnsetEvent(event.first + index, event.onsets_ms[index:], event.pitches[index:], set(), True)
        del event.onsets_ms[index:], event.pitches[index:]
        later.held_keys = event.held_keys.intersection(later.pitches)
        self.events.append(later)
        return True


def _belongs(event: OnsetEvent, onset_ms: float) -> bool:
    gap_ms, span_ms = onset_ms - event.onsets_ms[-1], onset_ms - event.onsets_ms[0]
    if not event.are_releases_known:
        return gap_ms <= _GAP_MS and span_ms <= _SPAN_MS
    if len(event.held_keys) == len(event.onsets_ms):
        return gap_ms <= _HELD_GAP_MS and span_ms <= _HELD_SPAN_MS
    return gap_ms <= _STACCATO_GAP_MS and span_ms <= _SPAN_MS
