"""The side panel as a table: which control each setting gets, in the panel's order, on three levels.

*Play* is used while playing and always open; *Shape* is what the answers are like; *Set up* is done once.

Labels, tooltips, ranges and units come from the setting's `Spec`. A tooltip says what the user will hear; it is shown
while the control is enabled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from bachbridge.settings import range_of, spec_of
from bachbridge_gui.settings.targets import INSTRUMENT_CHOICES, KEY_CHOICES, METER_CHOICES, MODE_CHOICES, voice_name
from bachbridge_gui.translation import tr, tr_count, tr_key, tr_setting, translatable

EditorKind = Literal["slider", "number", "words", "switch", "segments", "button"]


@dataclass(frozen=True, slots=True)
class ControlSpec:
    """The kind and the words of one control."""

    target: str
    label: str
    kind: EditorKind
    tooltip: str
    choice_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """The label of each word that the setting accepts."""
    end_labels: tuple[str, str] | None = None
    """The labels of a slider's two ends: what they sound like."""
    step: float = 1
    suffix: str = ""
    minimum_label: str = ""
    """The text that stands for the least value, one below the setting's range."""
    range: tuple[float, float] = (0, 1)
    large: bool = False
    """True for what is used while playing: it is high enough to be hit without looking."""


def setting_control(
    name: str,
    kind: EditorKind,
    *,
    choice_labels: Mapping[str, str] | None = None,
    end_labels: tuple[str, str] | None = None,
    step: float = 1,
    large: bool = False,
) -> ControlSpec:
    """Return the control of a whole setting, with the words and the range of the setting's `Spec`."""
    spec = spec_of(name)
    low, high = spec.range or (0, 1)
    minimum_label = spec.special.label if spec.special else ""
    return ControlSpec(
        name,
        spec.label,
        kind,
        spec.help,
        choice_labels or spec.choices,
        end_labels,
        step,
        f" {spec.unit}" if spec.unit else "",
        minimum_label,
        (low - 1 if minimum_label else low, high),
        large,
    )


_KEY_LABELS = {"auto": translatable("As heard")} | {
    name: name.replace("b ", "♭ ").replace("#", "♯") for name in (*KEY_CHOICES[1:], *MODE_CHOICES)
}
_TOUCH_LABELS = {"soft": translatable("Soft"), "linear": translatable("As played"), "hard": translatable("Hard")}
_INSTRUMENT_LABELS = {name: name for name in INSTRUMENT_CHOICES} | {"none": translatable("Leave as it is")}

