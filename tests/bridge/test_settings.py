"""Settings: what each field takes, how text becomes a value, and the file."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.errors import ConfigError
from bachbridge.settings import (
    CHOICES,
    LIMITS,
    SPECIAL_VALUES,
    Settings,
    describe_accepted_values,
    load_or_recover_settings,
    load_settings,
    save_settings,
    validated,
    with_setting,
)

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
    ("beats_per_bar", 0),
    ("beats_per_bar", 17),
    ("beats_per_bar", 3.5),
    ("beats_per_bar", True),
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
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_named_with_what_the_setting_takes(name: str, value: object) -> None:
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
def test_a_value_gets_the_type_of_its_field(name: str, value: object, typed: object) -> None:
    got = getattr(with_setting(Settings(), name, value), name.replace("-", "_"))
    assert got == typed
    assert type(got) is type(typed)


def test_an_unknown_setting_is_met_with_near_names() -> None:
    with pytest.raises(ConfigError, match="temperature"):
        with_setting(Settings(), "temprature", 1.0)
    with pytest.raises(ConfigError, match="phrase-end"):
        with_setting(Settings(), "zzz", 1.0)


def test_the_defaults_pass_and_every_field_says_what_it_takes() -> None:
    assert validated(Settings()) == Settings()
    assert all(describe_accepted_values(field.name) for field in fields(Settings))
    assert LIMITS.keys() | CHOICES.keys() <= {field.name for field in fields(Settings)}


@pytest.mark.parametrize(("name", "limits"), LIMITS.items())
def test_the_ends_of_a_range_are_inside(name: str, limits: tuple[float, float]) -> None:
    for value in (*limits, *([SPECIAL_VALUES[name][0]] if name in SPECIAL_VALUES else [])):
        assert getattr(with_setting(Settings(), name, value), name) == value


def test_checked_looks_at_fields_that_were_set_directly() -> None:
    with pytest.raises(ConfigError, match="top-p"):
        validated(replace(Settings(), top_p=2.0))


# ---------------------------------------------------------------- the file


def numbers(name: str) -> st.SearchStrategy[Any]:
    low, high = LIMITS[name]
    whole = isinstance(getattr(Settings(), name), int)
    within = st.integers(int(low), int(high)) if whole else st.floats(low, high)
    return (
        within | st.just(type(getattr(Settings(), name))(SPECIAL_VALUES[name][0])) if name in SPECIAL_VALUES else within
    )


texts = st.text(min_size=1).filter(lambda text: bool(text.strip()) and text.isprintable())
any_settings = st.builds(
    Settings,
    model=texts,
    let_finish=st.booleans(),
    thru=st.booleans(),
    channels=st.tuples(*[st.integers(1, 16)] * 4),
    **{name: st.sampled_from(words) for name, words in CHOICES.items()},
    **{name: numbers(name) for name in LIMITS},
)


@given(settings=any_settings)
def test_what_is_saved_is_loaded(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "new folder" / "settings.toml"
    save_settings(settings, path)
    assert load_settings(path) == settings
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()


def test_a_file_may_hold_some_settings_only(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("bpm = 96\n", encoding="utf-8")
    assert load_settings(path) == replace(Settings(), bpm=96.0)


@pytest.mark.parametrize("content", [b"bpm = ", b"bpm = 7", b"speed = 7", b"\xff\xfe", b"[bpm]\nx = 1"])
def test_a_bad_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)


def test_what_cannot_be_saved_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be saved"):
        save_settings(Settings(), tmp_path / "settings.toml")
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(ConfigError, match="temperature"):
        save_settings(replace(Settings(), temperature=9.0), tmp_path / "other.toml")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_file_is_set_aside_and_told_of(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    for text in ("bpm = 7", "= ="):
        path.write_text(text)
        settings, sentence = load_or_recover_settings(path)
        assert settings == Settings()
        assert "now lie in settings." in sentence
        assert not path.exists()
    assert (tmp_path / "settings.1.old.toml").read_text() == "bpm = 7"
    assert (tmp_path / "settings.2.old.toml").read_text() == "= ="


def test_a_file_that_is_well_is_recovered_as_it_is(tmp_path: Path) -> None:
    save_settings(Settings(bpm=90), tmp_path / "settings.toml")
    assert load_or_recover_settings(tmp_path / "settings.toml") == (Settings(bpm=90), "")
    assert load_or_recover_settings(tmp_path / "none.toml") == (Settings(), "")
