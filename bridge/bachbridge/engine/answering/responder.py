"""The answering half of the dialogue: what was asked, what of it has come, and when it is over.

There is one exchange at a time. It is asked for, answered in parts, perhaps late, perhaps never, and it ends with its
last note, by an interruption, or when patience does. Whatever belongs to an older ask falls out by its number.

The answer to a phrase that is about to end can be asked for beforehand: what comes of it is kept until the phrase has
ended as was foreseen, and if it ended otherwise, it is asked for anew.

A dream does not end with its last note: shortly before, its continuation is asked for, so early that it is there in
time as far as the answer before it shows.
"""

from dataclasses import dataclass, replace

from bachbridge.engine.answering.response import Response
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.tempo.tracker import Grid
from bachbridge.music import endless
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase, key_to_number, parse_key
from bachbridge.protocol.events import (
    Answer,
    AnswerEnded,
    AnswerLate,
    AnswerStarted,
    Ask,
    AskRefused,
    Cancel,
    Effect,
    PhraseEnded,
    Send,
)
from bachbridge.settings import Settings, task_for_answer

_ANSWER_TIMEOUT_BEATS = 8
"""How long after its due time an answer is waited for."""
_DREAM_LEAD_BEATS, _DREAM_LEAD_FACTOR = 2, 2
"""How early a dream's next part is asked for: so many beats, or so many times what the last one took."""


@dataclass(slots=True)
class _EarlyAsk:
    """What was asked for beforehand, and what has come of it."""

    ask: Ask
    answers: list[Answer]

    def matches(self, ask: Ask) -> bool:
        """Whether this is what would be asked now; its number does not count."""
        return replace(self.ask, ask=ask.ask) == ask


