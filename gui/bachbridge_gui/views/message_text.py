"""The monitor's text for every message, with the place it came from.

Channels are counted from 1 here. Messages that come dozens of times a second and say nothing new (clock pulses,
deadlines, requests that feed the model) have no text.
"""

from dataclasses import dataclass

from bachbridge.midi import messages as midi
from bachbridge.music.harmony.chord_text import chord_text
from bachbridge.music.notes import STEPS_PER_BEAT, bpm_from_step_ns, key_from_number, key_name, pitch_name
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
    Connections,
    DamagedMidi,
    EngineEnded,
    EngineStarted,
    Failed,
    Feed,
    FrameIntervals,
    Harmonized,
    Health,
    LogStopped,
    Message,
    NotesShed,
    PhraseEnded,
    Ping,
    PlanRequest,
    PortNames,
    PreviewState,
    Received,
    Send,
    Sent,
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
from bachbridge_gui.state.notice_text import ObstacleReport, engine_change_text, log_stopped_text, obstacle_text

_COMMAND_TEXTS = {
    Panic(): "panic: all notes off on every channel",
    EndPhrase(): "end the phrase",
    Reset(): "reset: forget everything played so far",
    Cadence(): "lead to a cadence",
    TapBeat(): "tap the beat",
    StartTransport(): "start at the set tempo",
    StopTransport(): "stop",
}
NOTES, OTHER_MIDI, REPORTS = "notes", "other MIDI", "reports"
LINE_KINDS = (NOTES, OTHER_MIDI, REPORTS)


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
            return MonitorLine(at_ns, _midi_kind(data), "in", text)
        case Sent(data, _, sent_ns):
            return MonitorLine(sent_ns, _midi_kind(data), "out", text)
        case Midi(data) | Send(data):
            return MonitorLine(now_ns, _midi_kind(data), "out" if isinstance(message, Send) else "in", text)
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
            return MonitorLine(now_ns, REPORTS, "model", text)
        case _:
            return MonitorLine(now_ns, REPORTS, "engine", text)


def describe_message(message: Message) -> str | None:
    """Return the text of the message; None if it has none."""
    match message:
        case Received(data) | Midi(data) | Sent(data) | Send(data):
            return describe_midi(data)
        case PhraseEnded(phrase, _, step_ns, ended_by):
            notes = _counted_noun(len(phrase.notes), "note")
            return f"phrase heard: {notes}, {bpm_from_step_ns(step_ns):.0f} bpm, ended by {ended_by}"
        case Answer(_, notes, _, final):
            return f"{_counted_noun(len(notes), 'note')} of the answer planned{' (the last part)' if final else ''}"
        case AnswerStarted():
            return "the answer begins"
        case AnswerEnded(_, notes, interrupted):
            return f"the answer {'was cut short' if interrupted else 'ended'}: {_counted_noun(len(notes), 'note')}"
        case Harmonized(_, _, voices, key):
            return _describe_harmony(voices, key)
        case ChordNamed(_, _, chord, numeral, key):
            return f"chord: {chord_text(chord, numeral, key_from_number(key))}"
        case AnswerLate(_, what):
            return f"missed: {what}"
        case SoundingHarmony(_, chord, numeral, key, _):
            return f"sounding: {chord_text(chord, numeral, key_from_number(key) if chord else None) or 'no chord'}"
        case ChordPlanned(_, chord, numeral, key):
            return f"next: {chord_text(chord, numeral, key_from_number(key))}" if chord else None
        case CadenceReached(_, kind, key_number):
            key = key_from_number(key_number)
            return f"{kind} cadence{f' in {key_name(key)}' if key else ''}"
        case _:
            return _describe_status(message)


def _describe_status(message: Message) -> str | None:
    """Return the text of a report about ports, tempo, the model or the engine's health."""
    match message:
        case ClockTempo(bpm):
            return f"the DAW's clock runs at {bpm:.1f} bpm" if bpm > 0 else "the DAW's clock stopped"
        case BarStarted(_, step_ns, steps_per_bar, source):
            return f"bars of {steps_per_bar / STEPS_PER_BEAT:g} beats, {bpm_from_step_ns(step_ns):.0f} bpm ({source})"
        case LinkState(_, step_ns, is_playing, peers):
            return _describe_link(step_ns, is_playing, peers)
        case Connections(inputs, outputs):
            counts = ((inputs, "in"), (outputs, "out"))
            known = [f"{_counted_noun(count, 'port')} {direction}" for count, direction in counts if count >= 0]
            return f"connected: {', '.join(known)}" if known else None
        case PortNames(inputs, outputs):
            return f"ports of other programs: in {', '.join(inputs) or 'none'}, out {', '.join(outputs) or 'none'}"
        case PortsChanged(source, sink):
            return f"ports: in {source or 'closed'}, out {sink or 'closed'}"
        case ModelUp(name, step_ns):
            return f"{name} is ready, {step_ns / 1e6:.2f} ms a step"
        case ModelDown(reason) | AskRefused(_, reason) | Quit(reason):
            return reason
        case Failed(error):
            return error
        case Health(sent, late_p50_ns, late_p99_ns):
            return (
                f"{sent} messages sent, half within {late_p50_ns / 1e6:.2f} ms, 99 % within {late_p99_ns / 1e6:.2f} ms"
            )
        case _:
            return _describe_condition(message)


