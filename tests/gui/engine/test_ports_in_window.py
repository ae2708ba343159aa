"""Ports in the whole window: those that are missing or appear later, and the latency of each output."""

from pathlib import Path

from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bachbridge.protocol.events import Midi, PortsChanged, Setting
from bachbridge.settings import Settings
from bachbridge_gui.state.window_prefs import WindowPrefs
from tests.gui.opened_window import notice_text
from tests.support.assembled_window import S, WindowHarness
from tests.support.fake_engine import NO_MIDI


def test_window_works_on_machine_without_midi(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, midi=False)
    qtbot.addWidget(opened.window)
    opened.window.activateWindow()
    qtbot.waitUntil(opened.window.isActiveWindow)
    assert notice_text(opened) == NO_MIDI
    assert opened.started[-1][1] is False
    assert opened.core.is_ready
    sentence = opened.parts.welcome_page.status_texts[1][1]
    assert sentence == "This machine has no MIDI system: BachBridge plays inside this window only."
    opened.window.show_keyboard(on=True)
    opened.parts.roll.setFocus()
    qtbot.keyClick(opened.window.windowHandle(), Qt.Key.Key_Z)
    assert len(opened.engine_received(Midi)) == 2


def test_midi_system_that_appears_later_is_used(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, midi=False)
    qtbot.addWidget(opened.window)
    assert notice_text(opened) == NO_MIDI
    opened._midi = True
    opened.advance(6 * S)
    assert opened.core.supervisor.with_ports
    assert notice_text(opened) == "A MIDI system has appeared: BachBridge's ports are open now"
    opened.advance(60 * S)
    assert notice_text(opened) == ""
    opened.window.close()


def test_missing_port_is_waited_for(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, prefs=WindowPrefs(welcome=False, input="Keystation"))
    qtbot.addWidget(opened.window)
    opened.engine.feed(PortsChanged("", "BachBridge Out"))
    assert opened.requested_ports == [("Keystation", None)]
    assert notice_text(opened) == 'Waiting for the port "Keystation": it will be used as soon as it is there.'
    opened.engine.feed(PortsChanged("Keystation", "BachBridge Out"))
    assert notice_text(opened) == ""
    opened.window.close()


def test_latency_is_remembered_for_each_output(opened: WindowHarness) -> None:
    store = opened.store
    store.set("latency_ms", 30)
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.advance()
    assert store.settings.latency_ms == 0
    store.set("latency_ms", 12)
    opened.engine.feed(PortsChanged("BachBridge In", "BachBridge Out"))
    opened.advance()
    assert store.settings.latency_ms == 30
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.advance()
    assert store.settings.latency_ms == 12
    assert opened.engine_received(Setting)[-1] == Setting("latency_ms", 12)
    opened.window.close()
    assert opened.saved[0][0].latency_ms == {"BachBridge Out": 30, "Synth": 12}


def test_two_outputs_in_one_frame_keep_their_latencies(opened: WindowHarness) -> None:
    opened.store.set("latency_ms", 30)
    opened.state.update_prefs(latency_ms={"BachBridge Out": 30, "Synth": 12, "Organ": 5})
    opened.engine.feed(PortsChanged("BachBridge In", "Synth"))
    opened.engine.feed(PortsChanged("BachBridge In", "Organ"))
    opened.advance()
    assert opened.store.settings.latency_ms == 5
    assert opened.state.prefs.latency_ms == {"BachBridge Out": 30, "Synth": 12, "Organ": 5}


def test_latency_setting_applies_to_unknown_output(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, Settings(latency_ms=25))
    qtbot.addWidget(opened.window)
    assert opened.store.settings.latency_ms == 25
    opened.window.close()
