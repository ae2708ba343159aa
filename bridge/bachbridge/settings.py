"""Everything a person can set, in one frozen value: its fields are the command line's options, the window's controls.

Values come as text, numbers or lists (from options, from `Setting` events, from the file of settings);
`with_value` gives them the field's type, `checked` holds them against `LIMITS` and `CHOICES`. The file is flat TOML
in the user's configuration folder. Only `load` and `save` touch files.
"""

import difflib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from bachbridge.atomic_files import rename_damaged_file
from bachbridge.errors import ConfigError
from bachbridge.music.general_midi import INSTRUMENT_NAMES, closest_names, find_program
from bachbridge.music.notes import VOICE_LEADING_RULES, VOICES, parse_key


@dataclass(frozen=True, slots=True)
class Settings:
    """The session's settings. Beats are quarter notes, channels are 1-based here (0-based on the wire)."""

    mode: str = "continue"
    """One of `MODES`."""
    model: str = "chorale-lstm"
    temperature: float = 0.9
    top_p: float = 0.95
    bpm: float = 0.0
    """0: estimate the tempo from what is played."""
    beats_per_bar: int = 4
    phrase_end: str = "silence"
    """One of `PHRASE_ENDS`; a control message and the command `EndPhrase` end a phrase under each of them."""
    silence_beats: float = 4.0
    phrase_bars: int = 4
    """Length of a phrase in bars where `phrase_end` is "bars"."""
    end_control: int = 80
    """Controller number whose value of 64 or more ends the phrase; -1: none."""
    answer: str = "continue"
    """What the answer to a phrase is, one of `ANSWERS`: what comes after it, the phrase in four voices, a variation, or
    a dream: what comes after it, and after that, without end."""
    answer_bars: int = 0
    """How long a continuation is; 0: as long as the phrase. Other answers are always as long as the phrase."""
    let_finish: bool = False
    """Whether the answer goes on when the player plays again."""
    thru: bool = False
    channels: tuple[int, ...] = (1, 2, 3, 4)
    """MIDI channel of soprano, alto, tenor and bass."""
    octaves: tuple[int, ...] = (0, 0, 0, 0)
    """By how many octaves soprano, alto, tenor and bass sound higher or lower than they are sung."""
    latency_ms: int = 0
    """How much earlier than written the answer is sent, for an instrument that speaks late; negative: later."""
    follow_clock: bool = True
    """Whether the DAW's MIDI clock, while it runs, sets the tempo."""
    panic_control: int = 83
    """Controller number whose value of 64 or more silences everything; -1: none."""
    instrument: str = "none"
    """The General MIDI instrument of the answering voices' channels; "none": whatever is set at the receiver."""
    seed: int = -1
    """-1: a new one for each phrase."""

    voice: str = "soprano"
    """Which of the four voices the player sings in mode "harmonize"."""
    harmony: str = "satb"
    """The initials of the voices that sound; the player's own is never doubled."""
    common_tones: str = "hold"
    """What a voice does that keeps its pitch under a new note: one of `COMMON_TONES`."""
    chord_on: str = "note"
    """On which of the player's notes the harmony may change: one of `CHORD_ON`."""
    chord_ms: int = 110
    """Notes that follow each other sooner than this are ornaments: the harmony waits."""
    legato_ms: int = 120
    """How long the voices sound on after the last key is up, for the next note to take them over."""
    levels: tuple[int, ...] = (100, 85, 85, 95)
    """Velocity of soprano, alto, tenor and bass in percent of the player's."""
    rules: str = "all"
    """Rules of voice-leading that are kept: "all", "none", or names of `voiceleading.RULES` divided by commas."""
    key: str = "auto"
    """ "auto", or a key such as "G", "Bb" or "F# minor"."""
    position: float = 0.0
    """From -1 (close) to 1 (wide)."""
    density: float = 0.0
    """From -1 (inner voices lie still) to 1 (they move as often as they can)."""
    candidates: int = 8
    """How many chords are drawn for each note, of which the best is played."""
    cadence_control: int = 81
    """Controller number whose value of 64 or more leads to a full close; -1: none."""
    reset_control: int = 82
    """Controller number whose value of 64 or more begins afresh; -1: none."""
    rest_bars: int = 2
    """After so many bars of silence the harmony begins afresh."""


