"""The live check list of the page "Connect my DAW": what has been seen so far, and what to do if nothing was."""

from dataclasses import dataclass

from bachbridge.midi.loopback import daw_ports
from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.status_icon import CheckState


@dataclass(frozen=True, slots=True)
class ConnectionChecks:
    """Facts about the connection. The name of a closed port is empty."""

    input_seen: bool = False
    """True if a program is connected to our input, or a message came in."""
    notes_seen: bool = False
    clock_seen: bool = False
    has_loop: bool = False
    """True if our output comes back to our input."""
    input_name: str = "BachBridge In"
    output_name: str = "BachBridge Out"
    has_midi: bool = True
    """True if the machine has a MIDI system."""
    needs_loopback: bool = False
    """True on Windows as long as there is no loopback to use."""

    @property
    def daw_names(self) -> tuple[str, str]:
        """The ports that the DAW plays to and listens to; our own names while the ports are closed."""
        return daw_ports(self.input_name or "BachBridge In", self.output_name or "BachBridge Out")


@dataclass(frozen=True, slots=True)
class Check:
    title: str
    state: CheckState
    sentence: str


def checklist(checks: ConnectionChecks) -> tuple[Check, ...]:
    """Return the checks in the order in which they are shown."""
    return (_input_check(checks), _notes_check(checks), _clock_check(checks), _loop_check(checks))


def _input_check(checks: ConnectionChecks) -> Check:
    if not checks.has_midi:
        return Check(
            tr("No MIDI system"),
            "warning",
            tr("Nothing can be connected yet: start ALSA's sequencer or JACK, then start BachBridge again."),
        )
    if checks.needs_loopback:
        return Check(
            tr("No loopback"),
            "warning",
            tr("Windows connects programs by a loopback only: create one as the first step says. It is used at once."),
        )
    daw_output, _ = checks.daw_names
    if not checks.input_name:
        return Check(
            tr("Input"), "warning", tr("The input port is closed: choose another one, or restart the MIDI system.")
        )
    if checks.input_seen or checks.notes_seen or checks.clock_seen:
        return Check(tr("Input seen"), "seen", tr("Something is connected to “{daw_output}”.", daw_output=daw_output))
    return Check(
        tr("Input"),
        "waiting",
        tr("Nothing is connected to “{daw_output}” yet: do the first two steps.", daw_output=daw_output),
    )


def _notes_check(checks: ConnectionChecks) -> Check:
    if checks.notes_seen:
        return Check(tr("Notes seen"), "seen", tr("What you play arrives here."))
    return Check(
        tr("Notes"),
        "waiting",
        tr("Play a key. If nothing happens, look at the track's monitoring and its MIDI output."),
    )


def _clock_check(checks: ConnectionChecks) -> Check:
    if checks.clock_seen:
        return Check(tr("Clock seen"), "seen", tr("The tempo comes from the DAW."))
    return Check(
        tr("Clock (not needed)"),
        "waiting",
        tr("Without it the tempo is taken from your playing. With it: press play in the DAW."),
    )


def _loop_check(checks: ConnectionChecks) -> Check:
    if checks.has_loop:
        return Check(
            tr("A loop!"),
            "warning",
            tr(
                "The answer comes back as if you had played it: let the track you play on listen "
                "to your keyboard only, not to “{daw_input}”.",
                daw_input=checks.daw_names[1],
            ),
        )
    if checks.notes_seen:
        return Check(tr("No loop"), "seen", tr("BachBridge's output does not come back to its input."))
    return Check(tr("No loop"), "waiting", tr("Checked as soon as notes arrive."))
