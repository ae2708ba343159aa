"""The sentence for a Python without the MIDI library."""

import sys

import pytest

from bachbridge.errors import PortError
from bachbridge.install_advice import install_advice
from bachbridge.midi import midi_system


@pytest.mark.parametrize(
    ("version", "platform", "says", "says_not"),
    [
        ((3, 11), "linux", "The MIDI library is missing: run x.", "3.12"),
        ((3, 13), "linux", "libasound2-dev", "C++"),
        ((3, 14), "win32", "C++ compiler and then run x.", "apt"),
        ((3, 13), "darwin", "Python 3.13 has no ready-made MIDI library: install BachBridge with Python 3.12", "apt"),
    ],
)
def test_missing_library_text_fits_python_and_system(
    version: tuple[int, int], platform: str, says: str, says_not: str
) -> None:
    text = midi_system.missing_library_text(version, platform, "run x")
    assert says in text
    assert says_not not in text


def test_listing_ports_without_library_raises_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    midi_system.load_rtmidi.cache_clear()
    with pytest.raises(PortError) as raised:
        midi_system.list_ports()
    midi_system.load_rtmidi.cache_clear()
    assert str(raised.value) == midi_system.missing_library_text(
        sys.version_info[:2], sys.platform, install_advice("midi")
    )
