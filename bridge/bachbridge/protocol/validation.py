"""What comes over the pipes, held against what can be played before anything is made of it.

JSON lets through what types forbid, and types let through what no instrument has: a pitch of 300, a step of no length.
The dialogue relies on none of it having passed here.
"""

from itertools import chain

from bachbridge.codecs import satb
from bachbridge.music.notes import VOICES, Note, Phrase
from bachbridge.protocol.events import Answer, Event, Plan, Play, Prompt, Refused, Setting

_STEP_NS = (1_000_000, 10_000_000_000)
_LONGEST_STEPS, _LONGEST_PROMPT_STEPS, _MOST_NOTES = 100_000, 4096, 20_000
_SPAN_NS = 60_000_000_000
"""How far from its grid line a note may lie."""
_FURTHEST_STEP = 1_000_000
_ROW, _CLASSES = 2 + len(VOICES), {*range(satb.CLASSES + 1)}


def objection(event: Event) -> tuple[str, str] | None:
    """Why the event cannot be heeded: a `Status`'s topic and its sentence; None if it can."""
    match event:
        case Prompt(phrase, step_ns, seed, _):
            if not (_playable(phrase, step_ns, _LONGEST_PROMPT_STEPS) and _whole(seed, -1)):
                return "prompt", "these notes cannot be answered: choose another phrase"
            return None if phrase.notes else ("prompt", "there is no note in it to be answered")
        case Play(phrase, step_ns):
            return (
                None
                if _playable(phrase, step_ns, _LONGEST_STEPS)
                else ("play", "these notes cannot be played: choose others")
            )
        case Setting(name, value):
            return None if _named(name, value) else ("setting", "a setting without a name or a value was left as it is")
        case Answer(ask, notes, until, _):
            fits = _whole(ask) and _whole(until) and _notes(notes, 0)
            return None if fits else ("model", "the model's answer has notes that cannot be played and is left out")
        case Refused(ask, reason):
            fits = _whole(ask) and isinstance(reason, str)  # pyright: ignore[reportUnnecessaryIsInstance] # as from the pipe
            return None if fits else ("model", "the model's refusal makes no sense and is left out")
        case Plan(piece, step, rows, key):
            fits = _whole(piece) and _whole(step) and _whole(key, -1, 23) and _rows(rows)
            return None if fits else ("model", "the model's chords cannot be played and are left out")
        case _:
            return None


def _named(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, str | int | float | bool | list | tuple)


def _playable(phrase: object, step_ns: object, longest: int) -> bool:
    return (
        isinstance(phrase, Phrase)
        and _whole(step_ns, *_STEP_NS)
        and _whole(phrase.steps, 1, longest)
        and _whole(phrase.steps_per_bar, 1, _LONGEST_STEPS)
        and (phrase.position is None or _whole(phrase.position, 0, _LONGEST_STEPS))
        and len(phrase.notes) <= _MOST_NOTES
        and _notes(phrase.notes, -1)
    )


def _notes(notes: tuple[Note, ...], lowest_voice: int) -> bool:
    return all(
        _whole(note.start, 0, _FURTHEST_STEP)
        and _whole(note.length, 0, _FURTHEST_STEP)
        and _whole(note.pitch, 0, 127)
        and _whole(note.velocity, 0, 127)
        and _whole(note.voice, lowest_voice, len(VOICES) - 1)
        and _whole(note.offset_ns, -_SPAN_NS, _SPAN_NS)
        for note in notes
    )


def _rows(rows: tuple[tuple[int, ...], ...]) -> bool:
    """A chord may wait for this: all numbers are looked at in one go."""
    numbers: list[object] = [*chain.from_iterable(rows)]
    whole = {*map(type, numbers)} <= {int}
    return whole and {*map(len, rows)} <= {_ROW} and {*numbers} <= _CLASSES


def _whole(value: object, low: int = -(1 << 63), high: int = 1 << 63) -> bool:
    return type(value) is int and low <= value <= high
