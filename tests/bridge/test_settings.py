"""Settings: the values that each field accepts, and how text becomes a value."""

from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge.errors import ConfigError
from bachbridge.settings import SETTING_NAMES, Settings, settings_from_table, spec_of, validated, with_setting
from bachbridge.settings_table import settings_markdown

ROOT = Path(__file__).parents[2]
WRONG = [
    ("mode", "waltz"),
    ("model", ""),
    ("model", "two\nlines"),
    ("temperature", 0.0),
    ("temperature", 2.01),
    ("temperature", float("nan")),
    ("temperature", "warm"),
    ("top_p", 0.0),
    ("top_p", 1.5),
    ("bpm", 19.9),
    ("bpm", 301),
    ("bpm", float("inf")),
    ("meter", "0/4"),
    ("meter", "5/3"),
    ("meter", "33/8"),
    ("meter", "4"),
    ("meter", 4),
    ("phrase_end", "never"),
    ("silence_beats", 0.2),
    ("phrase_bars", 65),
    ("end_control", 128),
    ("end_control", -2),
    ("answer", "sing"),
    ("answer", ""),
    ("answer_bars", -1),
    ("let_finish", "perhaps"),
    ("thru", 2),
    ("channels", "1,2,3"),
    ("channels", "1,2,3,17"),
    ("channels", "a,b,c,d"),
    ("channels", 5),
    ("channels", [1, 2, 3, 4, 5]),
    ("seed", -2),
    ("seed", "1e3"),
    ("seed", None),
    ("hands", "feet"),
    ("split_point", 128),
    ("split_point", -2),
    ("split_point", "C4"),
    ("melody_channel", 0),
    ("chord_channel", 17),
    ("left_keys", 0),
    ("left_keys", 6),
    ("left_hand", "both"),
    ("ignored_channels", ""),
    ("ignored_channels", "0"),
    ("ignored_channels", "10,17"),
    ("ignored_channels", ",".join(map(str, range(1, 17)))),
    ("velocity_curve", "steep"),
    ("velocity_curve", "0"),
    ("velocity_curve", "nan"),
    ("velocity_curve", "inf"),
    ("transpose", 25),
    ("latch", "maybe"),
]


RANGES = {name: spec_of(name).range for name in SETTING_NAMES if spec_of(name).range}


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_value_is_refused_with_accepted_values(name: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        with_setting(Settings(), name, value)
    sentence = str(caught.value)
    assert sentence.startswith(f"{name.replace('_', '-')} cannot be ")
    assert len(sentence.splitlines()) == 1
    assert "give " in sentence


@pytest.mark.parametrize(
    ("name", "value", "typed"),
    [
        ("temperature", "1.25", 1.25),
        ("temperature", 1, 1.0),
        ("bpm", "0", 0.0),
        ("seed", "12", 12),
        ("seed", 12.0, 12),
        ("let-finish", "on", True),
        ("thru", "No", False),
        ("thru", 1, True),
        ("channels", "5, 6,7 8", (5, 6, 7, 8)),
        ("channels", [1, 1, 1, 16], (1, 1, 1, 16)),
        ("phrase-end", "pedal", "pedal"),
        ("end_control", -1, -1),
    ],
)
def test_value_is_converted_to_type_of_field(name: str, value: object, typed: object) -> None:
    converted = getattr(with_setting(Settings(), name, value), name.replace("-", "_"))
    assert converted == typed
    assert type(converted) is type(typed)


@pytest.mark.parametrize(
    "values",
    [
        {"hands": "channels", "melody_channel": 3, "chord_channel": 3},
        {"chord_channel": 1, "hands": "channels"},
        {"hands": "channels", "chord_channel": 10},
        {"ignored_channels": "1", "hands": "channels"},
    ],
)
def test_contradicting_roles_are_refused_in_one_sentence(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_from_table(values)
    assert str(caught.value).count(".") == 1
    assert "give" in str(caught.value)
    assert settings_from_table(values | {"hands": "split"}).hands == "split"


def test_roles_are_checked_together_whatever_their_order() -> None:
    values = {"hands": "channels", "melody_channel": 2, "chord_channel": 1}
    for names in (("hands", "melody_channel", "chord_channel"), ("melody_channel", "hands", "chord_channel")):
        assert settings_from_table({name: values[name] for name in names}).chord_channel == 1


def test_unknown_setting_is_answered_with_similar_names() -> None:
    with pytest.raises(ConfigError, match="temperature"):
        with_setting(Settings(), "temprature", 1.0)
    with pytest.raises(ConfigError, match="phrase-end"):
        with_setting(Settings(), "zzz", 1.0)


def test_defaults_are_valid_and_every_field_has_a_spec() -> None:
    assert validated(Settings()) == Settings()
    assert all(spec_of(name).accepted_values for name in SETTING_NAMES)
    assert all(spec_of(name).default == getattr(Settings(), name) for name in SETTING_NAMES)


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_spec_has_label_and_help_in_sentences(name: str) -> None:
    spec = spec_of(name)
    assert spec.label
    assert spec.help.endswith(".")
    assert spec.default in spec.choices or not spec.choices


@pytest.mark.parametrize("name", RANGES)
def test_ends_of_a_range_are_inside(name: str) -> None:
    spec = spec_of(name)
    assert spec.range
    for value in (*spec.range, *([spec.special.value] if spec.special else [])):
        whole = (value,) * 4 if isinstance(spec.default, tuple) else value
        assert getattr(with_setting(Settings(), name, whole), name) == whole


def test_validated_checks_fields_that_were_set_directly() -> None:
    with pytest.raises(ConfigError, match="top-p"):
        validated(replace(Settings(), top_p=2.0))


def test_settings_page_is_current() -> None:
    """Run `python -m bachbridge.settings_table > docs/settings.md` after a change."""
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == settings_markdown()


@pytest.mark.parametrize(
    ("meter", "bar", "beat"),
    [("4/4", 16, 4), ("3/2", 24, 8), ("7/8", 14, 2), ("6/8", 12, 6), ("3/8", 6, 2), ("12/8", 24, 6), ("5/16", 5, 1)],
)
def test_meter_gives_steps_of_bar_and_beat(meter: str, bar: int, beat: int) -> None:
    settings = with_setting(Settings(), "meter", meter)
    assert (settings.steps_per_bar, settings.steps_per_beat) == (bar, beat)


def test_former_beats_per_bar_is_read_as_meter() -> None:
    assert with_setting(Settings(), "beats_per_bar", 3).meter == "3/4"
