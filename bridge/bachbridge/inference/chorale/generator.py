"""The chorale model as a generator: it walks a causal network over a phrase, and draws an answer frame by frame.

`ChoraleGenerator` keeps a memory for every step of the phrase that it was fed. The network's state is an explicit
value, so a longer or corrected phrase is taken up after the longest part that is unchanged, and an answer starts from
the end without disturbing it. All random numbers come from a seed and the number of the step, never from what was done
before; the same ask gives the same answer whether or not it was fed beforehand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.chorale import beam_search
from bachbridge.inference.chorale.answer_steps import AnswerGuide, complete_prompt_frame, draw_answer_frame
from bachbridge.inference.chorale.candidates import StepView
from bachbridge.inference.chorale.planner import Planner
from bachbridge.inference.runtime.ask_canvas import build_ask_canvas
from bachbridge.inference.runtime.expression import ExpressionSampler
from bachbridge.inference.runtime.protocols import FrameNet
from bachbridge.music.frames import REST, UNKNOWN, Floats, Frame, midi_pitch
from bachbridge.music.keys import pitch_durations
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key, Note, Phrase, key_from_number
from bachbridge.music.phrasing.close_bias import CloseBias
from bachbridge.music.phrasing.close_plan import has_raised_third, plan_close
from bachbridge.music.phrasing.habits import player_habits
from bachbridge.music.phrasing.home_key import home_key, lowest_pitch_class
from bachbridge.music.tonality.key_belief import NO_BELIEF, KeyBelief
from bachbridge.music.voice_assignment import frames_from_phrase
from bachbridge.protocol.effects import Ask, Feed, PlanRequest
from bachbridge.protocol.events import Answer, Plan
from bachbridge.protocol.style import Style

_BEAM_WIDTH = 2
"""Hypotheses when harmonizing a known phrase: more are better, but too slow for live play."""


@dataclass(frozen=True, slots=True)
class _FrameMemory:
    """The situation after a step: the next step's context, the network's state and view, and the melody's key."""

    context: satb.FrameContext
    state: Floats
    hidden: Floats
    belief: KeyBelief


@dataclass(frozen=True, slots=True)
class _PromptStep:
    """One step of the prompt as it was given and as it was completed, and the memory after it."""

    given: tuple[int, ...]
    onsets: tuple[bool, ...]
    frame: Frame
    memory: _FrameMemory


