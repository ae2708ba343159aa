"""The helpers for DAWs: Ardour writes a session, and the script for Reaper runs against a stand-in for its API."""

import runpy
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daw.ardour import Ardour, find_program

HELPERS = Path(__file__).parents[2] / "installers" / "daw"
REAPER = """
set, text, messages = {}, {}, {}
local function name_of(names) return function(index) return names[index + 1] ~= nil, names[index + 1] or "" end end
reaper = {
  GetSelectedTrack = function() return selected end,
  GetNumMIDIOutputs = function() return #outputs end, GetMIDIOutputName = function(i) return name_of(outputs)(i) end,
  GetNumMIDIInputs = function() return #inputs end, GetMIDIInputName = function(i) return name_of(inputs)(i) end,
  GetMediaTrackInfo_Value = function() return 3.0 end, GetTrack = function(_, place) return "track " .. place end,
  SetMediaTrackInfo_Value = function(track, key, value) set[track .. "." .. key] = value end,
  GetSetMediaTrackInfo_String = function(track, key, value) text[track .. "." .. key] = value end,
  InsertTrackAtIndex = function(place) inserted = place end,
  ShowMessageBox = function(message) messages[#messages + 1] = message end,
  Undo_BeginBlock = function() end, Undo_EndBlock = function() end,
}
"""


@pytest.fixture(scope="module")
def lua(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ardour]:
    program = find_program()
    if program is None:
        pytest.skip("Ardour is not installed")
    ardour = Ardour(program, tmp_path_factory.mktemp("lua"))
    ardour.run(" ".join(REAPER.split("\n")))
    yield ardour
    ardour.__exit__(None, None, None)


def run_script(lua: Ardour, *, selected: str, outputs: str, inputs: str) -> None:
    lua.run(f"set, text, messages = {{}}, {{}}, {{}}; selected = {selected}; outputs = {outputs}; inputs = {inputs}")
    lua.run(f'dofile("{HELPERS / "bachbridge.lua"}")')


def test_script_for_reaper_connects_both_tracks(lua: Ardour) -> None:
    run_script(
        lua,
        selected='"keys"',
        outputs='{"Synth", "RtMidi: BachBridge In"}',
        inputs='{"Piano", "Pads", "BachBridge Out 128:1"}',
    )
    assert lua.run('return set["keys.I_MIDIHWOUT"]') == str(1 << 5)
    assert lua.run('return set["track 3.I_RECINPUT"]') == str(4096 | 2 << 5)
    assert lua.run('return text["track 3.P_NAME"]') == "BachBridge answers"
    assert lua.run('return set["keys.I_RECARM"] + set["track 3.I_RECMON"]') == "2"
    assert lua.run("return #messages") == "0"


@pytest.mark.parametrize(
    ("selected", "outputs", "sentence"),
    [("nil", '{"BachBridge In"}', "Select the track"), ('"keys"', "{}", "ports are missing")],
)
def test_script_for_reaper_says_what_is_missing(lua: Ardour, selected: str, outputs: str, sentence: str) -> None:
    run_script(lua, selected=selected, outputs=outputs, inputs='{"BachBridge Out"}')
    assert sentence in lua.run("return messages[1]")
    assert lua.run("return next(set)") == ""


def test_session_for_ardour_has_both_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = runpy.run_path(str(HELPERS / "ardour_session.py"))
    if script["find_luasession"]() is None:
        pytest.skip("Ardour is not installed")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    assert script["main"]([str(tmp_path / "bach")]) == ""
    session = ET.parse(tmp_path / "bach" / "bach.ardour")
    names = [route.get("name") for route in session.iter("Route")]
    assert {"to BachBridge", "BachBridge answers"} <= set(names)
    assert "exists already" in script["main"]([str(tmp_path / "bach")])
