"""Drawing notes from a network's logits: temperature, nucleus, and the walk of an autoregressive model over a phrase.

`Autoregressive` keeps a memory for every step of the phrase that it was fed: the network's state is an explicit value,
so a longer or corrected phrase is taken up after the longest part that is still true, and an answer forks from the end
without disturbing it. All chance comes from a seed and the number of the step, never from what was done before; the
same ask gives the same answer whether or not it was fed beforehand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.chorale import beam_search
from bachbridge.inference.chorale.planner import FrameNet, Planner
from bachbridge.inference.runtime.ask_canvas import build_ask_canvas
from bachbridge.inference.runtime.expression import ExpressionSampler
from bachbridge.inference.runtime.style import Style
from bachbridge.music import voice_leading
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Floats, Frame, midi_pitch, pitch_index
from bachbridge.music.keys import pitch_durations
from bachbridge.music.notes import STEPS_PER_BEAT, VOICE_RANGES, VOICES, Note, Phrase, key_from_number
from bachbridge.music.voice_assignment import frames_from_phrase
from bachbridge.protocol.events import Answer, Ask, Feed, Plan, PlanRequest


def sample_nucleus(logits: Floats, temperature: float, top_p: float, rng: np.random.Generator) -> int:
    """Draw a class from the smallest set of likeliest classes that holds `top_p` of the probability.

    Nucleus sampling: A. Holtzman et al., "The curious case of neural text degeneration", ICLR 2020.
    """
    scaled: Floats = (logits - logits.max()) / temperature
    weights = np.exp(scaled)
    order = np.argsort(-weights)
    cumulated: Floats = np.cumsum(weights[order])
    wanted: float = top_p * cumulated[-1]
    kept = int(np.searchsorted(cumulated, wanted)) + 1
    return int(order[np.searchsorted(cumulated[:kept], rng.random() * cumulated[kept - 1])])


@dataclass(frozen=True, slots=True)
class _FrameMemory:
    """After a step: what the next step's ids are made from, the network's state, and its view of the next step."""

    context: satb.FrameContext
    state: Floats
    hidden: Floats


@dataclass(frozen=True, slots=True)
class _PromptStep:
    """One step of the prompt as it was taken in, and the memory after it."""

    given: tuple[int, ...]
    onsets: tuple[bool, ...]
    frame: Frame
    memory: _FrameMemory


class ChoraleGenerator:
    """A causal model of four voices. Used on one thread of the model's process."""

    tasks = ("continue", "harmonize")
    recorded_step_ns = 0
    """Nothing of its pace is on record: its steps are as quick as they are."""

    __slots__ = ("_cache_key", "_net", "_phrase", "_planner", "_prompt_steps", "_shift", "_voice_order")

    def __init__(self, net: FrameNet, voice_order: Sequence[int]) -> None:
        """`order`: in which order the voices of a step are chosen (the chain that the network was trained with)."""
        self._net = net
        self._voice_order = tuple(voice_order)
        self._planner = Planner(net, self._voice_order)
        self._prompt_steps: list[_PromptStep] = []
        self._cache_key: tuple[object, ...] = ()
        self._phrase: Phrase | None = None
        """What the cells are the memory of, moved by `_shift` semitones."""
        self._shift = 0

    def feed(self, feed: Feed) -> None:
        """Bring the memory up to the phrase so far."""
        self._memory_after(feed.prompt, feed.seed)

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """The answer as it grows, or None where it can be put aside."""
        return self._harmonize(ask) if ask.task == "harmonize" else self._continue(ask)

    def _harmonize(self, ask: Ask) -> Iterator[Answer | None]:
        """None after each step, then the whole phrase in four voices."""
        task = build_ask_canvas(ask)
        style = Style(temperature=ask.temperature, top_p=ask.top_p, key=key_from_number(ask.key), randomness=1)
        for found in beam_search.harmonize_steps(
            self._net,
            self._voice_order,
            task.canvas.pitch_indices,
            task.canvas.onsets,
            position=ask.prompt.position,
            steps_per_bar=ask.prompt.steps_per_bar,
            style=style,
            width=_BEAM_WIDTH,
            seed=ask.seed,
        ):
            yield found and Answer(ask.ask, task.answer_notes(*found), ask.steps, final=True)

    def _continue(self, ask: Ask) -> Iterator[Answer]:
        """First the first step alone, then beat by beat; see `events.Answer`."""
        memory = self._memory_after(ask.prompt, ask.seed)
        voices = _NoteBuilder(-self._shift, ExpressionSampler(ask.prompt, ask.seed))
        allowed = _IN_RANGE + voice_leading.out_of_key_penalty(
            pitch_durations([cell.frame.pitch_indices for cell in self._prompt_steps]),
            key_from_number(ask.key),
        )
        for step in range(ask.steps):
            rng = np.random.default_rng([ask.seed, 3, step])
            frame = self._sample_frame(
                memory, _ALL_UNKNOWN, allowed, ask.temperature, ask.top_p, rng, is_first=step == 0
            )
            voices.add_frame(frame)
            final = step + 1 == ask.steps
            if step == 0 or final or (step + 1) % STEPS_PER_BEAT == 0:
                yield Answer(ask.ask, voices.pop_notes(), step + 1, final)
            if not final:
                memory = self._advance(memory, frame)

    def follow(self, request: PlanRequest) -> None:
        """Bring the harmony's memory up to what is told."""
        self._planner.follow(request)

    def plan(self, request: PlanRequest) -> Plan:
        """Plan the step after it."""
        return self._planner.plan(request)

    def idle_work(self) -> bool:
        """A causal model has nothing to think about until something more is sung."""
        return False

    def _memory_after(self, phrase: Phrase, seed: int) -> _FrameMemory:
        """The memory after the phrase; what was taken in before is kept as far as it is still true."""
        key = (seed, phrase.position, phrase.steps_per_bar)
        if (key, phrase) == (self._cache_key, self._phrase) and self._prompt_steps:
            return self._prompt_steps[-1].memory
        if key != self._cache_key:
            self._prompt_steps, self._cache_key = [], key
        prompt = frames_from_phrase(phrase)
        self._phrase = None
        rows = [tuple(int(c) for c in row) for row in prompt.pitch_indices]
        strikes = [tuple(bool(s) for s in row) for row in prompt.onsets]
        true = 0
        for cell, given, struck in zip(self._prompt_steps, rows, strikes, strict=False):
            if (cell.given, cell.onsets) != (given, struck):
                break
            true += 1
        del self._prompt_steps[true:]
        memory = self._prompt_steps[-1].memory if self._prompt_steps else self._initial_memory(phrase)
        sounded = pitch_durations(rows[:true])
        for step in range(true, len(rows)):
            rng = np.random.default_rng([seed, 2, step])
            sounded += pitch_durations(rows[step : step + 1])
            allowed = _IN_RANGE if any(given > REST for given in rows[step]) else _IN_RANGE_OR_REST
            frame = self._sample_frame(
                memory, rows[step], allowed + voice_leading.out_of_key_penalty(sounded), *_UNHEARD_VOICES_SAMPLING, rng
            )
            frame = _with_given_onsets(frame, rows[step], strikes[step])
            memory = self._advance(memory, frame)
            self._prompt_steps.append(_PromptStep(rows[step], strikes[step], frame, memory))
        self._phrase, self._shift = phrase, prompt.shift
        return memory

    def _initial_memory(self, phrase: Phrase) -> _FrameMemory:
        context = satb.FrameContext(position=phrase.position, steps_per_bar=phrase.steps_per_bar)
        hidden, state = self._net.core(context.feature_ids(), self._net.initial_state())
        return _FrameMemory(context, state, hidden)

    def _advance(self, memory: _FrameMemory, frame: Frame) -> _FrameMemory:
        context = memory.context.after(frame)
        hidden, state = self._net.core(context.feature_ids(), memory.state)
        return _FrameMemory(context, state, hidden)

    def _sample_frame(
        self,
        memory: _FrameMemory,
        given: Sequence[int],
        allowed: Floats,
        temperature: float,
        top_p: float,
        rng: np.random.Generator,
        *,
        is_first: bool = False,
    ) -> Frame:
        """One step: the voices that are not given drawn along the chain, then who is struck again (all that begin)."""
        known = np.array([given], dtype=np.int32)
        then = (memory.context.previous_frame or _EMPTY_FRAME).pitch_indices
        before = np.array([then], dtype=np.int32)
        for voice in self._voice_order:
            if known[0, voice] == UNKNOWN:
                pitch, _ = self._net.heads(memory.hidden, known)
                bar = voice_leading.forbidden_pitches(before, known, voice, ("parallels",))[0]
                led = pitch[0, voice] + allowed[voice] + voice_leading.PARALLEL_LOGIT * bar
                known[0, voice] = sample_nucleus(led, temperature, top_p, rng)
        classes = tuple(int(c) for c in known[0])
        if is_first:
            return Frame(classes, tuple(c > REST for c in classes))
        _, strike = self._net.heads(memory.hidden, known)
        again = rng.random(len(VOICES)) < 1 / (1 + np.exp(-strike[0]))
        kept = [now == old for now, old in zip(classes, then, strict=True)]
        struck = tuple(c > REST and (not k or bool(a)) for c, k, a in zip(classes, kept, again, strict=True))
        return Frame(classes, struck)