MODES = ("continue", "harmonize", "off")
COMMON_TONES = ("hold", "strike", "model")
CHORD_ON = ("note", "eighth", "beat")
ANSWERS = ("continue", "harmonize", "vary", "dream")
PHRASE_ENDS = ("silence", "pedal", "bars", "control")


def task_for_answer(answer: str) -> str:
    """What a model is asked for to that end: a dream is one continuation after the other."""
    return "continue" if answer == "dream" else answer


CHOICES = {
    "mode": MODES,
    "phrase_end": PHRASE_ENDS,
    "answer": ANSWERS,
    "voice": VOICES,
    "common_tones": COMMON_TONES,
    "chord_on": CHORD_ON,
}
"""The words a field takes."""
LIMITS: dict[str, tuple[float, float]] = {
    "temperature": (0.1, 2.0),
    "top_p": (0.05, 1.0),
    "bpm": (20.0, 300.0),
    "beats_per_bar": (1, 16),
    "silence_beats": (0.25, 64.0),
    "phrase_bars": (1, 64),
    "end_control": (0, 127),
    "answer_bars": (1, 64),
    "seed": (0, 2**31 - 1),
    "chord_ms": (0, 2000),
    "legato_ms": (0, 5000),
    "position": (-1.0, 1.0),
    "density": (-1.0, 1.0),
    "candidates": (1, 32),
    "cadence_control": (0, 127),
    "reset_control": (0, 127),
    "rest_bars": (1, 64),
    "latency_ms": (-500, 500),
    "panic_control": (0, 127),
}
"""The least and the greatest value of a field's range."""
SPECIAL_VALUES = {"bpm": (0, "0 to follow the playing"), "end_control": (-1, "-1 for none"),
           "panic_control": (-1, "-1 for none"),
           "cadence_control": (-1, "-1 for none"), "reset_control": (-1, "-1 for none"),
           "answer_bars": (0, "0 for the phrase's length"), "seed": (-1, "-1 for a new one each time")}  # fmt: skip
"""A value outside the range that a field also takes, and what it means."""

_VALUE_DESCRIPTIONS = {
    "channels": "four MIDI channels from 1 to 16, such as 1,2,3,4",
    "levels": "four percentages from 1 to 400, such as 100,85,85,95",
    "octaves": "four numbers of octaves from -3 to 3, such as 0,0,0,-1",
    "harmony": "initials of the voices, such as satb, atb or b",
    "rules": f"all, none, or names by commas out of {', '.join(VOICE_LEADING_RULES)}",
    "key": 'auto, or a key such as G, "Bb" or "F# minor"',
    "instrument": 'none, or a General MIDI instrument such as "Church Organ"',
}
"""What the fields take that neither a range nor a list of words describes."""

_TRUE_WORDS, _FALSE_WORDS = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def option_name(name: str) -> str:
    """A field's name as people write it on the command line: "phrase-end"."""
    return name.replace("_", "-")


def describe_accepted_values(name: str) -> str:
    """What a field takes, in words: "0.1 to 2", "20 to 300 or 0 to follow the playing"."""
    if name in CHOICES:
        return ", ".join(CHOICES[name])
    if name in _VALUE_DESCRIPTIONS:
        return _VALUE_DESCRIPTIONS[name]
    if name not in LIMITS:
        return "a name"
    low, high = LIMITS[name]
    return f"{low:g} to {high:.10g}" + (f", or {SPECIAL_VALUES[name][1]}" if name in SPECIAL_VALUES else "")


def validated(settings: Settings) -> Settings:
    """The same settings, or `ConfigError` that names the first field out of range and what it takes."""
    for field in fields(settings):
        value = getattr(settings, field.name)
        if not _is_valid(field.name, value):
            raise ConfigError(
                f"{option_name(field.name)} cannot be {_format_value(value)}: give {_suggestion(field.name, value)}."
            )
    return settings


def _suggestion(name: str, value: Any) -> str:
    """What a person who gave this value may have meant, or what the field takes."""
    return (
        " or ".join(map(_format_value, closest_names(value)))
        if name == "instrument"
        else describe_accepted_values(name)
    )


def with_setting(settings: Settings, name: str, value: object) -> Settings:
    """The settings with one field set and all checked; text is converted to the field's type ("on", "1,2,3,4")."""
    name = name.replace("-", "_")
    known = [field.name for field in fields(Settings)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3) or known
        raise ConfigError(f'There is no setting "{option_name(name)}": try {", ".join(map(option_name, near))}.')
    typed = _converted(name, getattr(Settings(), name), value)
    changes: dict[str, Any] = {name: typed}
    return validated(replace(settings, **changes))


