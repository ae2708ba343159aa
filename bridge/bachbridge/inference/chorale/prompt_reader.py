"""The prompt of an answer as the causal network reads it: step by step, with a memory after each.

The network's state is an explicit value, so a longer or corrected phrase is taken up after the longest part that is
unchanged. Voices that the player did not play are imagined; between 8ths they move only with the player's notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.codecs import satb
from bachbridge.inference.chorale.answer_steps import complete_prompt_frame
from bachbridge.inference.chorale.candidates import StepView
from bachbridge.inference.runtime.protocols import FrameNet
from bachbridge.music.frames import REST, UNKNOWN, Bools, Floats, Frame, Ints
from bachbridge.music.keys import pitch_durations
from bachbridge.music.notes import VOICES, Key, Phrase
from bachbridge.music.phrasing.home_key import home_key, lowest_pitch_class
from bachbridge.music.tonality.key_belief import NO_BELIEF, KeyBelief
from bachbridge.music.voice_assignment import frames_from_phrase


@dataclass(frozen=True, slots=True, eq=False)
class FrameMemory:
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
    memory: FrameMemory


class PromptReader:
    """Keeps a memory for every step of the phrase that it read last."""

    __slots__ = ("_cache_key", "_net", "_phrase", "_steps", "_voice_order", "shift")

    def __init__(self, net: FrameNet, voice_order: Sequence[int]) -> None:
        """`voice_order` is the order in which the voices of a step are chosen."""
        self._net, self._voice_order = net, tuple(voice_order)
        self._steps: list[_PromptStep] = []
        self._cache_key: tuple[object, ...] = ()
        self._phrase: Phrase | None = None
        """The phrase that `_steps` hold, transposed by `shift` semitones."""
        self.shift = 0

    # ------------------------------------------------------------ reading

    def read_phrase(self, phrase: Phrase, seed: int) -> FrameMemory:
        """Return the memory after the phrase; unchanged steps that were taken in before are not computed again."""
        key = (seed, phrase.position, phrase.steps_per_bar)
        if (key, phrase) == (self._cache_key, self._phrase) and self._steps:
            return self._steps[-1].memory
        if key != self._cache_key:
            self._steps, self._cache_key = [], key
        prompt = frames_from_phrase(phrase)
        self._phrase = None
        given = [tuple(int(index) for index in row) for row in prompt.pitch_indices]
        onsets = [tuple(bool(onset) for onset in row) for row in prompt.onsets]
        unchanged = self._count_unchanged(given, onsets)
        del self._steps[unchanged:]
        memory = self._steps[-1].memory if self._steps else self._initial_memory(phrase)
        for step in range(unchanged, len(given)):
            rng = np.random.default_rng([seed, 2, step])
            is_between = (step + (phrase.position or 0)) % 2 == 1
            frame = complete_prompt_frame(
                self.view(memory), given[step], onsets[step], memory.belief, rng, may_hold=is_between
            )
            memory = self.advance(memory, frame, given[step])
            self._steps.append(_PromptStep(given[step], onsets[step], frame, memory))
        self._phrase, self.shift = phrase, prompt.shift
        return memory

    def _count_unchanged(self, given: Sequence[tuple[int, ...]], onsets: Sequence[tuple[bool, ...]]) -> int:
        """Count the steps at the beginning that were taken in before and are still the same."""
        count = 0
        for known, step_given, step_onsets in zip(self._steps, given, onsets, strict=False):
            if (known.given, known.onsets) != (step_given, step_onsets):
                break
            count += 1
        return count

    # ------------------------------------------------------------ steps of the network

    def _initial_memory(self, phrase: Phrase) -> FrameMemory:
        context = satb.FrameContext(position=phrase.position, steps_per_bar=phrase.steps_per_bar)
        hidden, state = self._net.core(context.feature_ids(), self._net.initial_state())
        return FrameMemory(context, state, hidden, NO_BELIEF)

    def advance(self, memory: FrameMemory, frame: Frame, given: Sequence[int] = ()) -> FrameMemory:
        """Return the memory after the frame; `given` are its notes that the player played."""
        context, belief = memory.context.after(frame), memory.belief
        lead = next((voice for voice, index in enumerate(given) if index != UNKNOWN), None)
        if lead is not None:
            belief = belief.after_step(given[lead], onset=frame.onsets[lead])
        hidden, state = self._net.core(context.feature_ids(), memory.state)
        return FrameMemory(context, state, hidden, belief)

    def view(self, memory: FrameMemory) -> StepView:
        """Return the network's view of the step after the memory."""
        previous = memory.context.previous_frame
        return StepView(self._net, self._voice_order, memory.hidden, previous.pitch_indices if previous else None)

    # ------------------------------------------------------------ the phrase that was read

    def frames(self) -> list[Frame]:
        """Return the completed frames of the phrase."""
        return [step.frame for step in self._steps]

    def given(self) -> Ints:
        """Return the phrase as it was played, `pitch_indices[step, voice]`."""
        return np.array([step.given for step in self._steps], np.int32).reshape(-1, len(VOICES))

    def given_onsets(self) -> Bools:
        """Return the onsets as they were played, `onsets[step, voice]`."""
        return np.array([step.onsets for step in self._steps], bool).reshape(-1, len(VOICES))

    def home_key(self) -> Key | None:
        """Return the key in which the phrase is at home; None if nothing was played."""
        sounding = [step.given for step in self._steps if max(step.given) > REST]
        if not sounding:
            return None
        ends = [sounding[0], sounding[-1]] if sum(index != UNKNOWN for index in sounding[0]) > 1 else []
        durations = pitch_durations([step.given for step in self._steps])
        return home_key(durations, self._steps[-1].memory.belief, [lowest_pitch_class(frame) for frame in ends])
