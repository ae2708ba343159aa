"""The monitor's text for every message, with the place it came from.

Channels are counted from 1 here. Messages that come dozens of times a second and say nothing new (clock pulses,
deadlines, requests that feed the model) have no text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bachbridge.midi import messages as midi
from bachbridge.music.notes import STEPS_PER_BEAT, bpm_from_step_ns, key_from_number, pitch_name
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerLate,
    AnswerStarted,
    Ask,
    BarStarted,
    CadenceReached,
    Cancel,
    ChordNamed,
    ChordPlanned,
    ClockTempo,
    DamagedMidi,
    Feed,
    Harmonized,
    PhraseEnded,
    PlanRequest,
    Send,
    SessionEnded,
    SettingApplied,
    SettingRefused,
    SoundingHarmony,
)
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    AskRefused,
    Cadence,
    EndPhrase,
    LinkState,
    ListPorts,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    Plan,
    PlayPhrase,
    PortsChanged,
    Quit,
    Reset,
    Setting,
    StartTransport,
    StopTransport,
    TapBeat,
    Tick,
)
from bachbridge.protocol.notices import (
    Connections,
    EngineEnded,
    EngineStarted,
    Failed,
    FrameIntervals,
    Health,
    LogStopped,
    Message,
    NotesShed,
    Ping,
    PortNames,
    PreviewState,
    Received,
    Sent,
)
from bachbridge_gui.state.harmony_words import cadence_text, chord_words, key_text
from bachbridge_gui.state.notice_text import ObstacleReport, engine_change_text, log_stopped_text, obstacle_text
from bachbridge_gui.translation import tr, tr_count, tr_in, tr_report, translatable, translatable_in
from bachbridge_gui.views.midi_text import describe_midi

_COMMAND_TEXTS = {
    Panic(): translatable("panic: all notes off on every channel"),
    EndPhrase(): translatable("end the phrase"),
    Reset(): translatable("reset: forget everything played so far"),
    Cadence(): translatable("lead to a cadence"),
    TapBeat(): translatable("tap the beat"),
    StartTransport(): translatable("start at the set tempo"),
    StopTransport(): translatable("stop"),
}
NOTES, OTHER_MIDI, REPORTS = "notes", "other MIDI", "reports"
INPUT, OUTPUT = translatable_in("source", "in"), translatable_in("source", "out")
MODEL, ENGINE = translatable_in("source", "model"), translatable_in("source", "engine")
LINE_KINDS = (NOTES, OTHER_MIDI, REPORTS)
LINE_KIND_LABELS = {
    NOTES: translatable("Notes"),
    OTHER_MIDI: translatable("Other MIDI"),
    REPORTS: translatable("Reports"),
}
_PHRASE_END, _TEMPO_SOURCE, _TASK = "end of the phrase", "source of the tempo", "task"
"""Contexts of words in the catalogues."""
_MARKED_WORDS = (
    translatable_in("end of the phrase", "silence"),
    translatable_in("end of the phrase", "pedal"),
    translatable_in("end of the phrase", "bars"),
    translatable_in("end of the phrase", "control"),
    translatable_in("end of the phrase", "command"),
    translatable_in("end of the phrase", "stop"),
    translatable_in("end of the phrase", "prompt"),
    translatable_in("end of the phrase", "dream"),
    translatable_in("source of the tempo", "playing"),
    translatable_in("source of the tempo", "set"),
    translatable_in("source of the tempo", "clock"),
    translatable_in("source of the tempo", "link"),
    translatable_in("task", "continue"),
    translatable_in("task", "harmonize"),
    translatable_in("task", "mend"),
    translatable_in("task", "vary"),
)
"""Words that the engine reports."""
_PREVIEW_STATES = {
    "ready": translatable("ready"),
    "sounding": translatable("sounding"),
    "silent": translatable("silent"),
}


@dataclass(frozen=True, slots=True)
class MonitorLine:
    """One line of the monitor: time, kind (one of `LINE_KINDS`), source and text."""

    at_ns: int
    kind: str
    source: str
    text: str


def to_monitor_line(message: Message, now_ns: int) -> MonitorLine | None:
    """Return the message as a line, or None if it has no text. `now_ns` is used if the message has no time."""
    text = describe_message(message)
    if text is None:
        return None
    match message:
        case Received(data, at_ns):
            return MonitorLine(at_ns, _midi_kind(data), INPUT, text)
        case Sent(data, _, sent_ns):
            return MonitorLine(sent_ns, _midi_kind(data), OUTPUT, text)
        case Midi(data) | Send(data):
            return MonitorLine(now_ns, _midi_kind(data), OUTPUT if isinstance(message, Send) else INPUT, text)
        case (
            Answer()
            | AnswerStarted()
            | AnswerEnded()
            | Harmonized()
            | ChordNamed()
            | SoundingHarmony()
            | ChordPlanned()
            | CadenceReached()
            | Plan()
            | Ask()
            | ModelUp()
            | ModelDown()
            | AskRefused()
        ):
            return MonitorLine(now_ns, REPORTS, MODEL, text)
        case _:
            return MonitorLine(now_ns, REPORTS, ENGINE, text)


def describe_message(message: Message) -> str | None:
    """Return the text of the message; None if it has none."""
    match message:
        case Received(data) | Midi(data) | Sent(data) | Send(data):
            return describe_midi(data)
        case PhraseEnded(phrase, _, step_ns, ended_by):
            return tr(
                "phrase heard: {notes}, {bpm:.0f} bpm, ended by {cause}",
                notes=_notes(phrase.notes),
                bpm=bpm_from_step_ns(step_ns),
                cause=tr_in(_PHRASE_END, ended_by),
            )
        case Answer(_, notes, _, final):
            planned = tr("{notes} of the answer planned", notes=_notes(notes))
            return tr("{planned} (the last part)", planned=planned) if final else planned
        case AnswerStarted():
            return tr("the answer begins")
        case AnswerEnded(_, notes, interrupted):
            if interrupted:
                return tr("the answer was cut short: {notes}", notes=_notes(notes))
            return tr("the answer ended: {notes}", notes=_notes(notes))
        case AnswerLate(_, what):
            return tr("missed: {what}", what=tr_report(what))
        case _:
            return _describe_music(message)


def _describe_music(message: Message) -> str | None:
    """Return the text of a report about keys and chords."""
    match message:
        case Harmonized(_, _, voices, key):
            return _describe_harmony(voices, key)
        case ChordNamed(_, _, chord, numeral, key):
            return tr("chord: {chord}", chord=chord_words(chord, numeral, key_from_number(key)))
        case SoundingHarmony(_, chord, numeral, key, _):
            words = chord_words(chord, numeral, key_from_number(key) if chord else None)
            return tr("sounding: {chord}", chord=words or tr("no chord"))
        case ChordPlanned(_, chord, numeral, key):
            return tr("next: {chord}", chord=chord_words(chord, numeral, key_from_number(key))) if chord else None
        case CadenceReached(_, kind, key_number):
            return cadence_text(kind, key_from_number(key_number))
        case _:
            return _describe_status(message)


def _describe_status(message: Message) -> str | None:
    """Return the text of a report about ports, tempo, the model or the engine's health."""
    match message:
        case ClockTempo(bpm):
            return tr("the DAW's clock runs at {bpm:.1f} bpm", bpm=bpm) if bpm > 0 else tr("the DAW's clock stopped")
        case BarStarted(_, step_ns, steps_per_bar, source):
            return tr(
                "bars of {beats:g} beats, {bpm:.0f} bpm ({source})",
                beats=steps_per_bar / STEPS_PER_BEAT,
                bpm=bpm_from_step_ns(step_ns),
                source=tr_in(_TEMPO_SOURCE, source),
            )
        case LinkState(_, step_ns, is_playing, peers):
            return _describe_link(step_ns, is_playing, peers)
        case Connections(inputs, outputs):
            known = [tr_count("{count} port in", "{count} ports in", inputs)] if inputs >= 0 else []
            known += [tr_count("{count} port out", "{count} ports out", outputs)] if outputs >= 0 else []
            return tr("connected: {ports}", ports=", ".join(known)) if known else None
        case PortNames(inputs, outputs):
            return tr(
                "ports of other programs: in {inputs}, out {outputs}",
                inputs=", ".join(inputs) or tr("none"),
                outputs=", ".join(outputs) or tr("none"),
            )
        case PortsChanged(source, sink):
            return tr("ports: in {input}, out {output}", input=source or tr("closed"), output=sink or tr("closed"))
        case ModelUp(name, step_ns):
            return tr("{model} is ready, {ms:.2f} ms a step", model=name, ms=step_ns / 1e6)
        case ModelDown(reason) | AskRefused(_, reason) | Quit(reason):
            return tr_report(reason)
        case Failed(error):
            return tr_report(error)
        case Health(sent, late_p50_ns, late_p99_ns):
            return tr(
                "{count} messages sent, half within {half:.2f} ms, 99 % within {most:.2f} ms",
                count=sent,
                half=late_p50_ns / 1e6,
                most=late_p99_ns / 1e6,
            )
        case _:
            return _describe_condition(message)


