"""Checks of everything but MIDI: versions, models, settings, timer and priority."""

import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from bachbridge import __version__
from bachbridge.cli.doctor.findings import Finding
from bachbridge.errors import BachBridgeError, ConfigError, ModelError
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card, UntrustedModelError
from bachbridge.music.notes import NS_PER_MS
from bachbridge.protocol.latency import percentiles
from bachbridge.settings_file import load_settings, settings_path

_PACKAGES = ("numpy", "onnxruntime", "mido", "python-rtmidi", "msgspec", "PyQt6", "verovio", "tensorflow", "music21")
_SLEEPS, _SLEEP_S = 200, 0.001
_LATE_MS, _VERY_LATE_MS = 2.0, 10.0
"""A timer this late at its 99th percentile is worth a note, or disturbs the music."""
_REAL_TIME_ADVICE = (
    "Other programs can make notes late. To allow it, add yourself to a group with real-time rights, as with "
    '"sudo apt install jackd2" and "sudo adduser $USER audio", and log in again.'
)


def check_versions() -> Finding:
    """Find the versions of the program, the system and the packages."""
    found = {name: version for name in _PACKAGES if (version := _version_of(name))}
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    figures = {"bachbridge": __version__, "python": platform.python_version(), "system": system, **found}
    missing = "" if "PyQt6" in found else ", without the window (PyQt6 is not installed)"
    return Finding(
        "Versions", "good", f"BachBridge {__version__}, Python {figures['python']}, {system}{missing}.", figures=figures
    )


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def check_models() -> list[Finding]:
    """Check every model's files against the hashes of its card."""
    return judge_models(library.list_models())


def judge_models(listed: Sequence[tuple[str, Card | ModelError]]) -> list[Finding]:
    """Return a finding about all usable models, and one for each that is not."""
    usable = [name for name, card in listed if not isinstance(card, ModelError)]
    findings: list[Finding] = []
    if usable:
        fact = f"{', '.join(usable)}: every file has the hash that its card names."
        findings.append(Finding("Models", "good", fact, figures={"usable": usable}))
    else:
        findings.append(Finding("Models", "bad", "none can be used.", "Install BachBridge again."))
    for name, card in listed:
        match card:
            case UntrustedModelError():
                advice = f"If you trust whoever made it: bachbridge trust {name}"
                findings.append(Finding("Models", "warning", f"{name} comes from elsewhere.", advice))
            case ModelError():
                findings.append(Finding("Models", "bad", f"{name} cannot be used: {card}"))
            case _:
                pass
    return findings


def check_settings(path: Path | None = None) -> Finding:
    """Check that the settings file can be read and written."""
    path = path or settings_path()
    try:
        load_settings(path)
    except ConfigError as error:
        return Finding("Settings", "bad", str(error), "BachBridge starts with the sound values of the file.")
    folder = next(folder for folder in (path.parent, *path.parents) if folder.exists())
    if not os.access(path if path.exists() else folder, os.W_OK):
        return Finding(
            "Settings", "warning", f"{path} cannot be written.", "Settings hold for one run only: make it writable."
        )
    return Finding("Settings", "good", f"{path} {'can be read' if path.exists() else 'will be made when needed'}.")


def check_timer() -> Finding:
    """Measure how late the system wakes a program that sleeps for 1 ms."""
    lateness_ns: list[int] = []
    for _ in range(_SLEEPS):
        due_ns = time.monotonic_ns() + int(_SLEEP_S * 1e9)
        time.sleep(_SLEEP_S)
        lateness_ns.append(time.monotonic_ns() - due_ns)
    return judge_timer(lateness_ns)


def judge_timer(lateness_ns: Sequence[int]) -> Finding:
    """Return what the lateness of a timer, in ns, means for the music."""
    median_ms, late_ms = (late_ns / NS_PER_MS for late_ns in percentiles(lateness_ns, (0.5, 0.99)))
    fact = f"{median_ms:.2f} ms late in the median, {late_ms:.2f} ms at the 99th percentile."
    figures = {"p50_ms": round(median_ms, 3), "p99_ms": round(late_ms, 3)}
    if late_ms < _LATE_MS:
        return Finding("Timer", "good", fact, figures=figures)
    advice = "Close programs that keep the machine busy; on a laptop, switch off power saving."
    return Finding("Timer", "bad" if late_ms >= _VERY_LATE_MS else "warning", fact, advice, figures)


def check_priority() -> Finding:
    """Check whether the system lets the engine run with real-time priority."""
    if sys.platform != "linux":
        return Finding("Priority", "good", "the engine asks for a high priority.")
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        return Finding("Priority", "warning", "real-time priority is not allowed here.", _REAL_TIME_ADVICE)
    os.sched_setscheduler(0, policy, parameter)
    return Finding("Priority", "good", "real-time priority is allowed.")


def failed_check(name: str, error: BachBridgeError) -> Finding:
    """Return the finding about a check that ended with an error, whose sentence says what to do."""
    return Finding(name, "bad", str(error))
