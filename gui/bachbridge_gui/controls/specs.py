"""Which control each setting gets, and in what words: the side panel as a table.

`hears` is what one will hear; it is the tooltip of the control while it can work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bachbridge.music.notes import VOICES
from bachbridge.settings import ANSWERS, COMMON_TONES, LIMITS, MODES, PHRASE_ENDS
from bachbridge_gui.settings.targets import INSTRUMENT_CHOICES, KEY_CHOICES

EditorKind = Literal["slider", "number", "words", "switch", "segments", "button"]


@dataclass(frozen=True, slots=True)
class ControlSpec:
    """One control."""

    target: str
    label: str
    kind: EditorKind
    tooltip: str
    choice_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the setting's words are called."""
    end_labels: tuple[str, str] | None = None
    """What the two ends of a slider sound like."""
    step: float = 1
    suffix: str = ""
    minimum_label: str = ""
    """What the least value, below the range proper, is called."""
    limits: tuple[float, float] | None = None

    @property
    def range(self) -> tuple[float, float]:
        low, high = self.limits or LIMITS[self.target]
        return (low - 1 if self.minimum_label else low), high


_KEY_LABELS = dict(
    zip(
        KEY_CHOICES,
        ("As heard", *(name.replace("b ", "♭ ").replace("#", "♯") for name in KEY_CHOICES[1:])),
        strict=True,
    )
)

MODE = ControlSpec(
    "mode",
    "Mode",
    "segments",
    "Continue: you play a phrase, the model answers it. Harmonize: chords sound under what you play.",
    {mode: mode.capitalize() for mode in MODES},
)
COMMAND_BUTTONS = (
    ControlSpec("end_phrase", "End phrase", "button", "The phrase is over now: you hear the answer at once."),
    ControlSpec("cadence", "Cadence", "button", "The next chords lead to a full close."),
    ControlSpec("reset", "Begin again", "button", "All that sounds ends, and what you played is forgotten."),
)
MODEL = (
    ControlSpec(
        "temperature",
        "Temperature",
        "slider",
        "Low: the likeliest notes, calm. High: rarer notes, more surprises and more slips.",
        end_labels=("calm", "daring"),
        step=0.05,
    ),
    ControlSpec(
        "key", "Key", "words", "The answer and the chords keep to this key, or to the one that is heard.", _KEY_LABELS
    ),
    ControlSpec(
        "seed",
        "Seed",
        "number",
        "Fixed: the same phrase gets the same answer again. Free: another one each time.",
        minimum_label="Free",
    ),
)
PHRASE = (
    ControlSpec(
        "phrase_end",
        "Ends with",
        "words",
        "What ends your phrase, so that the answer begins.",
        dict(zip(PHRASE_ENDS, ("A silence", "The pedal lifted", "A number of bars", "A controller"), strict=True)),
    ),
    ControlSpec(
        "silence_beats",
        "Silence",
        "number",
        "After so many beats of silence you hear the answer.",
        step=0.25,
        suffix=" beats",
    ),
    ControlSpec(
        "phrase_bars", "Phrase", "number", "After so many bars you hear the answer, without a gap.", suffix=" bars"
    ),
    ControlSpec(
        "answer",
        "You hear",
        "words",
        "What comes back: how your phrase goes on, the phrase itself in four voices, a variation of it, or a dream: "
        "music that goes on from there until you play or stop it.",
        dict(zip(ANSWERS, ("A continuation", "Four voices", "A variation", "A dream"), strict=True)),
    ),
    ControlSpec(
        "answer_bars",
        "Answer",
        "number",
        "How long a continuation plays; of a dream, how much is dreamt at a time.",
        suffix=" bars",
        minimum_label="Like the phrase",
    ),
    ControlSpec(
        "let_finish", "Let it finish", "switch", "On: the answer plays on when you play again. Off: it stops for you."
    ),
)
HARMONY = (
    ControlSpec(
        "voice",
        "You play",
        "words",
        "Which of the four voices your keys are; the others sound around it.",
        {voice: voice.capitalize() for voice in VOICES},
    ),
    ControlSpec(
        "chord_on",
        "New chords",
        "words",
        "How often the harmony may change under your melody.",
        {"note": "On every note", "eighth": "On eighths", "beat": "On beats"},
    ),
    ControlSpec(
        "common_tones",
        "Common tones",
        "words",
        "What you hear of a voice that keeps its note under a new chord.",
        dict(zip(COMMON_TONES, ("Held over", "Struck again", "The model decides"), strict=True)),
    ),
    ControlSpec(
        "density",
        "Inner voices",
        "slider",
        "How often the middle voices move under a long note.",
        end_labels=("still", "lively"),
        step=0.1,
    ),
    ControlSpec(
        "position", "Spacing", "slider", "How far apart the voices lie.", end_labels=("close", "wide"), step=0.1
    ),
)
ADVANCED = (
    ControlSpec("top_p", "Breadth", "slider", "Low: only the likeliest notes are ever drawn.", step=0.05),
    ControlSpec(
        "candidates", "Candidates", "number", "More chords to choose from: cleaner, a little slower.", suffix=" chords"
    ),
    ControlSpec(
        "rules",
        "Rules",
        "words",
        "With the rules of voice-leading you hear no parallel fifths or octaves.",
        {"all": "All are kept", "none": "The model alone"},
    ),
    ControlSpec("chord_ms", "Ornaments", "number", "Notes quicker than this get no chord of their own.", suffix=" ms"),
    ControlSpec("legato_ms", "Hold on", "number", "How long the chord sounds on after your last key.", suffix=" ms"),
    ControlSpec(
        "rest_bars", "Fresh start", "number", "After such a silence the harmony starts afresh.", suffix=" bars"
    ),
)
BPM_SPEC = ControlSpec("bpm", "Tempo", "number", "The beat that answers and inner voices keep.", step=1, suffix=" bpm")
TEMPO = (
    ControlSpec(
        "follow_clock",
        "DAW's clock",
        "switch",
        "While your DAW's MIDI clock runs, the music keeps to its tempo.",
    ),
    ControlSpec("beats_per_bar", "Beats in a bar", "number", "How the music is barred: where the strong beats fall."),
)
OUTPUT = (
    ControlSpec(
        "instrument",
        "Instrument",
        "words",
        "The General MIDI instrument that the answer's channels are switched to.",
        {name: name for name in INSTRUMENT_CHOICES} | {"none": "As it is set there"},
    ),
    ControlSpec("thru", "Hear yourself", "switch", "Your own notes go to the output as well."),
    ControlSpec(
        "latency_ms",
        "Play earlier",
        "number",
        "For an instrument that speaks late: answers are sent this much earlier. Kept for each output.",
        suffix=" ms",
    ),
)
TAP_SPEC = ControlSpec("tap", "Tap", "button", "Tap the beat: the tempo follows your taps.")


def voice_spec(setting: str, voice: int) -> ControlSpec:
    """The control of one voice's part of a setting."""
    name, target = VOICES[voice], f"{setting}.{voice}"
    match setting:
        case "harmony":
            return ControlSpec(target, name.capitalize(), "switch", f"Whether you hear the {name}.")
        case "channels":
            return ControlSpec(
                target, f"{name} channel", "number", f"The MIDI channel that plays the {name}.", limits=(1, 16)
            )
        case "octaves":
            return ControlSpec(
                target, f"{name} octave", "number", f"The {name}, octaves higher or lower.", limits=(-3, 3)
            )
        case _:
            hears = f"How loud the {name} is, in percent of how hard you play."
            return ControlSpec(target, f"{name} level", "number", hears, suffix="%", limits=(1, 400), step=5)
