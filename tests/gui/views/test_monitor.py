"""The monitor: messages in plain words, and a text that can be paused, filtered and copied."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from PyQt6.QtWidgets import QApplication

from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol import wire
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerLate,
    AnswerStarted,
    BarStarted,
    BeatMissing,
    CadenceReached,
    ChordNamed,
    ChordPlanned,
    ChordsLate,
    ClockTempo,
    FeedbackLoop,
    Harmonized,
    PhraseEnded,
    PhraseHeld,
    PhraseKept,
    Send,
    SettingApplied,
    SoundingHarmony,
)
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    AskRefused,
    LinkState,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    PlayPhrase,
    PortsChanged,
    Setting,
    Tick,
)
from bachbridge.protocol.notices import Connections, Failed, Health, Message, PortNames, Received, Sent
from bachbridge_gui.views.message_text import MonitorLine, describe_message, to_monitor_line
from bachbridge_gui.views.monitor import MAX_LINES, TEXT_INTERVAL_NS, Monitor

NOTES = (Note(0, 4, 60), Note(4, 4, 62))
SECOND_NS = 1_000_000_000


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (midi.note_on(0, 60, 80), "note on   C4 (60)    velocity 80, channel 1"),
        (midi.note_off(15, 100), "note off  E7 (100)   channel 16"),
        (b"\x90\x3c\x00", "note off  C4 (60)    channel 1"),
        (midi.control_change(0, 64, 127), "sustain pedal (control 64) = 127, channel 1"),
        (midi.control_change(1, 20, 3), "control 20 = 3, channel 2"),
        (b"\xc0\x05", "program change 6, channel 1"),
        (b"\xe0\x00\x40", "pitch bend +0, channel 1"),
        (b"\xa0\x3c\x05", "aftertouch C4 (60)    = 5, channel 1"),
        (b"\xd0\x05", "channel pressure = 5, channel 1"),
        (b"\xfa", "start"),
        (b"\xfb", "continue"),
        (b"\xfc", "stop"),
        (b"\xf2\x04\x00", "song position 4 sixteenths"),
        (b"\xf0\x01\xf7", "system exclusive, 3 bytes"),
        (b"\xf8", None),
        (b"\xfe", None),
        (b"\x90\x3c", "damaged message: 90 3c"),
        (b"", "damaged message: no bytes"),
    ],
)
def test_describe_message_words_midi(data: bytes, text: str | None):
    for message in (Received(data, 0), Midi(data), Sent(data, 0, 0), Send(data, 0)):
        assert describe_message(message) == text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (PhraseEnded(Phrase(NOTES, 16), 0, 125_000_000, "silence"), "phrase heard: 2 notes, 120 bpm, ended by silence"),
        (Answer(1, NOTES[:1], 16, final=True), "1 note of the answer planned (the last part)"),
        (AnswerStarted(1, 0), "the answer begins"),
        (AnswerEnded(1, NOTES, interrupted=True), "the answer was cut short: 2 notes"),
        (AnswerEnded(1, NOTES, interrupted=False), "the answer ended: 2 notes"),
        (Harmonized(1, 2, ((0, 67, 80), (3, 43, 80)), 19), "harmony: G4 G2 in G minor"),
        (Harmonized(1, 2, (), -1), "harmony: silence"),
        (ChordNamed(1, 2, "D7/F#", "V65", 7), "chord: G major: V65 (D7/F#)"),
        (ChordNamed(1, 2, "D7/F#", "", -1), "chord: D7/F#"),
        (SoundingHarmony(0, "D7/F#", "V65", 7, 0.9), "sounding: G major: V65 (D7/F#)"),
        (SoundingHarmony(0, "", "", 7, 0.9), "sounding: no chord"),
        (ChordPlanned(0, "D7/F#", "V65", 7), "next: G major: V65 (D7/F#)"),
        (CadenceReached(0, "half", 19), "half cadence in G minor"),
        (ChordsLate(7, 20), "7 of 20 chords were late because this computer is busy: close other programs"),
        (ChordsLate(0, 9), "The chords are on time again"),
        (AnswerLate(1, "no answer came"), "missed: no answer came"),
        (SettingApplied("seed", 3), "setting: seed = 3"),
        (ClockTempo(120.0), "the DAW's clock runs at 120.0 bpm"),
        (BarStarted(0, 125_000_000, 12, "clock"), "bars of 3 beats, 120 bpm (clock)"),
        (Connections(2, 1), "connected: 2 ports in, 1 port out"),
        (Connections(-1, -1), None),
        (PortNames((), ("a", "b")), "ports of other programs: in none, out a, b"),
        (AnswerPhrase(Phrase(NOTES, 16), 1, 2, aloud=True), "answer a phrase of 2 notes"),
        (PlayPhrase(Phrase(NOTES, 16), 1), "play a phrase of 2 notes"),
        (LinkState(0, 125_000_000, is_playing=True, peers=2), "Link: 120.0 bpm, playing, 2 other programs"),
        (LinkState(0, 125_000_000, is_playing=False, peers=0), "Link: nobody else is there"),
        (PhraseKept(Phrase(NOTES, 16), 1, is_awaited=True), "Your phrase is answered at the next start"),
        (
            BeatMissing("trade"),
            "Mode Trade needs a beat: start your DAW's clock or Link, or set the tempo to fixed",
        ),
        (PhraseHeld("pedal"), "Your phrase does not end by silence while the sustain pedal is down: lift it"),
        (
            PhraseHeld("latch"),
            "Your phrase does not end by silence while the latch holds its notes: press End phrase",
        ),
        (FeedbackLoop(is_there=False), "BachBridge's output no longer comes back to its input"),
        (ClockTempo(0.0), "the DAW's clock stopped"),
        (PortsChanged("", "Live"), "ports: in closed, out Live"),
        (ModelUp("a", 560_000), "a is ready, 0.56 ms a step"),
        (ModelDown("It died."), "It died."),
        (AskRefused(1, "It cannot."), "It cannot."),
        (Failed("No MIDI."), "No MIDI."),
        (Health(5, 40_000, 180_000, 1), "5 messages sent, half within 0.04 ms, 99 % within 0.18 ms"),
        (Setting("seed", 3), "setting seed = 3"),
        (Panic(), "panic: all notes off on every channel"),
        (Tick(), None),
    ],
)
def test_describe_message_words_reports(message: Message, text: str | None):
    assert describe_message(message) == text


def test_describe_message_covers_every_kind():
    plain = {"notes": [], "steps": 0, "steps_per_bar": 16, "position": None}
    style = {"temperature": 1, "top_p": 1, "candidates": 1, "rules": []}
    values = {
        "data": "903c40",
        "style": style,
        "phrase": plain,
        "prompt": plain,
        "notes": [],
        "frames": [],
        "rows": [],
        "voices": [],
        "lane": None,
        "is_there": True,
    }
    values |= dict.fromkeys(
        ("input", "output", "reason", "error", "what", "name", "task", "ended_by", "source", "model", "mode"), "-"
    )
    values |= {"left_hand": [], "phrase_ends": [], "close": "open", "held_by": "pedal"}
    values |= {"inputs": [], "outputs": [], "purpose": "play", "problem": "empty", "sound_font": "-", "state": "ready"}
    values |= {"chord": "G", "numeral": "I", "confidence": 0.9, "kind": "half"}
    values |= {"step_ns": 125_000_000, "obstacle": "clock"}
    values |= dict.fromkeys(("final", "interrupted", "aloud", "again", "is_playing", "is_awaited"), False)
    kinds = {kind for kind in get_args(Message) if isinstance(kind, type)}
    assert len(kinds) > 25
    for kind in kinds:
        fields = {name: values.get(name, 1) for name in kind.__dataclass_fields__}
        text = describe_message(wire.from_dict({"type": kind.__name__, **fields}))
        assert text is None or kind.__name__ not in text.split()


def test_monitor_line_has_time_kind_and_source():
    assert to_monitor_line(Received(midi.note_on(0, 60, 80), 5), 9) == MonitorLine(
        5, "notes", "in", describe_message(Midi(b"\x90\x3c\x50")) or ""
    )
    lines = [
        to_monitor_line(message, 9)
        for message in (Sent(midi.control_change(0, 1, 2), 3, 4), AnswerStarted(1, 2), AnswerLate(1, "x"))
    ]
    assert [(line.at_ns, line.kind, line.source) for line in lines if line] == [
        (4, "other MIDI", "out"),
        (9, "reports", "model"),
        (9, "reports", "engine"),
    ]
    assert to_monitor_line(Tick(), 9) is None


# ---------------------------------------------------------------- the widget


@pytest.fixture
def monitor(qtbot) -> Monitor:
    monitor = Monitor(wall_offset_ns=0)
    qtbot.addWidget(monitor)
    monitor.show()
    return monitor


def add_note(monitor: Monitor, at_ns: int, pitch: int = 60) -> None:
    monitor.add_message(Received(midi.note_on(0, pitch, 80), at_ns), at_ns)


def shown_lines(monitor: Monitor) -> list[str]:
    return monitor.text.toPlainText().splitlines()


def test_monitor_shows_time_of_day(monitor):
    add_note(monitor, 3 * SECOND_NS + 4_000_000)
    monitor.refresh(4 * SECOND_NS)
    clock = datetime.fromtimestamp(3, tz=UTC).astimezone()
    assert shown_lines(monitor) == [f"{clock:%H:%M:%S}.004  in      note on   C4 (60)    velocity 80, channel 1"]


def test_monitor_updates_at_most_five_times_a_second(monitor):
    for at_ns, count in ((0, 1), (TEXT_INTERVAL_NS - 1, 1), (TEXT_INTERVAL_NS, 3)):
        add_note(monitor, at_ns)
        monitor.refresh(at_ns)
        assert len(shown_lines(monitor)) == count


def test_monitor_keeps_the_last_lines(monitor):
    for number in range(MAX_LINES + 20):
        add_note(monitor, number, 60 + number % 12)
    monitor.refresh(SECOND_NS)
    assert len(shown_lines(monitor)) == len(monitor.all_text().splitlines()) == MAX_LINES


def test_monitor_pause_freezes_text_and_loses_nothing(monitor):
    monitor.pause_button.click()
    add_note(monitor, 0)
    monitor.refresh(SECOND_NS)
    assert shown_lines(monitor) == []
    assert monitor.pause_button.text() == "Resume"
    monitor.pause_button.click()
    monitor.refresh(SECOND_NS + 1)
    assert len(shown_lines(monitor)) == 1


def test_monitor_writes_nothing_while_hidden(monitor):
    monitor.hide()
    add_note(monitor, 0)
    monitor.refresh(SECOND_NS)
    assert shown_lines(monitor) == []
    monitor.show()
    monitor.refresh(SECOND_NS)
    assert len(shown_lines(monitor)) == 1


def test_monitor_filters_kinds_of_lines(monitor):
    add_note(monitor, 0)
    monitor.add_message(AnswerLate(1, "no answer came"), 1)
    monitor.add_message(Received(midi.control_change(0, 64, 127), 2), 2)
    monitor.refresh(SECOND_NS)
    monitor.filters["notes"].click()
    assert [text[14:20].strip() for text in shown_lines(monitor)] == ["engine", "in"]
    monitor.filters["notes"].click()
    assert len(shown_lines(monitor)) == 3


def test_monitor_copies_all_lines(monitor):
    add_note(monitor, 0)
    monitor.copy_button.click()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == monitor.all_text()
    assert "C4 (60)" in clipboard.text()


def test_monitor_close_button_emits_closed(qtbot, monitor):
    with qtbot.waitSignal(monitor.closed):
        monitor.close_button.click()
