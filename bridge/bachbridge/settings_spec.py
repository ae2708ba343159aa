"""Description of a setting: its range, choices and special value, its words for people, and its checks.

Each field of `Settings` carries a `Spec`. The checks, the command line, the side panel and `docs/settings.md` all read
it from there. Values arrive as text, numbers or lists (from options, messages and files); `Spec.convert` gives them the
type of the default.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar, Unpack, cast

from bachbridge.music.general_midi import INSTRUMENT_NAMES, closest_names, find_program
from bachbridge.music.notes import VOICE_LEADING_RULES, VOICES
from bachbridge.music.timeline import MAX_METER_NUMERATOR, parse_meter
from bachbridge.music.tonality.key_names import parse_key, similar_key_names, standard_key_name

T = TypeVar("T")

_TRUE_WORDS, _FALSE_WORDS = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class SpecialValue:
    """A value outside the range that a setting accepts as well."""

    value: float
    purpose: str
    """The words that follow the number: in "0 to follow your playing", "to follow your playing"."""
    label: str = ""
    """The text that the window's number box shows instead of the number; empty: the box does not offer the value."""


@dataclass(frozen=True, slots=True)
class TextFormat:
    """Rules for a text that no list of choices describes."""

    accepted: str
    """The accepted texts, in words."""
    is_valid: Callable[[str], bool]
    canonical: Callable[[str], str] = str
    """Return the form in which an accepted text is kept."""
    similar: Callable[[str], Sequence[str]] | None = None
    """Return accepted texts that resemble a refused one."""


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything about a setting except its name."""

    label: str
    """The short name in the window."""
    help: str
    """A description of the setting's effect, for the command line, the window's tooltip and the documentation."""
    range: tuple[float, float] | None = None
    """The least and the greatest value; of a tuple, those of each element."""
    choices: Mapping[str, str] = field(default_factory=dict[str, str])
    """The words that the setting accepts, each with its label in the window."""
    special: SpecialValue | None = None
    unit: str = ""
    text: TextFormat | None = None
    default: Any = None

    @property
    def accepted_values(self) -> str:
        """The accepted values in words: "0.1 to 2", "20 to 300 bpm, or 0 to follow your playing"."""
        if self.choices:
            return ", ".join(self.choices)
        if self.text:
            return self.text.accepted
        if self.range is None:
            return "on or off"
        numbers = f"{self.range[0]:g} to {self.range[1]:.10g}"
        if self._is_per_voice:
            return f"four numbers from {numbers}, such as {format_value(self.default)}"
        unit = f" {self.unit}" if self.unit else ""
        special = f", or {self.special.value:g} {self.special.purpose}" if self.special else ""
        return numbers + unit + special

    @property
    def default_text(self) -> str:
        """The default as people write it: "on", "0.9", "1,2,3,4"."""
        if isinstance(self.default, bool):
            return "on" if self.default else "off"
        return self.default if isinstance(self.default, str) else format_value(self.default)

    @property
    def _is_per_voice(self) -> bool:
        return isinstance(self.default, tuple)

    def is_valid(self, value: Any) -> bool:
        """Return True if the setting accepts the value, which has the type of the default."""
        if self.choices:
            return value in self.choices
        if self.text:
            return self.text.is_valid(value)
        if self.range is None:
            return True
        low, high = self.range
        if self._is_per_voice:
            return len(value) == 4 and all(low <= number <= high for number in value)
        return low <= value <= high or (self.special is not None and value == self.special.value)

    def advice(self, refused: Any) -> str:
        """Describe what to give instead of a refused value."""
        similar = self.text.similar(refused) if self.text and self.text.similar and isinstance(refused, str) else ()
        return " or ".join(map(format_value, similar)) or self.accepted_values

    def convert(self, value: Any) -> Any:
        """Return the value in the type of the default; raises `ValueError`, `TypeError` or `OverflowError`."""
        match self.default:
            case bool():
                return _parse_bool(value)
            case str():
                text = _require_text(value)
                return self.text.canonical(text) if self.text else text
            case int():
                return _parse_int(value)
            case float():
                return parse_number(value) if isinstance(value, str) else float(value)
            case _:
                return _parse_ints(value.replace("%", "") if isinstance(value, str) and self.unit == "%" else value)


class SpecParts(TypedDict, total=False):
    """The optional parts of a `Spec`."""

    range: tuple[float, float]
    choices: Mapping[str, str]
    special: SpecialValue
    unit: str
    text: TextFormat


def setting(default: T, label: str, explanation: str, **parts: Unpack[SpecParts]) -> T:
    """Return a dataclass field that carries its `Spec`; to type checkers it is its default value."""
    return field(default=default, metadata={"spec": Spec(label, explanation, default=default, **parts)})


def format_value(value: Any) -> str:
    """Write a value as people write it: texts in quotes, lists with commas."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case tuple() | list():
            return ",".join(map(str, cast("Sequence[object]", value))) or "empty"
        case _:
            return f"{value:.10g}" if isinstance(value, float) else str(value)


