"""The chorale model as a generator: it walks a causal network over a phrase, and draws an answer frame by frame.

The phrase is read while it is played (see `prompt_reader`), and an answer starts from its end without disturbing what
was read. When there is nothing else to do, the first frame of the answer is drawn. All random numbers come from a seed
and the number of the step, never from what was done before; the same ask gives the same answer whether or not it was
fed beforehand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bachbridge.inference.chorale import beam_search
from bachbridge.inference.chorale.answer_steps import AnswerGuide, draw_answer_frame
from bachbridge.inference.chorale.planner import Planner
from bachbridge.inference.chorale.prompt_reader import FrameMemory, PromptReader
from bachbridge.inference.phrasing.predictor import PhraseEndNet
from bachbridge.inference.runtime.answer_plan import plan_answer
from bachbridge.inference.runtime.ask_canvas import build_ask_canvas
from bachbridge.inference.runtime.expression import ExpressionSampler
from bachbridge.inference.runtime.protocols import FrameNet
from bachbridge.music.frames import REST, Frame, midi_pitch
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key, Note, Phrase, key_from_number
from bachbridge.music.phrasing.habits import Habits, player_habits
from bachbridge.protocol.effects import Ask, Feed, PlanRequest
from bachbridge.protocol.events import Answer, Plan
from bachbridge.protocol.style import Style

_USUAL = Style()
_BEAM_WIDTH = 2
"""Hypotheses when harmonizing a known phrase: more are better, but too slow for live play."""


@dataclass(frozen=True, slots=True)
class _FirstFrame:
    """The first frame of an answer that starts from `memory`; it depends on nothing else but `choice`."""

    memory: FrameMemory
    choice: tuple[object, ...]
    frame: Frame


class ChoraleGenerator:
    """Plays a causal model of four voices. Used on the main thread of the model process."""

    tasks = ("continue", "harmonize")
    recorded_step_ns = 0
    """No step time is on record: it is measured."""

    __slots__ = ("_fed", "_first_frame", "_habits", "_last_ask", "_net", "_planner", "_reader", "_voice_order")

    def __init__(self, net: FrameNet, voice_order: Sequence[int], phrase_net: PhraseEndNet | None = None) -> None:
        """`voice_order` is the order in which the voices of a step are chosen (the chain used in training)."""
        self._net = net
        self._voice_order = tuple(voice_order)
        self._planner = Planner(net, self._voice_order, phrase_net)
        self._reader = PromptReader(net, self._voice_order)
        self._fed: Feed | None = None
        """The feed for which no first frame has been drawn yet."""
        self._habits: tuple[FrameMemory, Habits, Key | None] | None = None
        """The player's habits and home key in the phrase that ends with a memory."""
        self._first_frame: _FirstFrame | None = None
        self._last_ask = Ask(0, "continue", "", Phrase((), 0), 1, _USUAL.temperature, _USUAL.top_p, 0)
        """The ask whose temperature and top_p the next one will probably have."""

    def feed(self, feed: Feed) -> None:
        """Bring the memory up to the phrase so far."""
        self._reader.read_phrase(feed.prompt, feed.seed)
        self._fed = feed

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
        """Draw the first frame of an answer to the phrase that was fed; return False: there is no more to do."""
        feed, self._fed = self._fed, None
        if feed is not None:
            ask = replace(self._last_ask, prompt=feed.prompt, seed=feed.seed, key=feed.key, close="music")
            memory = self._reader.read_phrase(ask.prompt, ask.seed)
            self._draw_first_frame(memory, self._guide(memory, ask), ask)
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

    def _continue(self, ask: Ask) -> Iterator[Answer | None]:
        """Yield the first step alone, then beat by beat (see `events.Answer`), and None after every other step."""
        self._fed, self._last_ask = None, ask
        memory = self._reader.read_phrase(ask.prompt, ask.seed)
        builder = _NoteBuilder(-self._reader.shift, ExpressionSampler(ask.prompt, ask.seed))
        guide = self._guide(memory, ask)
        frame = self._draw_first_frame(memory, guide, ask)
        frames = self._reader.frames()
        for step in range(ask.steps):
            if step:
                frame = draw_answer_frame(self._reader.view(memory), guide, step, frames, ask.seed)
            builder.add_frame(frame)
            frames.append(frame)
            final = step + 1 == ask.steps
            if step == 0 or final or (step + 1) % STEPS_PER_BEAT == 0:
                yield Answer(ask.ask, builder.pop_notes(), step + 1, final)
            else:
                yield None
            if not (final or guide.holds(step + 1)):
                memory = self._reader.advance(memory, frame)

    def _guide(self, memory: FrameMemory, ask: Ask) -> AnswerGuide:
        """Return what the answer keeps to, from the phrase that was read last and ends with `memory`."""
        prompt = ask.prompt
        if self._habits is None or self._habits[0] is not memory:
            reader, position = self._reader, prompt.position or 0
            habits = player_habits(reader.given(), reader.given_onsets(), position, prompt.steps_per_bar)
            self._habits = memory, habits, reader.home_key()
        _, habits, home = self._habits
        key = key_from_number(ask.key) or home
        plan = plan_answer(ask, key)
        return AnswerGuide(key, habits, plan.close, plan.position, ask.temperature, ask.top_p, plan.recall)

    def _draw_first_frame(self, memory: FrameMemory, guide: AnswerGuide, ask: Ask) -> Frame:
        """Return the first frame of the answer; it is kept, since it may be drawn before the answer is asked for."""
        is_near_close = guide.plan is not None and guide.plan.approach == 0
        choice = (guide.key, ask.temperature, ask.top_p, ask.seed)
        kept = self._first_frame
        if kept and not is_near_close and kept.memory is memory and kept.choice == choice:
            return kept.frame
        frame = draw_answer_frame(self._reader.view(memory), guide, 0, self._reader.frames(), ask.seed)
        if not is_near_close:
            self._first_frame = _FirstFrame(memory, choice, frame)
        return frame


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