class ChoraleGenerator:
    """Plays a causal model of four voices. Used on the main thread of the model process."""

    tasks = ("continue", "harmonize")
    recorded_step_ns = 0
    """No step time is on record: it is measured."""

    __slots__ = ("_cache_key", "_net", "_phrase", "_planner", "_prompt_steps", "_shift", "_voice_order")

    def __init__(self, net: FrameNet, voice_order: Sequence[int]) -> None:
        """`voice_order` is the order in which the voices of a step are chosen (the chain used in training)."""
        self._net = net
        self._voice_order = tuple(voice_order)
        self._planner = Planner(net, self._voice_order)
        self._prompt_steps: list[_PromptStep] = []
        self._cache_key: tuple[object, ...] = ()
        self._phrase: Phrase | None = None
        """The phrase that `_prompt_steps` hold, transposed by `_shift` semitones."""
        self._shift = 0

    def feed(self, feed: Feed) -> None:
        """Bring the memory up to the phrase so far."""
        self._memory_after(feed.prompt, feed.seed)

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """Yield the answer in parts, or None where it may be interrupted."""
        return self._harmonize(ask) if ask.task == "harmonize" else self._continue(ask)

    def follow(self, request: PlanRequest) -> None:
        """Bring the planner's memory up to the frames that sounded."""
        self._planner.follow(request)

    def plan(self, request: PlanRequest) -> Plan:
        """Plan the next step."""
        return self._planner.plan(request)

    def plans(self, request: PlanRequest) -> Iterator[Plan]:
        """Plan the next step, first for the notes that are likely to come."""
        return self._planner.plans(request)

    def idle_work(self) -> bool:
        """Return False: a causal model has nothing to compute before more is played."""
        return False

    def _harmonize(self, ask: Ask) -> Iterator[Answer | None]:
        """Yield None after each step, then the whole phrase in four voices."""
        task = build_ask_canvas(ask)
        style = Style(temperature=ask.temperature, top_p=ask.top_p, key=key_from_number(ask.key), randomness=1)
        for harmony in beam_search.harmonize_steps(
            self._net,
            self._voice_order,
            task.canvas.pitch_indices,
            task.canvas.onsets,
            position=ask.prompt.position,
            steps_per_bar=ask.prompt.steps_per_bar,
            style=style,
            width=_BEAM_WIDTH,
            seed=ask.seed,
            phrase_ends=ask.phrase_ends,
        ):
            yield harmony and Answer(ask.ask, task.answer_notes(*harmony), ask.steps, final=True)

    def _continue(self, ask: Ask) -> Iterator[Answer]:
        """Yield the first step alone, then beat by beat; see `events.Answer`."""
        memory = self._memory_after(ask.prompt, ask.seed)
        builder = _NoteBuilder(-self._shift, ExpressionSampler(ask.prompt, ask.seed))
        guide, frames = self._guide(ask), [step.frame for step in self._prompt_steps]
        for step in range(ask.steps):
            frame = draw_answer_frame(self._view(memory), guide, step, frames, ask.seed)
            builder.add_frame(frame)
            frames.append(frame)
            final = step + 1 == ask.steps
            if step == 0 or final or (step + 1) % STEPS_PER_BEAT == 0:
                yield Answer(ask.ask, builder.pop_notes(), step + 1, final)
            if not (final or guide.holds(step + 1)):
                memory = self._advance(memory, frame)

    def _guide(self, ask: Ask) -> AnswerGuide:
        """Return what the answer to the phrase that was taken in last keeps to."""
        prompt, steps = ask.prompt, self._prompt_steps
        given = np.array([step.given for step in steps], np.int32).reshape(-1, len(VOICES))
        key = key_from_number(ask.key) or _home_key(steps)
        position = prompt.position or 0
        first_position = (position + prompt.steps) % prompt.steps_per_bar
        plan = plan_close(
            ask.close,
            key,
            ask.steps,
            position=first_position,
            steps_per_bar=prompt.steps_per_bar,
            has_raised_third=has_raised_third(ask.seed),
        )
        return AnswerGuide(
            key,
            player_habits(given, position, prompt.steps_per_bar),
            CloseBias(plan) if plan else None,
            first_position,
            ask.temperature,
            ask.top_p,
        )

    def _memory_after(self, phrase: Phrase, seed: int) -> _FrameMemory:
        """Return the memory after the phrase; unchanged steps that were taken in before are not computed again."""
        key = (seed, phrase.position, phrase.steps_per_bar)
        if (key, phrase) == (self._cache_key, self._phrase) and self._prompt_steps:
            return self._prompt_steps[-1].memory
        if key != self._cache_key:
            self._prompt_steps, self._cache_key = [], key
        prompt = frames_from_phrase(phrase)
        self._phrase = None
        given = [tuple(int(index) for index in row) for row in prompt.pitch_indices]
        onsets = [tuple(bool(onset) for onset in row) for row in prompt.onsets]
        unchanged = self._count_unchanged(given, onsets)
        del self._prompt_steps[unchanged:]
        memory = self._prompt_steps[-1].memory if self._prompt_steps else self._initial_memory(phrase)
        for step in range(unchanged, len(given)):
            rng = np.random.default_rng([seed, 2, step])
            frame = complete_prompt_frame(self._view(memory), given[step], onsets[step], memory.belief, rng)
            memory = self._advance(memory, frame, given[step])
            self._prompt_steps.append(_PromptStep(given[step], onsets[step], frame, memory))
        self._phrase, self._shift = phrase, prompt.shift
        return memory

    def _count_unchanged(self, given: Sequence[tuple[int, ...]], onsets: Sequence[tuple[bool, ...]]) -> int:
        """Count the steps at the beginning that were taken in before and are still the same."""
        count = 0
        for known, step_given, step_onsets in zip(self._prompt_steps, given, onsets, strict=False):
            if (known.given, known.onsets) != (step_given, step_onsets):
                break
            count += 1
        return count

    def _initial_memory(self, phrase: Phrase) -> _FrameMemory:
        context = satb.FrameContext(position=phrase.position, steps_per_bar=phrase.steps_per_bar)
        hidden, state = self._net.core(context.feature_ids(), self._net.initial_state())
        return _FrameMemory(context, state, hidden, NO_BELIEF)

    def _advance(self, memory: _FrameMemory, frame: Frame, given: Sequence[int] = ()) -> _FrameMemory:
        """Return the memory after the frame; `given` are its notes that the player played."""
        context, belief = memory.context.after(frame), memory.belief
        lead = next((voice for voice, index in enumerate(given) if index != UNKNOWN), None)
        if lead is not None:
            belief = belief.after_step(given[lead], onset=frame.onsets[lead])
        hidden, state = self._net.core(context.feature_ids(), memory.state)
        return _FrameMemory(context, state, hidden, belief)

    def _view(self, memory: _FrameMemory) -> StepView:
        previous = memory.context.previous_frame
        return StepView(self._net, self._voice_order, memory.hidden, previous.pitch_indices if previous else None)


def _home_key(steps: Sequence[_PromptStep]) -> Key | None:
    """Return the key in which the prompt is at home; None if nothing was played."""
    sounding = [step.given for step in steps if max(step.given) > REST]
    if not sounding:
        return None
    ends = [sounding[0], sounding[-1]] if sum(index != UNKNOWN for index in sounding[0]) > 1 else []
    durations = pitch_durations([step.given for step in steps])
    return home_key(durations, steps[-1].memory.belief, [lowest_pitch_class(frame) for frame in ends])


class _NoteBuilder:
    """Turns frames into notes, and hands out those that are new or longer."""

    __slots__ = ("_current_notes", "_expression", "_shift", "_step", "_unsent")

    def __init__(self, shift: int, expression: ExpressionSampler) -> None:
        self._shift, self._expression = shift, expression
        self._current_notes: list[Note | None] = [None] * len(VOICES)
        self._unsent: dict[tuple[int, int], Note] = {}
        self._step = 0

    def add_frame(self, frame: Frame) -> None:
        for voice, (index, onset) in enumerate(zip(frame.pitch_indices, frame.onsets, strict=True)):
            sounding = self._current_notes[voice]
            if index == REST:
                self._current_notes[voice] = None
            elif onset or sounding is None:
                pitch = midi_pitch(index) + self._shift
                self._set_note(voice, self._expression.apply(Note(self._step, 1, pitch, voice=voice)))
            else:
                self._set_note(voice, replace(sounding, length=sounding.length + 1))
        self._step += 1

    def _set_note(self, voice: int, note: Note) -> None:
        self._current_notes[voice] = note
        self._unsent[voice, note.start] = note

    def pop_notes(self) -> tuple[Note, ...]:
        """Return the notes that are new or longer since the last call."""
        notes = tuple(sorted(self._unsent.values(), key=lambda note: (note.start, note.voice)))
        self._unsent.clear()
        return notes