_ALL_UNKNOWN = (UNKNOWN,) * len(VOICES)
_EMPTY_FRAME = Frame(_ALL_UNKNOWN, (False,) * len(VOICES))
_BEAM_WIDTH = 2
"""Harmonies that are followed at once under a phrase that is known: more are better and too slow to be waited for."""
_UNHEARD_VOICES_SAMPLING = (0.8, 0.9)
"""Temperature and nucleus of the voices imagined under a melody: likely ones, whatever the answer is to be like."""


def _range_mask(*, allow_rest: bool) -> Floats:
    """0 where a voice may go and minus infinity elsewhere, `allowed[voice, class]`."""
    allowed = np.full((len(VOICES), PITCH_INDEX_COUNT), -np.inf, np.float32)
    for voice, (low, high) in enumerate(VOICE_RANGES):
        allowed[voice, pitch_index(low) : pitch_index(high) + 1] = 0
    if allow_rest:
        allowed[:, REST] = 0
    return allowed


_IN_RANGE, _IN_RANGE_OR_REST = _range_mask(allow_rest=False), _range_mask(allow_rest=True)


def _with_given_onsets(frame: Frame, given: Sequence[int], onsets: Sequence[bool]) -> Frame:
    """The frame with the given voices struck where the player struck them."""
    played = tuple(s if g != UNKNOWN else drawn for drawn, g, s in zip(frame.onsets, given, onsets, strict=True))
    return Frame(frame.pitch_indices, played)


