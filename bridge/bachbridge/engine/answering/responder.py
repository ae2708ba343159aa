"""The answering half of the dialogue: what was asked, what of it has come, and when it is over.

There is one exchange at a time. It is asked for, answered in parts, perhaps late, perhaps never, and it ends with its
last note, by an interruption, or when patience does. Whatever belongs to an older ask falls out by its number.

The answer to a phrase that is about to end can be asked for beforehand: what comes of it is kept until the phrase has
ended as was foreseen, and if it ended otherwise, it is asked for anew.

A dream does not end with its last note: shortly before, its continuation is asked for, so early that it is there in
time as far as the answer before it shows.
"""

from dataclasses import dataclass, replace

from bachbridge.engine.answering.response import Exchange
from bachbridge.engine.output.scheduler import Agenda
from bachbridge.engine.tempo.tracker import Grid
from bachbridge.music import endless
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase, key_named, key_number
from bachbridge.protocol.events import Answer, Answered, Answering, Ask, Cancel, Effect, Heard, Missed, Refused, Send
from bachbridge.settings import Settings, task_of_answer

_PATIENCE_BEATS = 8
"""How long after its due time an answer is waited for."""
_AHEAD_BEATS, _AHEAD_TIMES = 2, 2
"""How early a dream's next part is asked for: so many beats, or so many times what the last one took."""


@dataclass(slots=True)
class _Foreseen:
    """What was asked for beforehand, and what has come of it."""

    ask: Ask
    answers: list[Answer]

    def fits(self, ask: Ask) -> bool:
        """Whether this is what would be asked now; its number does not count."""
        return replace(self.ask, ask=ask.ask) == ask


