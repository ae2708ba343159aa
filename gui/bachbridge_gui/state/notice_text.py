"""Sentences for reports that the window shows in several places."""

from bachbridge.protocol.effects import BeatMissing, EngineEnded, EngineStarted, PhraseKept, PhraseRefused


def engine_change_text(change: EngineStarted | EngineEnded) -> str:
    """Return the sentence about an engine that ended or started."""
    match change:
        case EngineStarted(again):
            return "The engine was started again" if again else "The engine was started"
        case EngineEnded(reason):
            return reason or "The engine has ended unexpectedly and is started again"


CLOCK_NEVER_STARTED = "Your DAW's clock runs but has not started: press Stop and Play there, so that bars line up"


def beat_missing_text(missing: BeatMissing) -> str:
    """Return the sentence about a mode that needs bar lines where there are none."""
    return f"Mode {missing.mode.capitalize()} needs a beat: start your DAW's clock or Link, or set the tempo to fixed"


def phrase_kept_text(kept: PhraseKept) -> str:
    """Return the sentence about a phrase that the DAW's Stop left without an answer."""
    if kept.is_awaited:
        return "Your phrase is answered when the DAW starts again"
    return "The DAW stopped before your phrase was answered: press End phrase to have it answered at the next start"


def phrase_refused_text(refusal: PhraseRefused) -> str:
    """Return the sentence that says why a phrase is not answered or played, and what to do."""
    match refusal:
        case PhraseRefused("answer", "empty"):
            return "There is no note in it to be answered"
        case PhraseRefused("answer"):
            return "These notes cannot be answered: choose another phrase"
        case _:
            return "These notes cannot be played: choose others"