class _NoteBuilder:
    """Frames to notes, told as they grow."""

    __slots__ = ("_current_notes", "_expression", "_shift", "_step", "_unsent")

    def __init__(self, shift: int, expression: ExpressionSampler) -> None:
        self._shift, self._expression = shift, expression
        self._current_notes: list[Note | None] = [None] * len(VOICES)
        self._unsent: dict[tuple[int, int], Note] = {}
        self._step = 0

    def add_frame(self, frame: Frame) -> None:
        """One step more."""
        for voice, (pitch_class, struck) in enumerate(zip(frame.pitch_indices, frame.onsets, strict=True)):
            sounding = self._current_notes[voice]
            if pitch_class == REST:
                self._current_notes[voice] = None
            elif struck or sounding is None:
                pitch = midi_pitch(pitch_class) + self._shift
                self._set_note(voice, self._expression.apply(Note(self._step, 1, pitch, voice=voice)))
            else:
                self._set_note(voice, replace(sounding, length=sounding.length + 1))
        self._step += 1

    def _set_note(self, voice: int, note: Note) -> None:
        self._current_notes[voice] = note
        self._unsent[voice, note.start] = note

    def pop_notes(self) -> tuple[Note, ...]:
        """The notes that are new or longer since the last time."""
        notes = tuple(sorted(self._unsent.values(), key=lambda note: (note.start, note.voice)))
        self._unsent.clear()
        return notes
