"""Every message survives a round trip through JSON; any other line is refused in one sentence."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args

import pytest

from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask, PhraseRefused, PlanRequest, SettingApplied, StartRefused
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    AskRefused,
    LinkState,
    Midi,
    Plan,
    PlayPhrase,
    Setting,
    TapBeat,
)
from bachbridge.protocol.notices import Failed, FrameIntervals, Message, PreviewState
from bachbridge.protocol.style import Style
from bachbridge.protocol.wire import dumps, from_dict, loads, to_dict
from tests.support.virtual_driver import MS

STEP_NS = 125 * MS
GOOD = Phrase((Note(0, 4, 60), Note(4, 4, 64, 80, -1, -9 * MS)), 8)
PLAN_ROW = (40, 40, 35, 30, 20, 15)


def phrase_of_one_note(**note_fields: Any) -> Phrase:
    """Return a phrase whose note has these fields, whatever their types."""
    values: dict[str, Any] = {"start": 0, "length": 4, "pitch": 60, **note_fields}
    return Phrase((Note(**values),), 4)


def wrong_types(message_class: Callable[..., Message], *values: tuple[object, ...]) -> list[Message]:
    """Return one message for each tuple of field values, whatever their types."""
    return [message_class(*fields_of_one) for fields_of_one in values]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (Midi(bytes.fromhex("903c40")), '{"type":"Midi","data":"903c40"}'),
        (
            Answer(7, (Note(0, 4, 60),), 4, final=False),
            '{"type":"Answer","ask":7,"notes":[[0,4,60,80,0,0]],"until":4,"final":false}',
        ),
        (
            PlayPhrase(GOOD, STEP_NS),
            (
                '{"type":"PlayPhrase","phrase":{"notes":[[0,4,60,80,0,0],[4,4,64,80,-1,-9000000]],"steps":8,'
                '"steps_per_bar":16,"position":null},"step_ns":125000000}'
            ),
        ),
        (
            PlanRequest("m", 1, 2, ((36, 31, 27, 20, 15),), 0, 36, 16, 3, Style(rules=frozenset({"leap", "crossing"}))),
            (
                '{"type":"PlanRequest","model":"m","piece":1,"step":2,"frames":[[36,31,27,20,15]],"given":0,"held":36,'
                '"steps_per_bar":16,"seed":3,"style":{"temperature":0.9,"top_p":0.95,"candidates":8,'
                '"rules":["crossing","leap"],"key":null,"position":0.0,"density":0.0,"cadence":false,"repeat":"model",'
                '"randomness":0.5,"final":-1},"only_voice":-1,"left_hand":[],"lane":null}'
            ),
        ),
        (
            SettingApplied("levels", (100, 85, 85, 95)),
            '{"type":"SettingApplied","name":"levels","value":[100,85,85,95]}',
        ),
        (Setting("bpm", 150.0), '{"type":"Setting","name":"bpm","value":150.0}'),
        (
            LinkState(-5, STEP_NS, is_playing=True, peers=2),
            '{"type":"LinkState","origin_ns":-5,"step_ns":125000000,"is_playing":true,"peers":2}',
        ),
        (StartRefused("no tempo"), '{"type":"StartRefused","obstacle":"no tempo"}'),
        (TapBeat(), '{"type":"TapBeat"}'),
        (Failed("Die Datei „a“ fehlt."), '{"type":"Failed","error":"Die Datei „a“ fehlt."}'),
        (FrameIntervals(16.7, 33.4), '{"type":"FrameIntervals","p50_ms":16.7,"p99_ms":33.4}'),
    ],
)
def test_message_survives_the_round_trip_through_its_line(message: Message, line: str) -> None:
    assert dumps(message) == line
    assert loads(line) == message
    assert json.loads(json.dumps(to_dict(message))) == json.loads(line)
    assert from_dict(json.loads(line)) == message


def test_loads_knows_every_message_class() -> None:
    for cls in get_args(Message):
        with pytest.raises(ValueError, match=r"^not a message") as caught:
            loads(f'{{"type":"{cls.__name__}","surplus":1}}')
        assert "Invalid value" not in str(caught.value), f"{cls.__name__} is unknown"
        assert all(field.type is not None for field in fields(cls))


def test_loads_fills_in_optional_fields() -> None:
    line = (
        '{"type":"Ask","ask":1,"task":"vary","model":"m","prompt":{"notes":[],"steps":4},"steps":4,"temperature":1,'
        '"top_p":1,"seed":2}'
    )
    assert loads(line) == Ask(1, "vary", "m", Phrase((), 4), 4, 1.0, 1.0, 2)


def test_dumps_replaces_undecodable_text_by_question_marks() -> None:
    assert loads(dumps(Failed("ä\udcff.log is missing"))) == Failed("ä?.log is missing")


@pytest.mark.parametrize(
    "message",
    [
        *(PlayPhrase(phrase_of_one_note(pitch=pitch), STEP_NS) for pitch in (-1, 128, 10**30, 60.5, "C4", None)),
        *(PlayPhrase(phrase_of_one_note(voice=voice), STEP_NS) for voice in (-2, 4)),
        *(PlayPhrase(phrase_of_one_note(start=start), STEP_NS) for start in (-1, 10**12)),
        *(PlayPhrase(phrase_of_one_note(length=length), STEP_NS) for length in (-1, 10**12)),
        PlayPhrase(phrase_of_one_note(velocity=128), STEP_NS),
        PlayPhrase(phrase_of_one_note(offset_ns=10**15), STEP_NS),
        AnswerPhrase(GOOD, STEP_NS, -2, aloud=False),
        Answer(1, (Note(0, 4, 60, 80, 4),), 4, final=True),
        Answer(1, (Note(0, 4, 60, 80, -1),), 4, final=True),
        Plan(1, 0, (PLAN_ROW[:4],), 0),
        Plan(1, 0, ((40, 40, 300, 30, 20, 15),), 0),
        Plan(1, 0, (PLAN_ROW,), 24),
        LinkState(0, 0, is_playing=True, peers=1),
        LinkState(0, 11_000 * MS, is_playing=True, peers=1),
        LinkState(0, STEP_NS, is_playing=True, peers=-1),
        *wrong_types(LinkState, (0.5, STEP_NS, True, 1), (0, STEP_NS, 1, 1)),
        *wrong_types(AskRefused, (1, None), ("one", "no")),
        *wrong_types(Setting, (5, 1), ("bpm", None)),
        *wrong_types(PhraseRefused, ("dance", "empty")),
        *wrong_types(PreviewState, ("loud",)),
        *wrong_types(StartRefused, ("rain",)),
    ],
)
def test_loads_refuses_a_message_out_of_range(message: Message) -> None:
    with pytest.raises(ValueError, match=r"^not "):
        loads(dumps(message))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "5",
        '{"type":"Nothing"}',
        '{"data":"903c40"}',
        '{"type":"Midi","data":"903c40","surplus":1}',
        '{"type":"Midi","data":"9"}',
        '{"type":"PlayPhrase","phrase":null,"step_ns":1}',
        '{"type":"PlayPhrase","phrase":{"notes":null,"steps":1},"step_ns":1}',
        '{"type":"PlayPhrase","phrase":{"notes":[[0]],"steps":1},"step_ns":1}',
        '{"type":"Midi","data":5}',
        '{"type":["Midi"]}',
        '{"type":"Quit","reason":' + "9" * 5000 + "}",
        "[" * 100_000,
    ],
)
def test_loads_refuses_any_other_line_in_one_sentence(line: str) -> None:
    with pytest.raises(ValueError, match=r"^not ") as caught:
        loads(line)
    assert len(str(caught.value)) < 400
