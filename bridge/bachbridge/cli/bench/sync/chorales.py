"""The chorales that the simulated players play: what `scripts/tables/bench_melodies.py` wrote into `chorales.json`."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bachbridge.music.notes import Note


@dataclass(frozen=True, slots=True)
class Tune:
    """A piece with its true bar lines; `voices` hold its notes, the highest voice first."""

    name: str
    steps_per_bar: int
    steps_per_beat: int
    bar_lines: tuple[int, ...]
    fermatas: tuple[int, ...]
    voices: tuple[tuple[Note, ...], ...]

    def bar_line_after(self, step: int) -> int:
        """Return the first bar line at or after `step`."""
        later = [line for line in self.bar_lines if line >= step]
        if later:
            return later[0]
        last = self.bar_lines[-1]
        return last - (last - step) // self.steps_per_bar * self.steps_per_bar

    def is_regular(self, begin: int, end: int) -> bool:
        """Return True if the bar lines from `begin` to `end` are a whole bar apart."""
        lines = [line for line in self.bar_lines if begin <= line <= end]
        return all((line - lines[0]) % self.steps_per_bar == 0 for line in lines)


def _notes(flat: list[int], voice: int) -> tuple[Note, ...]:
    notes: list[Note] = []
    step = 0
    for length, pitch in zip(flat[::2], flat[1::2], strict=True):
        if pitch >= 0:
            notes.append(Note(step, length, pitch, voice=voice))
        step += length
    return tuple(notes)


@cache
def load_chorales() -> tuple[Tune, ...]:
    """Return the chorales, in the file's order."""
    text = resources.files("bachbridge.cli.bench.sync").joinpath("chorales.json").read_text("utf-8")
    return tuple(
        Tune(
            entry["name"],
            entry["steps_per_bar"],
            4,
            tuple(entry["bar_lines"]),
            tuple(entry["fermatas"]),
            tuple(_notes(flat, voice) for voice, flat in enumerate(entry["voices"])),
        )
        for entry in json.loads(text)["pieces"]
    )
