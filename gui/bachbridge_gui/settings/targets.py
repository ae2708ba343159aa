"""Targets: what a control of the window or a learnt MIDI controller changes.

A target is a word: a setting ("temperature"), one voice's part of a setting ("levels.1" is the alto's level,
"harmony.3" whether the bass sounds), or one of `store.COMMANDS` ("panic"). The functions here read a target's value
from the settings, write it there, and turn a controller's 0 to 127 into a value. No widgets.
"""

from bachbridge.files.sound.sound_fonts import AUTOMATIC_FONT, NO_FONT
from bachbridge.midi.messages import SWITCH_THRESHOLD
from bachbridge.music.general_midi import INSTRUMENT_NAMES
from bachbridge.music.notes import VOICES, key_name
from bachbridge.protocol.field_types import SettingValue
from bachbridge.settings import SETTING_NAMES, Settings, spec_of
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.translation import tr, tr_setting, translatable

KEY_CHOICES = ("auto", *(key_name((tonic, minor)) for minor in (False, True) for tonic in range(12)))
"""The keys that a knob runs through, as `Settings.key` accepts them."""
MODE_CHOICES = tuple(
    f"{key_name((final, False)).removesuffix(' major')} {mode}"
    for mode in ("dorian", "phrygian", "lydian", "mixolydian", "aeolian")
    for final in range(12)
)
"""The modes that the window offers besides."""
METER_CHOICES = (
    *("2/2", "3/2", "2/4", "3/4", "4/4", "5/4", "6/4"),
    *("3/8", "5/8", "6/8", "7/8", "9/8", "12/8"),
    *("5/16", "7/16"),
)
"""The meters that the window offers; `Settings.meter` accepts more."""
IGNORED_CHANNEL_CHOICES = ("10", "none")
TOUCH_CHOICES = ("soft", "linear", "hard")
"""The velocity curves that the window offers; `Settings.velocity_curve` accepts any exponent."""
INSTRUMENT_CHOICES = ("none", *INSTRUMENT_NAMES)
ENGINE_COMMAND_SETTINGS = {
    "panic": "panic_control",
    "end_phrase": "end_control",
    "cadence": "cadence_control",
    "reset": "reset_control",
    "tap": "tap_control",
    "start_playing": "start_control",
}
"""The commands that the engine itself accepts from a MIDI controller, each with the setting of its number."""
_VOICE_WORDS = (translatable("soprano"), translatable("alto"), translatable("tenor"), translatable("bass"))
_VOICE_LABELS = (translatable("Soprano"), translatable("Alto"), translatable("Tenor"), translatable("Bass"))
_PER_VOICE = ("channels", "octaves", "levels", "harmony")
_KNOB_RANGES = {"seed": (0, 127), "levels": (1, 200), "answer_bars": (0, 64)}
"""Ranges of a knob that differ from the setting's: few seeds, at most twice the player's level, and an answer as long
as the phrase (0)."""
_LABELS = {
    "channels": translatable("{voice} channel"),
    "octaves": translatable("{voice} octave"),
    "levels": translatable("{voice} level"),
    "harmony": translatable("{voice} on or off"),
    "bpm": translatable("tempo"),
    "start": translatable("start of the answer"),
    "phrase_end": translatable("end of the phrase"),
    "silence_beats": translatable("silence that ends the phrase"),
    "phrase_bars": translatable("bars in a phrase"),
    "answer": translatable("kind of answer"),
    "answer_bars": translatable("length of the answer"),
    "close": translatable("close of the answer"),
    "voice": translatable("voice that you play"),
    "chord_on": translatable("new chords"),
    "common_tones": translatable("common tones"),
    "thru": translatable("your notes to the output"),
    "top_p": translatable("breadth of choice"),
    "chord_ms": translatable("ornament time"),
    "legato_ms": translatable("hold after the last key"),
    "rest_bars": translatable("rest before a fresh start"),
    "latency_ms": translatable("latency"),
    "follow_clock": translatable("DAW's clock"),
    "link": translatable("Ableton Link"),
    "link_start_stop": translatable("start and stop by Ableton Link"),
    "clock_out": translatable("clock to the output"),
    "reset": translatable("begin again"),
    "tap": translatable("tap tempo"),
    "start_playing": translatable("start and stop"),
    "stop_playing": translatable("stop"),
    "count_in_bars": translatable("bars of the count-in"),
    "metronome_channel": translatable("metronome's channel"),
    "click_accent": translatable("click on bar lines"),
    "click_note": translatable("click on beats"),
    "click_velocity": translatable("level of the clicks"),
    "hands": translatable("how your hands are told apart"),
    "left_keys": translatable("keys of the left hand"),
    "left_hand": translatable("what the left hand does"),
    "velocity_curve": translatable("touch"),
    "transpose": translatable("transposition of what you play"),
    "mode": translatable("mode"),
    "model": translatable("model"),
    "temperature": translatable("temperature"),
    "tempo_hint": translatable("tempo hint"),
    "meter": translatable("meter"),
    "metronome": translatable("metronome"),
    "foresee_end": translatable("foresee end"),
    "trade_bars": translatable("trade bars"),
    "let_finish": translatable("let finish"),
    "answer_pedal": translatable("answer pedal"),
    "instrument": translatable("instrument"),
    "sound": translatable("sound"),
    "sound_font": translatable("sound font"),
    "seed": translatable("seed"),
    "duet_voice": translatable("duet voice"),
    "counterpoint": translatable("counterpoint"),
    "rules": translatable("rules"),
    "key": translatable("key"),
    "position": translatable("position"),
    "density": translatable("density"),
    "candidates": translatable("candidates"),
    "split_point": translatable("split point"),
    "melody_channel": translatable("melody channel"),
    "chord_channel": translatable("chord channel"),
    "ignored_channels": translatable("ignored channels"),
    "latch": translatable("latch"),
    "panic": translatable("panic"),
    "end_phrase": translatable("end phrase"),
    "cadence": translatable("cadence"),
}
"""Names of targets that stand alone; the labels of the panel need their section's heading beside them."""


