"""MIDI learn, its targets and its profiles."""

from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge.errors import ConfigError
from bachbridge.midi.messages import control_change, note_on
from bachbridge.settings import MODES, Settings, with_setting
from bachbridge_gui.presets.midi_bindings import (
    Binding,
    GiveCommand,
    MidiBindings,
    RecallPreset,
    SetTarget,
    TargetBound,
)
from bachbridge_gui.presets.midi_profiles import MidiProfile, ProfileFolder
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.settings.targets import is_target, setting_change, target_label, value_from_controller, value_of

SETTINGS = Settings()
ELEMENTS = [f"{name}.{voice}" for name in ("channels", "octaves", "levels", "harmony") for voice in range(4)]
PLAIN = [name for name in Settings.__dataclass_fields__ if is_target(name)]


@pytest.mark.parametrize("target", [*PLAIN, *ELEMENTS])
@pytest.mark.parametrize("position", [0, 1, 63, 64, 127])
def test_knob_position_gives_valid_setting(target: str, position: int) -> None:
    value = value_from_controller(target, position, ("one", "two"))
    assert value is not None
    name, whole = setting_change(SETTINGS, target, value)
    if name == "harmony":
        assert whole
    assert value_of(with_setting(SETTINGS, name, whole), target) == value


def test_knob_range_ends_are_range_limits() -> None:
    assert (value_from_controller("temperature", 0), value_from_controller("temperature", 127)) == (0.1, 2.0)
    assert (value_from_controller("answer_bars", 0), value_from_controller("answer_bars", 127)) == (0, 64)
    assert (value_from_controller("octaves.2", 0), value_from_controller("octaves.2", 127)) == (-3, 3)
    assert (value_from_controller("thru", 63), value_from_controller("thru", 64)) == (False, True)
    assert {value_from_controller("mode", position) for position in range(128)} == set(MODES)
    assert value_from_controller("panic", 127) is None


def test_setting_change_switches_one_voice() -> None:
    assert setting_change(replace(SETTINGS, harmony="sb"), "harmony.1", value=True) == ("harmony", "sab")
    assert setting_change(SETTINGS, "harmony.3", value=False) == ("harmony", "sat")
    assert setting_change(SETTINGS, "levels.1", 50) == ("levels", (100, 50, 85, 95))


def test_target_labels_exist() -> None:
    assert target_label("levels.1") == "alto level"
    assert all(target_label(target) for target in (*PLAIN, *ELEMENTS, *COMMANDS))
    assert not is_target("levels.4")
    assert not is_target("volume")


def test_first_controller_that_moves_is_bound() -> None:
    midi_bindings = MidiBindings()
    midi_bindings.arm("temperature")
    assert midi_bindings.handle_midi(note_on(0, 60, 90)) == []
    assert midi_bindings.handle_midi(control_change(0, 123, 0)) == [], "all notes off is no knob"
    assert midi_bindings.handle_midi(control_change(2, 21, 64)) == [TargetBound("temperature", 21)]
    assert midi_bindings.armed_target is None
    assert midi_bindings.binding_of("temperature") == Binding("temperature", 21, 2)
    assert midi_bindings.handle_midi(control_change(2, 21, 127)) == [SetTarget("temperature", 2.0)]
    assert midi_bindings.handle_midi(control_change(1, 21, 127)) == [], "the controller of another channel"


def test_binding_without_channel_matches_any_channel() -> None:
    midi_bindings = MidiBindings((Binding("levels.1", 7),))
    assert midi_bindings.handle_midi(control_change(9, 7, 127)) == [SetTarget("levels.1", 200)]