def _describe_condition(message: Message) -> str | None:
    """Return the text of a change of the session or of a process."""
    match message:
        case SettingApplied(name, value):
            return tr("setting: {name} = {value}", name=name, value=value)
        case SettingRefused(_, reason):
            return tr("setting: {reason}", reason=tr_report(reason))
        case _ if isinstance(message, ObstacleReport):
            return obstacle_text(message)
        case NotesShed(count):
            return tr_count("midi: {count} note left out so far", "midi: {count} notes left out so far", count)
        case DamagedMidi(count):
            return tr_count("midi: {count} damaged message so far", "midi: {count} damaged messages so far", count)
        case SessionEnded(reason):
            return tr("quit: {reason}", reason=tr_report(reason))
        case EngineStarted() | EngineEnded():
            return tr("engine: {event}", event=engine_change_text(message))
        case LogStopped():
            return tr("log: {event}", event=log_stopped_text(message))
        case PreviewState("loaded", sound_font, problem):
            plays = tr("plays {font}", font=sound_font or tr("the built-in instruments"))
            return tr("preview: {event}", event=tr_report(problem) or plays)
        case PreviewState(state):
            return tr("preview: {event}", event=tr(_PREVIEW_STATES.get(state, state)))
        case FrameIntervals(p50_ms, p99_ms):
            return tr("frames: {half:.1f} ms apart, 99 % within {most:.1f} ms", half=p50_ms, most=p99_ms)
        case _:
            return _describe_command(message)


