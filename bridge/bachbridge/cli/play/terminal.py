"""The app in the terminal: starts the engine process and shows its reports.

`TerminalReporter` turns the engine's messages into sentences, which are printed once each, and into a status line at
the foot of the terminal. If the output is not a terminal, only the sentences are printed. Ctrl-C closes the pipe to the
engine, which then silences all sounding notes, closes its ports and exits; this process waits for that.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bachbridge.errors import BachBridgeError
from bachbridge.midi.loopback import daw_ports
from bachbridge.music.harmony.chord_text import chord_text
from bachbridge.music.notes import Phrase, bpm_from_step_ns, key_from_number, key_name, pitch_name
from bachbridge.process.standard_streams import discard_standard_output, report_on_stderr
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerLate,
    AnswerStarted,
    BeatMissing,
    ChordNamed,
    ChordsLate,
    ClockNeverStarted,
    DamagedMidi,
    FeedbackLoop,
    Harmonized,
    PhraseEnded,
    PhraseHeld,
    PhraseKept,
    PhraseRefused,
    SessionEnded,
    SettingApplied,
    SettingRefused,
    StartRefused,
)
from bachbridge.protocol.events import AskRefused, LinkState, ModelDown, ModelUp, PortsChanged
from bachbridge.protocol.instances import second_instance_text
from bachbridge.protocol.notices import Failed, Health, LogStopped, Message, NotesShed, Received
from bachbridge.settings import Settings, validated

_NO_MODEL = "no model"
_MAX_NAMED_NOTES = 12
_PHRASE_HELD_TEXTS = {
    "key": "A key has been down for half a minute: if it is not, press and release it, or send All Notes Off.",
    "pedal": "Your phrase does not end by silence while the sustain pedal is down: lift it.",
    "latch": "Your phrase does not end by silence while the latch holds its notes: end it with the end controller.",
}
_FEEDBACK_TEXTS = {
    True: "Our output comes back to our input and is ignored there: let the track that you play on listen to your "
    'keyboard only, not to "BachBridge Out".',
    False: "Our output does not come back any more.",
}
_PHRASE_KEPT_TEXTS = {
    True: "Your phrase is answered at the next start.",
    False: "The beat stopped before your phrase was answered: end the phrase to have it answered at the start.",
}
"""Sentences for `PhraseKept`, by whether the answer is awaited."""
_START_REFUSED_TEXTS = {
    "no tempo": "There is no tempo to start at: set one with --bpm, or tap it.",
    "clock": "Your DAW runs already: start and stop there.",
    "link": "The Link session plays already: start and stop there.",
}


@dataclass(slots=True)
class TerminalReporter:
    """The state of the engine, by the messages that `handle_message` has received."""

    settings: Settings
    activity: str = "starting"
    tempo_text: str = ""
    chord_text: str = ""
    """The last chord in mode harmonize ("G major: V7 (D7/F#)"), the last pitch in mode duet."""
    latency_text: str = ""
    ports: tuple[str, str] = field(default=("", ""))
    peers: int = 0
    """Number of other programs in the Link session."""

    def handle_message(self, message: Message) -> str | None:
        """Update the state and return a sentence to print, if any; raises `BachBridgeError` if the engine failed."""
        match message:
            case Failed(error):
                raise BachBridgeError(error)
            case PortsChanged(source, sink):
                return self._port_change_text(source, sink)
            case LinkState(_, step_ns, _, peers) if peers != self.peers:
                self.peers = peers
                return _link_text(step_ns, peers)
            case Received() if self.settings.mode not in ("harmonize", "duet"):
                self.activity = "listening"
            case ModelUp(name):
                if self.activity in ("starting", _NO_MODEL):
                    self.activity = "ready"
                return f"Model: {name} is ready."
            case ModelDown(reason):
                self.activity = _NO_MODEL
                return f"Model: {reason.rstrip('.')}."
            case AskRefused(0, reason):
                return f"Model: {reason.rstrip('.')}."
            case LogStopped(reason):
                return f"Log: it cannot be written any more ({reason}); the music goes on without it."
            case Health():
                self.latency_text = f"99 of 100 notes at most {message.late_p99_ns / 1e6:.1f} ms late"
            case _:
                return _session_report_text(message) or self._handle_music_report(message)
        return None

    def _handle_music_report(self, message: Message) -> str | None:
        match message:
            case PhraseEnded(phrase, _, step_ns, ended_by):
                self.tempo_text = f"{bpm_from_step_ns(step_ns):.0f} bpm"
                notes = f"{_note_count_text(len(phrase.notes))} in {_bar_count_text(phrase)} at {self.tempo_text}"
                return f"Heard {notes}, ended by {ended_by}: {_pitch_names_text(phrase)}"
            case AnswerStarted():
                self.activity = "answering"
            case AnswerEnded(_, notes, interrupted):
                self.activity = "ready"
                return f"Answered with {_note_count_text(len(notes))}{', cut short' if interrupted else ''}."
            case Harmonized(_, _, voices, key):
                self._update_harmony([pitch for _, pitch, _ in voices], key)
            case ChordNamed(_, _, chord, numeral, key):
                self.chord_text = chord_text(chord, numeral, key_from_number(key))
            case AnswerLate(_, reason):
                self.activity = "ready"
                return f"No answer: {reason.rstrip('.')}."
            case _:
                pass
        return None

    def _update_harmony(self, pitches: list[int], key_number: int) -> None:
        key = key_from_number(key_number)
        if self.settings.mode == "harmonize":  # the chord's name follows, with the key
            self.activity = "harmonizing"
        else:
            self.activity = f"harmonizing in {key_name(key)}" if key else "harmonizing"
            self.chord_text = " ".join(map(pitch_name, pitches)) or self.chord_text

    def status_line(self) -> str:
        """Return the line at the foot of the terminal."""
        facts = (
            self.settings.mode,
            self.settings.model,
            self.tempo_text,
            self.activity,
            self.chord_text,
            self.latency_text,
        )
        return " · ".join(fact for fact in facts if fact) + "   (Ctrl-C ends)"

    def _port_change_text(self, source: str, sink: str) -> str | None:
        if (source, sink) == self.ports:
            return None
        self.ports = (source, sink)
        if source and sink:
            opened = f'Listening to "{source}", playing to "{sink}".{_daw_text(source, sink)}'
            return second_instance_text(sink) or opened
        missing = " and ".join(word for word, name in (("input", source), ("output", sink)) if not name)
        return f"Waiting for the {missing} port to come back."


def _daw_text(source: str, sink: str) -> str:
    """Return the sentence on the other end of a loopback; "" if the DAW uses the ports of the same names."""
    daw_output, daw_input = daw_ports(source, sink)
    if (daw_output, daw_input) == (source, sink):
        return ""
    return f' In the DAW, send to "{daw_output}" and listen to "{daw_input}".'


def _link_text(step_ns: int, peers: int) -> str:
    if not peers:
        return "Ableton Link: nobody else is there."
    programs = "1 other program" if peers == 1 else f"{peers} other programs"
    return f"Ableton Link: {bpm_from_step_ns(step_ns):.1f} bpm, with {programs}."


def _session_report_text(message: Message) -> str | None:
    """The sentence for a report about the session rather than about the music; None for other messages."""
    match message:
        case SettingApplied() | SettingRefused():
            return _setting_text(message)
        case PhraseHeld(held_by):
            return _PHRASE_HELD_TEXTS[held_by]
        case PhraseKept(is_awaited=is_awaited):
            return _PHRASE_KEPT_TEXTS[is_awaited]
        case BeatMissing(mode):
            return f"Mode {mode} needs a beat: start your DAW's clock or Link, or set a tempo with --bpm."
        case ClockNeverStarted():
            return "Your DAW's clock runs but has not started: press Stop and Play there, so that bars line up."
        case PhraseRefused():
            return _phrase_refused_text(message)
        case StartRefused(obstacle):
            return _START_REFUSED_TEXTS[obstacle]
        case ChordsLate(late, chords):
            return _late_chords_text(late, chords)
        case FeedbackLoop(is_there):
            return _FEEDBACK_TEXTS[is_there]
        case DamagedMidi() | NotesShed():
            return _lost_text(message)
        case SessionEnded(reason):
            return f"Quit: {reason.rstrip('.')}."
        case _:
            return None


def _lost_text(report: DamagedMidi | NotesShed) -> str:
    match report:
        case DamagedMidi(count):
            return f"Midi: {count} damaged messages so far."
        case NotesShed(count):
            return f"Midi: {count} notes left out so far, since more came at once than can be played."


def _setting_text(report: SettingApplied | SettingRefused) -> str:
    match report:
        case SettingApplied(name, value):
            return f"Setting: {name} = {value}."
        case SettingRefused(_, reason):
            return f"Setting: {reason.rstrip('.')}."


def _phrase_refused_text(refusal: PhraseRefused) -> str:
    match refusal:
        case PhraseRefused("answer", "empty"):
            return "There is no note in the phrase to be answered."
        case PhraseRefused(purpose):
            return f"These notes cannot be {'answered' if purpose == 'answer' else 'played'}: choose another phrase."


def _late_chords_text(late: int, chords: int) -> str:
    if not late:
        return "The chords come in time again."
    return f"{late} of {chords} chords came late, since this computer is busy: close other programs."


def _note_count_text(count: int) -> str:
    return "1 note" if count == 1 else f"{count} notes"


def _bar_count_text(phrase: Phrase) -> str:
    bars = phrase.steps / phrase.steps_per_bar
    return "1 bar" if bars == 1 else f"{bars:.3g} bars"


def _pitch_names_text(phrase: Phrase) -> str:
    names = [pitch_name(note.pitch) for note in phrase.notes]
    return " ".join(names[:_MAX_NAMED_NOTES]) + (" …" if len(names) > _MAX_NAMED_NOTES else "")


def _print_sentences(messages: Iterable[Message], reporter: TerminalReporter) -> None:
    for message in messages:
        sentence = reporter.handle_message(message)
        if sentence:
            print(sentence, flush=True)


def _print_with_status_line(messages: Iterable[Message], reporter: TerminalReporter) -> None:
    from rich.live import Live
    from rich.text import Text

    from bachbridge.console import make_console

    console = make_console(highlight=False)
    with Live(Text(reporter.status_line(), style="dim"), console=console, auto_refresh=False, transient=True) as live:
        shown = ""
        for message in messages:
            sentence = reporter.handle_message(message)
            if sentence:
                console.print(sentence, markup=False)
            if sentence or reporter.status_line() != shown:
                shown = reporter.status_line()
                live.update(Text(shown, style="dim"), refresh=True)


def _show_while_possible(
    show: Callable[[Iterable[Message], TerminalReporter], None], messages: Iterator[Message], reporter: TerminalReporter
) -> None:
    """Show the messages; if the output fails (a full disk, a closed terminal), say so once and play on."""
    try:
        show(messages, reporter)
    except OSError as error:
        discard_standard_output()
        report_on_stderr(f"The output cannot be written ({error.strerror}): the music goes on without it.")
    for message in messages:
        reporter.handle_message(message)


def run_in_terminal(
    settings: Settings, *, input_name: str | None, output_name: str | None, log: Path | None = None
) -> None:
    """Play until Ctrl-C; the engine then silences and closes everything. Raises `BachBridgeError` if it fails."""
    from bachbridge.inference.runtime import library
    from bachbridge.process.ipc import EngineLink

    library.find_checked_card(validated(settings).model)
    show = _print_with_status_line if sys.stdout.isatty() else _print_sentences
    reporter = TerminalReporter(settings)
    with EngineLink(settings, input_name, output_name, log=log) as link:
        try:
            _show_while_possible(show, link.messages(), reporter)
        except KeyboardInterrupt:
            return
        status = link.close()
    if status:
        raise BachBridgeError(f"The engine ended unexpectedly (status {status}): start with --log FILE and report it.")