class Responder:
    """Used on the engine's thread only; knows no clock."""

    __slots__ = ("_ask_count", "_early_ask", "_response", "_scheduler")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._ask_count = 0
        self._response: Response | None = None
        self._early_ask: _EarlyAsk | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited or sounds."""
        return self._response is not None

    @property
    def finish_ns(self) -> int | None:
        """When `finish` has something to do (ns), or None."""
        exchange = self._response
        if exchange is None:
            return None
        if exchange.is_final and exchange.is_dreaming:
            return None
        if exchange.is_final and self._scheduler.is_empty:
            return exchange.grid.time_of(max((note.end for note in exchange.notes.values()), default=0))
        patience_ns = _ANSWER_TIMEOUT_BEATS * STEPS_PER_BEAT * exchange.grid.step_ns
        return patience_ns + (exchange.end_ns if exchange.has_arrived else exchange.start_ns)

    @property
    def continue_dream_ns(self) -> int | None:
        """When `dream_on` has something to do (ns), or None."""
        exchange = self._response
        if exchange is None or not exchange.is_dreaming or not exchange.is_final:
            return None
        beats_ns = _DREAM_LEAD_BEATS * STEPS_PER_BEAT * exchange.grid.step_ns
        return exchange.end_ns - max(beats_ns, _DREAM_LEAD_FACTOR * exchange.answer_latency_ns)

    def ask_early(self, settings: Settings, phrase: Phrase, seed: int) -> list[Effect]:
        """A phrase may end like this in a moment: have its answer thought of, unless something is under way."""
        ask = _first_ask(settings, phrase, seed)
        if self._response or (self._early_ask and self._early_ask.matches(ask)):
            return []
        ask = self._assign_number(ask)
        self._early_ask = _EarlyAsk(ask, [])
        return [ask]

    def discard_early_ask(self) -> None:
        """What was asked for beforehand is not wanted any more, or will not come."""
        self._early_ask = None

    def ask(self, now_ns: int, settings: Settings, phrase_ended: PhraseEnded, start_ns: int, seed: int) -> list[Effect]:
        """Have the phrase answered from `start_ns` on; nothing else may be under way."""
        ask, foreseen = _first_ask(settings, phrase_ended.phrase, seed), self._early_ask
        if foreseen and foreseen.matches(ask):
            self._early_ask = None
            begun = self._start_response(now_ns, settings, phrase_ended, start_ns, foreseen.ask)
            return begun + [effect for answer in foreseen.answers for effect in self.handle_answer(now_ns, answer)]
        ask = self._assign_number(ask)
        # The ask before the reports: the answer's first note is waited for, they are not.
        return [ask, *self._start_response(now_ns, settings, phrase_ended, start_ns, ask)]

    def _start_response(
        self, now_ns: int, settings: Settings, phrase_ended: PhraseEnded, start_ns: int, ask: Ask
    ) -> list[Effect]:
        grid = Grid(start_ns, phrase_ended.step_ns)
        self._response = Response(ask, grid, settings, now_ns, phrase_ended.phrase, ask.ask)
        self.set_dreaming(enabled=settings.answer == "dream")
        return [phrase_ended, AnswerStarted(ask.ask, start_ns, ask.seed)]

    def _assign_number(self, ask: Ask) -> Ask:
        """The ask as it is put: what was put before it, the model forgets."""
        self._ask_count += 1
        self._early_ask = None
        return replace(ask, ask=self._ask_count)

    def set_dreaming(self, *, enabled: bool) -> None:
        """Whether a continuation that is under way goes on for ever."""
        if self._response:
            self._response.is_dreaming = enabled and self._response.ask.task == "continue"

    def continue_dream(self, now_ns: int, settings: Settings) -> list[Effect]:
        """Ask for what comes after the answer that is all known now."""
        exchange = self._response
        if exchange is None:
            return []
        before = exchange.ask
        prompt = endless.next_prompt(exchange.first_prompt, before.prompt, exchange.answer_notes, before.steps)
        steps = (settings.answer_bars or endless.PART_BARS) * prompt.steps_per_bar
        ask = self._assign_number(_make_ask(settings, before.task, prompt, steps, endless.next_seed(before.seed)))
        chapter = self._start_section(exchange, ask) if exchange.section_is_complete else []
        exchange.start_next_ask(now_ns, ask, self._scheduler)
        return [ask, *chapter]

    def _start_section(self, response: Response, ask: Ask) -> list[Effect]:
        """A long dream is told of as far as it has come, and what comes as another answer."""
        due_ns, step_ns = response.end_ns, response.grid.step_ns
        answered = AnswerEnded(response.announced_ask, response.unreported_notes(), interrupted=False)
        response.start_section(ask.ask)
        heard = PhraseEnded(ask.prompt, due_ns - ask.prompt.steps * step_ns, step_ns, "dream")
        return [answered, heard, AnswerStarted(ask.ask, due_ns, ask.seed)]

    def change_tempo(self, now_ns: int, step_ns: int) -> None:
        """Another tempo was set: a dream has it at once, any other answer keeps that of its phrase."""
        exchange = self._response
        if exchange and exchange.is_dreaming and exchange.grid.step_ns != step_ns:
            exchange.change_tempo(now_ns, step_ns, self._scheduler)

    def resend_ask(self, model_name: str) -> list[Effect]:
        """The model's process is new, or the model in it: what was asked before is forgotten, or another's matter."""
        exchange, self._early_ask = self._response, None
        if exchange is None or exchange.has_arrived:
            return []
        exchange.ask = replace(exchange.ask, model=model_name)
        return [exchange.ask]

    def handle_answer(self, now_ns: int, answer: Answer) -> list[Effect]:
        """Some notes of the answer have come."""
        if self._early_ask and answer.ask == self._early_ask.ask.ask:
            self._early_ask.answers.append(answer)
        exchange = self._response
        if exchange is None or answer.ask != exchange.ask.ask or exchange.is_final:
            return []
        effects: list[Effect] = []
        if not exchange.has_arrived and (steps := exchange.postpone_to_next_beat(now_ns)):
            effects.append(
                AnswerLate(answer.ask, f"the answer came late and starts {steps // STEPS_PER_BEAT} beats later")
            )
            if answer.ask == exchange.announced_ask:
                effects.append(AnswerStarted(answer.ask, exchange.start_ns, exchange.ask.seed))
        if dropped := exchange.add_answer(now_ns, answer, self._scheduler):
            effects.append(AnswerLate(answer.ask, f"{dropped} notes came too late to be played"))
        return effects

    def handle_refusal(self, now_ns: int, refusal: AskRefused) -> list[Effect]:
        """No answer will come."""
        if self._early_ask and refusal.ask == self._early_ask.ask.ask:
            self._early_ask = None
        exchange = self._response
        if exchange is None or refusal.ask != exchange.ask.ask:
            return []
        return [AnswerLate(refusal.ask, refusal.reason), *self._end_response(now_ns, interrupted=True)]

    def apply_voice_settings(self, now_ns: int, settings: Settings) -> list[Send]:
        """The voices sound otherwise from now on."""
        return self._response.apply_voice_settings(now_ns, settings, self._scheduler) if self._response else []

    def finish(self, now_ns: int) -> list[Effect]:
        """The last note has ended, or nobody waits any more."""
        exchange = self._response
        if exchange is None or exchange.is_final:
            return self._end_response(now_ns, interrupted=False)
        what = "the rest of the answer never came" if exchange.has_arrived else "no answer came"
        return [AnswerLate(exchange.ask.ask, what), *self._end_response(now_ns, interrupted=True)]

    def interrupt(self, now_ns: int) -> list[Effect]:
        """The player plays again, or something newer is to be answered: stop what is under way."""
        return self._end_response(now_ns, interrupted=True) if self._response else []

    def _end_response(self, now_ns: int, *, interrupted: bool) -> list[Effect]:
        exchange, self._response = self._response, None
        effects: list[Effect] = list(self._scheduler.stop_scheduled(now_ns))
        if exchange is None:
            return effects
        notes = exchange.unreported_notes()
        if interrupted:
            played = (now_ns - exchange.grid.time_of(exchange.section_start_step)) // exchange.grid.step_ns
            notes = tuple(replace(n, length=min(n.length, played - n.start + 1)) for n in notes if n.start <= played)
            effects.append(Cancel())
        return [*effects, AnswerEnded(exchange.announced_ask, notes, interrupted)]


def _first_ask(settings: Settings, phrase: Phrase, seed: int) -> Ask:
    """What is asked about a phrase that was played."""
    task = task_for_answer(settings.answer)
    bars = settings.answer_bars if task == "continue" else 0
    bars = bars or (endless.PART_BARS if settings.answer == "dream" else 0)
    return _make_ask(settings, task, phrase, bars * settings.beats_per_bar * STEPS_PER_BEAT or phrase.steps, seed)


def _make_ask(settings: Settings, task: str, prompt: Phrase, steps: int, seed: int) -> Ask:
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
        key=key_to_number(parse_key(settings.key)),
    )
