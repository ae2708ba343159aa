"""A model's process for tests, started by the engine: it answers with one chord, held for the whole answer.

model_process.py held     the chord at once
model_process.py stuck    its first step at once, and nothing more, ever
"""

import sys
import threading
from collections.abc import Iterator

from bachbridge import link
from bachbridge.events import Answer, Ask, Feed, Foresee, Plan
from bachbridge.modelhost import serve
from bachbridge.music import Note

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


if __name__ == "__main__":
    reader, writer = link.standard_pipes()
    outbox = link.Outbox(writer)
    serve(link.lines(reader), outbox.send, lambda name: Chord(stuck=sys.argv[1] == "stuck"))
    outbox.close()
