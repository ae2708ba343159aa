"""The controls of the tempo and the transport follow the engine and a running clock."""

from bachbridge.protocol.effects import SettingApplied, SettingRefused
from bachbridge.protocol.notices import EngineStarted
from tests.gui.controls.panel_rig import PanelRig, shown_value


def test_tempo_of_the_engine_is_shown(rig: PanelRig) -> None:
    rig.store.handle_message(SettingApplied("bpm", 120.0))
    assert rig.settings.bpm == shown_value(rig.control("bpm")) == 120.0
    assert rig.panel.tempo.source.box.currentText() == "Fixed"
    assert rig.sent == []


def test_late_reports_of_own_changes_move_nothing(rig: PanelRig) -> None:
    for bpm in (100.0, 101.0, 400.0, 102.0):
        rig.store.set("bpm", bpm)
    for report in (SettingApplied("bpm", 100.0), SettingRefused("bpm", "no"), SettingApplied("bpm", 102.0)):
        rig.store.handle_message(report)
        assert rig.settings.bpm == 102.0
    rig.store.handle_message(SettingApplied("bpm", 90.0))
    assert rig.settings.bpm == 90.0


def test_new_engine_answers_no_old_change(rig: PanelRig) -> None:
    rig.store.set("bpm", 100.0)
    rig.store.handle_message(EngineStarted(again=True))
    rig.store.handle_message(SettingApplied("bpm", 90.0))
    assert rig.settings.bpm == 90.0


def test_start_needs_a_tempo_and_no_clock(rig: PanelRig) -> None:
    start = rig.control("start_playing")
    assert "No tempo is set" in start.disabled_reason
    rig.store.set("bpm", 90.0)
    assert start.disabled_reason == ""
    rig.panel.set_clock(running=True)
    assert "clock" in start.disabled_reason


def test_running_clock_disables_tap_and_tempo(rig: PanelRig) -> None:
    rig.store.set("bpm", 90.0)
    rig.panel.set_clock(running=True)
    assert not rig.control("tap").editor.isEnabled()
    assert not rig.panel.tempo.source.isEnabled()
    rig.store.set("follow_clock", value=False)
    assert rig.control("tap").editor.isEnabled()


def test_fixed_restores_last_tempo(rig: PanelRig) -> None:
    rig.store.set("bpm", 77.0)
    for expected in (0.0, 77.0):
        rig.panel.tempo.source.moved.emit("fixed" if expected else "playing")
        assert rig.settings.bpm == expected
    assert rig.control("bpm").disabled_reason == ""
