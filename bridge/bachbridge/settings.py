"""Everything a person can set, in one frozen value.

Each field carries a `Spec` with its range or choices and its words; the options of the command line and the controls
of the window are made from them. `with_setting` converts and checks one value, `validated` checks them all. The file
of settings is read and written by `settings_file`.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from bachbridge.errors import ConfigError
from bachbridge.music.notes import VOICES
from bachbridge.music.timeline import COMMON_TIME, Meter, parse_meter
from bachbridge.settings_spec import (
    CHANNEL_LIST,
    CONTROLLER_NUMBERS,
    INSTRUMENT,
    KEY_NAME,
    METER,
    MODEL_NAME,
    NO_CONTROLLER,
    RULE_NAMES,
    SOUND_FONT,
    VELOCITY_CURVE,
    VOICE_INITIALS,
    Spec,
    SpecialValue,
    format_value,
    parse_channels,
    parse_velocity_curve,
    setting,
)

_parse_once = lru_cache(maxsize=16)
"""Keeps what was parsed: these texts are wanted with each of the player's notes."""
_parse_meter_once = _parse_once(parse_meter)
_parse_channels_once = _parse_once(parse_channels)
_parse_curve_once = _parse_once(parse_velocity_curve)


@dataclass(frozen=True, slots=True)
class Settings:
    """The session's settings.

    A tempo counts quarter notes. Channels are 1-based here and 0-based in MIDI messages.
    """

    mode: str = setting(
        "continue",
        "Mode",
        "Continue answers each phrase that you play, harmonize sounds chords under your notes as you play them, "
        "trade takes turns of some bars each with you, duet plays one voice against yours on the beat, and off answers "
        "nothing.",
        choices={
            "continue": "Continue",
            "harmonize": "Harmonize",
            "trade": "Trade",
            "duet": "Duet",
            "off": "Off",
        },
    )
    model: str = setting(
        "chorale-lstm",
        "Model",
        "The neural network that answers. A new choice takes effect with the next notes, without a break.",
        text=MODEL_NAME,
    )
    temperature: float = setting(
        0.9,
        "Temperature",
        "How daring the answers are. Low: the likeliest notes, calm. High: rarer notes, more surprises and more slips.",
        range=(0.1, 2.0),
    )
    top_p: float = setting(
        0.95,
        "Breadth",
        "The share of the likeliest choices that notes are drawn from. Low: only the likeliest notes are ever drawn.",
        range=(0.05, 1.0),
    )
    bpm: float = setting(
        0.0,
        "Tempo",
        "The tempo of answers and inner voices.",
        range=(20.0, 300.0),
        special=SpecialValue(0, "to follow your playing"),
        unit="bpm",
    )
    tempo_hint: float = setting(
        0.0,
        "Rough tempo",
        "Roughly the tempo at which you play, if the tempo follows your playing: it helps to tell quarters from 8ths.",
        range=(30.0, 300.0),
        special=SpecialValue(0, "any"),
        unit="bpm",
    )
    meter: str = setting(
        "4/4",
        "Meter",
        "The meter of the music. Strong beats fall where bars begin; in 6/8, 9/8 and 12/8 a beat is three 8ths.",
        text=METER,
    )
    start: str = setting(
        "auto",
        "Answer starts",
        "Where the answer begins: on the next beat, on the next bar line, or on a downbeat with a length that leaves "
        "room for your next upbeat. Auto: on the bar line if a DAW's clock or Link runs, otherwise on the beat.",
        choices={"auto": "Auto", "beat": "On the beat", "bar": "On the bar line", "downbeat": "Downbeat, whole bars"},
    )
    tap_control: int = setting(
        -1,
        "Tap controller",
        "The number of the MIDI controller with which you tap the beat: the tempo follows, as with the Tap button.",
        range=CONTROLLER_NUMBERS,
        special=NO_CONTROLLER,
    )
    metronome: str = setting(
        "count-in",
        "Metronome",
        "When clicks sound on the beats of the meter: never, only before our own start, or all the time while your "
        "DAW or our own transport runs.",
        choices={"off": "Off", "count-in": "Count-in only", "on": "While playing"},
    )
    count_in_bars: int = setting(
        1,
        "Count-in",
        "How many bars are counted in when you start without a DAW; none with the metronome off.",
        range=(0, 4),
        unit="bars",
    )
    start_control: int = setting(
        -1,
        "Start controller",
        "The number of the MIDI controller that starts at the set tempo, after the count-in, and stops again.",
        range=CONTROLLER_NUMBERS,
        special=NO_CONTROLLER,
    )
    metronome_channel: int = setting(
        10, "Click channel", "The MIDI channel of the metronome; on 10 General MIDI has its drums.", range=(1, 16)
    )
    click_accent: int = setting(
        76,
        "Accent note",
        "The note of the click on a bar line: 76 is the high wood block of General MIDI.",
        range=(0, 127),
    )
    click_note: int = setting(
        77,
        "Click note",
        "The note of the click on every other beat: 77 is the low wood block of General MIDI.",
        range=(0, 127),
    )
    click_velocity: int = setting(
        100, "Click level", "The velocity of the click on a bar line; the other beats are softer.", range=(1, 127)
    )
    phrase_end: str = setting(
        "silence",
        "Ends with",
        "What ends your phrase, so that the answer begins. The end controller and the End phrase button end it in "
        "any case.",
        choices={
            "silence": "A silence",
            "pedal": "The pedal lifted",
            "bars": "A number of bars",
            "control": "A controller",
        },
    )
    foresee_end: bool = setting(
        True,
        "Foresee end",
        "Answer without waiting for the silence when your phrase seems complete: on a bar line after two, four, six … "
        "bars, if a long note or a breath goes before it. It needs bar lines: a clock, or steady playing.",
    )
    silence_beats: float = setting(
        2.0,
        "Silence",
        "The answer begins after this many beats of silence, if a silence ends the phrase.",
        range=(0.25, 64.0),
        unit="beats",
    )
    phrase_bars: int = setting(
        4,
        "Phrase",
        "The answer begins after this many bars, without a gap, if a number of bars ends the phrase.",
        range=(1, 64),
        unit="bars",
    )
    end_control: int = setting(
        80,
        "End controller",
        "The number of the MIDI controller that ends your phrase when its value reaches 64.",
        range=CONTROLLER_NUMBERS,
        special=NO_CONTROLLER,
    )
    answer: str = setting(
        "continue",
        "You hear",
        "What comes back: how your phrase goes on, the phrase itself in four voices, a variation of it, or a "
        "dream: music that goes on from there until you play or stop it.",
        choices={
            "continue": "A continuation",
            "harmonize": "Four voices",
            "vary": "A variation",
            "dream": "A dream",
        },
    )
    answer_bars: int = setting(
        0,
        "Answer",
        "The length of a continuation; of a dream, how much is made at a time. Other answers are as long as your "
        "phrase.",
        range=(1, 64),
        special=SpecialValue(0, "for the length of your phrase", "Like the phrase"),
        unit="bars",
    )
    close: str = setting(
        "cadence",
        "Close",
        "How a continuation ends: with a cadence in the key of your phrase, open on its dominant, so that you can go "
        "on, or as the music goes. A dream goes on without a close.",
        choices={"cadence": "Cadence", "open": "Open", "music": "As the music goes"},
    )
    trade_bars: int = setting(
        4,
        "Turns",
        "In mode trade, you and the model play this many bars each in turn. It needs a beat: your DAW's clock, Link "
        "or a fixed tempo. The first turn begins with your first bar; after a turn in which you rest, the model "
        "rests too.",
        range=(1, 16),
        unit="bars",
    )
    let_finish: bool = setting(
        False, "Let it finish", "On: the answer plays on when you play again. Off: it stops for you."
    )
    answer_pedal: bool = setting(
        False,
        "Pedal",
        "On: if you use the sustain pedal in a phrase, its answer in mode Continue has pedal in the same manner. It "
        "suits models that play like a pianist.",
    )
    thru: bool = setting(False, "Hear yourself", "Send your own notes to the output as well.")
    channels: tuple[int, ...] = setting(
        (1, 2, 3, 4), "Channels", "The MIDI channels of soprano, alto, tenor and bass.", range=(1, 16)
    )
    octaves: tuple[int, ...] = setting(
        (0, 0, 0, 0),
        "Octaves",
        "How many octaves higher soprano, alto, tenor and bass sound than they are written; negative: lower.",
        range=(-3, 3),
    )
    latency_ms: int = setting(
        0,
        "Play earlier",
        "Send answers this much earlier, for an instrument that responds late; negative: later. The window keeps "
        "one value for each output.",
        range=(-500, 500),
        unit="ms",
    )
    follow_clock: bool = setting(True, "DAW's clock", "Take the tempo from your DAW's MIDI clock while it runs.")
    link: bool = setting(
        False,
        "Ableton Link",
        "Share the beat with other programs on this machine and network by Ableton Link. It never changes the tempo of "
        "those who are there already.",
    )
    link_start_stop: bool = setting(
        False,
        "Start and stop",
        "On: start and stop together with the programs in the Ableton Link session that share this. Off: the beat runs "
        "as long as others are there.",
    )
    clock_out: bool = setting(
        False,
        "Clock out",
        "Send MIDI clock, start and stop to the output, so that other instruments keep your tempo. While your DAW's "
        "clock sets the tempo nothing is sent, since the DAW would follow itself. If your DAW is to follow this clock, "
        "let it send none here.",
    )
    panic_control: int = setting(
        83,
        "Panic controller",
        "The number of the MIDI controller that silences everything when its value reaches 64.",
        range=CONTROLLER_NUMBERS,
        special=NO_CONTROLLER,
    )
    instrument: str = setting(
        "none",
        "Instrument",
        "The General MIDI instrument to which the answer's channels are switched; none leaves them as they are.",
        text=INSTRUMENT,
    )
    sound: str = setting(
        "organ",
        "Preview sound",
        "The instrument on which you hear answers without a DAW. Your own notes sound on another one.",
        choices={
            "organ": "Organ",
            "harpsichord": "Harpsichord",
            "strings": "Strings",
            "choir": "Choir",
            "piano": "Piano",
        },
    )
    sound_font: str = setting(
        "auto",
        "Sound font",
        "The sound font through which the preview plays: the largest that is installed, the built-in instruments, or "
        "the file of this path.",
        text=SOUND_FONT,
    )
    seed: int = setting(
        -1,
        "Seed",
        "Where the random numbers start. With a fixed seed the same phrase gets the same answer again.",
        range=(0, 2**31 - 1),
        special=SpecialValue(-1, "for a new one each time", "Free"),
    )

    voice: str = setting(
        "soprano",
        "You play",
        "The voice that you play in the modes harmonize and duet; the other voices sound around it, or one against it. "
        "With auto, mode harmonize recognises a tune in the tenor or the bass by its register, and the other voices "
        "come above it; in mode duet you play the soprano.",
        choices={voice: voice.capitalize() for voice in VOICES} | {"auto": "Auto"},
    )
    duet_voice: str = setting(
        "bass",
        "Duet voice",
        "In mode duet, the voice that the model plays against yours. If you play it yourself, the other outer voice "
        "sounds. It needs a beat: your DAW's clock, Link or a fixed tempo.",
        choices={voice: voice.capitalize() for voice in reversed(VOICES)},
    )
    counterpoint: str = setting(
        "free",
        "Counterpoint",
        "In mode duet, the pace of the model's voice, after the species of counterpoint: free; a note with each of "
        "yours; two or four notes to a quarter, 8ths or 16ths; or suspensions: notes struck between the beats, tied "
        "over the next beat and resolved down by a step. It rests when you do.",
        choices={
            "free": "Free",
            "1:1": "1:1, note against note",
            "2:1": "2:1, 8ths",
            "4:1": "4:1, 16ths",
            "suspensions": "Suspensions",
        },
    )
    harmony: str = setting(
        "satb",
        "Voices",
        "The voices that sound. In mode harmonize your own voice is never doubled.",
        text=VOICE_INITIALS,
    )
    common_tones: str = setting(
        "hold",
        "Common tones",
        "What a voice does when it keeps its pitch under a new chord.",
        choices={"hold": "Held over", "strike": "Struck again", "model": "The model decides"},
    )
    chord_on: str = setting(
        "note",
        "New chords",
        "How often the harmony may change under your melody.",
        choices={"note": "On every note", "eighth": "On eighths", "beat": "On beats"},
    )
    chord_ms: int = setting(
        110,
        "Ornaments",
        "Notes that follow a chord sooner than this are ornaments and get no chord of their own.",
        range=(0, 2000),
        unit="ms",
    )
    legato_ms: int = setting(
        120,
        "Hold on",
        "How long the chord sounds on after your last key is up, so that the next note can take it over.",
        range=(0, 5000),
        unit="ms",
    )
    levels: tuple[int, ...] = setting(
        (100, 85, 85, 95),
        "Levels",
        "The velocities of soprano, alto, tenor and bass, in percent of yours.",
        range=(1, 400),
        unit="%",
    )
    rules: str = setting(
        "all",
        "Rules",
        "The rules of voice-leading that are kept. With all of them you hear no parallel fifths or octaves.",
        text=RULE_NAMES,
    )
    key: str = setting(
        "auto",
        "Key",
        "The key that answers and chords keep to; auto: the key of what you play.",
        text=KEY_NAME,
    )
    position: float = setting(
        0.0, "Spacing", "How far apart the voices lie: from close (-1) to wide (1).", range=(-1.0, 1.0)
    )
    density: float = setting(
        0.0,
        "Inner voices",
        "How often the inner voices move under a long note: from hardly ever (-1) to as often as they can (1).",
        range=(-1.0, 1.0),
    )
    candidates: int = setting(
        8,
        "Candidates",
        "How many chords are drawn for each note; the best one is played. More are cleaner and a little slower.",
        range=(1, 32),
        unit="chords",
    )
    cadence_control: int = setting(
        81,
        "Cadence controller",
        "The number of the MIDI controller that leads to a full close when its value reaches 64.",
        range=CONTROLLER_NUMBERS,
        special=NO_CONTROLLER,
    )
    reset_control: int = setting(
        82,
        "Begin again controller",
        "The number of the MIDI controller that makes everything start afresh when its value reaches 64.",
        range=CONTROLLER_NUMBERS,
        special=NO_CONTROLLER,
    )
    rest_bars: int = setting(
        2,
        "Fresh start",
        "The harmony starts afresh after this many bars of silence.",
        range=(1, 64),
        unit="bars",
    )

    hands: str = setting(
        "melody",
        "Hands",
        "How your two hands are told apart. All is melody: every key. Split: the left hand plays below the split "
        "point. Channels: each hand has a channel of its own. Lowest keys: the left hand plays the lowest keys "
        "that are down.",
        choices={
            "melody": "All is melody",
            "split": "Split point",
            "channels": "Two channels",
            "lowest": "Lowest keys",
        },
    )
    split_point: int = setting(
        -1,
        "Split point",
        "The lowest note of the right hand: 60 is middle C. Learnt: it follows the gap between your hands.",
        range=(0, 127),
        special=SpecialValue(-1, "to learn it from the gap between the hands", "Learnt"),
    )
    melody_channel: int = setting(
        1, "Melody channel", "The MIDI channel of your melody, if each hand has one.", range=(1, 16)
    )
    chord_channel: int = setting(
        2, "Chord channel", "The MIDI channel of your left hand, if each hand has one.", range=(1, 16)
    )
    left_keys: int = setting(
        3,
        "Left-hand keys",
        "How many of the lowest keys are the left hand's at most; the highest key always is the melody's.",
        range=(1, 5),
        unit="keys",
    )
    left_hand: str = setting(
        "context",
        "Left hand",
        "What your left hand does. Obeyed: in mode Harmonize the chords keep to its notes and its bass. Heard: a "
        "phrase is answered with its notes in it. Ignored: only the melody counts.",
        choices={"obey": "Obeyed", "context": "Heard", "ignore": "Ignored"},
    )
    ignored_channels: str = setting(
        "10",
        "Ignored",
        "The MIDI channels whose notes do not count, such as 10 for drums and pads; none lets all count. Controllers "
        "that give commands count on every channel.",
        text=CHANNEL_LIST,
    )
    velocity_curve: str = setting(
        "linear",
        "Touch",
        "How hard your notes count: soft makes light touches louder, hard makes them softer.",
        text=VELOCITY_CURVE,
    )
    transpose: int = setting(
        0,
        "Transpose",
        "How many semitones higher your notes count; negative: lower.",
        range=(-24, 24),
        unit="semitones",
    )
    latch: bool = setting(
        False, "Latch", "On: the keys of a note or chord stay held until the same hand plays the next one."
    )

    @property
    def ignored_channel_numbers(self) -> frozenset[int]:
        """Channels, from 1, whose notes do not count."""
        return _parse_channels_once(self.ignored_channels) or frozenset()

    @property
    def voice_index(self) -> int:
        """Index of the voice that the player plays: the soprano as long as no other one is recognised."""
        return VOICES.index(self.voice) if self.voice in VOICES else 0

    @property
    def velocity_exponent(self) -> float:
        """Exponent of the velocity curve; 1 leaves velocities as they are."""
        return _parse_curve_once(self.velocity_curve) or 1.0

    @property
    def steps_per_bar(self) -> int:
        return self._meter.steps_per_bar

    @property
    def steps_per_beat(self) -> int:
        """Steps in a beat of the meter: four in 3/4, two in 7/8, six in 6/8."""
        return self._meter.steps_per_beat

    def is_click(self, data: bytes) -> bool:
        """Return True if this MIDI message that we send is a note of the metronome."""
        return (
            len(data) == 3
            and data[0] in (0x7F + self.metronome_channel, 0x8F + self.metronome_channel)
            and data[1] in (self.click_accent, self.click_note)
            and self.metronome_channel not in self.channels
        )

    @property
    def _meter(self) -> Meter:
        return _parse_meter_once(self.meter) or COMMON_TIME


