"""Rows about playing without a clock: tempo, 16ths, beat and bar of simulated performances of chorales."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from bachbridge.cli.bench.sync.chorales import Tune, load_chorales
from bachbridge.cli.bench.sync.former_tracker import FormerTracker
from bachbridge.cli.bench.sync.player import Manner, Performance, perform
from bachbridge.cli.bench.sync.playing_score import PlayingScore, Tracker, feed, score
from bachbridge.cli.bench.sync.rows import Row
from bachbridge.engine.tempo.tracker import TempoTracker

_DRIFT = 0.05
_MIN_NOTES = 6
_ROUNDS = 3
"""How often each chorale is played in a scene."""

Figure = Callable[[PlayingScore], float]
Span = Callable[[Tune, np.random.Generator], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A set of performances: each chorale some times, from the first to the last step of `span`."""

    slowest_bpm: float
    fastest_bpm: float
    manners: Sequence[Manner]
    """Manners in turn; their tempo and drift are drawn."""
    span: Span


def two_lines(tune: Tune, _rng: np.random.Generator) -> tuple[int, int]:
    """Return the span of the first two lines, or of six bars where no line ends are marked."""
    soprano = tune.voices[0]
    if len(tune.fermatas) < 2:
        return soprano[0].start, soprano[0].start + 6 * tune.steps_per_bar
    return soprano[0].start, max(note.end for note in soprano if note.start <= tune.fermatas[1])


def one_line(tune: Tune, rng: np.random.Generator) -> tuple[int, int]:
    """Return the span of any line but the first."""
    soprano, ends = tune.voices[0], tune.fermatas
    if len(ends) < 3:
        return two_lines(tune, rng)
    number = int(rng.integers(0, len(ends) - 1))
    begin = min(note.start for note in soprano if note.start > ends[number])
    return begin, max(note.end for note in soprano if note.start <= ends[number + 1])


def some_bars(tune: Tune, rng: np.random.Generator) -> tuple[int, int]:
    """Return the span of two to eight bars from the beginning."""
    begin = tune.voices[0][0].start
    return begin, begin + int(rng.integers(2, 9)) * tune.steps_per_bar


PLAIN = Manner(0.0)
_SCENES = {
    "slow": Scene(60, 120, (PLAIN,), two_lines),
    "fast": Scene(120, 160, (PLAIN,), two_lines),
    "rolled": Scene(60, 160, (replace(PLAIN, voices=4, roll_ms=40), replace(PLAIN, voices=4, roll_ms=-40)), two_lines),
    "graces": Scene(60, 160, (replace(PLAIN, grace_share=0.2),), two_lines),
    "line": Scene(60, 160, (PLAIN,), one_line),
    "bars": Scene(60, 160, (PLAIN,), some_bars),
    "jitter 10": Scene(60, 160, (replace(PLAIN, jitter_ms=10),), two_lines),
    "jitter 40": Scene(60, 160, (replace(PLAIN, jitter_ms=40),), two_lines),
    "four": Scene(50, 180, (replace(PLAIN, voices=2), replace(PLAIN, voices=4)), two_lines),
    "wide roll": Scene(
        60, 160, (replace(PLAIN, voices=4, roll_ms=80), replace(PLAIN, voices=4, roll_ms=-80)), two_lines
    ),
}
_ROWS: tuple[tuple[str, tuple[str, ...], Figure, str], ...] = (
    ("tempo within 4 %, 60 to 120 bpm", ("slow",), lambda s: s.right_tempo, "≥ 97"),
    ("tempo within 4 %, 120 to 160 bpm", ("fast",), lambda s: s.right_tempo, "≥ 92"),
    ("tempo an octave off (or another simple ratio)", ("slow", "fast"), lambda s: s.octave_error, "≤ 2"),
    ("right 16th", ("slow", "fast"), lambda s: s.right_steps, "≥ 97"),
    ("right 16th, four voices rolled over 40 ms", ("rolled",), lambda s: s.right_steps, "≥ 95"),
    ("right 16th, a grace note before every fifth note", ("graces",), lambda s: s.right_steps, "≥ 93"),
    ("next beat right", ("slow", "fast"), lambda s: s.right_beat, "≥ 95"),
    ("next bar line right", ("slow", "fast"), lambda s: s.right_bar, "≥ 80"),
    ("next bar line right, one later line", ("line",), lambda s: s.right_bar, "≥ 80"),
    ("next bar line right, 2 to 8 bars", ("bars",), lambda s: s.right_bar, "≥ 80"),
    ("right 16th, jitter 10 ms", ("jitter 10",), lambda s: s.right_steps, ""),
    ("right 16th, jitter 40 ms", ("jitter 40",), lambda s: s.right_steps, ""),
    ("right 16th, two or four voices, 50 to 180 bpm", ("four",), lambda s: s.right_steps, ""),
    ("right 16th, four voices rolled over 80 ms", ("wide roll",), lambda s: s.right_steps, ""),
)
ROW_COUNT = len(_ROWS)


def playing_rows() -> Iterator[Row]:
    """Measure one row after another."""
    found: dict[str, dict[str, list[PlayingScore]]] = {}
    for name, scenes, figure, wanted in _ROWS:
        for scene in scenes:
            found[scene] = found.get(scene) or _measure(_SCENES[scene])
        figures = {
            method: 100 * mean(float(figure(one)) for scene in scenes for one in found[scene][method])
            for method in found[scenes[0]]
        }
        yield Row(name, figures, wanted, "%", 1)


def _measure(scene: Scene) -> dict[str, list[PlayingScore]]:
    """Return the scores of each method."""
    scores: dict[str, list[PlayingScore]] = {"former": [], "inferred": []}
    for performance in _performances(scene):
        tune = performance.tune
        trackers: dict[str, Tracker] = {
            "former": FormerTracker(0.0, None),
            "inferred": TempoTracker(0.0, None, steps_per_bar=tune.steps_per_bar, steps_per_beat=tune.steps_per_beat),
        }
        for method, tracker in trackers.items():
            feed(tracker, performance)
            scores[method].append(score(tracker, performance))
    return scores


def _performances(scene: Scene) -> Iterator[Performance]:
    rng = np.random.default_rng(1)
    for number, tune in enumerate(load_chorales() * _ROUNDS):
        begin, end = scene.span(tune, rng)
        end = min(end, max(note.end for note in tune.voices[0]))
        if sum(begin <= note.start < end for note in tune.voices[0]) < _MIN_NOTES or not tune.is_regular(begin, end):
            continue
        manner = replace(
            scene.manners[number % len(scene.manners)],
            bpm=float(rng.uniform(scene.slowest_bpm, scene.fastest_bpm)),
            drift=float(rng.uniform(-_DRIFT, _DRIFT)),
        )
        yield perform(tune, begin, end, manner, rng)
