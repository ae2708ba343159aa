"""The answering half of the dialogue: the ask, the parts of its answer that have arrived, and the answer's end.

There is one answer at a time. It is asked for and arrives in parts, perhaps late, perhaps never; it ends with its last
note, by an interruption, or when it has been waited for too long. Messages that belong to an older ask are dropped by
their number.

The answer to a phrase that is about to end can be asked for early: its parts are kept until the phrase has ended. If it
ends differently than expected, the answer is asked for anew.

A dream (see `dream`) does not end with its last note. Its continuation is asked for shortly before, so early that it
should arrive in time, judging by how long the last answer took.
"""

from dataclasses import dataclass, replace

from bachbridge.engine.answering.dream import Dream
from bachbridge.engine.answering.response import Response
from bachbridge.engine.answering.start_rule import answer_steps
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.tempo.grid import Grid
from bachbridge.music import endless
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase, key_to_number
from bachbridge.music.phrasing.written import played_phrase_ends
from bachbridge.music.tonality.key_names import parse_key
from bachbridge.protocol.effects import AnswerEnded, AnswerLate, AnswerStarted, Ask, Cancel, Effect, PhraseEnded, Send
from bachbridge.protocol.events import Answer, AskRefused
from bachbridge.settings import Settings, task_for_answer

_ANSWER_TIMEOUT_BEATS = 8
"""An answer is given up this long after it should have begun, or, once begun, after it should have ended."""
_DREAM_LEAD_BEATS, _DREAM_LEAD_FACTOR = 2, 2
"""A dream's next part is asked for at least this many beats, and this many times the last latency, before its start."""


@dataclass(slots=True)
class _EarlyAsk:
    """An ask for a phrase that has not ended yet, and the parts of its answer so far."""

    ask: Ask
    answers: list[Answer]

    def matches(self, ask: Ask) -> bool:
        """True if `ask` is the same ask, apart from its number."""
        return replace(self.ask, ask=ask.ask) == ask


