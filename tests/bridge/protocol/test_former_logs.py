"""Session logs of version 0.1 still load: their messages are upgraded, and a replay gives the same effects."""

import json
from pathlib import Path
from typing import Any

import pytest

from bachbridge import settings
from bachbridge.engine.session import Session
from bachbridge.engine.session_log import read_log, replay
from bachbridge.protocol.former_logs import LATER_REPORTS, upgrade
from bachbridge.protocol.wire import dumps, from_dict
from tests.bridge.engine.test_golden import AT_120

GOLDEN = Path(__file__).parents[2] / "golden"
FORMER_GOLDEN = GOLDEN / "former"
"""Logs as version 0.1 wrote them."""


def upgraded_lines(path: Path) -> list[str]:
    """Return the lines of a golden log with their messages in the present form."""
    lines: list[str] = []
    for line in path.read_text().splitlines():
        time_ms, direction, message = line.split(" ", 2)
        plain = upgrade(json.loads(message))
        if plain is not None:
            lines.append(f"{time_ms} {direction} {dumps(from_dict(plain))}")
    return lines


@pytest.mark.parametrize("name", ["harmonised_melody.log", "dreamt_phrase.log"])
def test_former_log_becomes_the_present_golden_log(name: str) -> None:
    # The model is fed more of the phrase than it was.
    other = [f'out {{"type":"{name}"' for name in ("Feed", *(report.__name__ for report in LATER_REPORTS))]

    def comparable(lines: list[str]) -> list[str]:
        kept = [line for line in lines if not any(kind in line for kind in other)]
        # A tick that nothing follows was the timer of a later report.
        pairs = zip(kept, [*kept[1:], ""], strict=True)
        return [line for line, after in pairs if ' in {"type":"Tick"}' not in line or " out " in after]

    present = (GOLDEN / name).read_text().splitlines()
    assert comparable(upgraded_lines(FORMER_GOLDEN / name)) == comparable(present)


def test_former_session_log_loads_and_replays(tmp_path: Path) -> None:
    header = {"bachbridge": "0.1.0", "settings": {"bpm": 120.0, "silence_beats": 4.0, "seed": 1, "mode": "harmonize"}}
    lines = [json.dumps(header)]
    for line in (FORMER_GOLDEN / "harmonised_melody.log").read_text().splitlines():
        time_ms, direction, message = line.split(" ", 2)
        lines.append(json.dumps({"t": round(float(time_ms) * 1e6), direction: json.loads(message)}))
    path = tmp_path / "former.log"
    path.write_text("\n".join(lines) + "\n")
    log = read_log(path)
    assert log.settings == settings.with_values(AT_120, {"mode": "harmonize", "close": "music"})
    assert len(log.entries) == len(lines) - 2, "only the header and the report that repeated an event are left out"
    assert replay(log, Session(log.settings)) == []


@pytest.mark.parametrize(
    ("topic", "text", "report"),
    [
        ("setting", "bpm = 150.0", {"type": "SettingApplied", "name": "bpm", "value": 150.0}),
        ("setting", "seed = 3", {"type": "SettingApplied", "name": "seed", "value": 3}),
        ("setting", "thru = True", {"type": "SettingApplied", "name": "thru", "value": True}),
        ("setting", "key = F# minor", {"type": "SettingApplied", "name": "key", "value": "F# minor"}),
        ("setting", "levels = (1, 2, 3, 4)", {"type": "SettingApplied", "name": "levels", "value": (1, 2, 3, 4)}),
        ("midi", "3 damaged messages so far", {"type": "DamagedMidi", "count": 3}),
        ("quit", "SIGTERM", {"type": "SessionEnded", "reason": "SIGTERM"}),
        (
            "prompt",
            "there is no note in it to be answered",
            {"type": "PhraseRefused", "purpose": "answer", "problem": "empty"},
        ),
        (
            "prompt",
            "these notes cannot be answered: choose another phrase",
            {"type": "PhraseRefused", "purpose": "answer", "problem": "unplayable"},
        ),
        (
            "play",
            "these notes cannot be played: choose others",
            {"type": "PhraseRefused", "purpose": "play", "problem": "unplayable"},
        ),
        ("model", "chorale-lstm is ready", None),
        ("port", "in: keys, out: closed", None),
    ],
)
def test_upgrade_turns_a_status_into_a_typed_report(topic: str, text: str, report: dict[str, Any] | None) -> None:
    assert upgrade({"type": "Status", "topic": topic, "text": text}) == report


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("phrase-end cannot be 3: give silence, pedal, bars, control.", "phrase_end"),
        ('There is no setting "tempo": try bpm.', "tempo"),
        ("a setting without a name or a value was left as it is", ""),
    ],
)
def test_upgrade_finds_the_setting_in_a_refusal(reason: str, name: str) -> None:
    report = upgrade({"type": "Status", "topic": "setting", "text": reason})
    assert report == {"type": "SettingRefused", "name": name, "reason": reason}


@pytest.mark.parametrize(
    ("former", "present"), [("Metre", "BarStarted"), ("Heard", "PhraseEnded"), ("Midi", "Midi"), ("Tick", "Tick")]
)
def test_upgrade_replaces_former_names(former: str, present: str) -> None:
    assert upgrade({"type": former, "x": 1}) == {"type": present, "x": 1}
