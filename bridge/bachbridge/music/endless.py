"""Prompts of a dream: a continuation, the continuation of that, and so on without end.

Each part is asked for with all that came before it as its prompt, so any model that can continue can dream. The prompt
grows part by part, because a model need not read again what it has read once. When it is longer than
`_MAX_PROMPT_BARS`, only its last `_KEPT_PROMPT_BARS` go on, so a dream takes no more memory the longer it lasts.
"""

from collections.abc import Sequence
from dataclasses import replace

from bachbridge.music.notes import SEED_COUNT, VOICES, Note, Phrase, keep_longest_notes

PART_BARS = 2
"""Length of a part in live play; a changed setting is heard from the next part on."""
_MAX_PROMPT_BARS, _KEPT_PROMPT_BARS = 16, 8


def extend_prompt(prompt: Phrase, answer: Sequence[Note], steps: int) -> Phrase:
    """Return the prompt and its answer of `steps` steps as one phrase, or the last bars of it.

    A player's notes have no voices. Where the answer is in four voices, the prompt goes on without the player's notes,
    which would be taken for one of the voices. An occasional chord of four notes does not count as four voices.
    """
    kept = keep_longest_notes(note for note in answer if note.start < steps)
    if _is_four_part(kept, steps) and not any(note.voice for note in prompt.notes):
        position = None if prompt.position is None else (prompt.position + prompt.steps) % prompt.steps_per_bar
        prompt = Phrase((), 0, prompt.steps_per_bar, position)
    notes = (*prompt.notes, *(replace(note, start=note.start + prompt.steps) for note in kept))
    whole = replace(prompt, notes=notes, steps=prompt.steps + steps)
    return _last_bars(whole) if whole.steps > _MAX_PROMPT_BARS * whole.steps_per_bar else whole


def _is_four_part(notes: Sequence[Note], steps: int) -> bool:
    """Return True if each of the four voices sounds for at least a quarter of the steps."""
    sounding = [sum(note.length for note in notes if note.voice == voice) for voice in range(len(VOICES))]
    return 4 * min(sounding) >= steps


def _last_bars(phrase: Phrase) -> Phrase:
    """Drop whole bars from the beginning until at most `_KEPT_PROMPT_BARS` are left."""
    bar = phrase.steps_per_bar
    skipped = -(-max(0, phrase.steps - _KEPT_PROMPT_BARS * bar) // bar) * bar
    kept = tuple(replace(note, start=note.start - skipped) for note in phrase.notes if note.start >= skipped)
    return replace(phrase, notes=kept, steps=phrase.steps - skipped)


def next_prompt(first: Phrase, prompt: Phrase, answer: Sequence[Note], steps: int) -> Phrase:
    """Return the next part's prompt: all that came before it, or the `first` phrase if the answer was silent."""
    return extend_prompt(prompt, answer, steps) if answer else first


def next_seed(seed: int) -> int:
    """Return the seed of the part that follows a part with this seed."""
    return (seed + 1) % SEED_COUNT
