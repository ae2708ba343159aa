"""Drawing notes from a network's logits: temperature, nucleus, and the walk of an autoregressive model over a phrase.

`Autoregressive` keeps a memory for every step of the phrase that it was fed: the network's state is an explicit value,
so a longer or corrected phrase is taken up after the longest part that is still true, and an answer forks from the end
without disturbing it. All chance comes from a seed and the number of the step, never from what was done before; the
same ask gives the same answer whether or not it was fed beforehand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs import satb
from bachbridge.inference.chorale import beam_search
from bachbridge.inference.chorale.planner import Nets, Planner
from bachbridge.inference.runtime.ask_canvas import task_of
from bachbridge.inference.runtime.expression import Touch
from bachbridge.inference.runtime.style import Style
from bachbridge.music import voice_leading
from bachbridge.music.notes import RANGES, STEPS_PER_BEAT, VOICES, Note, Phrase, key_numbered
from bachbridge.protocol.events import Answer, Ask, Feed, Foresee, Plan

Floats = NDArray[np.float32]


def choose(logits: Floats, temperature: float, top_p: float, rng: np.random.Generator) -> int:
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
class _Memory:
    """After a step: what the next step's ids are made from, the network's state, and its view of the next step."""

    context: satb.Context
    state: Floats
    hidden: Floats


@dataclass(frozen=True, slots=True)
class _Cell:
    """One step of the prompt as it was taken in, and the memory after it."""

    given: tuple[int, ...]
    struck: tuple[bool, ...]
    frame: satb.Frame
    memory: _Memory


class Autoregressive:
    """A causal model of four voices. Used on one thread of the model's process."""

    tasks = ("continue", "harmonize")
    recorded_ns = 0
    """Nothing of its pace is on record: its steps are as quick as they are."""

    __slots__ = ("_cells", "_key", "_nets", "_order", "_phrase", "_planner", "_shift")

    def __init__(self, nets: Nets, order: Sequence[int]) -> None:
        """`order`: in which order the voices of a step are chosen (the chain that the network was trained with)."""
        self._nets = nets
        self._order = tuple(order)
        self._planner = Planner(nets, self._order)
        self._cells: list[_Cell] = []
        self._key: tuple[object, ...] = ()
        self._phrase: Phrase | None = None
        """What the cells are the memory of, moved by `_shift` semitones."""
        self._shift = 0

    def feed(self, feed: Feed) -> None:
        """Bring the memory up to the phrase so far."""
        self._follow(feed.prompt, feed.seed)

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        """The answer as it grows, or None where it can be put aside."""
        return self._harmonized(ask) if ask.task == "harmonize" else self._continued(ask)

    def _harmonized(self, ask: Ask) -> Iterator[Answer | None]:
        """None after each step, then the whole phrase in four voices."""
        task = task_of(ask)
        style = Style(temperature=ask.temperature, top_p=ask.top_p, key=key_numbered(ask.key), chance=1)
        for found in beam_search.harmonizing(
            self._nets,
            self._order,
            task.canvas.classes,
            task.canvas.struck,
            position=ask.prompt.position,
            steps_per_bar=ask.prompt.steps_per_bar,
            style=style,
            width=_ABREAST,
            seed=ask.seed,
        ):
            yield found and Answer(ask.ask, task.told(*found), ask.steps, final=True)

    def _continued(self, ask: Ask) -> Iterator[Answer]:
        """First the first step alone, then beat by beat; see `events.Answer`."""
        memory = self._follow(ask.prompt, ask.seed)
        voices = _Voices(-self._shift, Touch(ask.prompt, ask.seed))
        allowed = _SUNG + voice_leading.foreign(
            voice_leading.sounded([cell.frame.classes for cell in self._cells]), key_numbered(ask.key)
        )
        for step in range(ask.steps):
            rng = np.random.default_rng([ask.seed, 3, step])
            frame = self._draw(memory, _FREE, allowed, ask.temperature, ask.top_p, rng, begins=step == 0)
            voices.take(frame)
            final = step + 1 == ask.steps
            if step == 0 or final or (step + 1) % STEPS_PER_BEAT == 0:
                yield Answer(ask.ask, voices.told(), step + 1, final)
            if not final:
                memory = self._advance(memory, frame)

    def follow(self, foresee: Foresee) -> None:
        """Bring the harmony's memory up to what is told."""
        self._planner.follow(foresee)

    def plan(self, foresee: Foresee) -> Plan:
        """Plan the step after it."""
        return self._planner.plan(foresee)

    def ponder(self) -> bool:
        """A causal model has nothing to think about until something more is sung."""
        return False

    def _follow(self, phrase: Phrase, seed: int) -> _Memory:
        """The memory after the phrase; what was taken in before is kept as far as it is still true."""
        key = (seed, phrase.position, phrase.steps_per_bar)
        if (key, phrase) == (self._key, self._phrase) and self._cells:
            return self._cells[-1].memory
        if key != self._key:
            self._cells, self._key = [], key
        prompt = satb.read(phrase)
        self._phrase = None
        rows = [tuple(int(c) for c in row) for row in prompt.classes]
        strikes = [tuple(bool(s) for s in row) for row in prompt.struck]
        true = 0
        for cell, given, struck in zip(self._cells, rows, strikes, strict=False):
            if (cell.given, cell.struck) != (given, struck):
                break
            true += 1
        del self._cells[true:]
        memory = self._cells[-1].memory if self._cells else self._beginning(phrase)
        sounded = voice_leading.sounded(rows[:true])
        for step in range(true, len(rows)):
            rng = np.random.default_rng([seed, 2, step])
            sounded += voice_leading.sounded(rows[step : step + 1])
            allowed = _SUNG if any(given > satb.REST for given in rows[step]) else _SUNG_OR_RESTING
            frame = self._draw(memory, rows[step], allowed + voice_leading.foreign(sounded), *_IMAGINED, rng)
            frame = _as_played(frame, rows[step], strikes[step])
            memory = self._advance(memory, frame)
            self._cells.append(_Cell(rows[step], strikes[step], frame, memory))
        self._phrase, self._shift = phrase, prompt.shift
        return memory

    def _beginning(self, phrase: Phrase) -> _Memory:
        context = satb.Context(position=phrase.position, steps_per_bar=phrase.steps_per_bar)
        hidden, state = self._nets.core(context.ids(), self._nets.initial_state())
        return _Memory(context, state, hidden)

    def _advance(self, memory: _Memory, frame: satb.Frame) -> _Memory:
        context = memory.context.after(frame)
        hidden, state = self._nets.core(context.ids(), memory.state)
        return _Memory(context, state, hidden)

    def _draw(
        self,
        memory: _Memory,
        given: Sequence[int],
        allowed: Floats,
        temperature: float,
        top_p: float,
        rng: np.random.Generator,
        *,
        begins: bool = False,
    ) -> satb.Frame:
        """One step: the voices that are not given drawn along the chain, then who is struck again (all that begin)."""
        known = np.array([given], dtype=np.int32)
        then = (memory.context.before or _NOTHING).classes
        before = np.array([then], dtype=np.int32)
        for voice in self._order:
            if known[0, voice] == satb.UNKNOWN:
                pitch, _ = self._nets.heads(memory.hidden, known)
                bar = voice_leading.barred(before, known, voice, ("parallels",))[0]
                led = pitch[0, voice] + allowed[voice] + voice_leading.PARALLEL * bar
                known[0, voice] = choose(led, temperature, top_p, rng)
        classes = tuple(int(c) for c in known[0])
        if begins:
            return satb.Frame(classes, tuple(c > satb.REST for c in classes))
        _, strike = self._nets.heads(memory.hidden, known)
        again = rng.random(len(VOICES)) < 1 / (1 + np.exp(-strike[0]))
        kept = [now == old for now, old in zip(classes, then, strict=True)]
        struck = tuple(c > satb.REST and (not k or bool(a)) for c, k, a in zip(classes, kept, again, strict=True))
        return satb.Frame(classes, struck)


