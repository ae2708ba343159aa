"""A dream: a continuation, and its continuation, and so on without end.

Each part is asked for with what came before it as its prompt, so that any model that can continue can dream. A prompt
grows part by part, for what was taken in once need not be taken in again, until it is `_MOST_BARS` long; then its last
`_LEAST_BARS` go on. So a dream takes no more memory the longer it lasts.
"""

from collections.abc import Sequence
from dataclasses import replace

from bachbridge.music.notes import VOICES, Note, Phrase, keep_longest_notes

PART_BARS = 2
"""How long a part is live: what is set meanwhile is heard in the next one."""
_MAX_PROMPT_BARS, _KEPT_PROMPT_BARS = 16, 8
_SEED_COUNT = 1 << 31


def extend_prompt(prompt: Phrase, answer: Sequence[Note], steps: int) -> Phrase:
    """The prompt and its answer of `steps` steps as one phrase, or the end of it.

    The hands of a player have no voices. Where the answer is in four voices, it goes on without the player's notes,
    which would be taken for one of them. A chord of four notes now and then is not four voices.
    """
    told = keep_longest_notes(note for note in answer if note.start < steps)
    if _is_four_part(told, steps) and not any(note.voice for note in prompt.notes):
        position = None if prompt.position is None else (prompt.position + prompt.steps) % prompt.steps_per_bar
        prompt = Phrase((), 0, prompt.steps_per_bar, position)
    notes = (*prompt.notes, *(replace(note, start=note.start + prompt.steps) for note in told))
    whole = replace(prompt, notes=notes, steps=prompt.steps + steps)
    return _last_bars(whole) if whole.steps > _MAX_PROMPT_BARS * whole.steps_per_bar else whole


def _is_four_part(notes: Sequence[Note], steps: int) -> bool:
    """Whether each of the four voices sounds for a quarter of these steps or longer."""
    sounding = [sum(note.length for note in notes if note.voice == voice) for voice in range(len(VOICES))]
    return 4 * min(sounding) >= steps


def _last_bars(phrase: Phrase) -> Phrase:
    """The phrase from `_LEAST_BARS` before its end, by whole bars from its beginning."""
    bar = phrase.steps_per_bar
    skipped = -(-max(0, phrase.steps - _KEPT_PROMPT_BARS * bar) // bar) * bar
    kept = tuple(replace(note, start=note.start - skipped) for note in phrase.notes if note.start >= skipped)
    return replace(phrase, notes=kept, steps=phrase.steps - skipped)


def next_prompt(first: Phrase, prompt: Phrase, answer: Sequence[Note], steps: int) -> Phrase:
    """The next part's prompt: what came before it, or where that has fallen silent, the phrase that came `first`."""
    return extend_prompt(prompt, answer, steps) if answer else first


def next_seed(seed: int) -> int:
    """The seed of the part after one of this seed."""
    return (seed + 1) % _SEED_COUNT
