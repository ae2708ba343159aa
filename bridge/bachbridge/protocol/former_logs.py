"""Conversion of messages in older session logs to their present form.

Logs up to version 0.1 differ in three ways: some messages had other names; a plan request carried the fields of its
style one by one; and all reports were one message, `Status`, with a topic and a sentence. Some of those sentences only
repeated an event that is also in the log: they are dropped. Later reports (`LATER_REPORTS`) are missing.
"""

import re
from ast import literal_eval
from collections.abc import Mapping, Sequence
from typing import Any

from bachbridge.music.notes import key_from_number
from bachbridge.music.voice_leading import parse_rules
from bachbridge.protocol.effects import CadenceReached, ChordNamed, ChordPlanned, Effect, PhraseHeld, SoundingHarmony

_PRESENT_NAMES = {
    "Foresee": "PlanRequest",
    "Heard": "PhraseEnded",
    "Answering": "AnswerStarted",
    "Answered": "AnswerEnded",
    "Metre": "BarStarted",
    "Missed": "AnswerLate",
    "Refused": "AskRefused",
    "Prompt": "AnswerPhrase",
    "Play": "PlayPhrase",
    "LookForPorts": "ListPorts",
    "ClockHeard": "ClockTempo",
}
LATER_REPORTS = (ChordNamed, PhraseHeld, SoundingHarmony, ChordPlanned, CadenceReached)
"""Reports that older logs do not have. They follow from the others, so a replay of such a log leaves them out."""
FORMER_SETTINGS = {"close": "music"}
"""Later settings whose default changes what happens, with the values that stand for what happened without them."""
_STYLE_FIELDS = ("temperature", "top_p", "candidates", "rules", "key", "position", "density", "cadence", "repeat")
_STYLE_RANDOMNESS = 0.5
_SETTING_IN_REASON = re.compile(r'^([\w-]+) cannot be |^There is no setting "([\w-]+)"')
"""Matches the two sentences that refused a setting; one of the two groups is its name."""


def upgrade(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the present form of a logged message (see `wire.to_dict`); None if it no longer exists.

    A message in its present form is returned unchanged. Raises `KeyError` or `ValueError` for anything else.
    """
    plain = {**message, "type": _PRESENT_NAMES.get(str(message["type"]), message["type"])}
    match plain:
        case {"type": "PlanRequest", "rules": str(rules)}:
            return _with_style(plain, rules)
        case {"type": "Status", "topic": str(topic), "text": str(text)}:
            return _report_from_status(topic, text)
        case _:
            return plain


def without_later_reports(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return the effects that a session returned, as an older log has them."""
    return tuple(effect for effect in effects if not isinstance(effect, LATER_REPORTS))


def _with_style(request: dict[str, Any], rules: str) -> dict[str, Any]:
    style = {name: request.pop(name) for name in _STYLE_FIELDS}
    key = key_from_number(style["key"])
    return {
        **request,
        "style": {**style, "rules": sorted(parse_rules(rules)), "key": key, "randomness": _STYLE_RANDOMNESS},
    }


def _report_from_status(topic: str, text: str) -> dict[str, Any] | None:
    match topic:
        case "setting":
            return _setting_report(text)
        case "prompt":
            problem = "empty" if text.startswith("there is no note") else "unplayable"
            return {"type": "PhraseRefused", "purpose": "answer", "problem": problem}
        case "play":
            return {"type": "PhraseRefused", "purpose": "play", "problem": "unplayable"}
        case "midi":
            return {"type": "DamagedMidi", "count": int(text.partition(" ")[0])}
        case "quit":
            return {"type": "SessionEnded", "reason": text}
        case _:  # "model" and "port" repeat the events ModelUp, ModelDown, AskRefused and PortsChanged
            return None


def _setting_report(text: str) -> dict[str, Any]:
    name, is_applied, value = text.partition(" = ")
    if is_applied and name.isidentifier():
        return {"type": "SettingApplied", "name": name, "value": _setting_value(value)}
    found = _SETTING_IN_REASON.match(text)
    name = (found[1] or found[2]).replace("-", "_") if found else ""
    return {"type": "SettingRefused", "name": name, "reason": text}


def _setting_value(text: str) -> Any:
    """Return the value that `str` turned into this text: a number, a boolean, a tuple of integers, or the text."""
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text
