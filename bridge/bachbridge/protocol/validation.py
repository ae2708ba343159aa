"""Checks of the window's phrases that go beyond the types of the messages.

Types and ranges are checked where a message is decoded (`protocol/wire.py`), so that no impossible value reaches the
session. Mistakes that a person can make, such as a phrase that is too long, are checked here and lead to a report.
"""

from bachbridge.music.notes import Phrase
from bachbridge.protocol.effects import PhraseRefused
from bachbridge.protocol.events import AnswerPhrase, Event, PlayPhrase

_STEP_NS_RANGE = (1_000_000, 10_000_000_000)
_MAX_PLAYED_STEPS, _MAX_PROMPT_STEPS, _MAX_NOTES = 100_000, 4096, 20_000


def rejection_report(event: Event) -> PhraseRefused | None:
    """Return the report that says why the session refuses the event; None if it accepts it."""
    match event:
        case AnswerPhrase(phrase) if not phrase.notes:
            return PhraseRefused("answer", "empty")
        case AnswerPhrase(phrase, step_ns) if not _is_playable(phrase, step_ns, _MAX_PROMPT_STEPS):
            return PhraseRefused("answer", "unplayable")
        case PlayPhrase(phrase, step_ns) if not _is_playable(phrase, step_ns, _MAX_PLAYED_STEPS):
            return PhraseRefused("play", "unplayable")
        case _:
            return None


def _is_playable(phrase: Phrase, step_ns: int, max_steps: int) -> bool:
    shortest_ns, longest_ns = _STEP_NS_RANGE
    return shortest_ns <= step_ns <= longest_ns and 1 <= phrase.steps <= max_steps and len(phrase.notes) <= _MAX_NOTES
