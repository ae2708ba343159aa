"""Which controller moves what."""

from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge.errors import ConfigError
from bachbridge.midi.messages import control, note_on
from bachbridge.settings import MODES, Settings, with_value
from bachbridge_gui.presets.midi_bindings import Binding, Bound, Called, Learning, Pressed, Turned
from bachbridge_gui.presets.midi_profiles import Profile, Profiles
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.settings.targets import is_target, placed, scaled, title, value_of

SETTINGS = Settings()
ELEMENTS = [f"{name}.{voice}" for name in ("channels", "octaves", "levels", "harmony") for voice in range(4)]
PLAIN = [name for name in Settings.__dataclass_fields__ if is_target(name)]


@pytest.mark.parametrize("target", [*PLAIN, *ELEMENTS])
@pytest.mark.parametrize("position", [0, 1, 63, 64, 127])
def test_every_position_of_a_knob_is_a_value_that_the_setting_takes(target: str, position: int) -> None:
    value = scaled(target, position, ("one", "two"))
    assert value is not None
    name, whole = placed(SETTINGS, target, value)
    if name == "harmony":
        assert whole
    assert value_of(with_value(SETTINGS, name, whole), target) == value


def test_the_ends_of_a_range() -> None:
    assert (scaled("temperature", 0), scaled("temperature", 127)) == (0.1, 2.0)
    assert (scaled("answer_bars", 0), scaled("answer_bars", 127)) == (0, 64)
    assert (scaled("octaves.2", 0), scaled("octaves.2", 127)) == (-3, 3)
    assert (scaled("thru", 63), scaled("thru", 64)) == (False, True)
    assert {scaled("mode", position) for position in range(128)} == set(MODES)
    assert scaled("panic", 127) is None


def test_voices_are_switched_one_at_a_time() -> None:
    assert placed(replace(SETTINGS, harmony="sb"), "harmony.1", value=True) == ("harmony", "sab")
    assert placed(SETTINGS, "harmony.3", value=False) == ("harmony", "sat")
    assert placed(SETTINGS, "levels.1", 50) == ("levels", (100, 50, 85, 95))


def test_every_target_has_a_title() -> None:
    assert title("levels.1") == "alto level"
    assert all(title(target) for target in (*PLAIN, *ELEMENTS, *COMMANDS))
    assert not is_target("levels.4")
    assert not is_target("volume")


def test_the_first_controller_that_moves_is_bound() -> None:
    learning = Learning()
    learning.arm("temperature")
    assert learning.take(note_on(0, 60, 90)) == []
    assert learning.take(control(0, 123, 0)) == [], "a DAW that stops is no knob"
    assert learning.take(control(2, 21, 64)) == [Bound("temperature", 21)]
    assert learning.armed is None
    assert learning.of("temperature") == Binding("temperature", 21, 2)
    assert learning.take(control(2, 21, 127)) == [Turned("temperature", 2.0)]
    assert learning.take(control(1, 21, 127)) == [], "another channel's controller"


def test_a_controller_on_any_channel() -> None:
    learning = Learning((Binding("levels.1", 7),))
    assert learning.take(control(9, 7, 127)) == [Turned("levels.1", 200)]


def test_a_command_is_given_as_its_controller_rises() -> None:
    learning = Learning()
    learning.arm("play_again")
    learning.take(control(0, 30, 127))
    values = (127, 0, 63, 64, 127, 90, 10, 65)
    given = [learning.take(control(0, 30, value)) for value in values]
    assert [bool(actions) for actions in given] == [False, False, False, True, False, False, False, True]
    assert given[3] == [Pressed("play_again")]


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("panic", "panic_control"),
        ("end_phrase", "end_control"),
        ("cadence", "cadence_control"),
        ("reset", "reset_control"),
    ],
)
def test_what_the_engine_hears_itself_is_bound_there(command: str, setting: str) -> None:
    learning = Learning()
    learning.arm(command)
    assert learning.take(control(0, 50, 127)) == [Turned(setting, 50), Bound(command, 50)]
    assert learning.bindings == ()


def test_learning_again_replaces_and_forgetting_ends_it() -> None:
    learning = Learning()
    for controller in (21, 22):
        learning.arm("density")
        learning.take(control(0, controller, 1))
    assert [binding.controller for binding in learning.bindings] == [22]
    learning.forget("density")
    assert learning.take(control(0, 22, 100)) == []


def test_programs_call_presets() -> None:
    learning = Learning(programs={4: "Evening"})
    assert learning.take(bytes((0xC3, 4))) == [Called("Evening")]
    assert learning.take(bytes((0xC3, 5))) == []
    assert learning.take(bytes((0xC3,))) == []


def test_conflicts_are_told_in_words() -> None:
    assert Learning((Binding("density", 21, 0), Binding("position", 21, 1))).conflicts(SETTINGS) == []
    both = Learning((Binding("density", 21, 0), Binding("levels.1", 21))).conflicts(SETTINGS)
    assert both == ["CC 21 moves both density and alto level: forget one of them."]
    assert "panic" in Learning((Binding("density", SETTINGS.panic_control),)).conflicts(SETTINGS)[0]
    assert "sustain" in Learning((Binding("density", 64),)).conflicts(SETTINGS)[0]
    assert "channel mode" in Learning((Binding("density", 123),)).conflicts(SETTINGS)[0]
    doubled = replace(SETTINGS, panic_control=81)
    assert len(Learning().conflicts(doubled)) == 1
    assert Learning().conflicts(replace(SETTINGS, panic_control=-1, reset_control=-1)) == []


PROFILE = Profile((Binding("density", 21, 3), Binding("levels.0", 7)), (("panic_control", 20), ("end_control", -1)))


def test_a_profile_comes_back_as_it_was(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path / "profiles")
    assert profiles.names() == []
    profiles.save("Keystation", PROFILE)
    assert profiles.load("Keystation") == PROFILE
    profiles.rename("Keystation", "Desk at home")
    assert profiles.names() == ["Desk at home"]
    was = profiles.delete("Desk at home")
    assert profiles.names() == []
    profiles.restore("Desk at home", was)
    assert profiles.load("Desk at home") == PROFILE


def test_a_name_that_is_taken_is_not_written_over(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    profiles.save("One", PROFILE)
    profiles.save("Two", Profile())
    with pytest.raises(ConfigError, match="already"):
        profiles.rename("Two", "One")
    assert profiles.load("One") == PROFILE


@pytest.mark.parametrize("name", ["", "..", "../out", "a/b", "a\\b", "c:x", ".hidden", "x" * 61, "two\nlines"])
def test_names_that_are_no_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        Profiles(tmp_path / "profiles").save(name, PROFILE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"format": 2, "bindings": []}',
        '{"format": 1}',
        '{"format": 1, "bindings": [5]}',
        '{"format": 1, "bindings": [{"target": "volume", "controller": 3}]}',
        '{"format": 1, "bindings": [{"target": "density", "controller": 300}]}',
        '{"format": 1, "bindings": [{"target": "density", "controller": true}]}',
        '{"format": 1, "bindings": [{"target": "density", "controller": 3, "channel": 0}]}',
        '{"format": 1, "bindings": [], "own": {"mode": 3}}',
        '{"format": 1, "bindings": [], "own": {"panic_control": "x"}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_profile_is_one_sentence_and_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "Mine.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Profiles(tmp_path).load("Mine")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert (tmp_path / "Mine.json").read_text(encoding="utf-8") == text
