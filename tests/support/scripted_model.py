"""A model process for tests, started by the engine: it answers with one chord, held for the whole answer.

scripted_model.py held           the chord at once
scripted_model.py stuck          the first step at once, and then nothing more
scripted_model.py found FOLDER   a real model process that also finds models in FOLDER
"""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from bachbridge.inference import sweep_benchmark
from bachbridge.inference.host import serve
from bachbridge.inference.loading import load_model
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.protocols import Generator
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import Note
from bachbridge.process import ipc
from bachbridge.protocol.effects import Ask, Feed, PlanRequest
from bachbridge.protocol.events import Answer, Plan

CHORD_PITCHES = (72, 67, 64, 48)


class ChordModel:
    """A stand-in for a model that `inference.loading.load_model` returns."""

    tasks, recorded_step_ns = ("continue",), 0

    def __init__(self, *, stuck: bool) -> None:
        self._is_stuck = stuck

    def feed(self, feed: Feed) -> None:
        pass

    def follow(self, request: PlanRequest) -> None:
        pass

    def idle_work(self) -> bool:
        return False

    def plan(self, request: PlanRequest) -> Plan:
        step = request.step + len(request.frames)
        chord = tuple(pitch - 35 for pitch in CHORD_PITCHES[1:])
        rows = tuple((index, index, *chord, 15) for index in range(25, PITCH_INDEX_COUNT))
        return Plan(request.piece, step, rows, -1)

    def plans(self, request: PlanRequest) -> Iterator[Plan]:
        yield self.plan(request)

    def generate(self, ask: Ask) -> Iterator[Answer]:
        yield Answer(ask.ask, _chord_notes(1), 1, final=False)
        if self._is_stuck and ask.ask:
            threading.Event().wait()
        yield Answer(ask.ask, _chord_notes(ask.steps), ask.steps, final=True)


def _chord_notes(length: int) -> tuple[Note, ...]:
    return tuple(Note(0, length, pitch, 70, voice) for voice, pitch in enumerate(CHORD_PITCHES))


def _loader_with_models_in(folder: Path) -> Callable[[str], Generator]:
    shipped = Path(__file__).parents[2] / "models"
    library.search_paths = lambda: (folder / "own", folder, shipped)
    sweep_benchmark.record_path = lambda: folder / "pace.json"
    return load_model


if __name__ == "__main__":
    reader, writer = ipc.standard_pipes()
    outbox = ipc.Outbox(writer)
    load = (
        _loader_with_models_in(Path(sys.argv[2]))
        if sys.argv[1] == "found"
        else lambda _: ChordModel(stuck=sys.argv[1] == "stuck")
    )
    serve(ipc.read_lines(reader), outbox.send, load)
    outbox.close()
