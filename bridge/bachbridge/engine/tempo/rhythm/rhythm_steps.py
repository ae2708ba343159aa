"""Steps of onsets whose tempo is not set: they are inferred, and the grid follows the player."""

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.rhythm.hypotheses import OnsetOdds
from bachbridge.engine.tempo.rhythm.model import RhythmModel
from bachbridge.engine.tempo.rhythm.onset_groups import OnsetGroups
from bachbridge.engine.tempo.rhythm.rhythm_filter import Placed, RhythmFilter
from bachbridge.engine.tempo.rhythm.tempo_prior import TempoPrior
from bachbridge.music.notes import NS_PER_MINUTE, STEPS_PER_BEAT

_NS_PER_MS = 1e6
_MIN_EVENTS = 3
"""With fewer events than this the tempo is the expected one."""
_COMMON_NOISE = 0.5
"""Share of the variance of a key's error that all keys of a chord have in common."""


class RhythmSteps:
    """Steps and grid of the onsets so far. Used on the engine's thread only."""

    __slots__ = (
        "_expected_step_ms",
        "_filter",
        "_model",
        "_offsets_ns",
        "_path",
        "_settled_events",
        "_steps",
        "groups",
        "settled_count",
    )

    def __init__(self, model: RhythmModel, prior: TempoPrior, expected_bpm: float, groups: OnsetGroups) -> None:
        """`expected_bpm` is the tempo until there are three events; `groups` has the keys before `add_onset`."""
        self._model = model
        self._filter, self.groups = RhythmFilter(model, prior), groups
        self._expected_step_ms = NS_PER_MINUTE / _NS_PER_MS / expected_bpm / STEPS_PER_BEAT
        self._path: list[Placed] | None = None
        self._steps: list[int] = []
        self._offsets_ns: list[int] = []
        self._settled_events = 0
        self.settled_count = 0

    def add_onset(self) -> None:
        """Place the last event of the groups, which has one more key."""
        self._place(len(self.groups.events) - 1)

    def split_event(self) -> None:
        """Place the last two events of the groups, which were one."""
        self._place(len(self.groups.events) - 2)
        self._place(len(self.groups.events) - 1)

    def _place(self, index: int) -> None:
        event, texture = self.groups.events[index], self.groups.texture
        noise = _COMMON_NOISE + (1 - _COMMON_NOISE) / len(event.onsets_ms)
        evidence = self.groups.evidence(index, self._model.evidence[texture])
        number = self.groups.dropped_count + index
        self._filter.add(number, event.time_ms, noise, OnsetOdds(self._model.log_values[texture], evidence))
        self._path = None

    @property
    def steps(self) -> list[int]:
        """The step of each onset."""
        self._update()
        return self._steps

    @property
    def offsets_ns(self) -> list[int]:
        """Distance of each onset from the time of its step."""
        self._update()
        return self._offsets_ns

    @property
    def grid(self) -> Grid:
        """The grid after the last onset."""
        last = self._update()[-1]
        # All notes before the last may have been graces; then nothing shows a tempo yet.
        step_ns = round((last.step_ms or self._expected_step_ms) * _NS_PER_MS)
        return Grid(round(last.time * _NS_PER_MS) - last.step * step_ns, step_ns)

    def _unsettled_path(self) -> list[Placed]:
        events = self.groups.events
        if len(events) >= _MIN_EVENTS:
            return self._filter.unsettled_path()
        first_ms, step_ms = events[0].time_ms, self._expected_step_ms
        steps = [max(0, round((event.time_ms - first_ms) / step_ms)) for event in events]
        return [Placed(step, first_ms + step * step_ms, step_ms) for step in steps]

    def _update(self) -> list[Placed]:
        """Bring the lists up to date behind the settled onsets; return the places of the others."""
        if self._path is not None:
            return self._path
        self._path = self._unsettled_path()
        del self._steps[self.settled_count :]
        del self._offsets_ns[self.settled_count :]
        for number, placed in enumerate(self._filter.pop_settled(), self._settled_events):
            self._append_event(number, placed)
        self._settled_events, self.settled_count = self._filter.settled_count, len(self._steps)
        for number, placed in enumerate(self._path, self._settled_events):
            self._append_event(number, placed)
        return self._path

    def drop_first(self, count: int) -> None:
        """Forget the first `count` onsets, which have settled and are no longer in the groups."""
        del self._steps[:count]
        del self._offsets_ns[:count]
        self.settled_count -= count

    def _append_event(self, number: int, placed: Placed) -> None:
        for onset_ms in self.groups.events[number - self.groups.dropped_count].onsets_ms:
            self._steps.append(placed.step)
            self._offsets_ns.append(round((onset_ms - placed.time) * _NS_PER_MS))