class Respondent:
    """Used on the engine's thread only; knows no clock."""

    __slots__ = ("_agenda", "_asks", "_exchange", "_foreseen")

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._asks = 0
        self._exchange: Exchange | None = None
        self._foreseen: _Foreseen | None = None

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
        if exchange.final and exchange.dreams:
            return None
        if exchange.final and self._agenda.empty:
            return exchange.grid.time_of(max((note.end for note in exchange.notes.values()), default=0))
        patience_ns = _PATIENCE_BEATS * STEPS_PER_BEAT * exchange.grid.step_ns
        return patience_ns + (exchange.end_ns if exchange.heard else exchange.start_ns)

    @property
    def dream_ns(self) -> int | None:
        """When `dream_on` has something to do (ns), or None."""
        exchange = self._exchange
        if exchange is None or not exchange.dreams or not exchange.final:
            return None
        beats_ns = _AHEAD_BEATS * STEPS_PER_BEAT * exchange.grid.step_ns
        return exchange.end_ns - max(beats_ns, _AHEAD_TIMES * exchange.slow_ns)

    def foresee(self, settings: Settings, phrase: Phrase, seed: int) -> list[Effect]:
        """A phrase may end like this in a moment: have its answer thought of, unless something is under way."""
        ask = _first(settings, phrase, seed)
        if self._exchange or (self._foreseen and self._foreseen.fits(ask)):
            return []
        ask = self._numbered(ask)
        self._foreseen = _Foreseen(ask, [])
        return [ask]

    def forget(self) -> None:
        """What was asked for beforehand is not wanted any more, or will not come."""
        self._foreseen = None

    def ask(self, now_ns: int, settings: Settings, heard: Heard, start_ns: int, seed: int) -> list[Effect]:
        """Have the phrase answered from `start_ns` on; nothing else may be under way."""
        ask, foreseen = _first(settings, heard.phrase, seed), self._foreseen
        if foreseen and foreseen.fits(ask):
            self._foreseen = None
            begun = self._begin(now_ns, settings, heard, start_ns, foreseen.ask)
            return begun + [effect for answer in foreseen.answers for effect in self.take(now_ns, answer)]
        ask = self._numbered(ask)
        # The ask before the reports: the answer's first note is waited for, they are not.
        return [ask, *self._begin(now_ns, settings, heard, start_ns, ask)]

    def _begin(self, now_ns: int, settings: Settings, heard: Heard, start_ns: int, ask: Ask) -> list[Effect]:
        grid = Grid(start_ns, heard.step_ns)
        self._exchange = Exchange(ask, grid, settings, now_ns, heard.phrase, ask.ask)
        self.dream(on=settings.answer == "dream")
        return [heard, Answering(ask.ask, start_ns, ask.seed)]

    def _numbered(self, ask: Ask) -> Ask:
        """The ask as it is put: what was put before it, the model forgets."""
        self._asks += 1
        self._foreseen = None
        return replace(ask, ask=self._asks)

    def dream(self, *, on: bool) -> None:
        """Whether a continuation that is under way goes on for ever."""
        if self._exchange:
            self._exchange.dreams = on and self._exchange.ask.task == "continue"

    def dream_on(self, now_ns: int, settings: Settings) -> list[Effect]:
        """Ask for what comes after the answer that is all known now."""
        exchange = self._exchange
        if exchange is None:
            return []
        before = exchange.ask
        prompt = endless.onward(exchange.first, before.prompt, exchange.part, before.steps)
        steps = (settings.answer_bars or endless.PART_BARS) * prompt.steps_per_bar
        ask = self._numbered(_asked(settings, before.task, prompt, steps, endless.next_seed(before.seed)))
        chapter = self._chapter(exchange, ask) if exchange.long else []
        exchange.go_on(now_ns, ask, self._agenda)
        return [ask, *chapter]

    def _chapter(self, exchange: Exchange, ask: Ask) -> list[Effect]:
        """A long dream is told of as far as it has come, and what comes as another answer."""
        due_ns, step_ns = exchange.end_ns, exchange.grid.step_ns
        answered = Answered(exchange.number, exchange.in_order(), interrupted=False)
        exchange.begin_chapter(ask.ask)
        heard = Heard(ask.prompt, due_ns - ask.prompt.steps * step_ns, step_ns, "dream")
        return [answered, heard, Answering(ask.ask, due_ns, ask.seed)]

    def retime(self, now_ns: int, step_ns: int) -> None:
        """Another tempo was set: a dream has it at once, any other answer keeps that of its phrase."""
        exchange = self._exchange
        if exchange and exchange.dreams and exchange.grid.step_ns != step_ns:
            exchange.retime(now_ns, step_ns, self._agenda)

    def ask_again(self, model: str) -> list[Effect]:
        """The model's process is new, or the model in it: what was asked before is forgotten, or another's matter."""
        exchange, self._foreseen = self._exchange, None
        if exchange is None or exchange.heard:
            return []
        exchange.ask = replace(exchange.ask, model=model)
        return [exchange.ask]

    def take(self, now_ns: int, answer: Answer) -> list[Effect]:
        """Some notes of the answer have come."""
        if self._foreseen and answer.ask == self._foreseen.ask.ask:
            self._foreseen.answers.append(answer)
        exchange = self._exchange
        if exchange is None or answer.ask != exchange.ask.ask or exchange.final:
            return []
        effects: list[Effect] = []
        if not exchange.heard and (steps := exchange.postpone(now_ns)):
            effects.append(Missed(answer.ask, f"the answer came late and starts {steps // STEPS_PER_BEAT} beats later"))
            if answer.ask == exchange.number:
                effects.append(Answering(answer.ask, exchange.start_ns, exchange.ask.seed))
        if dropped := exchange.take(now_ns, answer, self._agenda):
            effects.append(Missed(answer.ask, f"{dropped} notes came too late to be played"))
        return effects

    def refused(self, now_ns: int, refused: Refused) -> list[Effect]:
        """No answer will come."""
        if self._foreseen and refused.ask == self._foreseen.ask.ask:
            self._foreseen = None
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
            played = (now_ns - exchange.grid.time_of(exchange.chapter)) // exchange.grid.step_ns
            notes = tuple(replace(n, length=min(n.length, played - n.start + 1)) for n in notes if n.start <= played)
            effects.append(Cancel())
        return [*effects, Answered(exchange.number, notes, interrupted)]


def _first(settings: Settings, phrase: Phrase, seed: int) -> Ask:
    """What is asked about a phrase that was played."""
    task = task_of_answer(settings.answer)
    bars = settings.answer_bars if task == "continue" else 0
    bars = bars or (endless.PART_BARS if settings.answer == "dream" else 0)
    return _asked(settings, task, phrase, bars * settings.beats_per_bar * STEPS_PER_BEAT or phrase.steps, seed)


def _asked(settings: Settings, task: str, prompt: Phrase, steps: int, seed: int) -> Ask:
    """Without a number yet."""
    return Ask(
        ask=0,
        task=task,
        model=settings.model,
        prompt=prompt,
        steps=steps,
        temperature=settings.temperature,
        top_p=settings.top_p,
        seed=seed,
        key=key_number(key_named(settings.key)),
    )