class Responder:
    """The session's part that ends answers and continues dreams. Used on the engine's thread only."""

    __slots__ = ("_ask_count", "_dream", "_early_ask", "_response", "_scheduler", "_settings")

    def __init__(self, settings: Settings, scheduler: Scheduler) -> None:
        self._settings, self._scheduler = settings, scheduler
        self._ask_count = 0
        self._response: Response | None = None
        """The answer under way; within a dream the newest of its answers."""
        self._dream: Dream | None = None
        """The dream that owns the answer; None while the answer stands alone."""
        self._early_ask: _EarlyAsk | None = None

    @property
    def is_busy(self) -> bool:
        """True while an answer is awaited or sounds."""
        return self._response is not None

    @property
    def ask_number(self) -> int:
        """The number of the last ask."""
        return self._ask_count

    @property
    def sounding_grid(self) -> Grid | None:
        """The grid of the answer under way, or of its dream; None before any part of it has arrived."""
        response = self._response
        return (self._dream or response).grid if response and (self._dream or response.has_arrived) else None

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When to continue the dream, to end the answer or to give it up (ns); None without an answer."""
        response = self._response
        if response is None:
            return None
        if self._dream_goes_on:
            lead_ns = _DREAM_LEAD_BEATS * STEPS_PER_BEAT * response.grid.step_ns
            return response.end_ns - max(lead_ns, _DREAM_LEAD_FACTOR * response.latency_ns)
        if response.is_final and self._scheduler.is_empty:
            return (self._dream or response).last_note_end_ns
        timeout_ns = _ANSWER_TIMEOUT_BEATS * STEPS_PER_BEAT * response.grid.step_ns
        return timeout_ns + (response.end_ns if response.has_arrived else response.start_ns)

    def advance(self, now_ns: int) -> list[Effect]:
        """Continue the dream if its present answer is complete; otherwise end the answer."""
        return self._continue_dream(now_ns) if self._dream_goes_on else self._finish(now_ns)

    @property
    def _dream_goes_on(self) -> bool:
        return self._dream is not None and self._dream.is_endless and self._dream.response.is_final

    # ------------------------------------------------------------ settings

    def apply_settings(self, settings: Settings) -> None:
        """Use these settings for the next ask; an answer under way becomes a dream, or its dream's last answer."""
        self._settings = settings
        self._update_dream()

    def _update_dream(self) -> None:
        response = self._response
        if response is None:
            return
        is_endless = self._settings.answer == "dream" and response.ask.task == "continue"
        if self._dream:
            self._dream.is_endless = is_endless
        elif is_endless:
            self._dream = Dream(response, response.ask.prompt, response.ask.ask)

    def apply_voice_settings(self, now_ns: int, settings: Settings) -> list[Send]:
        """Play the answer's notes as the voices are set now."""
        playing = self._dream or self._response
        return playing.apply_voice_settings(now_ns, settings) if playing else []

    def follow_grid(self, now_ns: int, shared: Grid, shift_steps: int) -> None:
        """Move the answer to where its steps lie on the shared grid now; their numbers grow by `shift_steps`."""
        playing = self._dream or self._response
        if playing:
            playing.follow_grid(now_ns, shared, shift_steps)

    def change_tempo(self, now_ns: int, step_ns: int) -> None:
        """Play a dream at the tempo that was set; any other answer keeps the tempo of its phrase."""
        dream = self._dream
        if dream and dream.is_endless and dream.response.grid.step_ns != step_ns:
            dream.change_tempo(now_ns, step_ns)

    def phrase_before_answer(self, now_ns: int) -> PhraseEnded | None:
        """Return the phrase whose answer is awaited but has not begun; None without one."""
        response = self._response
        if response is None or self._dream or response.keeps_place or response.start_ns <= now_ns:
            return None
        grid, prompt = response.grid, response.ask.prompt
        return PhraseEnded(prompt, grid.time_of(-prompt.steps), grid.step_ns, "stop")

    # ------------------------------------------------------------ asking

    def ask_early(self, phrase: Phrase, seed: int) -> list[Effect]:
        """Ask for the answer to a phrase that is expected to end like this, unless an answer is under way."""
        ask = _first_ask(self._settings, phrase, seed)
        if self._response or (self._early_ask and self._early_ask.matches(ask)):
            return []
        ask = self._with_next_number(ask)
        self._early_ask = _EarlyAsk(ask, [])
        return [ask]

    def discard_early_ask(self) -> None:
        """Forget the early ask: it is not wanted any more, or its answer will not come."""
        self._early_ask = None

    def ask(
        self,
        now_ns: int,
        phrase_ended: PhraseEnded,
        start_ns: int,
        seed: int,
        shared_step: int | None = None,
        *,
        keeps_place: bool = False,
    ) -> list[Effect]:
        """Ask for an answer that starts at `start_ns`; no other answer may be under way.

        `shared_step` is its first step on the shared grid, with which it then moves. An answer that `keeps_place` stays
        within its steps, late or long.
        """
        ask, early_ask = _first_ask(self._settings, phrase_ended.phrase, seed), self._early_ask
        is_early = early_ask is not None and early_ask.matches(ask)
        ask = early_ask.ask if early_ask and is_early else self._with_next_number(ask)
        grid = Grid(start_ns, phrase_ended.step_ns)
        self._response = Response(
            ask, grid, self._settings, now_ns, self._scheduler, shared_step, self._start_unit, keeps_place
        )
        self._update_dream()
        reports: list[Effect] = [phrase_ended, AnswerStarted(ask.ask, start_ns, ask.seed)]
        if early_ask and is_early:
            self._early_ask = None
            return reports + [effect for answer in early_ask.answers for effect in self.handle_answer(now_ns, answer)]
        # The ask goes before the reports, because the answer's first note is urgent and they are not.
        return [ask, *reports]

    def resend_ask(self, model_name: str) -> list[Effect]:
        """Ask again, because the model process or its model is new, unless part of the answer has arrived."""
        response, self._early_ask = self._response, None
        if response is None or response.has_arrived:
            return []
        response.ask = replace(response.ask, model=model_name)
        return [response.ask]

    @property
    def _start_unit(self) -> int:
        """The number of steps between two places at which an answer may begin."""
        settings = self._settings
        return settings.steps_per_bar if settings.start in ("bar", "downbeat") else settings.steps_per_beat

    def _with_next_number(self, ask: Ask) -> Ask:
        """Number the ask. The model drops all earlier asks in its favour, so the early ask is void."""
        self._ask_count += 1
        self._early_ask = None
        return replace(ask, ask=self._ask_count)

    # ------------------------------------------------------------ dreams

    def _continue_dream(self, now_ns: int) -> list[Effect]:
        """Ask for the answer that follows the present one, which is completely known by now."""
        dream = self._dream
        assert dream is not None
        before = dream.response.ask
        notes = tuple(dream.response.notes.values())
        prompt = endless.next_prompt(dream.first_prompt, before.prompt, notes, before.steps)
        steps = (self._settings.answer_bars or endless.PART_BARS) * prompt.steps_per_bar
        seed = endless.next_seed(before.seed)
        ask = self._with_next_number(_make_ask(self._settings, before.task, prompt, steps, seed))
        reports = _report_section(dream, ask) if dream.section_is_complete else []
        self._response = dream.start_next_answer(now_ns, ask)
        return [ask, *reports]

    # ------------------------------------------------------------ the model's messages

    def handle_answer(self, now_ns: int, answer: Answer) -> list[Effect]:
        """Schedule a part of the answer; the first part decides on which beat the answer begins if it is late."""
        if self._early_ask and answer.ask == self._early_ask.ask.ask:
            self._early_ask.answers.append(answer)
        response = self._response
        if response is None or answer.ask != response.ask.ask or response.is_final:
            return []
        playing = self._dream or response
        effects: list[Effect] = []
        if not response.has_arrived and (steps := playing.postpone_if_late(now_ns)):
            late = f"the answer came late and starts {steps // STEPS_PER_BEAT} beats later"
            effects.append(AnswerLate(answer.ask, late))
            if answer.ask == playing.announced_ask:
                effects.append(AnswerStarted(answer.ask, response.start_ns, response.ask.seed))
        if dropped := response.add_answer(now_ns, answer):
            effects.append(AnswerLate(answer.ask, f"{dropped} notes came too late to be played"))
        return effects

    def handle_refusal(self, now_ns: int, refusal: AskRefused) -> list[Effect]:
        """End the answer that the model refuses."""
        if self._early_ask and refusal.ask == self._early_ask.ask.ask:
            self._early_ask = None
        if self._response is None or refusal.ask != self._response.ask.ask:
            return []
        return [AnswerLate(refusal.ask, refusal.reason), *self._end_response(now_ns, interrupted=True)]

    # ------------------------------------------------------------ the end of an answer

    def _finish(self, now_ns: int) -> list[Effect]:
        """End the answer, because its last note has ended or it has been waited for too long."""
        response = self._response
        if response is None or response.is_final:
            return self._end_response(now_ns, interrupted=False)
        missing = "the rest of the answer never came" if response.has_arrived else "no answer came"
        return [AnswerLate(response.ask.ask, missing), *self._end_response(now_ns, interrupted=True)]

    def end_turn(self, now_ns: int, *, interrupted: bool = False) -> list[Effect]:
        """End the answer of a turn that is over or `interrupted`, if one is still under way."""
        if self._response is None or not self._response.keeps_place:
            return []
        return self._end_response(now_ns, interrupted=True) if interrupted else self._finish(now_ns)

    def interrupt(self, now_ns: int) -> list[Effect]:
        """Stop the answer under way, because the player plays again or something newer is to be answered."""
        return self._end_response(now_ns, interrupted=True) if self._response else []

    def _end_response(self, now_ns: int, *, interrupted: bool) -> list[Effect]:
        playing = self._dream or self._response
        self._response = self._dream = None
        effects: list[Effect] = list(self._scheduler.stop_scheduled(now_ns))
        if playing is None:
            return effects
        if interrupted:
            effects.append(Cancel())
        notes = playing.reported_notes(now_ns if interrupted else None)
        return [*effects, AnswerEnded(playing.announced_ask, notes, interrupted)]