def parse_number(text: str) -> float:
    """Return the number that a person writes as "0.4", "0,4" or "40%"; raises `ValueError`."""
    plain = text.strip().replace(",", ".")
    number = float(plain.removesuffix("%"))
    return round(number / 100, 12) if plain.endswith("%") else number


def _parse_bool(value: object) -> bool:
    word = str(value).strip().lower()
    if word not in _TRUE_WORDS + _FALSE_WORDS:
        raise ValueError(word)
    return word in _TRUE_WORDS


def _require_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _parse_int(value: Any) -> int:
    if isinstance(value, bool) or (not isinstance(value, str) and value != int(value)):
        raise ValueError(value)
    return int(value)


def _parse_ints(value: str | Sequence[object]) -> tuple[int, ...]:
    items = value.replace(",", " ").split() if isinstance(value, str) else value
    return tuple(_parse_int(item) for item in items)


# ---------------------------------------------------------------- kinds of settings


def _is_instrument(text: str) -> bool:
    return text == "none" or find_program(text) is not None


def _full_instrument_name(text: str) -> str:
    program = find_program(text)
    return text if program is None else INSTRUMENT_NAMES[program]


MODEL_NAME = TextFormat(
    "a name that `bachbridge models` lists, or the path of a model's folder",
    lambda text: bool(text.strip()) and text.isprintable(),
)
INSTRUMENT = TextFormat(
    'none, or a General MIDI instrument such as "Church Organ"', _is_instrument, _full_instrument_name, closest_names
)
SOUND_FONT = TextFormat(
    "auto for one that is installed, none for the built-in instruments, or the path of a sound font (.sf2, .sf3)",
    lambda text: text in ("auto", "none") or text.lower().endswith((".sf2", ".sf3")),
)
VOICE_INITIALS = TextFormat(
    "initials of the voices, such as satb, atb or b",
    lambda text: bool(text) and set(text) <= {voice[0] for voice in VOICES},
)
RULE_NAMES = TextFormat(
    f"all, none, or names separated by commas ({', '.join(VOICE_LEADING_RULES)})",
    lambda text: text in ("all", "none") or set(text.split(",")) <= set(VOICE_LEADING_RULES),
)
METER = TextFormat(
    f"a meter of 1 to {MAX_METER_NUMERATOR} halves, quarters, 8ths or 16ths, such as 4/4, 3/4, 6/8 or 7/8",
    lambda text: parse_meter(text) is not None,
    lambda text: text.replace(" ", ""),
)
KEY_NAME = TextFormat(
    'auto, a key such as G, "Bb", "F# minor" or "Fis-Moll", or a mode such as "D dorian"',
    lambda text: text == "auto" or parse_key(text) is not None,
    standard_key_name,
    similar_key_names,
)


def parse_channels(text: str) -> frozenset[int] | None:
    """Return the channels, from 1, that a text such as "10,16" or "none" lists; None if it lists something else."""
    if text == "none":
        return frozenset()
    try:
        numbers = frozenset(map(int, text.split(",")))
    except ValueError:
        return None
    return numbers if numbers <= frozenset(range(1, 17)) and len(numbers) < 16 else None


_VELOCITY_EXPONENTS = {"soft": 0.6, "linear": 1.0, "hard": 1.7}
_MIN_EXPONENT, _MAX_EXPONENT = 0.2, 5.0


def parse_velocity_curve(text: str) -> float | None:
    """Return the exponent of a velocity curve, such as 0.6 for "soft"; None if the text gives none."""
    try:
        exponent = _VELOCITY_EXPONENTS.get(text) or float(text)
    except ValueError:
        return None
    return exponent if _MIN_EXPONENT <= exponent <= _MAX_EXPONENT else None


CHANNEL_LIST = TextFormat(
    "none, or at most 15 channels from 1 to 16 with commas between them, such as 10 or 10,16",
    lambda text: parse_channels(text.replace(" ", "")) is not None,
    lambda text: text.replace(" ", ""),
)
VELOCITY_CURVE = TextFormat(
    f"soft, linear, hard, or an exponent from {_MIN_EXPONENT:g} (softest touch) to {_MAX_EXPONENT:g} (hardest)",
    lambda text: parse_velocity_curve(text) is not None,
)
CONTROLLER_NUMBERS = (0, 127)
NO_CONTROLLER = SpecialValue(-1, "for none")
