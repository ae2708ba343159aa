"""The program's presets: they are valid, cannot be changed, and a changed preset is marked."""

import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bachbridge.inference.runtime.library import find_card
from bachbridge.settings import Settings, validated
from bachbridge_gui.presets.factory_presets import FACTORY_PRESETS, FactoryPreset
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.preset_bar import PresetBar
from bachbridge_gui.presets.presets import PresetFolder
from bachbridge_gui.settings.availability import model_obstacle
from bachbridge_gui.settings.history import SettingsHistory
from bachbridge_gui.settings.store import SettingsStore

S = 1_000_000_000


@pytest.fixture
def store() -> SettingsStore:
    return SettingsStore(Settings(latency_ms=7), lambda _: None)


@pytest.fixture
def bar(store: SettingsStore, tmp_path: Path, qtbot: QtBot) -> PresetBar:
    made = PresetBar(store, MidiLearn(store), PresetFolder(tmp_path))
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize("preset", FACTORY_PRESETS, ids=lambda preset: preset.name)
def test_factory_preset_is_valid_and_its_model_can_play_it(preset: FactoryPreset) -> None:
    assert validated(preset.settings) == preset.settings
    assert model_obstacle(preset.settings, find_card(preset.settings.model).tasks) == ""
    assert preset.line.endswith(".")
    assert len(preset.line) < 100


def test_factory_presets_are_listed_and_applied(bar: PresetBar, store: SettingsStore) -> None:
    for preset in FACTORY_PRESETS:
        assert bar.choose(preset.name)
        assert store.settings.mode == preset.settings.mode
        assert store.settings.latency_ms == 7
        assert bar.preset_box.combo.currentText() == preset.name
        assert preset.line in bar.preset_box.combo.toolTip()
        assert not bar.preset_box.delete.isEnabled()
        assert not bar.preset_box.save.isEnabled()


def test_factory_preset_cannot_be_overwritten(bar: PresetBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.refused) as refused:
        assert not bar.save("Trade fours")
    assert refused.args
    assert "under another name" in refused.args[0]


def test_changed_preset_is_marked(bar: PresetBar, store: SettingsStore) -> None:
    bar.choose("Trade fours")
    store.set("latency_ms", 12)
    assert bar.preset_box.combo.currentText() == "Trade fours", "the latency is no part of a preset"
    store.set("trade_bars", 2)
    assert bar.preset_box.combo.currentText() == "Trade fours *"
    assert "was changed" in bar.preset_box.combo.toolTip()
    assert bar.preset_box.current == "Trade fours"
    store.set("trade_bars", 4)
    assert bar.preset_box.combo.currentText() == "Trade fours"
    store.set("trade_bars", 2)
    bar.preset_box.saved.emit("Trade twos")
    bar.preset_box.show_current("Trade twos")
    assert bar.preset_box.combo.currentText() == "Trade twos"


def test_recalled_preset_is_marked_if_it_was_changed(bar: PresetBar, store: SettingsStore) -> None:
    bar.recall("Folk tune")
    assert bar.preset_box.combo.currentText() == "Folk tune *"


def test_settings_are_undone_and_redone_step_by_step(store: SettingsStore) -> None:
    now_ns = 0
    history = SettingsHistory(store, lambda: now_ns)
    for number in range(1, 6):  # a slider's way
        store.set("temperature", 0.1 * number)
        now_ns += S // 20
    now_ns += S
    store.set("mode", "harmonize")
    history.undo()
    assert (store.settings.mode, store.settings.temperature) == ("continue", 0.5)
    history.undo()
    assert store.settings == Settings(latency_ms=7)
    assert not history.can_undo
    history.undo()
    history.redo()
    history.redo()
    assert (store.settings.mode, store.settings.temperature) == ("harmonize", 0.5)
    assert not history.can_redo


def test_new_change_forgets_what_was_undone(store: SettingsStore) -> None:
    history = SettingsHistory(store, time.monotonic_ns)
    store.set("mode", "harmonize")
    store.set("latency_ms", 30)
    history.undo()
    assert (store.settings.mode, store.settings.latency_ms) == ("continue", 30)
    store.set("mode", "duet")
    assert not history.can_redo
