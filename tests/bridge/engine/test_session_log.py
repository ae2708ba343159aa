"""The session's log: written, read and replayed."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from bachbridge.engine.session_log import LogEntry, LogWriter, SessionLog, read_log, replay
from bachbridge.errors import BachBridgeError
from bachbridge.music.notes import VOICE_LEADING_RULES, Note, Phrase
from bachbridge.protocol.effects import Cancel, Effect, SessionEnded
from bachbridge.protocol.events import EndPhrase, Event, Midi, Tick
from bachbridge.protocol.field_types import AnswerNote
from bachbridge.protocol.notices import Sent
from bachbridge.protocol.style import Style
from bachbridge.settings import Settings

SETTINGS = Settings(bpm=90.0, seed=3, channels=(5, 6, 7, 8))

INTS = st.integers(-(2**60), 2**60)
STEPS, MIDI_VALUES = st.integers(0, 1_000_000), st.integers(0, 127)
OFFSETS = st.integers(-60_000_000_000, 60_000_000_000)
NOTES = st.lists(st.builds(Note, STEPS, STEPS, MIDI_VALUES, MIDI_VALUES, st.integers(-1, 3), OFFSETS), max_size=3)
BAR_STEPS = st.integers(1, 100_000)
PHRASES = st.builds(Phrase, NOTES.map(tuple), STEPS, BAR_STEPS, st.one_of(st.none(), BAR_STEPS))
Strategy = st.SearchStrategy[Any]
BY_TYPE: dict[object, Strategy] = {
    int: INTS,
    str: st.text(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=5),
    Phrase: PHRASES,
    AnswerNote: st.builds(Note, STEPS, STEPS, MIDI_VALUES, MIDI_VALUES, st.integers(0, 3), OFFSETS),
    frozenset[str]: st.frozensets(st.sampled_from(VOICE_LEADING_RULES)),
    Style: st.deferred(lambda: values(Style)),
}


def values_of_type(hint: Any) -> Strategy:
    """Return a strategy for the values of a field's type, within its annotated range."""
    match get_origin(hint), get_args(hint):
        case _ if hint in BY_TYPE:
            return BY_TYPE[hint]
        case (origin, (base, Meta() as meta)) if origin is Annotated and base is int:
            assert meta.ge is not None
            highest = meta.le if meta.le is not None else (2**60 if meta.lt is None else meta.lt - 1)
            return st.integers(int(meta.ge), int(highest))
        case (origin, (base, Meta() as meta)) if origin is Annotated:
            items = values_of_type(get_args(base)[0])
            return st.lists(items, min_size=meta.min_length or 0, max_size=meta.max_length).map(tuple)
        case (origin, (item, last)) if origin is tuple and last is Ellipsis:
            return st.lists(values_of_type(item), max_size=3).map(tuple)
        case (origin, items) if origin is tuple:
            return st.tuples(*map(values_of_type, items))
        case (origin, words) if origin is Literal:
            return st.sampled_from(words)
        case _, members:
            return st.one_of(*(st.none() if kind is type(None) else values_of_type(kind) for kind in members))


def values(cls: type) -> Strategy:
    """Return a strategy for instances of a dataclass, with any values that the fields' types allow."""
    hints = get_type_hints(cls, include_extras=True)
    return st.builds(cls, **{name: values_of_type(hint) for name, hint in hints.items()})


FED = st.one_of(*map(values, get_args(Event)))
RETURNED = st.one_of(*map(values, get_args(Effect)))


def header(**settings: object) -> str:
    return json.dumps({"bachbridge": "0.1.0", "settings": settings}) + "\n"


@given(turns=st.lists(st.tuples(INTS, FED, st.lists(RETURNED, max_size=2)), max_size=4))
def test_log_returns_every_message(
    tmp_path_factory: pytest.TempPathFactory, turns: list[tuple[int, Event, list[Effect]]]
):
    path = tmp_path_factory.getbasetemp() / "a.log"
    writer = LogWriter(path, SETTINGS)
    for now_ns, event, effects in turns:
        writer.write_event(now_ns, event)
        writer.write_effects(now_ns, effects)
    writer.close()
    log = read_log(path)
    assert log.settings == SETTINGS
    expected = [LogEntry(now_ns, message) for now_ns, event, effects in turns for message in (event, *effects)]
    assert list(log.entries) == expected


def test_log_drops_unfinished_last_line(tmp_path: Path):
    path = tmp_path / "a.log"
    line = '{"t":5,"in":{"type":"Tick"}}'
    for rest in ("", '{"t":6,"in"', line):
        path.write_text(header() + line + "\n" + rest)
        assert read_log(path) == SessionLog(Settings(close="music"), (LogEntry(5, Tick()),))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a session log"),
        ("MThd\n", "not a session log"),
        ("[]\n", "not a session log"),
        ('{"bachbridge":"1"}\n', "not a session log"),
        (header(colour="red"), "was written by version 0.1.0"),
        (header() + "{}\n", "line 2 of the log"),
        (header() + '{"t":1,"in":{"type":"Tick"}}\n{"t":2,"in":{"type":"Tock"}}\n', "line 3 of the log"),
    ],
)
def test_log_refuses_other_files_in_a_sentence(tmp_path: Path, text: str, words: str):
    path = tmp_path / "a.log"
    path.write_text(text)
    with pytest.raises(BachBridgeError, match=words) as caught:
        read_log(path)
    assert str(path) in str(caught.value)


def test_log_reports_missing_and_unwritable_file(tmp_path: Path):
    with pytest.raises(BachBridgeError, match=r"none\.log cannot be read"):
        read_log(tmp_path / "none.log")
    with pytest.raises(BachBridgeError, match="cannot write the log"):
        LogWriter(tmp_path / "none" / "a.log", SETTINGS)


def test_log_stops_when_disk_fails(tmp_path: Path):
    if not os.path.exists("/dev/full"):  # noqa: PTH110 - a device, which only Linux has
        pytest.skip("no /dev/full on this system")
    writer = LogWriter(Path("/dev/full"), SETTINGS)
    writer.write_event(1, Tick())
    writer.close()
    assert writer.error


def test_log_can_be_closed_twice(tmp_path: Path):
    writer = LogWriter(tmp_path / "a.log", SETTINGS)
    writer.close()
    writer.close()
    assert read_log(tmp_path / "a.log").entries == ()


@dataclass
class EchoSession:
    """A session that reports the type of each event."""

    fed: list[tuple[int, Event]] = field(default_factory=list[tuple[int, Event]])

    def feed(self, now_ns: int, event: Event) -> list[Effect]:
        self.fed.append((now_ns, event))
        return [SessionEnded(type(event).__name__)]


def test_replay_reports_differences():
    entries = (
        LogEntry(1, Midi(b"\x90\x3c\x40")),
        LogEntry(1, SessionEnded("Midi")),
        LogEntry(1, Sent(b"\x90\x3c\x40", 1, 2)),
        LogEntry(2, Tick()),
        LogEntry(3, EndPhrase()),
        LogEntry(3, SessionEnded("EndPhrase")),
        LogEntry(3, Cancel()),
    )
    session = EchoSession()
    differences = replay(SessionLog(SETTINGS, entries), session)
    assert session.fed == [(1, Midi(b"\x90\x3c\x40")), (2, Tick()), (3, EndPhrase())]
    assert [(d.at_ns, d.event, d.logged, d.returned) for d in differences] == [
        (2, Tick(), (), (SessionEnded("Tick"),)),
        (3, EndPhrase(), (SessionEnded("EndPhrase"), Cancel()), (SessionEnded("EndPhrase"),)),
    ]
