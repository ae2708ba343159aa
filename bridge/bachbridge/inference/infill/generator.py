"""The infilling model as a generator: an ask is a canvas with masked cells, and live harmony is its partner's work.

An answer is drawn by annealed block Gibbs sampling (`gibbs`), a long one window by window (`windows`). Between two
sweeps of the network it can be interrupted: the generator yields None, and the host may do something else. The notes
come all at once, at the end.

Live harmony has no future to fill in, so a causal model, the `partner`, follows what is played and plans each next step
for every note that may come. In idle moments the network looks ahead (see `lookahead`), and where the player plays what
was imagined, the imagined harmony replaces the partner's in the plan.

All random numbers come from the ask's seed. The number of sweeps and candidates follows from the length and from the
recorded time of a sweep.
"""

from collections.abc import Iterator

from bachbridge.inference.infill import windows
from bachbridge.inference.infill.budget import sweep_budget
from bachbridge.inference.infill.closes import with_closes
from bachbridge.inference.infill.lookahead import LookAhead
from bachbridge.inference.runtime.ask_canvas import TASKS, build_ask_canvas
from bachbridge.inference.runtime.protocols import MaskedNet, StepPlanner
from bachbridge.music.notes import key_from_number
from bachbridge.protocol.effects import Ask, Feed, PlanRequest
from bachbridge.protocol.events import Answer, Plan
from bachbridge.protocol.style import Style


class InfillGenerator:
    """Plays an infilling network with a causal partner. Used on the main thread of the model process."""

    __slots__ = ("_lookahead", "_net", "_partner", "recorded_step_ns")

    tasks = TASKS

    def __init__(self, net: MaskedNet, partner: StepPlanner, sweep_ns: int) -> None:
        """`sweep_ns` is the recorded time of a sweep over `budget.REFERENCE_STEPS` steps on this machine."""
        self._net, self._partner = net, partner
        self._lookahead = LookAhead(net, sweep_ns)
        self.recorded_step_ns = sweep_ns

    def feed(self, feed: Feed) -> None:
        """Do nothing: an answer starts from the whole phrase."""

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """Yield None after each sweep of the network, then the whole answer."""
        task = build_ask_canvas(ask)
        budget = sweep_budget(self.recorded_step_ns, len(task.canvas.pitch_indices))
        pitch_indices, onsets = task.canvas.pitch_indices, task.canvas.onsets
        if task.canvas.masked.any():
            style = Style(temperature=ask.temperature, top_p=ask.top_p, key=task.key)
            canvas = task.canvas
            if ask.task == "harmonize":
                canvas = with_closes(canvas, ask.phrase_ends, key_from_number(ask.key), ask.seed)
            for filled in windows.fill_windows(
                self._net,
                canvas,
                task.bar_lines,
                budget.schedule,
                style,
                candidates=budget.candidates,
                seed=ask.seed,
            ):
                if filled is None:
                    yield None
                else:
                    pitch_indices, onsets = filled.pitch_indices, filled.onsets
        yield Answer(ask.ask, task.answer_notes(pitch_indices, onsets), ask.steps, final=True)

    def follow(self, request: PlanRequest) -> None:
        """Tell the partner and the look-ahead what sounded."""
        self._partner.follow(request)
        self._lookahead.follow(request)

    def plan(self, request: PlanRequest) -> Plan:
        """Return the partner's plan for the next step, with the imagined chord merged into it."""
        return self._lookahead.merge_into(self._partner.plan(request), request)

    def plans(self, request: PlanRequest) -> Iterator[Plan]:
        """Yield the whole plan: the imagined chord must not come after the partner's."""
        yield self.plan(request)

    def idle_work(self) -> bool:
        """Look ahead by one sweep of the network; False if there was nothing to do."""
        return self._lookahead.idle_work()