MODE = setting_control("mode", "segments")
COMMAND_BUTTONS = (
    ControlSpec(
        "end_phrase",
        translatable("End phrase"),
        "button",
        translatable("End your phrase now: you hear the answer at once."),
        large=True,
    ),
    ControlSpec(
        "cadence", translatable("Cadence"), "button", translatable("Lead the next chords to a cadence."), large=True
    ),
    ControlSpec(
        "reset",
        translatable("Begin again"),
        "button",
        translatable("Stop everything that sounds, and forget what you played."),
        large=True,
    ),
)
PLAY = (
    setting_control(
        "temperature", "slider", end_labels=(translatable("calm"), translatable("daring")), step=0.05, large=True
    ),
    setting_control("key", "words", choice_labels=_KEY_LABELS, large=True),
)
"""Used while playing, beside the mode, the model and the buttons: always open."""
PHRASE = (
    setting_control("start", "words"),
    setting_control("phrase_end", "words"),
    setting_control("foresee_end", "switch"),
    setting_control("silence_beats", "number", step=0.25),
    setting_control("phrase_bars", "number"),
    setting_control("answer", "words"),
    setting_control("answer_bars", "number"),
    setting_control("close", "words"),
    setting_control("trade_bars", "number"),
    setting_control("let_finish", "switch"),
    setting_control("answer_pedal", "switch"),
)
HARMONY = (
    setting_control("voice", "words"),
    setting_control("duet_voice", "words"),
    setting_control("counterpoint", "words"),
    setting_control("chord_on", "words"),
    setting_control("common_tones", "words"),
    setting_control("density", "slider", end_labels=(translatable("still"), translatable("lively")), step=0.1),
    setting_control("position", "slider", end_labels=(translatable("close"), translatable("wide")), step=0.1),
)
HANDS = (
    setting_control("hands", "words"),
    setting_control("split_point", "number"),
    setting_control("melody_channel", "number"),
    setting_control("chord_channel", "number"),
    setting_control("left_keys", "number"),
    setting_control("left_hand", "words"),
    setting_control(
        "ignored_channels", "words", choice_labels={"10": translatable("10, drums"), "none": translatable("None")}
    ),
    setting_control("velocity_curve", "words", choice_labels=_TOUCH_LABELS),
    setting_control("transpose", "number"),
    setting_control("latch", "switch"),
)
CHOICE = (
    setting_control("seed", "number"),
    setting_control("top_p", "slider", step=0.05),
    setting_control("candidates", "number"),
    setting_control(
        "rules", "words", choice_labels={"all": translatable("All rules"), "none": translatable("No rules")}
    ),
)
TIMING = (
    setting_control("chord_ms", "number"),
    setting_control("legato_ms", "number"),
    setting_control("rest_bars", "number"),
)
CLICK = (
    setting_control("metronome_channel", "number"),
    setting_control("click_accent", "number"),
    setting_control("click_note", "number"),
    setting_control("click_velocity", "number"),
)
BPM_SPEC = setting_control("bpm", "number")
TEMPO = (
    setting_control("tempo_hint", "number"),
    setting_control("follow_clock", "switch"),
    setting_control("meter", "words", choice_labels={meter: meter for meter in METER_CHOICES}),
    setting_control("metronome", "words"),
    setting_control("count_in_bars", "number"),
    setting_control("link", "switch"),
    setting_control("link_start_stop", "switch"),
    setting_control("clock_out", "switch"),
)
OUTPUT = (
    setting_control("instrument", "words", choice_labels=_INSTRUMENT_LABELS),
    setting_control("sound", "words"),
    setting_control(
        "sound_font",
        "words",
        choice_labels={"auto": translatable("The installed one"), "none": translatable("Built-in instruments")},
    ),
    setting_control("thru", "switch"),
    setting_control("latency_ms", "number"),
)
TAP_SPEC = ControlSpec("tap", translatable("Tap"), "button", translatable("Tap the beat: the tempo follows your taps."))
START_SPEC = ControlSpec(
    "start_playing", translatable("Start"), "button", translatable("Start at this tempo, after the count-in.")
)
STOP_SPEC = ControlSpec(
    "stop_playing", translatable("Stop"), "button", translatable("Stop the beat and everything that sounds.")
)


def translated_spec(spec: ControlSpec) -> ControlSpec:
    """Return the control with its words in the window's language."""
    return replace(
        spec,
        label=tr_setting(spec.label),
        tooltip=tr_setting(spec.tooltip),
        choice_labels={value: _translated_choice(spec.target, word) for value, word in spec.choice_labels.items()},
        end_labels=spec.end_labels and (tr(spec.end_labels[0]), tr(spec.end_labels[1])),
        minimum_label=tr_setting(spec.minimum_label) if spec.minimum_label else "",
    )


def _translated_choice(target: str, word: str) -> str:
    return tr_key(word) if target == "key" and " " in word and word != _KEY_LABELS["auto"] else tr_setting(word)


def suffix_for(spec: ControlSpec, value: float) -> str:
    """Return the unit behind a number, in the window's language: " bar" behind 1, " bars" behind others."""
    unit, count = spec.suffix.strip(), 1 if value == 1 else 2
    match unit:
        case "bars":
            return f" {tr_count('bar', 'bars', count)}"
        case "beats":
            return f" {tr_count('beat', 'beats', count)}"
        case "semitones":
            return f" {tr_count('semitone', 'semitones', count)}"
        case "keys":
            return f" {tr_count('key', 'keys', count)}"
        case "chords":
            return f" {tr_count('chord', 'chords', count)}"
        case _:
            return spec.suffix.replace("bpm", tr("bpm"))


def voice_spec(setting: str, voice: int) -> ControlSpec:
    """Return the control of one voice's part of a setting."""
    name, target = voice_name(voice), f"{setting}.{voice}"
    match setting:
        case "harmony":
            return ControlSpec(
                target, voice_name(voice, capital=True), "switch", tr("On: you hear the {name}.", name=name)
            )
        case "channels":
            label, tooltip, suffix, step = (
                tr("{name} channel", name=name),
                tr("The MIDI channel that plays the {name}.", name=name),
                "",
                1,
            )
        case "octaves":
            label, tooltip, suffix, step = (
                tr("{name} octave", name=name),
                tr("The {name} sounds this many octaves higher.", name=name),
                "",
                1,
            )
        case _:
            tooltip = tr("How loud the {name} is, in percent of how hard you play.", name=name)
            label, suffix, step = tr("{name} level", name=name), spec_of(setting).unit, 5
    return ControlSpec(target, label, "number", tooltip, suffix=suffix, step=step, range=range_of(setting))