def spec_of(name: str) -> Spec:
    """Return the `Spec` of a field; raises `KeyError`."""
    return Settings.__dataclass_fields__[name].metadata["spec"]


def range_of(name: str) -> tuple[float, float]:
    """Return the least and the greatest value of a field that has a range."""
    limits = spec_of(name).range
    assert limits, f"{name} has no range"
    return limits


_SHOWN_CHARACTERS = 80
"""Characters of a wrong name or value that an error quotes."""
_FORMER_METER_NAME = "beats_per_bar"
"""The setting `meter` in earlier versions, as quarters in a bar; their settings, presets and logs are still read."""
SETTING_NAMES = tuple(field.name for field in fields(Settings))
MODES = tuple(spec_of("mode").choices)
ANSWERS = tuple(spec_of("answer").choices)


def task_for_answer(answer: str) -> str:
    """Return the task that a model is asked for: a dream is one continuation after the other."""
    return "continue" if answer == "dream" else answer


def option_name(name: str) -> str:
    """Return a field's name as people write it on the command line: "phrase-end"."""
    return name.replace("_", "-")


def validated(settings: Settings) -> Settings:
    """Return the settings; raises `ConfigError` that names the first field out of range and what it accepts.

    Fields that contradict each other raise it as well.
    """
    for name in SETTING_NAMES:
        value, spec = getattr(settings, name), spec_of(name)
        if not spec.is_valid(value):
            raise _refusal(name, value, spec.advice(value))
    if settings.hands == "channels":
        _check_channels(settings)
    return settings


