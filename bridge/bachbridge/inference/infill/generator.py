"""The infilling model as the model's process uses it: asks are tasks on a canvas, live harmony is its partner's.

An answer is drawn by annealed block Gibbs sampling (`gibbs.py`), a long one window by window (`walk.py`). Between two
passes of the network it is put aside: the generator yields None, and the process may attend to something else. It is
told all at once, at its end.

Under live harmony there is no future to fill in, so a causal model, the `partner`, follows what is sung and plans each
next step for every note that may come. In idle moments the network looks ahead (see `lookahead.py`), and where the
player sings what was foreseen, the foreseen harmony takes the partner's place in the plan.

All chance comes from the ask's seed; how many passes are made and how many candidates drawn follows from the length
and from `pass_ns`, which is on record.
"""

from collections.abc import Iterator
from typing import Protocol

from bachbridge.inference.infill import gibbs, windows
from bachbridge.inference.infill.budget import pace
from bachbridge.inference.infill.lookahead import LookAhead
from bachbridge.inference.runtime.ask_canvas import TASKS, task_of
from bachbridge.inference.runtime.style import Style
from bachbridge.protocol.events import Answer, Ask, Feed, Foresee, Plan


class Partner(Protocol):
    """A causal model that harmonises live."""

    def follow(self, foresee: Foresee) -> None: ...
    def plan(self, foresee: Foresee) -> Plan: ...


class Infill:
    """Used on one thread of the model's process."""

    __slots__ = ("_ahead", "_nets", "_partner", "recorded_ns")

    tasks = TASKS

    def __init__(self, nets: gibbs.Nets, partner: Partner, pass_ns: int) -> None:
        """`pass_ns`: what a pass over `pace.REFERENCE_STEPS` steps takes, by the machine's record."""
        self._nets, self._partner = nets, partner
        self._ahead = LookAhead(nets, pass_ns)
        self.recorded_ns = pass_ns

    def feed(self, feed: Feed) -> None:
        """Nothing is made of half a phrase."""

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """None after each pass of the network, then the whole answer."""
        task = task_of(ask)
        made = pace(self.recorded_ns, len(task.canvas.classes))
        classes, struck = task.canvas.classes, task.canvas.struck
        if task.canvas.open.any():
            style = Style(temperature=ask.temperature, top_p=ask.top_p, key=task.key)
            for filled in windows.walked(
                self._nets, task.canvas, task.lines, made.schedule, style, candidates=made.candidates, seed=ask.seed
            ):
                if filled is None:
                    yield None
                else:
                    classes, struck = filled.classes, filled.struck
        yield Answer(ask.ask, task.told(classes, struck), ask.steps, final=True)

    def follow(self, foresee: Foresee) -> None:
        """Bring the harmony's memory up to what is told."""
        self._partner.follow(foresee)
        self._ahead.follow(foresee)

    def plan(self, foresee: Foresee) -> Plan:
        """The partner's plan for the step after it, with what was foreseen in its place."""
        return self._ahead.joined(self._partner.plan(foresee), foresee)

    def ponder(self) -> bool:
        """Look ahead, one pass of the network further; whether there was anything to be done."""
        return self._ahead.ponder()