_FREE = (satb.UNKNOWN,) * len(VOICES)
_NOTHING = satb.Frame(_FREE, (False,) * len(VOICES))
_ABREAST = 2
"""Harmonies that are followed at once under a phrase that is known: more are better and too slow to be waited for."""
_IMAGINED = (0.8, 0.9)
"""Temperature and nucleus of the voices imagined under a melody: likely ones, whatever the answer is to be like."""


def _within_ranges(*, resting: bool) -> Floats:
    """0 where a voice may go and minus infinity elsewhere, `allowed[voice, class]`."""
    allowed = np.full((len(VOICES), satb.CLASSES), -np.inf, np.float32)
    for voice, (low, high) in enumerate(RANGES):
        allowed[voice, satb.class_of(low) : satb.class_of(high) + 1] = 0
    if resting:
        allowed[:, satb.REST] = 0
    return allowed


_SUNG, _SUNG_OR_RESTING = _within_ranges(resting=False), _within_ranges(resting=True)


def _as_played(frame: satb.Frame, given: Sequence[int], struck: Sequence[bool]) -> satb.Frame:
    """The frame with the given voices struck where the player struck them."""
    played = tuple(s if g != satb.UNKNOWN else drawn for drawn, g, s in zip(frame.struck, given, struck, strict=True))
    return satb.Frame(frame.classes, played)


class _Voices:
    """Frames to notes, told as they grow."""

    __slots__ = ("_notes", "_shift", "_step", "_touch", "_untold")

    def __init__(self, shift: int, touch: Touch) -> None:
        self._shift, self._touch = shift, touch
        self._notes: list[Note | None] = [None] * len(VOICES)
        self._untold: dict[tuple[int, int], Note] = {}
        self._step = 0

    def take(self, frame: satb.Frame) -> None:
        """One step more."""
        for voice, (pitch_class, struck) in enumerate(zip(frame.classes, frame.struck, strict=True)):
            sounding = self._notes[voice]
            if pitch_class == satb.REST:
                self._notes[voice] = None
            elif struck or sounding is None:
                pitch = satb.pitch_of(pitch_class) + self._shift
                self._hold(voice, self._touch.of(Note(self._step, 1, pitch, voice=voice)))
            else:
                self._hold(voice, replace(sounding, length=sounding.length + 1))
        self._step += 1

    def _hold(self, voice: int, note: Note) -> None:
        self._notes[voice] = note
        self._untold[voice, note.start] = note

    def told(self) -> tuple[Note, ...]:
        """The notes that are new or longer since the last time."""
        notes = tuple(sorted(self._untold.values(), key=lambda note: (note.start, note.voice)))
        self._untold.clear()
        return notes