def setting_of(target: str) -> str:
    """Return the setting that the target is, or is a part of."""
    return target.partition(".")[0]


def is_target(word: str) -> bool:
    """Return True if the word names a target."""
    name, dot, index = word.partition(".")
    if dot:
        return name in _PER_VOICE and index in ("0", "1", "2", "3")
    return word in COMMANDS or (word in SETTING_NAMES and word not in _PER_VOICE)


def target_label(target: str) -> str:
    """Return the target's name for people: "alto level"."""
    name, _, index = target.partition(".")
    if index:
        return tr(_LABELS[name], voice=voice_name(int(index)))
    return tr(_LABELS.get(name, name.replace("_", " ")))


def mode_name(mode: str) -> str:
    """Return the mode's name for people."""
    return tr_setting(spec_of("mode").choices.get(mode, mode))


def voice_name(voice: int, *, capital: bool = False) -> str:
    """Return the name of a voice as it stands in a sentence, or with a capital letter as a label."""
    return tr(_VOICE_LABELS[voice]) if capital else tr(_VOICE_WORDS[voice])


def value_of(settings: Settings, target: str) -> SettingValue:
    """Return the target's value in the settings."""
    name, _, index = target.partition(".")
    if name == "harmony" and index:
        return VOICES[int(index)][0] in settings.harmony
    value = getattr(settings, name)
    return value[int(index)] if index else value


def setting_change(settings: Settings, target: str, value: SettingValue) -> tuple[str, SettingValue | tuple[int, ...]]:
    """Return the setting to change and its whole new value, as `SettingsStore.set` accepts them."""
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
    """Return the value for a controller's position (0 to 127); None if the target has none, such as a command."""
    name = setting_of(target)
    if name not in SETTING_NAMES:
        return None
    spec = spec_of(name)
    listed = {
        "key": KEY_CHOICES,
        "meter": METER_CHOICES,
        "model": models,
        "rules": ("none", "all"),
        "sound_font": (NO_FONT, AUTOMATIC_FONT),
        "instrument": INSTRUMENT_CHOICES,
        "ignored_channels": IGNORED_CHANNEL_CHOICES,
        "velocity_curve": TOUCH_CHOICES,
    }
    words = listed.get(name) or tuple(spec.choices)
    if words:
        return words[position * len(words) // 128]
    if name == "harmony" or isinstance(spec.default, bool):
        return position >= SWITCH_THRESHOLD
    limits = _KNOB_RANGES.get(name) or spec.range
    if limits is None:
        return None
    low, high = limits
    value = low + (high - low) * position / 127
    return round(value, 3) if isinstance(spec.default, float) else round(value)