def test_command_is_given_when_controller_rises() -> None:
    midi_bindings = MidiBindings()
    midi_bindings.arm("play_again")
    midi_bindings.handle_midi(control_change(0, 30, 127))
    values = (127, 0, 63, 64, 127, 90, 10, 65)
    given = [midi_bindings.handle_midi(control_change(0, 30, value)) for value in values]
    assert [bool(actions) for actions in given] == [False, False, False, True, False, False, False, True]
    assert given[3] == [GiveCommand("play_again")]


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("panic", "panic_control"),
        ("end_phrase", "end_control"),
        ("cadence", "cadence_control"),
        ("reset", "reset_control"),
    ],
)
def test_engine_commands_are_bound_in_settings(command: str, setting: str) -> None:
    midi_bindings = MidiBindings()
    midi_bindings.arm(command)
    assert midi_bindings.handle_midi(control_change(0, 50, 127)) == [SetTarget(setting, 50), TargetBound(command, 50)]
    assert midi_bindings.bindings == ()


def test_learning_again_replaces_and_unbinding_removes() -> None:
    midi_bindings = MidiBindings()
    for controller in (21, 22):
        midi_bindings.arm("density")
        midi_bindings.handle_midi(control_change(0, controller, 1))
    assert [binding.controller for binding in midi_bindings.bindings] == [22]
    midi_bindings.unbind("density")
    assert midi_bindings.handle_midi(control_change(0, 22, 100)) == []


def test_program_change_recalls_preset() -> None:
    midi_bindings = MidiBindings(presets_by_program={4: "Evening"})
    assert midi_bindings.handle_midi(bytes((0xC3, 4))) == [RecallPreset("Evening")]
    assert midi_bindings.handle_midi(bytes((0xC3, 5))) == []
    assert midi_bindings.handle_midi(bytes((0xC3,))) == []


def test_conflicts_are_sentences() -> None:
    assert MidiBindings((Binding("density", 21, 0), Binding("position", 21, 1))).conflicts(SETTINGS) == []
    conflicts = MidiBindings((Binding("density", 21, 0), Binding("levels.1", 21))).conflicts(SETTINGS)
    assert conflicts == ["CC 21 moves both density and alto level: remove one of them."]
    assert "panic" in MidiBindings((Binding("density", SETTINGS.panic_control),)).conflicts(SETTINGS)[0]
    assert "sustain" in MidiBindings((Binding("density", 64),)).conflicts(SETTINGS)[0]
    assert "channel mode" in MidiBindings((Binding("density", 123),)).conflicts(SETTINGS)[0]
    two_commands = replace(SETTINGS, panic_control=81)
    assert len(MidiBindings().conflicts(two_commands)) == 1
    assert MidiBindings().conflicts(replace(SETTINGS, panic_control=-1, reset_control=-1)) == []


PROFILE = MidiProfile((Binding("density", 21, 3), Binding("levels.0", 7)), (("panic_control", 20), ("end_control", -1)))


def test_profile_round_trips(tmp_path: Path) -> None:
    profiles = ProfileFolder(tmp_path / "profiles")
    assert profiles.names() == []
    profiles.save("Keystation", PROFILE)
    assert profiles.load("Keystation") == PROFILE
    profiles.rename("Keystation", "Desk at home")
    assert profiles.names() == ["Desk at home"]
    content = profiles.delete("Desk at home")
    assert profiles.names() == []
    profiles.restore("Desk at home", content)
    assert profiles.load("Desk at home") == PROFILE


def test_profile_rename_refuses_taken_name(tmp_path: Path) -> None:
    profiles = ProfileFolder(tmp_path)
    profiles.save("One", PROFILE)
    profiles.save("Two", MidiProfile())
    with pytest.raises(ConfigError, match="already"):
        profiles.rename("Two", "One")
    assert profiles.load("One") == PROFILE


@pytest.mark.parametrize("name", ["", "..", "../out", "a/b", "a\\b", "c:x", ".hidden", "x" * 61, "two\nlines"])
def test_profile_refuses_invalid_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        ProfileFolder(tmp_path / "profiles").save(name, PROFILE)
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
def test_damaged_profile_raises_sentence_and_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "Mine.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        ProfileFolder(tmp_path).load("Mine")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert (tmp_path / "Mine.json").read_text(encoding="utf-8") == text
