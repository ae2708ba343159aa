"""Controls and sections without effect are disabled and show the reason."""

from PyQt6.QtWidgets import QWidget

from tests.gui.controls.panel_rig import PanelRig


def test_control_without_effect_is_disabled_with_reason(rig: PanelRig) -> None:
    cadence, end = rig.control("cadence"), rig.control("end_phrase")
    assert not cadence.editor.isEnabled()
    assert "Only in mode Harmonize" in cadence.editor.findChildren(QWidget)[0].toolTip()
    assert "Only in mode Harmonize" in cadence.editor.findChildren(QWidget)[0].accessibleDescription()
    assert end.editor.isEnabled()
    rig.store.set("mode", "harmonize")
    assert cadence.editor.isEnabled()
    assert "to a cadence" in cadence.editor.findChildren(QWidget)[0].toolTip()
    assert cadence.editor.findChildren(QWidget)[0].accessibleDescription() == ""
    assert end.editor.isEnabled()
    rig.store.set("mode", "off")
    assert not end.editor.isEnabled()


def test_disabled_section_shows_reason_once(rig: PanelRig) -> None:
    harmony = next(section for section in rig.panel.sections if section.heading.text() == "Harmony")
    phrase = next(section for section in rig.panel.sections if section.heading.text() == "Your phrase")
    assert harmony.reason_label.isVisible()
    assert not phrase.reason_label.isVisible()
    rig.store.set("mode", "harmonize")
    assert not harmony.reason_label.isVisible()
    assert not phrase.reason_label.isVisible()
    rig.store.set("mode", "off")
    assert "Nothing sounds" in phrase.reason_label.text()


def test_clicks_can_be_chosen_unless_metronome_is_off(rig: PanelRig) -> None:
    names = ("count_in_bars", "metronome_channel", "click_accent", "click_note", "click_velocity")
    assert [rig.control(name).disabled_reason for name in names] == [""] * 5
    rig.store.set("metronome", "off")
    assert all("off" in rig.control(name).disabled_reason for name in names)