def _describe_condition(message: Message) -> str | None:
    """Return the text of a change of the session or of a process."""
    match message:
        case SettingApplied(name, value):
            return f"setting: {name} = {value}"
        case SettingRefused(_, reason):
            return f"setting: {reason}"
        case _ if isinstance(message, ObstacleReport):
            return obstacle_text(message)
        case NotesShed(count):
            return f"midi: {_counted_noun(count, 'note')} left out so far"
        case DamagedMidi(count):
            return f"midi: {_counted_noun(count, 'damaged message')} so far"
        case SessionEnded(reason):
            return f"quit: {reason}"
        case EngineStarted() | EngineEnded():
            return f"engine: {engine_change_text(message)}"
        case LogStopped():
            return f"log: {log_stopped_text(message)}"
        case PreviewState("loaded", sound_font, problem):
            return f"preview: {problem or 'plays ' + (sound_font or 'the built-in instruments')}"
        case PreviewState(state):
            return f"preview: {state}"
        case FrameIntervals(p50_ms, p99_ms):
            return f"frames: {p50_ms:.1f} ms apart, 99 % within {p99_ms:.1f} ms"
        case _:
            return _describe_command(message)


def _describe_command(message: Message) -> str | None:
    """Return the text of a command to the engine or a request to the model."""
    match message:
        case Setting(name, value):
            return f"setting {name} = {value}"
        case Panic() | EndPhrase() | Reset() | Cadence() | TapBeat() | StartTransport() | StopTransport():
            return _COMMAND_TEXTS[message]
        case AnswerPhrase(phrase):
            return f"answer a phrase of {_counted_noun(len(phrase.notes), 'note')}"
        case PlayPhrase(phrase):
            return f"play a phrase of {_counted_noun(len(phrase.notes), 'note')}"
        case Ask(_, task, model, _, steps):
            return f"{model} is asked to {task}, {steps} steps"
        case Cancel():
            return "cancel the request to the model"
        case Tick() | Feed() | PlanRequest() | Plan() | ListPorts() | Ping():
            return None
        case _:
            # A message of a newer engine has no text here; show at least its name.
            return type(message).__name__


def _describe_link(step_ns: int, is_playing: bool, peers: int) -> str:
    if not peers:
        return "Link: nobody else is there"
    state = "playing" if is_playing else "stopped"
    return f"Link: {bpm_from_step_ns(step_ns):.1f} bpm, {state}, {_counted_noun(peers, 'other program')}"


def describe_midi(data: bytes) -> str | None:
    """Return the text of a MIDI message; None for clock pulses and the like."""
    match midi.decode(data):
        case midi.NoteOn(channel, pitch, velocity):
            return f"note on   {_pitch_column(pitch)} velocity {velocity}, channel {channel + 1}"
        case midi.NoteOff(channel, pitch):
            return f"note off  {_pitch_column(pitch)} channel {channel + 1}"
        case midi.ControlChange(channel, controller, value):
            return _describe_control_change(channel, controller, value)
        case midi.OtherChannelMessage(raw):
            return _describe_channel_message(raw)
        case midi.Start():
            return "start"
        case midi.Continue():
            return "continue"
        case midi.Stop():
            return "stop"
        case midi.SongPosition(step):
            return f"song position {step} sixteenths"
        case midi.OtherSystemMessage() if data[0] == 0xF0:
            return f"system exclusive, {len(data)} bytes"
        case midi.ClockPulse() | midi.OtherSystemMessage():
            return None
        case midi.InvalidMessage():
            return f"damaged message: {data.hex(' ') or 'no bytes'}"


def _describe_control_change(channel: int, controller: int, value: int) -> str:
    known = {64: "sustain pedal", 1: "modulation wheel", 7: "volume", 120: "all sound off", 123: "all notes off"}
    name = f"{known[controller]} (control {controller})" if controller in known else f"control {controller}"
    return f"{name} = {value}, channel {channel + 1}"


def _describe_channel_message(data: bytes) -> str:
    """Return the text of a complete program change, pitch bend or aftertouch."""
    from mido import Message as MidoMessage  # mido takes 60 ms to load

    message = MidoMessage.from_bytes(data)
    channel = message.channel + 1
    match message.type:
        case "program_change":
            return f"program change {message.program + 1}, channel {channel}"
        case "pitchwheel":
            return f"pitch bend {message.pitch:+d}, channel {channel}"
        case "polytouch":
            return f"aftertouch {_pitch_column(message.note)} = {message.value}, channel {channel}"
        case _:
            return f"channel pressure = {message.value}, channel {channel}"


def _describe_harmony(voices: tuple[tuple[int, ...], ...], key: int) -> str:
    pitches = " ".join(pitch_name(pitch) for _, pitch, *_ in voices) or "silence"
    tonic = key_from_number(key)
    return f"harmony: {pitches}" + (f" in {key_name(tonic)}" if tonic is not None else "")


def _pitch_column(pitch: int) -> str:
    return f"{f'{pitch_name(pitch)} ({pitch})':<10}"


def _counted_noun(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _midi_kind(data: bytes) -> str:
    return NOTES if isinstance(midi.decode(data), midi.NoteOn | midi.NoteOff) else OTHER_MIDI
