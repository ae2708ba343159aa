"""The work of `bachbridge doctor`: one check after the other, printed as soon as it is done."""

import sys
from collections.abc import Callable, Iterator

from bachbridge.cli.doctor.findings import Finding, findings_as_json, has_bad_findings, print_finding
from bachbridge.cli.doctor.machine_checks import (
    check_models,
    check_priority,
    check_settings,
    check_timer,
    check_versions,
    failed_check,
)
from bachbridge.cli.doctor.midi_checks import check_midi
from bachbridge.console import make_console
from bachbridge.errors import BachBridgeError

CHECKS: tuple[tuple[str, Callable[[], Finding | list[Finding]]], ...] = (
    ("Versions", check_versions),
    ("Settings", check_settings),
    ("Models", check_models),
    ("Timer", check_timer),
    ("Priority", check_priority),
    ("MIDI", check_midi),
)


def run_doctor(*, json: bool) -> None:
    """Print what the checks find, and exit with status 1 if something does not work."""
    findings: list[Finding] = []
    console = make_console(highlight=False)
    for finding in _find():
        findings.append(finding)
        if not json:
            print_finding(finding, console)
    if json:
        print(findings_as_json(findings))
    if has_bad_findings(findings):
        sys.exit(1)


def _find() -> Iterator[Finding]:
    for name, check in CHECKS:
        try:
            found = check()
        except BachBridgeError as error:
            found = failed_check(name, error)
        yield from [found] if isinstance(found, Finding) else found
