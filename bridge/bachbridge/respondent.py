"""The answering half of the dialogue: what was asked, what of it has come, and when it is over.

There is one exchange at a time. It is asked for, answered in parts, perhaps late, perhaps never, and it ends with its
last note, by an interruption, or when patience does. Whatever belongs to an older ask falls out by its number.
"""

from dataclasses import replace

from bachbridge.agenda import Agenda
from bachbridge.config import Settings
from bachbridge.events import Answer, Answered, Answering, Ask, Cancel, Effect, Heard, Missed, Refused, Send
from bachbridge.exchange import Exchange
from bachbridge.music import STEPS_PER_BEAT, key_named, key_number
from bachbridge.tempo import Grid

_PATIENCE_BEATS = 8
"""How long after its due time an answer is waited for."""


class Respondent:
    """Used on the engine's thread only; knows no clock."""

    __slots__ = ("_agenda", "_asks", "_exchange")

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._asks = 0
        self._exchange: Exchange | None = None

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited or sounds."""
        return self._exchange is not None

    @property
    def end_ns(self) -> int | None:
        """When `finish` has something to do (ns), or None."""
        exchange = self._exchange
        if exchange is None:
            return None
        if exchange.final and self._agenda.empty:
            return exchange.grid.time_of(max((note.end for note in exchange.notes.values()), default=0))
        patience_ns = _PATIENCE_BEATS * STEPS_PER_BEAT * exchange.grid.step_ns
        return patience_ns + (exchange.end_ns if exchange.heard else exchange.grid.origin_ns)

    def ask(self, settings: Settings, heard: Heard, start_ns: int, task: str, steps: int, seed: int) -> list[Effect]:
        """Have the phrase answered by `steps` steps from `start_ns` on; nothing else may be under way."""
        self._asks += 1
        ask = Ask(
            ask=self._asks,
            task=task,
            model=settings.model,
            prompt=heard.phrase,
            steps=steps,
            temperature=settings.temperature,
            top_p=settings.top_p,
            seed=seed,
            key=key_number(key_named(settings.key)),
        )
        self._exchange = Exchange(ask, Grid(start_ns, heard.step_ns), settings)
        # The ask before the reports: the answer's first note is waited for, they are not.
        return [ask, heard, Answering(ask.ask, start_ns, seed)]

    def ask_again(self, model: str) -> list[Effect]:
        """The model's process is new, or the model in it: what was asked before is forgotten, or another's matter."""
        exchange = self._exchange
        if exchange is None or exchange.heard:
            return []
        exchange.ask = replace(exchange.ask, model=model)
        return [exchange.ask]

    def take(self, now_ns: int, answer: Answer) -> list[Effect]:
        """Some notes of the answer have come."""
        exchange = self._exchange
        if exchange is None or answer.ask != exchange.ask.ask or exchange.final:
            return []
        effects: list[Effect] = []
        if not exchange.heard and (steps := exchange.postpone(now_ns)):
            effects.append(Missed(answer.ask, f"the answer came late and starts {steps // STEPS_PER_BEAT} beats later"))
            effects.append(Answering(answer.ask, exchange.grid.origin_ns, exchange.ask.seed))
        if dropped := exchange.take(now_ns, answer, self._agenda):
            effects.append(Missed(answer.ask, f"{dropped} notes came too late to be played"))
        return effects

    def refused(self, now_ns: int, refused: Refused) -> list[Effect]:
        """No answer will come."""
        exchange = self._exchange
        if exchange is None or refused.ask != exchange.ask.ask:
            return []
        return [Missed(refused.ask, refused.reason), *self._close(now_ns, interrupted=True)]

    def revoice(self, now_ns: int, settings: Settings) -> list[Send]:
        """The voices sound otherwise from now on."""
        return self._exchange.revoice(now_ns, settings, self._agenda) if self._exchange else []

    def finish(self, now_ns: int) -> list[Effect]:
        """The last note has ended, or nobody waits any more."""
        exchange = self._exchange
        if exchange is None or exchange.final:
            return self._close(now_ns, interrupted=False)
        what = "the rest of the answer never came" if exchange.heard else "no answer came"
        return [Missed(exchange.ask.ask, what), *self._close(now_ns, interrupted=True)]

    def interrupt(self, now_ns: int) -> list[Effect]:
        """The player plays again, or something newer is to be answered: stop what is under way."""
        return self._close(now_ns, interrupted=True) if self._exchange else []

    def _close(self, now_ns: int, *, interrupted: bool) -> list[Effect]:
        exchange, self._exchange = self._exchange, None
        effects: list[Effect] = list(self._agenda.hush(now_ns))
        if exchange is None:
            return effects
        notes = exchange.in_order()
        if interrupted:
            played = (now_ns - exchange.grid.origin_ns) // exchange.grid.step_ns
            notes = tuple(replace(n, length=min(n.length, played - n.start + 1)) for n in notes if n.start <= played)
            effects.append(Cancel())
        return [*effects, Answered(exchange.ask.ask, notes, interrupted)]