def _check_channels(settings: Settings) -> None:
    """Raise `ConfigError` if the hands share a channel, or if one of them is ignored."""
    if settings.melody_channel == settings.chord_channel:
        raise ConfigError(
            f"The melody and the left hand cannot both be on channel {settings.melody_channel}: give melody-channel "
            "and chord-channel two different channels."
        )
    for name in ("melody_channel", "chord_channel"):
        channel = getattr(settings, name)
        if channel in settings.ignored_channel_numbers:
            raise ConfigError(
                f"{option_name(name)} cannot be {channel}, which is ignored: give another channel, or take it out of "
                "ignored-channels."
            )


def with_setting(settings: Settings, name: str, value: object) -> Settings:
    """Return the settings with one field set and all checked; text is converted to the field's type ("on", "1,2").

    Raises `ConfigError` for an unknown name or a value that the field does not accept.
    """
    return with_values(settings, {name: value})


def with_values(settings: Settings, values: Mapping[str, object]) -> Settings:
    """Return the settings with the table's values in place of theirs, all checked together; see `with_setting`."""
    changes: dict[str, Any] = {}
    for name, value in values.items():
        known_name, known_value = _known_setting(name, value)
        spec = spec_of(known_name)
        try:
            changes[known_name] = spec.convert(known_value)
        except (TypeError, ValueError, OverflowError) as error:
            raise _refusal(known_name, known_value, spec.accepted_values) from error
    return validated(replace(settings, **changes))


def _known_setting(name: str, value: object) -> tuple[str, object]:
    """Return the field's name and the value for it; raises `ConfigError` for a name that no field has."""
    name = name.replace("-", "_")
    if name == _FORMER_METER_NAME:
        return "meter", f"{value}/4"
    if name not in SETTING_NAMES:
        near = difflib.get_close_matches(name[:_SHOWN_CHARACTERS], SETTING_NAMES, n=3) or SETTING_NAMES
        shown = _shortened(option_name(name))
        raise ConfigError(f'There is no setting "{shown}": try {", ".join(map(option_name, near))}.')
    return name, value


def settings_from_table(values: Mapping[str, object]) -> Settings:
    """Return the settings with the table's values in place of the defaults; raises `ConfigError`."""
    return with_values(Settings(), values)


def _refusal(name: str, value: object, advice: str) -> ConfigError:
    return ConfigError(f"{option_name(name)} cannot be {_shortened(format_value(value))}: give {advice}.")


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