def settings_from_table(values: Mapping[str, object]) -> Settings:
    """The settings with the table's values in place of the defaults; raises `ConfigError`."""
    settings = Settings()
    for name, value in values.items():
        settings = with_setting(settings, name, value)
    return settings


def _is_valid(name: str, value: Any) -> bool:
    if name in CHOICES:
        return value in CHOICES[name]
    match name:
        case "channels":
            return len(value) == 4 and all(1 <= channel <= 16 for channel in value)
        case "octaves":
            return len(value) == 4 and all(-3 <= octaves <= 3 for octaves in value)
        case "levels":
            return len(value) == 4 and all(1 <= percent <= 400 for percent in value)
        case "harmony":
            return bool(value) and set(value) <= {voice[0] for voice in VOICES}
        case "rules":
            return value in ("all", "none") or set(value.split(",")) <= set(VOICE_LEADING_RULES)
        case "instrument":
            return value == "none" or find_program(value) is not None
        case "key":
            return value == "auto" or parse_key(value) is not None
        case _:
            pass
    if name in LIMITS:
        low, high = LIMITS[name]
        return low <= value <= high or (name in SPECIAL_VALUES and value == SPECIAL_VALUES[name][0])
    return not isinstance(value, str) or (bool(value.strip()) and value.isprintable())


def _format_value(value: Any) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case tuple() | list():
            return ",".join(str(item) for item in value) or "empty"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] # of any items: it is what someone gave
        case _:
            return f"{value:.10g}" if isinstance(value, float) else str(value)


def _converted(name: str, default: Any, value: Any) -> Any:
    """The value in the type of the field's default."""
    try:
        match default:
            case bool():
                return _parse_bool(value)
            case str():
                return _canonical_text(name, _require_text(value))
            case int():
                return _parse_int(value)
            case float():
                return float(value)
            case _:
                return _parse_ints(value)
    except (TypeError, ValueError, OverflowError) as error:
        wanted = "on or off" if isinstance(default, bool) else describe_accepted_values(name)
        raise ConfigError(f"{option_name(name)} cannot be {_format_value(value)}: give {wanted}.") from error


def _parse_bool(value: object) -> bool:
    word = str(value).strip().lower()
    if word not in _TRUE_WORDS + _FALSE_WORDS:
        raise ValueError(word)
    return word in _TRUE_WORDS


def _require_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _canonical_text(name: str, text: str) -> str:
    """The text, an instrument by its full name."""
    number = find_program(text) if name == "instrument" else None
    return text if number is None else INSTRUMENT_NAMES[number]


def _parse_int(value: Any) -> int:
    if isinstance(value, bool) or (not isinstance(value, str) and value != int(value)):
        raise ValueError(value)
    return int(value)


def _parse_ints(value: str | Sequence[object]) -> tuple[int, ...]:
    items = value.replace(",", " ").split() if isinstance(value, str) else value
    return tuple(_parse_int(item) for item in items)


# ---------------------------------------------------------------- the file


def settings_path() -> Path:
    """Where the user's settings lie on this system."""
    from platformdirs import user_config_path

    return user_config_path("bachbridge", appauthor=False) / "settings.toml"


def load_settings(path: Path) -> Settings:
    """The settings of a file; the defaults where there is none. `ConfigError` says what is wrong in it."""
    try:
        return settings_from_table(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"The settings in {path} cannot be read ({error}): mend that file or delete it.") from error


def load_or_recover_settings(path: Path) -> tuple[Settings, str]:
    """Like `load`; a damaged file is set aside under another name, which the sentence that is returned says."""
    try:
        return load_settings(path), ""
    except ConfigError as error:
        try:
            aside = rename_damaged_file(path)
        except OSError:
            raise error from None
        return Settings(), f"The settings could not be read and now lie in {aside.name}: these are the first ones."


def save_settings(settings: Settings, path: Path) -> None:
    """Writes the file whole or not at all; its folder is made where it is missing."""
    lines = [f"{name} = {_toml_value(value)}\n" for name, value in asdict(validated(settings)).items()]
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text("".join(lines), encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ConfigError(f"The settings cannot be saved in {path}: {error.strerror}.") from error


def _toml_value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # for flat printable values JSON and TOML are written alike
