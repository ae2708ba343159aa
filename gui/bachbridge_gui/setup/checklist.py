"""The live check list of the page "Connect my DAW": what has been seen so far, and what to do where nothing was."""

from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "seen", "warning"]


@dataclass(frozen=True, slots=True)
class Checks:
    """What is known of the connection. Names are empty while a port is closed."""

    input_seen: bool = False
    """Somebody is connected to our input, or something has come from there."""
    notes_seen: bool = False
    clock_seen: bool = False
    loop: bool = False
    """What we send comes back to us."""
    input_name: str = "BachBridge In"
    output_name: str = "BachBridge Out"
    midi: bool = True
    """Whether the machine has a MIDI system."""


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    state: State
    sentence: str


def rows(checks: Checks) -> tuple[Row, ...]:
    """The list as it is shown, from the first thing to look for to the last."""
    return (_input(checks), _notes(checks), _clock(checks), _loop(checks))


def _input(checks: Checks) -> Row:
    if not checks.midi:
        return Row(
            "No MIDI system",
            "warning",
            "Nothing can be connected yet: start ALSA's sequencer or JACK, then start BachBridge again.",
        )
    if not checks.input_name:
        return Row("Input", "warning", "The input port is closed: choose another one, or restart the MIDI system.")
    if checks.input_seen or checks.notes_seen or checks.clock_seen:
        return Row("Input seen", "seen", f"Something is connected to “{checks.input_name}”.")
    return Row("Input", "waiting", f"Nothing is connected to “{checks.input_name}” yet: do the first two steps.")


def _notes(checks: Checks) -> Row:
    if checks.notes_seen:
        return Row("Notes seen", "seen", "What you play arrives here.")
    return Row(
        "Notes", "waiting", "Play a key. If nothing happens, look at the track's monitoring and its MIDI output."
    )


def _clock(checks: Checks) -> Row:
    if checks.clock_seen:
        return Row("Clock seen", "seen", "The tempo comes from the DAW.")
    return Row("Clock (not needed)", "waiting", "Without it the tempo is heard from your playing. With it: press play.")


def _loop(checks: Checks) -> Row:
    if checks.loop:
        return Row(
            "A loop!",
            "warning",
            f"The answer comes back as if you had played it: let the track you play on listen to your keyboard only, "
            f"not to “{checks.output_name or 'BachBridge Out'}”.",
        )
    if checks.notes_seen:
        return Row("No loop", "seen", "Our output does not come back to us.")
    return Row("No loop", "waiting", "Looked for as soon as notes arrive.")