def _describe_command(message: Message) -> str | None:
    """Return the text of a command to the engine or a request to the model."""
    match message:
        case Setting(name, value):
            return tr("setting {name} = {value}", name=name, value=value)
        case Panic() | EndPhrase() | Reset() | Cadence() | TapBeat() | StartTransport() | StopTransport():
            return tr(_COMMAND_TEXTS[message])
        case AnswerPhrase(phrase):
            return tr("answer a phrase of {notes}", notes=_notes(phrase.notes))
        case PlayPhrase(phrase):
            return tr("play a phrase of {notes}", notes=_notes(phrase.notes))
        case Ask(_, task, model, _, steps):
            return tr("{model} is asked to {task}, {count} steps", model=model, task=tr_in(_TASK, task), count=steps)
        case Cancel():
            return tr("cancel the request to the model")
        case Tick() | Feed() | PlanRequest() | Plan() | ListPorts() | Ping():
            return None
        case _:
            # A message of a newer engine has no text here; show at least its name.
            return type(message).__name__


def _describe_link(step_ns: int, is_playing: bool, peers: int) -> str:
    if not peers:
        return tr("Link: nobody else is there")
    return tr(
        "Link: {bpm:.1f} bpm, {state}, {programs}",
        bpm=bpm_from_step_ns(step_ns),
        state=tr("playing") if is_playing else tr("stopped"),
        programs=tr_count("{count} other program", "{count} other programs", peers),
    )


def _describe_harmony(voices: tuple[tuple[int, ...], ...], key: int) -> str:
    pitches = " ".join(pitch_name(pitch) for _, pitch, *_ in voices) or tr("silence")
    tonic = key_from_number(key)
    if tonic is None:
        return tr("harmony: {pitches}", pitches=pitches)
    return tr("harmony: {pitches} in {key}", pitches=pitches, key=key_text(tonic))


def _notes(notes: Sequence[object]) -> str:
    return tr_count("{count} note", "{count} notes", len(notes))


def _midi_kind(data: bytes) -> str:
    return NOTES if isinstance(midi.decode(data), midi.NoteOn | midi.NoteOff) else OTHER_MIDI
