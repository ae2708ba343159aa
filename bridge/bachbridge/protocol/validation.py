"""What comes over the pipes, held against what can be played before anything is made of it.

JSON lets through what types forbid, and types let through what no instrument has: a pitch of 300, a step of no length.
The dialogue relies on none of it having passed here.
"""

from itertools import chain

from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICES, Note, Phrase
from bachbridge.protocol.events import Answer, AnswerPhrase, AskRefused, Event, Plan, PlayPhrase, Setting

_STEP_NS_RANGE = (1_000_000, 10_000_000_000)
_MAX_STEPS, _MAX_PROMPT_STEPS, _MAX_NOTES = 100_000, 4096, 20_000
_MAX_OFFSET_NS = 60_000_000_000
"""How far from its grid line a note may lie."""
_MAX_NOTE_STEP = 1_000_000
_PLAN_ROW_LENGTH, _PLAN_ROW_VALUES = 2 + len(VOICES), {*range(PITCH_INDEX_COUNT + 1)}


def rejection_reason(event: Event) -> tuple[str, str] | None:
    """Why the event cannot be heeded: a `Status`'s topic and its sentence; None if it can."""
    match event:
        case AnswerPhrase(phrase, step_ns, seed, _):
            if not (_is_playable(phrase, step_ns, _MAX_PROMPT_STEPS) and _is_int_within(seed, -1)):
                return "prompt", "these notes cannot be answered: choose another phrase"
            return None if phrase.notes else ("prompt", "there is no note in it to be answered")
        case PlayPhrase(phrase, step_ns):
            return (
                None
                if _is_playable(phrase, step_ns, _MAX_STEPS)
                else ("play", "these notes cannot be played: choose others")
            )
        case Setting(name, value):
            return (
                None
                if _is_setting(name, value)
                else ("setting", "a setting without a name or a value was left as it is")
            )
        case Answer(ask, notes, until, _):
            fits = _is_int_within(ask) and _is_int_within(until) and _are_valid_notes(notes, 0)
            return None if fits else ("model", "the model's answer has notes that cannot be played and is left out")
        case AskRefused(ask, reason):
            fits = _is_int_within(ask) and isinstance(reason, str)  # pyright: ignore[reportUnnecessaryIsInstance] # as from the pipe
            return None if fits else ("model", "the model's refusal makes no sense and is left out")
        case Plan(piece, step, rows, key):
            fits = (
                _is_int_within(piece) and _is_int_within(step) and _is_int_within(key, -1, 23) and _are_plan_rows(rows)
            )
            return None if fits else ("model", "the model's chords cannot be played and are left out")
        case _:
            return None


def _is_setting(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, str | int | float | bool | list | tuple)


def _is_playable(phrase: object, step_ns: object, max_steps: int) -> bool:
    return (
        isinstance(phrase, Phrase)
        and _is_int_within(step_ns, *_STEP_NS_RANGE)
        and _is_int_within(phrase.steps, 1, max_steps)
        and _is_int_within(phrase.steps_per_bar, 1, _MAX_STEPS)
        and (phrase.position is None or _is_int_within(phrase.position, 0, _MAX_STEPS))
        and len(phrase.notes) <= _MAX_NOTES
        and _are_valid_notes(phrase.notes, -1)
    )


def _are_valid_notes(notes: tuple[Note, ...], lowest_voice: int) -> bool:
    return all(
        _is_int_within(note.start, 0, _MAX_NOTE_STEP)
        and _is_int_within(note.length, 0, _MAX_NOTE_STEP)
        and _is_int_within(note.pitch, 0, 127)
        and _is_int_within(note.velocity, 0, 127)
        and _is_int_within(note.voice, lowest_voice, len(VOICES) - 1)
        and _is_int_within(note.offset_ns, -_MAX_OFFSET_NS, _MAX_OFFSET_NS)
        for note in notes
    )


def _are_plan_rows(rows: tuple[tuple[int, ...], ...]) -> bool:
    """A chord may wait for this: all numbers are looked at in one go."""
    numbers: list[object] = [*chain.from_iterable(rows)]
    whole = {*map(type, numbers)} <= {int}
    return whole and {*map(len, rows)} <= {_PLAN_ROW_LENGTH} and {*numbers} <= _PLAN_ROW_VALUES


def _is_int_within(value: object, low: int = -(1 << 63), high: int = 1 << 63) -> bool:
    return type(value) is int and low <= value <= high
