"""A simulated player: plays a part of a tune with human timing, as note-ons and note-offs.

Each note has an error of its own (normally distributed); the tempo drifts. Chords may be rolled, notes may have a grace
note before them, and 8ths may swing.
"""

from dataclasses import dataclass

import numpy as np

from bachbridge.cli.bench.sync.chorales import Tune
from bachbridge.music.notes import Note

_NS_PER_MS = 1e6
_START_NS = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody plays; `drift` is the relative change of the tempo over the phrase."""

    bpm: float
    jitter_ms: float = 20.0
    drift: float = 0.0
    drift_kind: str = "ramp"
    """Tempo that goes evenly from one side to the other ("ramp"), or there and back ("wave")."""
    voices: int = 1
    roll_ms: float = 0.0
    """Time from the first to the last note of a chord; negative: downwards."""
    grace_share: float = 0.0
    """Share of the notes with a grace note before them."""
    legato: float = 0.9
    """Share of its length for which a note is held."""
    swing: float = 0.5
    """Place of the second 8th in its beat."""


@dataclass(frozen=True, slots=True)
class PlayedNote:
    """A note as played; `step` is its true step."""

    on_ns: int
    off_ns: int
    pitch: int
    step: int


@dataclass(frozen=True, slots=True)
class Performance:
    """Part of a tune, played: notes by onset, and the times of the steps from `first_step` on."""

    tune: Tune
    manner: Manner
    notes: tuple[PlayedNote, ...]
    first_step: int
    end_step: int
    step_times_ns: np.ndarray
    """The time of each step from `first_step` on, past the end of the phrase too."""

    def time_of(self, step: float) -> float:
        return float(np.interp(step - self.first_step, np.arange(len(self.step_times_ns)), self.step_times_ns))


def _step_times(manner: Manner, steps: int, rng: np.random.Generator) -> np.ndarray:
    place = np.clip(np.arange(steps + 64) / max(1, steps), 0, 1)
    shape = place - 0.5 if manner.drift_kind == "ramp" else np.sin(2 * np.pi * (place + rng.uniform()))
    bpms = manner.bpm * (1 + manner.drift * shape)
    return _START_NS + np.concatenate(([0.0], np.cumsum(60e9 / bpms / 4)))


def _swung(step: int, steps_per_beat: int, swing: float) -> float:
    """Return the place of a step of a beat whose second half is late."""
    half = steps_per_beat / 2
    within = step % steps_per_beat
    late = 2 * swing * within if within <= half else steps_per_beat - (steps_per_beat - within) * 2 * (1 - swing)
    return step - within + late


def perform(tune: Tune, begin: int, end: int, manner: Manner, rng: np.random.Generator) -> Performance:
    """Play the notes that begin from step `begin` up to `end`."""
    chosen = [
        note for voice in _voice_choice(tune, manner.voices) for note in tune.voices[voice] if begin <= note.start < end
    ]
    first = min(note.start for note in chosen)
    last = min(end, max(note.end for note in chosen))
    times = _step_times(manner, last - first, rng)
    bars_offset = tune.bar_line_after(first)
    played: list[PlayedNote] = []
    for note in chosen:
        roll_ns = _roll_ns(note, chosen, manner)
        place = bars_offset + _swung(note.start - bars_offset, tune.steps_per_beat, manner.swing) - first
        on_ns = (
            float(np.interp(place, np.arange(len(times)), times))
            + roll_ns
            + rng.normal(0, manner.jitter_ms * _NS_PER_MS)
        )
        held_ns = (times[min(note.end, end) - first] - times[note.start - first]) * manner.legato
        off_ns = on_ns + max(30 * _NS_PER_MS, held_ns + rng.normal(0, manner.jitter_ms * _NS_PER_MS))
        played.append(PlayedNote(round(on_ns), round(off_ns), note.pitch, note.start))
        if note.voice == 0 and manner.grace_share and rng.uniform() < manner.grace_share:
            played.append(_grace(played[-1], rng))
    played.sort(key=lambda n: n.on_ns)
    return Performance(tune, manner, tuple(played), first, last, times)


def _voice_choice(tune: Tune, voices: int) -> tuple[int, ...]:
    if voices == 1 or len(tune.voices) == 1:
        return (0,)
    return (0, len(tune.voices) - 1) if voices == 2 else tuple(range(min(voices, len(tune.voices))))


def _roll_ns(note: Note, notes: list[Note], manner: Manner) -> float:
    if not manner.roll_ms:
        return 0.0
    chord = sorted(other.pitch for other in notes if other.start == note.start)
    if len(chord) < 2:
        return 0.0
    place = chord.index(note.pitch) / (len(chord) - 1)
    return (place if manner.roll_ms > 0 else 1 - place) * abs(manner.roll_ms) * _NS_PER_MS


def _grace(main: PlayedNote, rng: np.random.Generator) -> PlayedNote:
    on_ns = round(main.on_ns - rng.uniform(50, 100) * _NS_PER_MS)
    return PlayedNote(on_ns, main.on_ns, main.pitch + int(rng.choice((-2, -1, 1, 2))), main.step)
