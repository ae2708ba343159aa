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
from bachbridge.inference.infill.budget import sweep_budget
from bachbridge.inference.infill.lookahead import LookAhead
from bachbridge.inference.runtime.ask_canvas import TASKS, build_ask_canvas
from bachbridge.inference.runtime.style import Style
from bachbridge.protocol.events import Answer, Ask, Feed, Plan, PlanRequest


class CausalPartner(Protocol):
    """A causal model that harmonises live."""

    def follow(self, request: PlanRequest) -> None: ...
    def plan(self, request: PlanRequest) -> Plan: ...


class InfillGenerator:
    """Used on one thread of the model's process."""

    __slots__ = ("_lookahead", "_net", "_partner", "recorded_step_ns")

    tasks = TASKS

    def __init__(self, net: gibbs.MaskedNet, partner: CausalPartner, sweep_ns: int) -> None:
        """`pass_ns`: what a pass over `pace.REFERENCE_STEPS` steps takes, by the machine's record."""
        self._net, self._partner = net, partner
        self._lookahead = LookAhead(net, sweep_ns)
        self.recorded_step_ns = sweep_ns

    def feed(self, feed: Feed) -> None:
        """Nothing is made of half a phrase."""

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """None after each pass of the network, then the whole answer."""
        task = build_ask_canvas(ask)
        made = sweep_budget(self.recorded_step_ns, len(task.canvas.pitch_indices))
        classes, struck = task.canvas.pitch_indices, task.canvas.onsets
        if task.canvas.masked.any():
            style = Style(temperature=ask.temperature, top_p=ask.top_p, key=task.key)
            for filled in windows.fill_windows(
                self._net, task.canvas, task.bar_lines, made.schedule, style, candidates=made.candidates, seed=ask.seed
            ):
                if filled is None:
                    yield None
                else:
                    classes, struck = filled.pitch_indices, filled.onsets
        yield Answer(ask.ask, task.answer_notes(classes, struck), ask.steps, final=True)

    def follow(self, request: PlanRequest) -> None:
        """Bring the harmony's memory up to what is told."""
        self._partner.follow(request)
        self._lookahead.follow(request)

    def plan(self, request: PlanRequest) -> Plan:
        """The partner's plan for the step after it, with what was foreseen in its place."""
        return self._lookahead.merge_into(self._partner.plan(request), request)

    def idle_work(self) -> bool:
        """Look ahead, one pass of the network further; whether there was anything to be done."""
        return self._lookahead.idle_work()
