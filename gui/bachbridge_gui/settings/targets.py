"""What a control, or a learnt controller, moves: a setting, one voice's part of a setting, or a command.

A target is named by a word: a setting ("temperature"), an element of one ("levels.1" is the alto's level, "harmony.3"
whether the bass sounds), or one of `desk.COMMANDS` ("panic"). Here its value is taken out of the settings, put into
them, and made of a controller's 0 to 127. No widgets.
"""

from bachbridge.midi.messages import SWITCH_THRESHOLD
from bachbridge.music.general_midi import INSTRUMENT_NAMES
from bachbridge.music.notes import VOICES, key_name
from bachbridge.protocol.events import SettingValue
from bachbridge.settings import CHOICES, LIMITS, Settings
from bachbridge_gui.settings.store import COMMANDS

KEY_CHOICES = ("auto", *(key_name((tonic, minor)) for minor in (False, True) for tonic in range(12)))
"""What the key lock can be set to, as `Settings.key` takes it."""
INSTRUMENT_CHOICES = ("none", *INSTRUMENT_NAMES)
ENGINE_COMMAND_SETTINGS = {
    "panic": "panic_control",
    "end_phrase": "end_control",
    "cadence": "cadence_control",
    "reset": "reset_control",
}
"""Commands that the engine itself takes from a controller, and the setting that says which one."""
VOICE_RANGES = {"channels": (1, 16), "octaves": (-3, 3), "levels": (1, 200)}
"""The range of each voice's part; a knob moves the level no further than twice the player's."""
_PER_VOICE = (*VOICE_RANGES, "harmony")
_KNOB_RANGES = {"seed": (0, 127)} | VOICE_RANGES
"""Ranges for a controller where the setting's whole one makes no sense on a knob."""
_BOOLEAN_SETTINGS = tuple(name for name in Settings.__dataclass_fields__ if isinstance(getattr(Settings(), name), bool))
_LABELS = {
    "channels": "{} channel",
    "octaves": "{} octave",
    "levels": "{} level",
    "harmony": "{} on or off",
    "bpm": "tempo",
    "beats_per_bar": "beats in a bar",
    "phrase_end": "end of the phrase",
    "silence_beats": "silence that ends the phrase",
    "phrase_bars": "bars in a phrase",
    "answer": "kind of answer",
    "answer_bars": "length of the answer",
    "voice": "voice that you play",
    "chord_on": "new chords",
    "common_tones": "common tones",
    "thru": "your notes to the output",
    "top_p": "breadth of choice",
    "chord_ms": "ornament time",
    "legato_ms": "hold after the last key",
    "rest_bars": "rest before a fresh start",
    "latency_ms": "latency",
    "follow_clock": "DAW's clock",
    "reset": "begin again",
    "tap": "tap tempo",
}


def setting_of(target: str) -> str:
    """The setting that the target is, or is a part of."""
    return target.partition(".")[0]


def is_target(word: str) -> bool:
    """Whether it can be moved at all."""
    name, dot, index = word.partition(".")
    if dot:
        return name in _PER_VOICE and index in ("0", "1", "2", "3")
    return word in COMMANDS or (word in Settings.__dataclass_fields__ and word not in _PER_VOICE)


def target_label(target: str) -> str:
    """The target in words: "alto level"."""
    name, _, index = target.partition(".")
    words = _LABELS.get(name, name.replace("_", " "))
    return words.format(VOICES[int(index)]) if index else words


def value_of(settings: Settings, target: str) -> SettingValue:
    """What the target is set to."""
    name, _, index = target.partition(".")
    if name == "harmony" and index:
        return VOICES[int(index)][0] in settings.harmony
    value = getattr(settings, name)
    return value[int(index)] if index else value


def setting_change(settings: Settings, target: str, value: SettingValue) -> tuple[str, SettingValue | tuple[int, ...]]:
    """The setting to be changed and its whole new value, for `Desk.set`."""
    name, _, index = target.partition(".")
    if not index:
        return name, value
    if name == "harmony":
        on = [bool(value) if i == int(index) else voice[0] in settings.harmony for i, voice in enumerate(VOICES)]
        return name, "".join(voice[0] for voice, sounds in zip(VOICES, on, strict=True) if sounds)
    parts = list(getattr(settings, name))
    parts[int(index)] = int(value)
    return name, tuple(parts)


def value_from_controller(target: str, position: int, models: tuple[str, ...] = ()) -> SettingValue | None:
    """What a controller at `position` (0 to 127) sets the target to; None where it can set nothing."""
    name = setting_of(target)
    named = {"key": KEY_CHOICES, "model": models, "rules": ("none", "all"), "instrument": INSTRUMENT_CHOICES}
    words = named.get(name) or CHOICES.get(name)
    if words:
        return words[position * len(words) // 128]
    if name in ("harmony", *_BOOLEAN_SETTINGS):
        return position >= SWITCH_THRESHOLD
    if name not in _KNOB_RANGES and name not in LIMITS:
        return None
    low, high = _KNOB_RANGES.get(name) or LIMITS[name]
    if name == "answer_bars":
        low = 0  # as long as the phrase
    value = low + (high - low) * position / 127
    return round(value, 3) if isinstance(getattr(Settings(), name), float) else round(value)
