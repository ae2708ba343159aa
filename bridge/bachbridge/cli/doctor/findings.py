"""Findings of the doctor's checks, and how they are printed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from rich.console import Console
from rich.text import Text

Level = Literal["good", "warning", "bad"]
_SIGNS: Mapping[Level, tuple[str, str]] = {"good": ("ok", "green"), "warning": ("note", "yellow"), "bad": ("!!", "red")}
_SIGN_WIDTH = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check: a sentence, with figures for a bug report.

    "good" is as it should be; "warning" allows to play, though not as well as could be; "bad" does not work.
    """

    check: str
    level: Level
    fact: str
    advice: str = ""
    """A sentence that says what to do; empty where nothing needs doing."""
    figures: Mapping[str, object] = field(default_factory=dict[str, object])


def has_bad_findings(findings: Sequence[Finding]) -> bool:
    """Return True if something does not work."""
    return any(finding.level == "bad" for finding in findings)


def print_finding(finding: Finding, console: Console) -> None:
    """Print a finding for people: a sign, the check, the fact, and below it the advice."""
    sign, colour = _SIGNS[finding.level]
    line = Text.assemble((sign.ljust(_SIGN_WIDTH), colour), (f"{finding.check}: ", "bold"), finding.fact)
    console.print(line, soft_wrap=True)
    if finding.advice:
        console.print(Text(" " * _SIGN_WIDTH + finding.advice), soft_wrap=True)


def findings_as_json(findings: Sequence[Finding]) -> str:
    """Return all findings as JSON, for bug reports."""
    return json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=2, ensure_ascii=False)
