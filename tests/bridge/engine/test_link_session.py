"""Ableton Link without its package, and the parts of the adapter that need no peer."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge.engine.link_presence import is_presence_message
from bachbridge.engine.link_session import LinkSession, clock_offset_ns, is_changed, refusal
from bachbridge.install_advice import install_advice
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.effects import SettingApplied, SettingRefused
from bachbridge.protocol.events import LinkState, ModelUp, Quit, Setting
from bachbridge.protocol.notices import Failed
from bachbridge.settings import Settings
from tests.support.port_daw import await_message

HELD = [sys.executable, str(Path(__file__).parents[2] / "support/scripted_model.py"), "held"]
NEEDS_PACKAGE = f"Ableton Link needs one more package: {install_advice('link')}."
STATE = LinkState(1_000_000_000, 125_000_000, is_playing=False, peers=1)


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the package with Link from this process and from its children."""
    monkeypatch.setitem(sys.modules, "link", None)
    (tmp_path / "link.py").write_text("raise ModuleNotFoundError(\"No module named 'link'\", name='link')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.parametrize("value", [True, "on", "true", 1])
def test_link_is_refused_without_its_package(no_package: None, value: str | bool) -> None:
    assert refusal(Setting("link", value)) == SettingRefused("link", NEEDS_PACKAGE)


@pytest.mark.parametrize("setting", [("link", False), ("link", "off"), ("thru", True), ("bpm", "fast")])
def test_other_settings_need_no_package(no_package: None, setting: tuple[str, str | bool]) -> None:
    assert refusal(Setting(*setting)) is None
    assert refusal(Quit("over")) is None


def test_link_is_refused_if_its_library_does_not_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "link.py").write_text('raise ImportError("libatomic.so.1: cannot open shared object file")\n')
    monkeypatch.delitem(sys.modules, "link", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    refused = refusal(Setting("link", value=True))
    assert refused
    assert "libatomic" in refused.reason


def test_link_accepts_its_setting_with_its_package() -> None:
    assert refusal(Setting("link", value=True)) is None
    invalid = refusal(Setting("link", "sometimes"))
    assert invalid
    assert invalid.reason.startswith("link cannot be")


def test_engine_with_link_on_fails_without_the_package(no_package: None) -> None:
    with EngineLink(Settings(link=True), ports=False, model_command=HELD) as engine:
        assert engine.receive(20) == Failed(NEEDS_PACKAGE)


def test_engine_goes_on_without_the_package(no_package: None) -> None:
    with EngineLink(Settings(link=True), ports=False, wait_for_ports=True, model_command=HELD) as engine:
        assert engine.receive(20) == SettingRefused("link", NEEDS_PACKAGE)
        await_message(engine, ModelUp)
        engine.send(Setting("link", "on"))
        assert await_message(engine, SettingRefused) == SettingRefused("link", NEEDS_PACKAGE)
        engine.send(Setting("link", value=False))
        assert await_message(engine, SettingApplied) == SettingApplied("link", value=False)


def test_link_session_that_is_off_starts_nothing(no_package: None) -> None:
    states: list[LinkState] = []
    session = LinkSession(Settings(), states.append)
    session.observe_report(SettingApplied("bpm", 100.0))
    session.observe_report(SettingApplied("link", value=False))
    session.stop()
    assert not states


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (STATE, False),
        (replace(STATE, origin_ns=STATE.origin_ns + 200_000), False),
        (replace(STATE, origin_ns=STATE.origin_ns - 400_000), True),
        (replace(STATE, step_ns=125_000_100), True),
        (replace(STATE, is_playing=True), True),
        (replace(STATE, peers=2), True),
    ],
)
def test_link_state_is_changed_if_a_player_could_notice(after: LinkState, changed: bool) -> None:
    assert is_changed(STATE, after) is changed


class SkewedClock:
    """Link's clock, some time before the monotonic one; the first readings are interrupted."""

    def __init__(self, times_ns: list[int]) -> None:
        self._times_ns = times_ns

    def micros(self) -> int:
        return self._times_ns.pop(0) // 1000


def test_clock_offset_comes_from_the_narrowest_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that was interrupted for 3 ms, and four that took 2 microseconds, 5 s ahead of Link."""
    monotonic_ns = iter([0, 3_000_000, *(10_000_000 + n * 2_000 for n in range(8))])
    monkeypatch.setattr("time.monotonic_ns", lambda: next(monotonic_ns))
    ahead_ns = 5_000_000_000
    clock = SkewedClock([0, *(10_001_000 + n * 4_000 - ahead_ns for n in range(4))])
    assert abs(clock_offset_ns(clock) - ahead_ns) <= 1_000


def test_presence_message_is_told_from_others() -> None:
    assert is_presence_message(b"_asdp_v\x01\x01\x05\x00\x00nodename")
    assert not is_presence_message(b"_asdp_v\x01\x03\x00\x00\x00nodename")
    assert not is_presence_message(b"_asdp_v\x01")
    assert not is_presence_message(b"_link_v\x01\x01")
