"""A model's process for tests, started by the engine: it answers with one chord, held for the whole answer.

model_process.py held           the chord at once
model_process.py stuck          its first step at once, and nothing more, ever
model_process.py found FOLDER   a true process, which finds models in FOLDER beside the shipped ones
"""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from bachbridge.inference.host import Model, build, serve
from bachbridge.inference.runtime import library, sweep_benchmark
from bachbridge.music.notes import Note
from bachbridge.process import ipc
from bachbridge.protocol.events import Answer, Ask, Feed, Foresee, Plan

CHORD = (72, 67, 64, 48)


class Chord:
    """What `modelhost.build` would return."""

    tasks, recorded_ns = ("continue",), 0

    def __init__(self, *, stuck: bool) -> None:
        self._stuck = stuck

    def feed(self, feed: Feed) -> None:
        pass

    def follow(self, foresee: Foresee) -> None:
        pass

    def ponder(self) -> bool:
        return False

    def plan(self, foresee: Foresee) -> Plan:
        step = foresee.step + len(foresee.frames)
        chord = tuple(pitch - 35 for pitch in CHORD[1:])
        return Plan(foresee.piece, step, tuple((sung, sung, *chord, 15) for sung in range(25, 48)), -1)

    def generate(self, ask: Ask) -> Iterator[Answer]:
        yield Answer(ask.ask, _chord(1), 1, final=False)
        if self._stuck and ask.ask:
            threading.Event().wait()
        yield Answer(ask.ask, _chord(ask.steps), ask.steps, final=True)


def _chord(length: int) -> tuple[Note, ...]:
    return tuple(Note(0, length, pitch, 70, voice) for voice, pitch in enumerate(CHORD))


def _found(place: Path) -> Callable[[str], Model]:
    shipped = Path(__file__).parents[2] / "models"
    library.places = lambda: (place, shipped)
    sweep_benchmark.record_path = lambda: place / "pace.json"
    return build


if __name__ == "__main__":
    reader, writer = ipc.standard_pipes()
    outbox = ipc.Outbox(writer)
    maker = _found(Path(sys.argv[2])) if sys.argv[1] == "found" else lambda _: Chord(stuck=sys.argv[1] == "stuck")
    serve(ipc.lines(reader), outbox.send, maker)
    outbox.close()