def _report_section(dream: Dream, ask: Ask) -> list[Effect]:
    """Report the section of a long dream like an answer that has ended, and announce the next one with `ask`."""
    start_ns, step_ns = dream.response.end_ns, dream.response.grid.step_ns
    ended = AnswerEnded(dream.announced_ask, dream.reported_notes(), interrupted=False)
    dream.start_section(ask.ask)
    prompt_ended = PhraseEnded(ask.prompt, start_ns - ask.prompt.steps * step_ns, step_ns, "dream")
    return [ended, prompt_ended, AnswerStarted(ask.ask, start_ns, ask.seed)]


def _first_ask(settings: Settings, phrase: Phrase, seed: int) -> Ask:
    """Return the ask, without a number yet, for a phrase that was played."""
    task = task_for_answer(settings.answer)
    bars = settings.answer_bars if task == "continue" else 0
    bars = bars or (endless.PART_BARS if settings.answer == "dream" else 0)
    steps = answer_steps(settings, phrase, bars) if task == "continue" else phrase.steps
    return _make_ask(settings, task, phrase, steps, seed)


def _make_ask(settings: Settings, task: str, prompt: Phrase, steps: int, seed: int) -> Ask:
    """Return an ask without a number yet."""
    ends = played_phrase_ends(prompt) if task == "harmonize" else ()
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
        phrase_ends=ends,
        close=settings.close if task == "continue" and settings.answer != "dream" else "music",
    )
