"""Steps for connecting each DAW, as data: the exact words of its menus, in the order in which they appear.

Words between asterisks are written on the DAW's own screen. `{input}` and `{output}` stand for the names of our ports.
The track you play on must always listen to your keyboard alone: set to all inputs, it would receive BachBridge Out
too, and the answer would come back as the next phrase.
"""

from dataclasses import dataclass

from bachbridge.midi.loopback import CREATE_STEPS
from bachbridge_gui.translation import tr, translatable

LINUX, MACOS, WINDOWS = "linux", "darwin", "win32"
SYSTEM_NAMES = {LINUX: "Linux", MACOS: "macOS", WINDOWS: "Windows"}


@dataclass(frozen=True, slots=True)
class SetupStep:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Daw:
    name: str
    systems: tuple[str, ...]
    steps: tuple[SetupStep, ...]


PORTS_TITLE, INPUT_TRACK_TITLE, ANSWER_TRACK_TITLE, CLOCK_TITLE = (
    translatable("Make the ports known"),
    translatable("The track you play on"),
    translatable("The track that answers"),
    translatable("The tempo, if it should come from the DAW"),
)

LOOPBACK_STEP = SetupStep(translatable("Create a loopback"), CREATE_STEPS)
"""The step before all others on Windows, while there is no loopback."""

DAWS = (
    Daw(
        "Ableton Live",
        (MACOS, WINDOWS),
        (
            SetupStep(
                PORTS_TITLE,
                "Open *Settings* → *Link, Tempo & MIDI*. Under *MIDI Ports* switch on *Track* for the input “{output}” "
                "and for the output “{input}”.",
            ),
            SetupStep(
                INPUT_TRACK_TITLE,
                "A MIDI track without an instrument. *MIDI From*: your keyboard, not *All Ins*. *MIDI To*: “{input}”. "
                "*Monitor*: *In*.",
            ),
            SetupStep(
                ANSWER_TRACK_TITLE,
                "A MIDI track with an instrument. *MIDI From*: “{output}”, *All Channels*. *Monitor*: *In*.",
            ),
            SetupStep(CLOCK_TITLE, "Under *MIDI Ports* switch on *Sync* for the output “{input}”."),
        ),
    ),
    Daw(
        "Reaper",
        (LINUX, MACOS, WINDOWS),
        (
            SetupStep(
                PORTS_TITLE,
                "Open *Options* → *Preferences* → *MIDI Devices* (version 7: *MIDI Inputs* and *MIDI Outputs*). Enable "
                "the input “{output}” and the output “{input}”.",
            ),
            SetupStep(
                INPUT_TRACK_TITLE,
                "Choose your keyboard as its input, not all of them. *Route* → *MIDI Hardware Output*: “{input}”. Arm "
                "it for recording and switch its monitoring on.",
            ),
            SetupStep(
                ANSWER_TRACK_TITLE,
                "Put an instrument on it. Input menu → *Input: MIDI* → “{output}” → *All Channels*. Arm it for "
                "recording and switch its monitoring on.",
            ),
            SetupStep(
                CLOCK_TITLE,
                "In the same preferences double-click the output “{input}” and check *Send clock/SPP to this device*.",
            ),
        ),
    ),
    Daw(
        "Bitwig Studio",
        (LINUX, MACOS, WINDOWS),
        (
            SetupStep(
                PORTS_TITLE,
                "Open *Settings* → *Controllers*. Add a *Generic* controller, a MIDI keyboard, and choose “{output}” "
                "as its input.",
            ),
            SetupStep(
                INPUT_TRACK_TITLE,
                "An instrument track whose note input is your keyboard, not all inputs. Put the device *HW Instrument* "
                "on it and choose “{input}” as its MIDI output.",
            ),
            SetupStep(
                ANSWER_TRACK_TITLE,
                "An instrument track with an instrument. Choose the controller that you added as its note input and "
                "switch its monitoring on.",
            ),
            SetupStep(
                CLOCK_TITLE,
                "*Settings* → *Synchronization*: under *MIDI Sync (OUT)* switch on the clock for “{input}”.",
            ),
        ),
    ),
    Daw(
        "Logic Pro",
        (MACOS,),
        (
            SetupStep(
                PORTS_TITLE,
                "Start BachBridge before Logic, which then finds the ports by itself. If an input is missing, look "
                "for it in Logic's settings under *MIDI* → *Inputs*.",
            ),
            SetupStep(
                INPUT_TRACK_TITLE,
                "A software instrument track. Click its *Instrument* slot, choose *External Instrument*, and there "
                "*MIDI Destination*: “{input}”. In the track inspector choose your keyboard as its MIDI input.",
            ),
            SetupStep(
                ANSWER_TRACK_TITLE,
                "A software instrument track with an instrument. In the track inspector choose “{output}” as its MIDI "
                "input. Arm both tracks for recording, so that both are heard.",
            ),
            SetupStep(
                CLOCK_TITLE,
                "*File* → *Project Settings* → *Synchronization* → *MIDI*: in a free row choose the *Destination* "
                "“{input}” and check *Clock*.",
            ),
        ),
    ),
    Daw(
        "FL Studio",
        (MACOS, WINDOWS),
        (
            SetupStep(
                PORTS_TITLE,
                "Open *Options* → *MIDI Settings* (F10). Under *Input* select “{output}” and press *Enable*. Under "
                "*Output* select “{input}” and give it a *Port* number that no other has, such as 7.",
            ),
            SetupStep(
                INPUT_TRACK_TITLE,
                "Add the channel *MIDI Out* and set its port to the same number. Let it receive notes from your "
                "keyboard only (right-click the channel's button).",
            ),
            SetupStep(
                ANSWER_TRACK_TITLE,
                "Add a channel with an instrument and let it receive notes from “{output}” only (right-click the "
                "channel's button).",
            ),
            SetupStep(CLOCK_TITLE, "In the same settings switch on *Send master sync* for the output “{input}”."),
        ),
    ),
    Daw(
        "Ardour",
        (LINUX, MACOS, WINDOWS),
        (
            SetupStep(
                PORTS_TITLE,
                "Open *Window* → *MIDI Connections* while BachBridge runs: its ports are under *Other* or *Hardware*. "
                "Both programs must use the same MIDI system, ALSA or JACK.",
            ),
            SetupStep(
                INPUT_TRACK_TITLE,
                "A MIDI track whose input is connected to your keyboard only. Connect its MIDI output to “{input}”.",
            ),
            SetupStep(
                ANSWER_TRACK_TITLE,
                "A MIDI track with an instrument. Connect “{output}” to its MIDI input and switch on its monitoring "
                "button *In*.",
            ),
            SetupStep(
                CLOCK_TITLE,
                "Let Ardour send MIDI clock (*Edit* → *Preferences*), and in *MIDI Connections* connect its *MIDI "
                "clock out* to “{input}”.",
            ),
        ),
    ),
)


def platform_note(daw: Daw, platform: str) -> str:
    """Return what the user must know first on this system; often an empty string."""
    if platform not in daw.systems:
        return tr(
            "{daw} runs on {systems} only.",
            daw=daw.name,
            systems=_joined([SYSTEM_NAMES[system] for system in daw.systems]),
        )
    return ""


def with_port_names(text: str, input_name: str, output_name: str) -> str:
    """Insert the names of our ports into the text."""
    return text.replace("{input}", input_name).replace("{output}", output_name)


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else tr("{most} and {last}", most=", ".join(words[:-1]), last=words[-1])
