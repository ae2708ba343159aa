"""Sentences for reports that the window shows in several places, and the notice for each message of the engine.

A sentence about something that does not work says after a colon what to do.
"""

from bachbridge.protocol.effects import (
    AnswerLate,
    BeatMissing,
    ChordsLate,
    ClockNeverStarted,
    DamagedMidi,
    FeedbackLoop,
    PhraseHeld,
    PhraseKept,
    PhraseRefused,
    SettingRefused,
    StartRefused,
)
from bachbridge.protocol.events import AskRefused, ModelDown, PortsChanged
from bachbridge.protocol.instances import second_instance_text
from bachbridge.protocol.notices import EngineEnded, EngineStarted, Failed, LogStopped, Message, NotesShed
from bachbridge_gui.settings.targets import mode_name
from bachbridge_gui.state.notices import Level, StatusNotice
from bachbridge_gui.translation import tr, tr_count, tr_report, translatable

ObstacleReport = (
    PhraseRefused | PhraseHeld | PhraseKept | BeatMissing | ChordsLate | ClockNeverStarted | FeedbackLoop | StartRefused
)
"""Reports that something asked for does not happen, or not now."""

FEEDBACK_TEXT = translatable(
    "BachBridge's output comes back to its input and is ignored there: let the track that you play on listen to your "
    "keyboard only"
)

_PRESENT_LOOP = FeedbackLoop(is_there=True)
"""Its notice stands as long as the loop does (`PortStatus.standing_notices`)."""


def notice_for(message: Message) -> StatusNotice | None:
    """Return the notice about a message; None if it needs none: then it is music, or only for the monitor."""
    match message:
        case EngineStarted() | EngineEnded():
            level = "info" if isinstance(message, EngineStarted) else "error"
            return StatusNotice(engine_change_text(message), level, "engine")
        case Failed(error):
            return StatusNotice(tr_report(error), "error", "engine")
        case ModelDown(reason):
            return StatusNotice(tr_report(reason), "error", "model")
        case AskRefused(_, reason):
            return StatusNotice(tr_report(reason), "warning", "ask")
        case SettingRefused(name, reason):
            return StatusNotice(tr_report(reason), "warning", f"setting {name}")
        case LogStopped():
            return StatusNotice(log_stopped_text(message), "error", "log")
        case AnswerLate(_, what):
            return StatusNotice(_late_text(what), "warning", "late")
        case DamagedMidi(count):
            return StatusNotice(_damaged_text(count), "warning", "damaged")
        case NotesShed(count):
            return StatusNotice(_shed_text(count), "warning", "shed")
        case PortsChanged(_, output_name) if text := second_instance_text(output_name):
            return StatusNotice(tr_report(text), "info", "instance")
        case _ if isinstance(message, ObstacleReport) and message != _PRESENT_LOOP:
            return StatusNotice(obstacle_text(message), _obstacle_level(message), type(message).__name__)
        case _:
            return None


def _obstacle_level(report: ObstacleReport) -> Level:
    match report:
        case ChordsLate(0) | FeedbackLoop() | PhraseKept() | PhraseHeld("pedal" | "latch"):
            return "info"
        case _:
            return "warning"


def _late_text(what: str) -> str:
    """Return the sentence about an answer that was late; some of them say already what to do."""
    if ":" in what:
        return tr_report(what)
    return tr("{what}: if it comes often, close other programs or choose a quicker model", what=tr_report(what))


def _damaged_text(count: int) -> str:
    return tr_count(
        "An incoming MIDI message was damaged and left out: check the cable, or the program that sends them",
        "{count} incoming MIDI messages were damaged and left out: check the cable, or the program that sends them",
        count,
    )


def _shed_text(count: int) -> str:
    return tr_count(
        "A note was left out, since more came at once than can be played: send fewer, or close other programs",
        "{count} notes were left out, since more came at once than can be played: send fewer, or close other programs",
        count,
    )


def engine_change_text(change: EngineStarted | EngineEnded) -> str:
    """Return the sentence about an engine that ended or started."""
    match change:
        case EngineStarted(again):
            return tr("The engine was started again") if again else tr("The engine was started")
        case EngineEnded(reason):
            return tr_report(reason) or tr("The engine has ended unexpectedly and is started again")


def log_stopped_text(report: LogStopped) -> str:
    """Return the sentence about a log that cannot be written."""
    return tr(
        "The session log cannot be written any more ({reason}): make room and start again; the music goes on",
        reason=report.reason,
    )


def obstacle_text(report: ObstacleReport) -> str:
    """Return the sentence that says what does not happen, and what to do."""
    match report:
        case PhraseRefused():
            return _phrase_refused_text(report)
        case PhraseHeld("key"):
            return tr("A key seems to have been down for half a minute: if it is up, press Panic")
        case PhraseHeld("pedal"):
            return tr("Your phrase does not end by silence while the sustain pedal is down: lift it")
        case PhraseHeld():
            return tr("Your phrase does not end by silence while the latch holds its notes: press End phrase")
        case PhraseKept():
            return _phrase_kept_text(report)
        case StartRefused():
            return _start_refused_text(report)
        case BeatMissing(mode):
            return tr(
                "Mode {mode} needs a beat: start your DAW's clock or Link, or set the tempo to fixed",
                mode=mode_name(mode),
            )
        case ChordsLate(0):
            return tr("The chords are on time again")
        case ChordsLate(late, chords):
            return tr(
                "{late} of {chords} chords were late because this computer is busy: close other programs",
                late=late,
                chords=chords,
            )
        case FeedbackLoop(is_there):
            return tr(FEEDBACK_TEXT) if is_there else tr("BachBridge's output no longer comes back to its input")
        case ClockNeverStarted():
            return tr("Your DAW's clock runs but has not started: press Stop and Play there, so that bars line up")


def _phrase_kept_text(kept: PhraseKept) -> str:
    """Return the sentence about a phrase that the DAW's Stop left without an answer."""
    if kept.is_awaited:
        return tr("Your phrase is answered at the next start")
    return tr(
        "The beat stopped before your phrase was answered: press End phrase to have it answered at the next start"
    )


def _phrase_refused_text(refusal: PhraseRefused) -> str:
    """Return the sentence that says why a phrase is not answered or played, and what to do."""
    match refusal:
        case PhraseRefused("answer", "empty"):
            return tr("This phrase has no notes to answer: choose another one")
        case PhraseRefused("answer"):
            return tr("This phrase cannot be answered: choose another one")
        case _:
            return tr("This phrase cannot be played: choose another one")


def _start_refused_text(refusal: StartRefused) -> str:
    """Return the sentence that says why our own transport does not start, and what to do."""
    match refusal.obstacle:
        case "no tempo":
            return tr("There is no tempo to start with: set one, or tap it")
        case "clock":
            return tr("Your DAW runs already: start and stop there")
        case "link":
            return tr("The Link session plays already: start and stop there")
